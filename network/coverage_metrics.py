"""Figures of who has bus and rail within reach, and of the lines that run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from network.day import Day
from network.metric import Metric, ratio
from network.part import F64, Bools
from network.units import BUS, COVER_M, METRO


def _share_of(some: Bools, counts: Bools) -> float | None:
    """Share of what counts that is among some."""
    return ratio(float((some & counts).sum()), float(counts.sum()))


def _within(metres: F64, radius_m: F64, counts: Bools) -> float | None:
    """Share of what counts that has a stop within the radius."""
    return _share_of(metres <= radius_m, counts)


def _near_stop(people: Literal["residents", "jobs"], radius_m: float) -> Callable[[Day], float | None]:
    def near_stop(o: Day) -> float | None:
        persons: F64 = getattr(o, people)
        return ratio(persons[o.coverage.zone_walk_m <= radius_m].sum(), persons.sum()) if o.stops_served else None

    return near_stop


COVERAGE_METRICS: Final[dict[str, Metric]] = {
    "rail_station_bus_share": Metric(
        lambda o: _within(o.coverage.station_walk_m, o.coverage.station_m, o.coverage.station_counts), "share", "more",
        "Eligible rail stations with a bus stop within reach on foot", "步行范围内有公交站的轨道车站比例",
    ),
    "rail_station_bus_share_straight": Metric(
        lambda o: _within(o.coverage.station_straight_m, o.coverage.station_m, o.coverage.station_counts),
        "share", "more",
        "Eligible rail stations with a bus stop within reach in a straight line", "直线范围内有公交站的轨道车站比例",
    ),
    "rail_entrance_bus_share": Metric(
        lambda o: _within(o.coverage.entrance_walk_m, o.coverage.entrance_m, o.coverage.entrance_counts),
        "share", "more",
        "Eligible rail entrances with a bus stop within reach on foot", "步行范围内有公交站的轨道出入口比例",
    ),
    "rail_entrance_bus_share_straight": Metric(
        lambda o: _within(o.coverage.entrance_straight_m, o.coverage.entrance_m, o.coverage.entrance_counts),
        "share", "more",
        "Eligible rail entrances with a bus stop within reach in a straight line", "直线范围内有公交站的轨道出入口比例",
    ),
    "rail_entrance_bus_both_ways_share": Metric(
        lambda o: _share_of(o.coverage.entrance_both_ways, o.coverage.entrance_counts), "share", "more",
        "Eligible rail entrances with a bus line in both directions within reach on foot",
        "步行范围内有双向公交线路的轨道出入口比例",
    ),
    "residents_near_stop_300_share": Metric(
        _near_stop("residents", COVER_M[0]), "share", "more",
        "Residents with a stop within 300 m on foot", "步行300米内有公交站的常住人口比例",
    ),
    "residents_near_stop_500_share": Metric(
        _near_stop("residents", COVER_M[1]), "share", "more",
        "Residents with a stop within 500 m on foot", "步行500米内有公交站的常住人口比例",
    ),
    "jobs_near_stop_300_share": Metric(
        _near_stop("jobs", COVER_M[0]), "share", "more",
        "Jobs with a stop within 300 m on foot", "步行300米内有公交站的就业岗位比例",
    ),
    "jobs_near_stop_500_share": Metric(
        _near_stop("jobs", COVER_M[1]), "share", "more",
        "Jobs with a stop within 500 m on foot", "步行500米内有公交站的就业岗位比例",
    ),
    "stops_served": Metric(
        lambda o: float(o.stops_served), "stops", "none", "Stops where a line calls", "有线路停靠的站点数",
    ),
    "bus_lines": Metric(lambda o: float(o.lines_running[BUS]), "lines", "none", "Bus lines that run", "运营公交线路数"),
    "rail_lines": Metric(
        lambda o: float(o.lines_running[METRO]), "lines", "more", "Metro lines that run", "运营轨道线路数",
    ),
    "rail_km": Metric(
        lambda o: float(o.lines_m[METRO]) / 1000.0, "km", "more", "Length of the metro lines that run", "轨道运营里程",
    ),
}  # fmt: skip
