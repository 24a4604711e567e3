"""What a city does on a day, and the figures people ask of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final, Literal

from network.part import F64, I32, I64, Part, Spec
from network.units import (
    BAND_EDGES_M,
    BANDS,
    TENTHS,
    TRIP_CAR,
    TRIP_CYCLE,
    TRIP_EBIKE,
    TRIP_TRANSIT,
    TRIP_WALK,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome(Part):
    """One average day. Trips and kilometres are by persons; energy is in whole tenths of kWh where a name says so."""

    trips_from: Annotated[F64, Spec("f8", ("U", "K", "Z"), 0)]
    trips_to: Annotated[F64, Spec("f8", ("U", "K", "Z"), 0)]
    trips_band: Annotated[F64, Spec("f8", ("K", BANDS), 0)]
    """Trips by mode and by distance on foot, bands as in units.BAND_EDGES_M."""
    trips_hour: Annotated[F64, Spec("f8", ("H", "K"), 0)]
    km_from: Annotated[F64, Spec("f8", ("K", "Z"), 0)]
    """Person-kilometres by mode and zone of residence."""
    car_km: Annotated[F64, Spec("f8", (), 0)]
    """Vehicle-kilometres of cars."""
    co2_kg: Annotated[F64, Spec("f8", (), 0)]
    charging_kwh: Annotated[F64, Spec("f8", ("Z", "H"), 0)]
    """Energy wanted at public plugs."""
    charging_tenths: Annotated[I64, Spec("i8", ("Z",), 0)]
    served_tenths: Annotated[I64, Spec("i8", ("Z",), 0)]
    place_tenths: Annotated[I64, Spec("i8", ("P",), 0)]
    """Energy each place delivers."""
    nearest_plug_m: Annotated[I64, Spec("i8", ("Z",), 0)]
    plug_reach_m: Annotated[F64, Spec("f8", (), 0)]
    plugs: Annotated[I32, Spec("i4", ("P",), 0)]
    plugs_cny: Annotated[F64, Spec("f8", (), 0)]

    @cached_property
    def metrics(self) -> dict[str, float | None]:
        """Every registered figure by name; None where it has no meaning (a share of nothing)."""
        return {name: metric.function(self) for name, metric in METRICS.items()}


@dataclass(frozen=True)
class Metric:
    """A figure of an Outcome: how it is computed, its unit, which way is better, and its names."""

    function: Callable[[Outcome], float | None]
    unit: str
    better: Literal["more", "less", "none"]
    label_en: str
    label_zh: str


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole > 0 else None


def _share(*modes: int) -> Callable[[Outcome], float | None]:
    def share(o: Outcome) -> float | None:
        by_mode = o.trips_from.sum(axis=(0, 2))
        return _ratio(by_mode[list(modes)].sum(), by_mode.sum())

    return share


_WALK_BAND, _CYCLE_BAND, _TRANSIT_BANDS = 0, 1, slice(2, len(BAND_EDGES_M))


def _mode_guide(o: Outcome) -> float | None:
    """Trips to 8 km that follow the guide: to 1 km on foot, to 3 km also by cycle or e-bike, beyond also by transit."""
    b = o.trips_band
    slow = b[TRIP_WALK] + b[TRIP_CYCLE] + b[TRIP_EBIKE]
    follow = b[TRIP_WALK, _WALK_BAND] + slow[_CYCLE_BAND] + (slow + b[TRIP_TRANSIT])[_TRANSIT_BANDS].sum()
    return _ratio(follow, b[:, : len(BAND_EDGES_M)].sum())


def _within_reach(o: Outcome) -> float | None:
    return _ratio(o.charging_tenths[o.nearest_plug_m <= o.plug_reach_m].sum(), o.charging_tenths.sum())


METRICS: Final[dict[str, Metric]] = {
    "green_trip_share": Metric(
        _share(TRIP_WALK, TRIP_CYCLE, TRIP_EBIKE, TRIP_TRANSIT), "share", "more",
        "Green-trip share, e-bikes counted", "绿色出行比例（含电动自行车）",
    ),
    "green_trip_share_without_ebike": Metric(
        _share(TRIP_WALK, TRIP_CYCLE, TRIP_TRANSIT), "share", "more",
        "Green-trip share, e-bikes not counted", "绿色出行比例（不含电动自行车）",
    ),
    "walk_trip_share": Metric(_share(TRIP_WALK), "share", "none", "Trips on foot", "步行比例"),
    "cycle_trip_share": Metric(_share(TRIP_CYCLE), "share", "none", "Trips by cycle", "自行车比例"),
    "ebike_trip_share": Metric(_share(TRIP_EBIKE), "share", "none", "Trips by e-bike", "电动自行车比例"),
    "transit_trip_share": Metric(_share(TRIP_TRANSIT), "share", "more", "Trips by bus and rail", "公共交通比例"),
    "car_trip_share": Metric(_share(TRIP_CAR), "share", "less", "Trips by car", "小汽车比例"),
    "mode_guide_share": Metric(
        _mode_guide, "share", "more", "Trips up to 8 km that follow the 1-3-5 km guide", "符合1-3-5公里出行倡导的比例",
    ),
    "trips_per_day": Metric(
        lambda o: float(o.trips_from.sum()), "trips/day", "none", "Trips", "出行总量",
    ),
    "car_km_per_day": Metric(lambda o: float(o.car_km), "vehicle-km/day", "less", "Car kilometres", "小汽车行驶里程"),
    "co2_t_per_day": Metric(
        lambda o: float(o.co2_kg) / 1000.0, "t/day", "less", "CO2 of cars and transit", "小汽车与公交碳排放",
    ),
    "charging_demand_kwh": Metric(
        lambda o: float(o.charging_tenths.sum()) / TENTHS, "kWh/day", "none",
        "Energy wanted at public plugs", "公共充电需求",
    ),
    "charging_served_kwh": Metric(
        lambda o: float(o.served_tenths.sum()) / TENTHS, "kWh/day", "more",
        "Energy public plugs can serve", "可满足的公共充电量",
    ),
    "charging_served_share": Metric(
        lambda o: _ratio(o.served_tenths.sum(), o.charging_tenths.sum()), "share", "more",
        "Share of public charging demand served", "公共充电需求满足率",
    ),
    "charging_within_reach_share": Metric(
        _within_reach, "share", "more", "Public charging demand with a plug within reach", "公共充电设施覆盖率",
    ),
    "charging_mean_walk_m": Metric(
        lambda o: _ratio((o.charging_tenths * o.nearest_plug_m).sum(), o.charging_tenths.sum()), "m", "less",
        "Mean walk to the nearest plug, by demand", "至最近充电桩平均步行距离",
    ),
    "public_plugs": Metric(lambda o: float(o.plugs.sum()), "plugs", "more", "Public plugs", "公共充电桩数"),
    "public_charging_sites": Metric(
        lambda o: float((o.plugs > 0).sum()), "sites", "more", "Public charging sites", "公共充电站数",
    ),
    "public_plugs_cny": Metric(
        lambda o: float(o.plugs_cny), "CNY", "less", "Capital cost of all public plugs", "公共充电设施造价",
    ),
}  # fmt: skip
