"""Figures of shared bikes and the points where they stand."""

from __future__ import annotations

from typing import Final

import numpy as np

from network.metric import Metric, ratio
from network.part import F64

_ENDS = 2


def _least(by_zone: F64) -> float:
    """Bikes at the hour that has fewest, of bikes by zone and hour."""
    return float(by_zone.sum(axis=0).min())


BIKE_METRICS: Final[dict[str, Metric]] = {
    "bike_points": Metric(
        lambda o: float(len(o.bike_spaces)), "points", "more",
        "Points for shared bikes, docked and marked on the ground", "共享单车停放点数（含有桩站点与疏导点）",
    ),
    "bike_point_spaces": Metric(
        lambda o: float(o.bike_spaces.sum()), "places", "more",
        "Places at points for shared bikes", "共享单车停放点车位数",
    ),
    "shared_bike_trips_per_day": Metric(
        lambda o: float(o.bike_rides), "rides/day", "none",
        "Rides on shared bikes on a weekday", "工作日共享单车骑行量",
    ),
    "bike_trips_covered_share": Metric(
        lambda o: ratio(float(o.bike_ends_covered), _ENDS * float(o.bike_rides)), "share", "more",
        "Pickups and returns of shared bikes with a point within reach on foot", "步行范围内有停放点的借还量比例",
    ),
    "bike_fleet_need": Metric(
        lambda o: _least(o.bike_need), "bikes", "none",
        "Shared bikes that riders need, at the hour when they need fewest", "共享单车需求投放量（最低时段）",
    ),
    "bike_fleet_cap": Metric(
        lambda o: _least(np.minimum(o.bike_need, o.bike_room[:, None])), "bikes", "none",
        "Shared bikes that need, street space and points have room for in every hour",
        "需求、道路空间与停放能力共同约束的共享单车投放上限",
    ),
}  # fmt: skip
