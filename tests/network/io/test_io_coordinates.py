from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import prcoords
import pytest

from network import InputError, grid_city
from network.io.coordinates import check_datum, check_swapped, mainland, to_wgs84
from network.io.tables import LONLAT, Column, read_table
from network.units import EARTH_RADIUS_M


def shifted(lonlat, forward):
    moved = [forward((lat, lon)) for lon, lat in lonlat]
    return np.array([(p.lon, p.lat) for p in moved])


def metres(a, b):
    step = np.radians(a - b) * EARTH_RADIUS_M
    step[:, 0] *= np.cos(np.radians(b[:, 1]))
    return np.hypot(*step.T)


def test_gcj02_golden_cases(shared):
    cases = json.loads((shared / "domain" / "golden_cases.json").read_text(encoding="utf-8"))["gcj02"]
    gcj, wgs = (np.array([case[key] for case in cases]) for key in ("gcj", "wgs"))
    assert metres(to_wgs84(gcj, "gcj02", "x"), wgs).max() < 0.5
    assert metres(gcj, wgs).min() > 100


@pytest.mark.parametrize(("crs", "forward", "limit_m"), [("gcj02", "wgs_gcj", 0.004), ("bd09", "wgs_bd", 0.03)])
def test_offset_datums_come_back(crs, forward, limit_m):
    rng = np.random.default_rng(4)
    there = rng.uniform((105, 25), (118, 38), (200, 2))
    back = to_wgs84(shifted(there, getattr(prcoords, forward)), crs.upper(), "x")
    assert metres(back, there).max() < limit_m


INSIDE = {
    "Suzhou": (120.6, 31.3),
    "Beijing": (116.4, 39.9),
    "Shenzhen": (114.06, 22.55),
    "Ürümqi": (87.6, 43.8),
    "Harbin": (126.6, 45.8),
    "Lhasa": (91.1, 29.65),
    "Haikou": (110.3, 20.0),
    "Xiamen": (118.1, 24.48),
}
OUTSIDE = {"Seoul": (126.98, 37.57), "Taipei": (121.56, 25.04), "Hong Kong": (114.17, 22.3), "Macao": (113.55, 22.19),
           "Kinmen": (118.35, 24.43), "Hanoi": (105.8, 21.0), "Helsinki": (24.9, 60.2), "Almaty": (76.9, 43.25),
           "Vladivostok": (131.9, 43.1), "Ulaanbaatar": (106.9, 47.9), "Kathmandu": (85.3, 27.7)}  # fmt: skip


def test_offset_datums_are_undone_in_mainland_china_only():
    assert mainland(np.array(list(INSIDE.values()))).all()
    abroad = np.array(list(OUTSIDE.values()))
    assert not mainland(abroad).any()
    assert (to_wgs84(abroad, "gcj02", "x") == abroad).all()


def test_projected_layers_are_brought_to_degrees():
    out = to_wgs84(np.array([[500_000.0, 3_468_000.0]]), "EPSG:4549", "x")
    assert np.allclose(out, [[120.0, 31.33395]], atol=1e-4)
    same = np.array([[120.6, 31.3]])
    assert np.allclose(to_wgs84(same, "cgcs2000", "x"), same, atol=1e-5)


@pytest.mark.parametrize("crs", [None, "", "  "])
def test_a_layer_without_a_declared_datum_is_refused(crs):
    with pytest.raises(InputError, match=r"stops.csv: the layer does not declare a datum.*gcj02"):
        to_wgs84(np.array([[120.6, 31.3]]), crs, "stops.csv")


def test_unknown_datums_and_positions_off_the_earth_are_refused():
    with pytest.raises(InputError, match="'mars' is not known"):
        to_wgs84(np.zeros((1, 2)), "mars", "x")
    with pytest.raises(InputError, match="'epsg:1' is not known"):
        to_wgs84(np.zeros((1, 2)), "EPSG:1", "x")
    with pytest.raises(InputError, match=r"row 2: latitude or longitude is out of range.*swapped"):
        to_wgs84(np.array([[31.3, 20.0], [31.3, 120.6]]), "wgs84", "x")
    with pytest.raises(InputError, match="row 1: latitude or longitude is out of range"):
        to_wgs84(np.array([[np.nan, 20.0]]), "wgs84", "x")


def test_swapped_rows_are_named():
    roads = grid_city(4).roads
    right = roads.lonlat[:6].copy()
    check_swapped("lots.csv", right, roads)
    right[[1, 4]] = right[[1, 4], ::-1]
    with pytest.raises(InputError, match=r"lots.csv, rows 3, 6: longitude and latitude look swapped"):
        check_swapped("lots.csv", right, roads, np.arange(2, 8))


@pytest.fixture(scope="module")
def stops(shared):
    return read_table(shared / "data" / "suzhou" / "gusu_bus_stops.csv", LONLAT).lonlat()


def declared_as(lonlat, crs, roads):
    check_datum("stops.csv", to_wgs84(lonlat, crs, "stops.csv"), crs, roads)


def test_the_true_stops_of_suzhou_pass(stops, gusu):
    declared_as(stops, "wgs84", gusu[0].roads)
    declared_as(shifted(stops, prcoords.wgs_gcj), "gcj02", gusu[0].roads)
    declared_as(shifted(stops, prcoords.wgs_bd), "bd09", gusu[0].roads)


def test_a_layer_in_another_datum_than_declared_is_refused(stops, gusu):
    gcj = shifted(stops, prcoords.wgs_gcj)
    with pytest.raises(InputError) as error:
        declared_as(gcj, "wgs84", gusu[0].roads)
    assert str(error.value) == (
        'stops.csv: looks like GCJ-02 declared as WGS-84, shift about 465 m (declare crs = "gcj02")'
    )
    with pytest.raises(InputError, match="looks like BD-09 declared as WGS-84"):
        declared_as(shifted(stops, prcoords.wgs_bd), "wgs84", gusu[0].roads)
    with pytest.raises(InputError, match="looks like WGS-84 declared as GCJ-02"):
        declared_as(stops, "gcj02", gusu[0].roads)
    with pytest.raises(InputError, match="looks like GCJ-02 declared as BD-09"):
        declared_as(gcj, "bd09", gusu[0].roads)


def test_streets_in_another_datum_than_declared_are_told_from_the_layer(stops, gusu):
    roads = gusu[0].roads
    moved = {name: shifted(getattr(roads, name), prcoords.wgs_gcj) for name in ("lonlat", "shape_lonlat")}
    with pytest.raises(InputError) as error:
        declared_as(stops, "wgs84", replace(roads, **moved))
    assert str(error.value) == (
        "stops.csv: the streets look like GCJ-02 declared as WGS-84, shift about 465 m "
        '(declare crs = "gcj02" under [roads])'
    )
    moved = {name: shifted(getattr(roads, name), prcoords.wgs_bd) for name in ("lonlat", "shape_lonlat")}
    with pytest.raises(InputError, match="the streets look like BD-09 declared as WGS-84"):
        declared_as(stops, "wgs84", replace(roads, **moved))


def test_the_metro_in_both_datums(shared, gusu):
    columns = {**LONLAT, "lon_gcj02": Column(number=True), "lat_gcj02": Column(number=True)}
    table = read_table(shared / "data" / "suzhou" / "metro_stations.csv", columns)
    gcj = np.column_stack((table.numbers("lon_gcj02"), table.numbers("lat_gcj02")))
    assert metres(to_wgs84(gcj, "gcj02", "x"), table.lonlat()).max() < 0.2
    declared_as(table.lonlat(), "wgs84", gusu[0].roads)
    with pytest.raises(InputError, match="looks like GCJ-02"):
        declared_as(gcj, "wgs84", gusu[0].roads)


def test_few_points_and_points_off_the_streets_cannot_tell(stops, gusu):
    roads = gusu[0].roads
    inside = stops[((stops > roads.lonlat.min(axis=0)) & (stops < roads.lonlat.max(axis=0))).all(axis=1)]
    declared_as(shifted(inside[:7], prcoords.wgs_gcj), "wgs84", roads)
    anywhere = np.random.default_rng(1).uniform(roads.lonlat.min(axis=0), roads.lonlat.max(axis=0), (200, 2))
    declared_as(anywhere, "wgs84", roads)
