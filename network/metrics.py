"""The figures people ask of a day: each with its unit, which way is better, and its names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from network.bike_metrics import BIKE_METRICS
from network.coverage_metrics import COVERAGE_METRICS
from network.day import Day
from network.metric import Metric, ratio
from network.units import (
    CHARGING,
    FAST,
    GREEN_MODES,
    LINE_TRIPS,
    SLOT_H,
    SLOW,
    STATION_MODES,
    SUPPLY_CLASSES,
    TANK_TO_WHEEL,
    TENTHS,
    TRIP_BIKE_RIDE,
    TRIP_BUS,
    TRIP_BUS_RAIL,
    TRIP_CAR,
    TRIP_CYCLE,
    TRIP_EBIKE,
    TRIP_PARK_RIDE,
    TRIP_RAIL,
    TRIP_TAXI,
    TRIP_WALK,
    VISITOR,
    WITH_ELECTRICITY,
)


def _share(*modes: int) -> Callable[[Day], float | None]:
    """Share of the trips of residents."""

    def share(o: Day) -> float | None:
        by_mode = o.trips_from[:VISITOR].sum(axis=(0, 2))
        return ratio(by_mode[list(modes)].sum(), by_mode.sum())

    return share


_WALK_BANDS, _CYCLE_BAND, _LINE_BANDS, _GUIDED = slice(0, 2), 2, slice(3, 5), slice(0, 5)
"""Bands up to 1 km, from 1 to 3 km, from 3 to 8 km, and all of them."""


def _mode_guide(o: Day) -> float | None:
    """Trips to 8 km that follow the guide: to 1 km on foot, to 3 km also by cycle or e-bike, beyond also by transit."""
    b = o.trips_band[0]
    slow = b[TRIP_WALK] + b[TRIP_CYCLE] + b[TRIP_EBIKE]
    transit = b[[*LINE_TRIPS, *STATION_MODES]].sum(axis=0)
    follow = b[TRIP_WALK, _WALK_BANDS].sum() + slow[_CYCLE_BAND] + (slow + transit)[_LINE_BANDS].sum()
    return ratio(follow, b[:, _GUIDED].sum())


def _if_all_followed(o: Day) -> float | None:
    """Green-trip share if every trip to 8 km followed the guide and all others stayed."""
    b = o.trips_band[0]
    green = b[list(GREEN_MODES)].sum(axis=0)
    return ratio(b[:, _GUIDED].sum() + green[_GUIDED.stop :].sum(), b.sum())


def _within_reach(o: Day) -> float | None:
    return ratio(o.charging_tenths[SLOW, o.nearest_plug_m <= o.plug_reach_m].sum(), o.charging_tenths[SLOW].sum())


def _served(service: int) -> Callable[[Day], float | None]:
    return lambda o: ratio(o.served_tenths[service].sum(), o.charging_tenths[service].sum())


def _capacity_ratio(o: Day) -> float | None:
    """The lesser of the services: what all plugs give in an hour over what is wanted in the busiest."""
    ratios = [
        ratio(o.place_capacity_tenths[s].sum(), o.charging_tenths[s].sum(axis=0).max(initial=0))
        for s in range(len(CHARGING))
    ]
    known = [ratio for ratio in ratios if ratio is not None]
    return min(known) if known else None


def _at_once(o: Day) -> float:
    """Most spaces that are open to others at one time, of any day type."""
    return float(o.shared.sum(axis=0).max(initial=0))


def _space_hours(o: Day) -> float:
    by_day = o.shared.sum(axis=(0, 2)) * SLOT_H
    return float(by_day @ o.days_per_year / o.days_per_year.sum())


def _overflow(o: Day) -> float | None:
    return float(o.overflow_share.max()) if o.shared.any() else None


def _added(class_: int) -> Callable[[Day], float | None]:
    return lambda o: float(o.spaces_added[class_].sum())


def _station_share(kind: int) -> Callable[[Day], float | None]:
    return lambda o: ratio(o.station_use[kind].sum(), o.station_capacity[kind].sum())


def _parking_used(o: Day) -> float | None:
    known = o.parking_capacity > 0
    return ratio(o.parking_use[known].sum(), o.parking_capacity[known].sum())


METRICS: Final[dict[str, Metric]] = {
    "green_trip_share": Metric(
        _share(*GREEN_MODES), "share", "more",
        "Green-trip share, e-bikes counted", "绿色出行比例（含电动自行车）",
    ),
    "green_trip_share_without_ebike": Metric(
        _share(*(k for k in GREEN_MODES if k != TRIP_EBIKE)), "share", "more",
        "Green-trip share, e-bikes not counted", "绿色出行比例（不含电动自行车）",
    ),
    "walk_trip_share": Metric(_share(TRIP_WALK), "share", "none", "Trips on foot", "步行比例"),
    "cycle_trip_share": Metric(_share(TRIP_CYCLE), "share", "none", "Trips by cycle", "自行车比例"),
    "ebike_trip_share": Metric(_share(TRIP_EBIKE), "share", "none", "Trips by e-bike", "电动自行车比例"),
    "transit_trip_share": Metric(_share(*LINE_TRIPS), "share", "more", "Trips by bus and rail", "公共交通比例"),
    "bus_trip_share": Metric(_share(TRIP_BUS), "share", "none", "Trips by bus alone", "仅公交比例"),
    "rail_trip_share": Metric(_share(TRIP_RAIL), "share", "none", "Trips by rail alone", "仅轨道比例"),
    "bus_rail_trip_share": Metric(
        _share(TRIP_BUS_RAIL), "share", "none", "Trips by bus and rail in one", "公交接驳轨道比例",
    ),
    "car_trip_share": Metric(_share(TRIP_CAR), "share", "less", "Trips by car", "小汽车比例"),
    "taxi_trip_share": Metric(_share(TRIP_TAXI), "share", "none", "Trips by taxi and ride-hailing", "出租与网约车比例"),
    "bike_ride_trip_share": Metric(
        _share(TRIP_BIKE_RIDE), "share", "none", "Trips by bike-and-ride", "骑行换乘（B+R）比例",
    ),
    "park_ride_trip_share": Metric(
        _share(TRIP_PARK_RIDE), "share", "none", "Trips by park-and-ride", "停车换乘（P+R）比例",
    ),
    "mode_guide_share": Metric(
        _mode_guide, "share", "more", "Trips up to 8 km that follow the 1-3-5 km guide", "符合1-3-5公里出行倡导的比例",
    ),
    "mode_guide_potential_share": Metric(
        _if_all_followed, "share", "more",
        "Green-trip share if all trips up to 8 km followed the guide", "8公里内全部按倡导出行时的绿色出行比例",
    ),
    "trips_per_day": Metric(
        lambda o: float(o.trips_from[:VISITOR].sum()), "trips/day", "none", "Trips of residents", "居民出行总量",
    ),
    "visitor_trips_per_day": Metric(
        lambda o: float(o.trips_from[VISITOR].sum()), "trips/day", "none", "Trips of visitors", "游客出行总量",
    ),
    "visitor_green_trip_share": Metric(
        lambda o: ratio(o.trips_from[VISITOR, list(GREEN_MODES)].sum(), o.trips_from[VISITOR].sum()), "share", "more",
        "Green-trip share of visitors, e-bikes counted", "游客绿色出行比例（含电动自行车）",
    ),
    "car_km_per_day": Metric(lambda o: float(o.car_km), "vehicle-km/day", "less", "Car kilometres", "小汽车行驶里程"),
    "taxi_km_per_day": Metric(
        lambda o: float(o.taxi_km), "vehicle-km/day", "less", "Taxi kilometres with passengers", "出租车载客里程",
    ),
    "transit_boardings_per_day": Metric(
        lambda o: float(o.boardings.sum()), "boardings/day", "more", "Boardings of bus and rail", "公共交通客运量",
    ),
    "fares_cny_per_day": Metric(lambda o: float(o.fares_cny), "CNY/day", "none", "Fares paid", "公共交通票款"),
    "congestion_charge_cny_per_day": Metric(
        lambda o: float(o.charges_cny), "CNY/day", "none", "Congestion charge paid", "拥堵收费收入",
    ),
    "fares_off_cny_per_day": Metric(
        lambda o: float(o.fares_off_cny), "CNY/day", "none", "Fares a bundle takes off", "套票优惠票款",
    ),
    "ticket_discount_cny_per_day": Metric(
        lambda o: float(o.tickets_off_cny), "CNY/day", "less",
        "Ticket discounts for green arrivals of visitors", "游客绿色抵达门票优惠支出",
    ),
    "ticket_discount_trips_per_day": Metric(
        lambda o: float(o.tickets_off_trips), "trips/day", "none",
        "Green trips of visitors with a ticket discount", "享受门票优惠的游客绿色出行量",
    ),
    "carbon_points_cny_per_day": Metric(
        lambda o: float(o.points_cny), "CNY/day", "less", "Carbon points paid out", "碳积分支出",
    ),
    "peak_hour_trip_share": Metric(
        lambda o: ratio(o.trips_hour.sum(axis=1).max(), o.trips_hour.sum()), "share", "less",
        "Trips that start in the busiest hour", "高峰小时出行比例",
    ),
    "parking_used_share": Metric(
        _parking_used, "share", "none", "Use of the parking spaces that are known", "已知停车位利用率",
    ),
    "zones_parking_full": Metric(
        lambda o: float((o.parking_availability < 1).sum()), "zones", "none",
        "Zones whose parking is full", "停车位饱和的小区数",
    ),
    "co2_t_per_day": Metric(
        lambda o: float(o.co2_kg[WITH_ELECTRICITY].sum()) / 1000.0, "t/day", "less",
        "CO2 of all trips, with the electricity drawn", "出行碳排放（含用电）",
    ),
    "co2_tank_to_wheel_t_per_day": Metric(
        lambda o: float(o.co2_kg[TANK_TO_WHEEL].sum()) / 1000.0, "t/day", "less",
        "CO2 of all trips, tank to wheel: electricity counts 0", "出行碳排放（仅车辆直接排放，用电计零）",
    ),
    "co2_kg_per_trip": Metric(
        lambda o: ratio(o.co2_kg[WITH_ELECTRICITY].sum(), o.trips_from.sum()), "kg/trip", "less",
        "CO2 of a trip, with the electricity drawn", "次均出行碳排放（含用电）",
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
        lambda o: ratio(o.served_tenths.sum(), o.charging_tenths.sum()), "share", "more",
        "Share of public charging demand served", "公共充电需求满足率",
    ),
    "charging_within_reach_share": Metric(
        _within_reach, "share", "more",
        "Slow charging demand with a plug within reach on foot", "慢充需求步行范围内有充电桩的比例",
    ),
    "charging_mean_walk_m": Metric(
        lambda o: ratio((o.charging_tenths[SLOW].sum(axis=1) * o.nearest_plug_m).sum(), o.charging_tenths[SLOW].sum()),
        "m", "less",
        "Mean walk to the nearest plug, by slow demand", "至最近充电桩平均步行距离（按慢充需求）",
    ),
    "charging_slow_served_share": Metric(
        _served(SLOW), "share", "more", "Share of slow charging demand served", "慢充需求满足率",
    ),
    "charging_fast_served_share": Metric(
        _served(FAST), "share", "more", "Share of fast charging demand served", "快充需求满足率",
    ),
    "charging_capacity_ratio": Metric(
        _capacity_ratio, "ratio", "more",
        "Capacity of public plugs over the busiest hour's demand, slow or fast, whichever is less",
        "公共充电能力与高峰小时需求之比（慢充、快充取小）",
    ),
    "electric_vehicles": Metric(
        lambda o: float(o.vehicles.sum()), "vehicles", "none", "Electric vehicles", "电动汽车保有量",
    ),
    "electric_vehicles_kwh": Metric(
        lambda o: float(o.energy_kwh.sum()), "kWh/day", "none",
        "Energy all electric vehicles draw", "电动汽车日用电量",
    ),
    "charging_piles_total": Metric(
        lambda o: float(o.private_piles + o.dedicated_piles + o.plugs.sum()), "piles", "more",
        "Charging piles, private, dedicated and public", "各类充电桩总数（私人、专用、公共）",
    ),
    "private_piles": Metric(lambda o: float(o.private_piles), "piles", "none", "Piles at home", "私人充电桩数"),
    "dedicated_piles": Metric(
        lambda o: float(o.dedicated_piles), "piles", "none", "Piles in depots", "专用充电桩数",
    ),
    "feeder_used_share": Metric(
        lambda o: ratio(o.feeder_kva.sum(), o.feeder_limit_kva.sum()), "share", "none",
        "Headroom of known feeders that public plugs take up", "已知馈线可用容量被公共充电占用比例",
    ),
    "feeders_overloaded": Metric(
        lambda o: float((o.feeder_kva > o.feeder_limit_kva).sum()), "feeders", "less",
        "Feeders with more public plugs than headroom", "公共充电超出可用容量的馈线数",
    ),
    "bus_stock_clean_share": Metric(
        lambda o: ratio(o.buses[0, 1], o.buses[0, 0]), "share", "more",
        "Clean and new-energy buses in the fleet", "新能源和清洁能源公交车占比",
    ),
    "bus_stock_electric_share": Metric(
        lambda o: ratio(o.buses[0, 2], o.buses[0, 0]), "share", "more",
        "Electric buses in the fleet", "纯电动和燃料电池公交车占比",
    ),
    "bus_bought_clean_share": Metric(
        lambda o: ratio(o.buses[1, 1], o.buses[1, 0]), "share", "more",
        "Clean and new-energy buses among those bought", "新增更新公交车中新能源和清洁能源占比",
    ),
    "bus_bought_electric_share": Metric(
        lambda o: ratio(o.buses[1, 2], o.buses[1, 0]), "share", "more",
        "Electric buses among those bought", "新增更新公交车中纯电动和燃料电池占比",
    ),
    "shared_lots": Metric(
        lambda o: float(o.shared.any(axis=(1, 2)).sum()), "lots", "more",
        "Car parks with a window open to others", "错时开放的停车场数",
    ),
    "shared_spaces": Metric(
        lambda o: float(o.shared.max(axis=(1, 2), initial=0).sum()), "spaces", "more",
        "Shared spaces, nominal: the most that each car park opens at any time", "共享泊位数（名义）",
    ),
    "shared_space_hours": Metric(
        _space_hours, "space-h/day", "more",
        "Space-hours open to others, on the mean of all days", "日均共享泊位小时数",
    ),
    "shared_spaces_at_once": Metric(
        _at_once, "spaces", "more", "Most shared spaces that are open at one time", "同时开放的最大共享泊位数",
    ),
    "shared_overflow_worst_share": Metric(
        _overflow, "share", "less",
        "Largest probability, in a half-hour after a window of a shared car park, that an owner's car finds no space",
        "共享时段结束后业主车辆无位可停的最大概率",
    ),
    "new_parking_spaces": Metric(
        lambda o: float(o.spaces_added.sum()), "spaces", "more", "Parking spaces added, gross", "新增停车泊位（毛数）",
    ),
    "new_parking_spaces_net": Metric(
        lambda o: float(o.spaces_added.sum() - o.spaces_removed.sum()), "spaces", "more",
        "Parking spaces added less those taken away", "新增停车泊位（净数）",
    ),
    "new_on_street_spaces": Metric(
        _added(SUPPLY_CLASSES.index("on_street")), "spaces", "none",
        "Parking spaces added at the kerb", "新增路内停车泊位",
    ),
    "new_off_street_spaces": Metric(
        _added(SUPPLY_CLASSES.index("off_street")), "spaces", "none",
        "Parking spaces added in public car parks off the street", "新增路外公共停车泊位",
    ),
    "new_building_spaces": Metric(
        _added(SUPPLY_CLASSES.index("building")), "spaces", "none",
        "Parking spaces added with buildings", "新增建筑配建停车泊位",
    ),
    "public_plugs": Metric(lambda o: float(o.plugs.sum()), "plugs", "more", "Public plugs", "公共充电桩数"),
    "public_charging_sites": Metric(
        lambda o: float(o.plugs.any(axis=0).sum()), "sites", "more", "Public charging sites", "公共充电站数",
    ),
    "public_plugs_cny": Metric(
        lambda o: float(o.plugs_cny), "CNY", "less", "Capital cost of all public plugs", "公共充电设施造价",
    ),
    "station_racks_used_share": Metric(
        _station_share(0), "share", "none", "Use of the bike racks at rail stations", "轨道车站自行车停车位利用率",
    ),
    "station_spaces_used_share": Metric(
        _station_share(1), "share", "none", "Use of the parking spaces at rail stations", "轨道车站换乘停车位利用率",
    ),
} | BIKE_METRICS | COVERAGE_METRICS  # fmt: skip
