"""Every layer says in which datum it is; inside there is WGS-84 longitude, latitude and nothing else.

GCJ-02 and BD-09 are the offset datums of maps published in mainland China: read as WGS-84 they lie some 500 m off.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from network.city import Roads
from network.errors import InputError, Problem
from network.part import F64
from network.snap import local_metres, snap
from network.units import DRIVE

WGS84 = "wgs84"
GCJ02 = "gcj02"
BD09 = "bd09"
_EPSG = {WGS84: 4326, "cgcs2000": 4490}
_CHOICES = 'declare crs = "wgs84", "cgcs2000", "gcj02", "bd09" or "EPSG:<code>"'

_LEAST_POINTS = 10
_CLEARLY_NEARER = 0.6
_ON_STREET_M = 20.0
"""The datum guard: with fewer points it cannot tell; another reading must bring the median distance to the streets
below this share of the declared one, and really onto them. Stops of Suzhou: 4 m as they are, 42 m when shifted; random
points came within 20 m in some reading once in 60 draws of 12, never in 60 draws of 30."""

_NAMED_ROWS = 5
_ROW_MARGIN_DEG = 0.05

_MAINLAND = np.array([
    (73.4, 39.3), (75.0, 40.6), (76.8, 41.1), (80.2, 42.1), (80.2, 43.1), (80.8, 44.9), (82.6, 45.3), (83.0, 47.2),
    (85.7, 47.2), (85.7, 48.4), (87.8, 49.2), (90.9, 46.9), (91.0, 45.2), (95.5, 44.2), (96.4, 42.7), (101.8, 42.5),
    (105.0, 41.6), (107.5, 42.4), (111.9, 43.7), (111.9, 45.1), (114.5, 45.4), (117.4, 46.6), (119.9, 46.7),
    (118.6, 47.9), (115.6, 47.9), (116.8, 49.9), (119.3, 50.2), (121.5, 53.3), (123.6, 53.6), (126.0, 52.8),
    (127.5, 50.25), (127.6, 49.7), (130.9, 48.9), (130.7, 47.7), (134.8, 48.4), (133.1, 45.1), (131.0, 44.8),
    (131.3, 43.5), (130.6, 42.4), (129.9, 43.0), (128.1, 42.0), (126.9, 41.7), (124.4, 40.05), (123.5, 38.5),
    (123.0, 36.5), (124.0, 33.0), (123.5, 30.0), (120.6, 26.6), (119.9, 26.0), (119.9, 25.2), (118.6, 24.57),
    (118.33, 24.52), (118.2, 24.44), (118.1, 24.2), (116.9, 22.8), (114.6, 22.45), (114.1, 22.54), (113.9, 22.4),
    (113.6, 22.24), (113.555, 22.217), (113.535, 22.21), (113.533, 22.05),
    (112.0, 21.3), (111.2, 18.6), (109.5, 17.9), (108.4, 18.8), (108.0, 21.5), (106.7, 22.0), (105.3, 23.2),
    (102.5, 22.5), (101.5, 21.2), (100.0, 21.4), (98.8, 23.2), (97.6, 24.0), (98.6, 26.0), (98.5, 27.6), (97.2, 27.8),
    (96.0, 28.3), (92.0, 27.7), (88.9, 27.3), (86.0, 27.9), (81.0, 30.1), (78.8, 31.2), (79.0, 32.6), (78.2, 34.6),
    (76.0, 35.8), (74.6, 37.2),
])  # fmt: skip
"""Coarse outline of mainland China: the offset datums are used inside it only, not in Hong Kong, Macao, Taiwan."""


def to_wgs84(lonlat: F64, crs: str | None, where: str) -> F64:
    """Positions (X, 2) in a declared datum -> WGS-84 lon, lat in degrees.

    GCJ-02 and BD-09 are undone with prcoords' iterated inverses (0.004 m and 0.02 m) inside mainland China only.
    Raises InputError where no datum is declared, it is not known, or it leaves the Earth.
    """
    name = (crs or "").strip().lower()
    if not name:
        raise InputError(Problem(where, "the layer does not declare a datum", _CHOICES))
    lonlat = np.asarray(lonlat, dtype=np.float64).reshape(-1, 2)
    if name in {GCJ02, BD09}:
        out = _unshift(lonlat, name)
    elif name == WGS84:
        out = lonlat.copy()
    else:
        out = _project(lonlat, name, where)
    _must_be_degrees(out, crs, where)
    return out


def to_gcj02(lonlat: F64) -> F64:
    """Positions (X, 2) in WGS-84 -> GCJ-02, as maps of mainland China want them; elsewhere they stay as they are."""
    import prcoords

    out = np.array(lonlat, np.float64).reshape(-1, 2)
    for i in np.flatnonzero(mainland(out)):
        there = prcoords.wgs_gcj((out[i, 1], out[i, 0]))
        out[i] = there.lon, there.lat
    return out


def mainland(lonlat: F64) -> npt.NDArray[np.bool_]:
    """(X) whether the points lie in mainland China, on a coarse outline (even-odd rule)."""
    x, y = lonlat[:, 0, None], lonlat[:, 1, None]
    a, b = _MAINLAND, np.roll(_MAINLAND, -1, axis=0)
    crosses = (a[:, 1] > y) != (b[:, 1] > y)
    rise = np.where(b[:, 1] == a[:, 1], 1.0, b[:, 1] - a[:, 1])
    left = x < a[:, 0] + (y - a[:, 1]) * (b[:, 0] - a[:, 0]) / rise
    return np.asarray((crosses & left).sum(axis=1) % 2 == 1)


def _unshift(lonlat: F64, name: str) -> F64:
    import prcoords

    inverse = {GCJ02: prcoords.gcj_wgs_bored, BD09: prcoords.bd_wgs_bored}[name]
    out = lonlat.copy()
    for i in np.flatnonzero(mainland(lonlat)):
        back = inverse((lonlat[i, 1], lonlat[i, 0]))
        out[i] = back.lon, back.lat
    return out


def _project(lonlat: F64, name: str, where: str) -> F64:
    import pyproj

    code = re.fullmatch(r"(?:epsg|urn:ogc:def:crs:epsg:[\d.]*):?(\d+)", name)
    if name in {"urn:ogc:def:crs:ogc:1.3:crs84", "ogc:crs84"}:
        return lonlat.copy()
    if name not in _EPSG and not code:
        raise InputError(Problem(where, f"the datum {name!r} is not known", _CHOICES))
    try:
        source = pyproj.CRS.from_epsg(_EPSG[name] if name in _EPSG else int(code[1]))  # type: ignore[index]
    except pyproj.exceptions.CRSError:
        raise InputError(Problem(where, f"the datum {name!r} is not known", _CHOICES)) from None
    x, y = pyproj.Transformer.from_crs(source, _EPSG[WGS84], always_xy=True).transform(*lonlat.T)
    return np.column_stack((x, y))


def _must_be_degrees(lonlat: F64, crs: str | None, where: str) -> None:
    wrong = ~(np.isfinite(lonlat).all(axis=1) & (np.abs(lonlat[:, 0]) <= 180) & (np.abs(lonlat[:, 1]) <= 90))
    if not wrong.any():
        return
    swapped = wrong & (np.abs(lonlat[:, 1]) <= 180) & (np.abs(lonlat[:, 0]) <= 90)
    hint = "longitude and latitude look swapped: longitude comes first" if swapped.any() else f"is it really {crs}?"
    raise InputError(Problem(f"{where}, {named_rows(wrong)}", "latitude or longitude is out of range", hint))


def named_rows(wrong: npt.NDArray[np.bool_], rows: npt.NDArray[np.int64] | None = None) -> str:
    """The first few positions of a mask, counted from 1 or as given: `rows 3, 7 and 12 more`."""
    at = np.flatnonzero(wrong)
    numbers = at + 1 if rows is None else rows[at]
    text = ("row " if len(at) == 1 else "rows ") + ", ".join(str(int(n)) for n in numbers[:_NAMED_ROWS])
    return text + (f" and {len(at) - _NAMED_ROWS} more" if len(at) > _NAMED_ROWS else "")


def check_swapped(where: str, lonlat: F64, roads: Roads, rows: npt.NDArray[np.int64] | None = None) -> None:
    """Raise InputError naming the rows that lie among the streets only once longitude and latitude change places."""
    low, high = roads.lonlat.min(axis=0) - _ROW_MARGIN_DEG, roads.lonlat.max(axis=0) + _ROW_MARGIN_DEG
    inside = ((lonlat >= low) & (lonlat <= high)).all(axis=1)
    swapped = ((lonlat[:, ::-1] >= low) & (lonlat[:, ::-1] <= high)).all(axis=1)
    wrong = swapped & ~inside
    if wrong.any():
        hint = "longitude comes first: exchange the columns"
        raise InputError(Problem(f"{where}, {named_rows(wrong, rows)}", "longitude and latitude look swapped", hint))


def check_datum(where: str, lonlat: F64, crs: str, roads: Roads) -> None:
    """Refuse a layer of points along streets where its declared datum, or that of the streets, is clearly another.

    `lonlat` (X, 2) is WGS-84 as converted from `crs`. The median distance to the nearest drivable street is compared
    with the one after reading the same layer as WGS-84, GCJ-02 or BD-09, and after moving it as the streets would be
    that are in one of these and read as WGS-84. Fewer than 10 points near the streets, or a layer outside mainland
    China, cannot tell.
    Raises InputError naming the datum that fits, and whose, and the shift.
    """
    low, high = roads.lonlat.min(axis=0), roads.lonlat.max(axis=0)
    near = ((lonlat >= low) & (lonlat <= high)).all(axis=1) & mainland(lonlat)
    if near.sum() < _LEAST_POINTS:
        return
    here = lonlat[near]
    declared = _street_m(roads, here)
    given = crs.strip().lower()
    others = [(name, False, other) for name, other in _readings(here, given)]
    others += [(name, True, _shifted(here, name)) for name in (GCJ02, BD09) if given not in {GCJ02, BD09}]
    found = [_street_m(roads, other) for _, _, other in others]
    best, of_streets, moved = others[int(np.argmin(found))]
    if min(found) < min(_CLEARLY_NEARER * declared, _ON_STREET_M):
        shift = float(np.median(np.hypot(*(local_metres(moved, here[0, 1]) - local_metres(here, here[0, 1])).T)))
        names = {WGS84: "WGS-84", GCJ02: "GCJ-02", BD09: "BD-09"}
        declared_as, whose = (WGS84, "the streets look") if of_streets else (given, "looks")
        what = f"{whose} like {names[best]} declared as {names.get(declared_as, crs)}, shift about {shift:.0f} m"
        hint = f'declare crs = "{best}"' + (" under [roads]" if of_streets else "")
        raise InputError(Problem(where, what, hint))


def _readings(lonlat: F64, given: str) -> list[tuple[str, F64]]:
    """The same numbers read in the other datums; `lonlat` is what the given one made of them."""
    is_offset = given in {GCJ02, BD09}
    raw = _shifted(lonlat, given) if is_offset else lonlat
    plain = given if is_offset else WGS84
    return [(name, raw if name == WGS84 else _unshift(raw, name)) for name in (WGS84, GCJ02, BD09) if name != plain]


def _shifted(lonlat: F64, name: str) -> F64:
    """WGS-84 positions as an offset datum has them."""
    import prcoords

    forward = {GCJ02: prcoords.wgs_gcj, BD09: prcoords.wgs_bd}[name]
    there = [forward((lat, lon)) for lon, lat in lonlat]
    return np.array([(point.lon, point.lat) for point in there])


def _street_m(roads: Roads, lonlat: F64) -> float:
    """Median distance to the nearest street open to motor vehicles."""
    return float(np.median(snap(roads, lonlat).off_m[DRIVE]))
