"""Heights of the ground from a raster: GeoTIFF, Esri ASCII grid, SRTM `.hgt`, or whatever else GDAL reads."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, I64

_LONLAT = "OGC:CRS84"
_METRES = frozenset({"", "m", "metre", "metres", "meter", "meters"})
_CELLS_AT_ONCE = 1 << 22
"""Cells of the raster held in memory together: 32 MB as numbers of 8 bytes."""
_LEAST_KNOWN = 0.5 - 1e-6
"""Share of the weight that must have data; half, and what rounding may take from it."""
_FORMATS = "give a GeoTIFF, an Esri ASCII grid or an SRTM tile (N31E120.hgt) of heights in metres"


@dataclass(frozen=True, eq=False, kw_only=True)
class Elevation:
    """A raster of heights that stays on the disk; only the part asked for is read."""

    path: Path
    bounds: tuple[float, float, float, float]
    """West, south, east, north [WGS-84 degrees] of the raster, or of the box around it."""

    def at(self, lonlat: F64) -> F64:
        """(X) height [m] at WGS-84 positions (X, 2), bilinear between the centres of cells.

        Cells without data are left out of the mean; NaN where they hold more than half of its weight, and outside the
        raster. Raises InputError where the file cannot be read to its end.
        """
        with _opened(self.path) as raster:
            x, y = _to_raster(raster).transform(lonlat[:, 0], lonlat[:, 1])
            column, row = _cells(raster, np.asarray(x, np.float64), np.asarray(y, np.float64))
            inside = np.flatnonzero(
                (column >= -0.5) & (column <= raster.width - 0.5) & (row >= -0.5) & (row <= raster.height - 0.5)
            )
            out = np.full(len(lonlat), np.nan)
            out[inside] = _bilinear(raster, column[inside], row[inside])
            return out


def read_elevation(path: Path) -> Elevation:
    """A raster of heights in metres, in any coordinate reference system it declares.

    Raises InputError naming the file and the remedy: missing, not a raster, several bands (a picture), without position
    or coordinate reference system, or not in metres. Whether it covers the streets is seen by who asks for heights.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(Problem(path.name, "there is no such file", "check the path of the elevation raster"))
    with _opened(path) as raster:
        problem = _problem(raster)
        if problem:
            raise InputError(Problem(path.name, *problem))
        west, south, east, north = _bounds(raster, path)
    return Elevation(path=path, bounds=(west, south, east, north))


def _problem(raster: Any) -> tuple[str, str] | None:
    if raster.count != 1:
        return f"holds {raster.count} bands, not one of heights", _FORMATS
    if raster.transform.is_identity or raster.transform.is_degenerate:
        return "does not say where on the Earth it lies", _FORMATS
    if raster.crs is None:
        hint = "put a .prj file beside it, or write it anew with `gdal_translate -a_srs EPSG:4326`"
        return "declares no coordinate reference system", hint
    unit = (raster.units[0] or "").lower()
    if unit not in _METRES:
        return f"holds heights in {unit}", "give heights in metres"
    return None


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            raster = rasterio.open(path)
        with raster:
            yield raster
    except RasterioError as error:
        raise InputError(Problem(path.name, f"cannot be read as a raster: {error}", _FORMATS)) from error


def _to_raster(raster: Any) -> Any:
    """From WGS-84 degrees to the coordinates of the raster."""
    from pyproj import Transformer

    return Transformer.from_crs(_LONLAT, raster.crs.to_wkt(), always_xy=True)


def _bounds(raster: Any, path: Path) -> tuple[float, float, float, float]:
    from pyproj.exceptions import ProjError

    a, b, c, d, e, f = tuple(raster.transform)[:6]
    corners = np.array([(0, 0), (raster.width, 0), (0, raster.height), (raster.width, raster.height)])
    x, y = corners @ (a, b) + c, corners @ (d, e) + f
    box = x.min(), y.min(), x.max(), y.max()
    try:
        west, south, east, north = _to_raster(raster).transform_bounds(*box, direction="INVERSE")
    except ProjError as error:
        hint = "write it anew with `gdalwarp -t_srs EPSG:4326`"
        raise InputError(Problem(path.name, f"its coordinate reference system is of no use: {error}", hint)) from error
    return west, south, east, north


def _cells(raster: Any, x: F64, y: F64) -> tuple[F64, F64]:
    """Column and row of each position, counted from the centre of the first cell; positions nowhere stay outside."""
    a, b, c, d, e, f = tuple(~raster.transform)[:6]
    x, y = (np.where(np.isfinite(v), v, np.inf) for v in (x, y))
    with np.errstate(invalid="ignore"):
        return a * x + b * y + c - 0.5, d * x + e * y + f - 0.5


def _bilinear(raster: Any, column: F64, row: F64) -> F64:
    """Heights at cells that lie inside the raster, read strip by strip so that memory does not grow with the raster."""
    out = np.full(len(column), np.nan)
    if not len(column):
        return out
    # Half a cell beyond the outermost centres the nearest cell holds.
    column, row = np.clip(column, 0, raster.width - 1), np.clip(row, 0, raster.height - 1)
    west, east = int(column.min()), min(int(column.max()) + 1, raster.width - 1)
    high = max(_CELLS_AT_ONCE // (east - west + 1) - 1, 1)
    strip = (row // high).astype(np.int64)
    order = np.argsort(strip, kind="stable")
    for at in np.split(order, np.flatnonzero(np.diff(strip[order])) + 1):
        north, south = int(row[at].min()), min(int(row[at].max()) + 1, raster.height - 1)
        height_m = _read(raster, west, east, north, south)
        out[at] = _mean_of_four(height_m, column[at] - west, row[at] - north)
    return out


def _read(raster: Any, west: int, east: int, north: int, south: int) -> F64:
    """Heights [m] of cells west..east and north..south, all included; NaN without data."""
    cells = raster.read(1, window=((north, south + 1), (west, east + 1)), masked=True)
    height_m = np.ma.filled(cells.astype(np.float64), np.nan)
    return np.asarray(height_m * raster.scales[0] + raster.offsets[0], np.float64)


def _mean_of_four(height_m: F64, column: F64, row: F64) -> F64:
    left, top = column.astype(np.int64), row.astype(np.int64)
    right, bottom = np.minimum(left + 1, height_m.shape[1] - 1), np.minimum(top + 1, height_m.shape[0] - 1)
    u, v = column - left, row - top
    total, weight = np.zeros(len(column)), np.zeros(len(column))
    corners: list[tuple[I64, I64, F64]] = [
        (top, left, (1 - v) * (1 - u)),
        (top, right, (1 - v) * u),
        (bottom, left, v * (1 - u)),
        (bottom, right, v * u),
    ]
    for r, c, share in corners:
        here = height_m[r, c]
        known = ~np.isnan(here)
        total[known] += (share * here)[known]
        weight[known] += share[known]
    return total / np.where(weight >= _LEAST_KNOWN, weight, np.nan)
