"""Green-trip shares by definitions, worked out by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from network import AddStationParking, GreenDefinition, Scenario, green_share, grid_city, simulate, travel_times, units

GREEN = dict.fromkeys(("walk", "cycle", "bus", "rail", "bus_rail", "bike_ride", "park_ride"), 1.0)


def reading(weights=None, *, ferry=1.0, persons="residents", unit="trip", least_m=0.0):
    by_mode = GREEN | (weights or {})
    return GreenDefinition(
        id="x",
        official=False,
        label_en="",
        label_zh="",
        source="",
        persons=persons,
        unit=unit,
        least_m=least_m,
        weights=tuple(by_mode.get(mode, 0.0) for mode in units.TRIP_MODES),
        ferry=ferry,
    )


@pytest.fixture(scope="module")
def outcome():
    """Of residents: 8 trips on foot (3 of them up to 500 m), 4 by e-bike, 6 by bus, 2 by bus and rail, 2 by
    bike-and-ride, 3 by park-and-ride, 5 by car. Of visitors: 10 by taxi.
    """
    day = simulate(grid_city(3))
    bands = np.zeros((2, len(units.TRIP_MODES), units.BANDS))
    bands[0, units.TRIP_WALK, :2] = 3, 5
    for mode, trips in (("EBIKE", 4), ("BUS", 6), ("BUS_RAIL", 2), ("BIKE_RIDE", 2), ("PARK_RIDE", 3), ("CAR", 5)):
        bands[0, getattr(units, f"TRIP_{mode}"), 4] = trips
    bands[1, units.TRIP_TAXI, 3] = 10
    boardings = np.zeros((2, len(units.TRIP_MODES)))
    for mode, rides in (("BUS", 7), ("BUS_RAIL", 5), ("BIKE_RIDE", 3), ("PARK_RIDE", 4)):
        boardings[0, getattr(units, f"TRIP_{mode}")] = rides
    return replace(day, trips_band=bands, boardings=boardings, ferry_trips=np.array([[1.5, 0, 0.5], [0, 0, 0]]))


@pytest.mark.parametrize(
    ("definition", "share"),
    [
        (reading(), 21 / 30),
        (reading({"ebike": 1}), 25 / 30),
        (reading({"ebike": 0.5}), 23 / 30),
        (reading({"park_ride": 0}), 18 / 30),
        (reading({"taxi": 1}), 21 / 30),
        (reading(persons="all"), 21 / 40),
        (reading({"taxi": 1}, persons="all"), 31 / 40),
        (reading(ferry=0), 19 / 30),
        (reading(ferry=0.5), 20 / 30),
        (reading({"bus": 0.5}, ferry=0), (21 - 3 - 0.75 - 0.5) / 30),
        (reading(least_m=500), 18 / 27),
        (reading(least_m=1000), 13 / 22),
        # 8 on foot, 4 e-bikes, 7 buses, 5 + 3 + 4 rides of bus and rail, 2 bikes and 3 cars to stations, 5 cars
        (reading(unit="stage"), 29 / 41),
        (reading({"ebike": 0.5}, unit="stage"), 31 / 41),
        (reading({"park_ride": 0, "bike_ride": 0}, unit="stage"), 29 / 41),
        (reading({"cycle": 0}, unit="stage"), 27 / 41),
        (reading(ferry=0, unit="stage"), 27 / 41),
        (reading({"taxi": 1}, unit="stage", persons="all"), 39 / 51),
    ],
)
def test_shares_by_hand(outcome, definition, share):
    assert green_share(outcome, definition) == pytest.approx(share)


def test_ebikes_in_or_out_in_the_published_case(outcome, shared):
    """The golden case: 75 % with e-bikes, 55 % without, 65 % where they count as half."""
    case = json.loads((shared / "domain" / "golden_cases.json").read_text(encoding="utf-8"))["pivot_logit"]["base"]
    case["cycle"] = case.pop("bike")
    bands = np.zeros_like(outcome.trips_band)
    bands[0, :, 2] = [case.get(mode, 0.0) for mode in units.TRIP_MODES]
    day = replace(outcome, trips_band=bands, ferry_trips=np.zeros((2, 3)))
    for weight, share in ((1.0, 0.75), (0.0, 0.55), (0.5, 0.65)):
        assert green_share(day, reading({"ebike": weight})) == pytest.approx(share)


def test_nobody_has_no_share(outcome):
    assert green_share(replace(outcome, trips_band=np.zeros_like(outcome.trips_band)), reading()) is None


def test_a_simulated_day_agrees_with_its_metrics_and_counts_stages():
    city = Scenario(edits=(AddStationParking(station="station/1", spaces=500, racks=500),)).apply(grid_city(9, seed=3))
    day = simulate(city, travel_times(city))
    assert day.trips_band[0, list(units.STATION_MODES)].sum(axis=1).min() > 0
    for weight, name in ((1.0, "green_trip_share"), (0.0, "green_trip_share_without_ebike")):
        assert green_share(day, reading({"ebike": weight})) == pytest.approx(day.metrics[name], rel=1e-12)
    everybody = green_share(day, reading({"ebike": 1.0}, persons="all"))
    assert everybody == pytest.approx(day.green_trips / day.trips_from.sum(), rel=1e-12)
    # whoever rides boards at least once, with a change more often: more stages than trips, for both kinds of persons
    rides = [*units.LINE_TRIPS, *units.STATION_MODES]
    assert (day.boardings[:, rides] >= day.trips_band.sum(axis=2)[:, rides] * (1 - 1e-12)).all()
    assert green_share(day, reading(unit="stage")) > green_share(day, reading())
