"""Heights from small rasters written here."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine

from network.errors import InputError
from network.io import elevation
from network.io.elevation import read_elevation

NO_DATA = -9999.0
WGS84 = 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]'  # noqa: E501


def from_origin(west, north, width, height):
    return Affine(width, 0, west, 0, -height, north)


def write(path, heights, transform=None, crs="EPSG:4326", **options):
    heights = np.asarray(heights)
    bands = heights if heights.ndim == 3 else heights[None]
    profile = {"driver": "GTiff", "dtype": bands.dtype, "nodata": NO_DATA, "transform": transform, "crs": crs} | options
    with rasterio.open(path, "w", count=len(bands), height=bands.shape[1], width=bands.shape[2], **profile) as raster:
        raster.write(bands)
    return path


def by_hand(heights, column, row):
    """Bilinear by the definition, one point at a time: column and row counted from the centre of the first cell."""
    rows, columns = heights.shape
    if not (-0.5 <= column <= columns - 0.5 and -0.5 <= row <= rows - 0.5):
        return np.nan
    column, row = min(max(column, 0), columns - 1), min(max(row, 0), rows - 1)
    total = weight = 0.0
    for r in range(rows):
        for c in range(columns):
            share = max(1 - abs(c - column), 0) * max(1 - abs(r - row), 0)
            if share and not np.isnan(heights[r, c]) and heights[r, c] != NO_DATA:
                total += share * heights[r, c]
                weight += share
    return total / weight if weight > 0.4999 else np.nan


@pytest.mark.parametrize("cells_at_once", [1 << 22, 30, 1])
@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_heights_are_bilinear_whatever_the_strips(tmp_path, monkeypatch, dtype, cells_at_once):
    monkeypatch.setattr(elevation, "_CELLS_AT_ONCE", cells_at_once)
    rng = np.random.default_rng(5)
    heights = rng.integers(-20, 900, (11, 7)).astype(dtype)
    heights[rng.random(heights.shape) < 0.3] = NO_DATA
    if dtype == "float32":
        heights[4, 4] = np.nan
    ground = read_elevation(write(tmp_path / "dem.tif", heights, from_origin(120.0, 31.1, 0.01, 0.01)))
    cells = np.vstack(
        [
            rng.uniform([-1, -1], [8, 12], (400, 2)),
            [(c, r) for c in range(7) for r in range(11)],
            [(-0.499, -0.499), (6.499, 10.499), (-0.501, 5), (3, 10.501)],
        ]
    )
    lonlat = np.column_stack([120.0 + (cells[:, 0] + 0.5) * 0.01, 31.1 - (cells[:, 1] + 0.5) * 0.01])
    expected = np.array([by_hand(heights.astype(float), c, r) for c, r in cells])
    assert 0 < np.isnan(expected).sum() < len(expected) / 2
    np.testing.assert_allclose(ground.at(lonlat), expected, atol=1e-6)
    assert ground.bounds == pytest.approx((120.0, 30.99, 120.07, 31.1))


def test_any_reference_system_any_orientation_and_no_point(tmp_path):
    lonlat = np.array([[120.60, 31.30], [120.61, 31.31], [120.62, 31.295], [110.0, 31.3], [120.6, np.nan]])
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32651", always_xy=True).transform(*lonlat[:3].T)
    # A plane: bilinear is exact on it. The grid is turned by 30 degrees.
    u, v = 100 * np.cos(np.radians(30)), 100 * np.sin(np.radians(30))
    transform = Affine(u, -v, x[0] - 2000, v, u, y[0] - 3000)
    columns, rows = np.meshgrid(np.arange(80) + 0.5, np.arange(80) + 0.5)
    east, north = u * columns - v * rows + transform.c, v * columns + u * rows + transform.f
    plane = 10 + 0.01 * (east - x[0]) - 0.02 * (north - y[0])
    ground = read_elevation(write(tmp_path / "utm.tif", plane, transform, "EPSG:32651"))
    heights = ground.at(lonlat)
    np.testing.assert_allclose(heights[:3], 10 + 0.01 * (x - x[0]) - 0.02 * (y - y[0]), atol=1e-6)
    assert np.isnan(heights[3:]).all()
    west, south, east, north = ground.bounds
    assert west < 120.60 < east
    assert south < 31.30 < north
    assert len(ground.at(np.zeros((0, 2)))) == 0


def test_scale_and_offset_of_the_band_count(tmp_path):
    path = write(tmp_path / "scaled.tif", np.full((3, 3), 50, np.int16), from_origin(0, 1, 0.1, 0.1))
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (0.1,), (100.0,)
    assert read_elevation(path).at(np.array([[0.15, 0.85]])) == pytest.approx([105.0])


def test_a_reference_of_heights_is_no_hindrance(tmp_path):
    path = write(tmp_path / "dem.tif", np.full((3, 3), 7, np.int16), from_origin(0, 1, 0.1, 0.1), "EPSG:4326+5773")
    assert read_elevation(path).at(np.array([[0.15, 0.85]])) == pytest.approx([7.0])


def test_esri_ascii_grid_and_hgt(tmp_path):
    grid = tmp_path / "dem.asc"
    grid.write_text(
        "ncols 3\nnrows 2\nxllcorner 10.0\nyllcorner 50.0\ncellsize 0.5\nNODATA_value -9999\n1 2 3\n4 -9999 6\n",
        encoding="ascii",
    )
    with pytest.raises(InputError, match=r"dem\.asc: declares no coordinate reference system .*\.prj"):
        read_elevation(grid)
    grid.with_suffix(".prj").write_text(WGS84, encoding="ascii")
    heights = read_elevation(grid).at(np.array([[10.25, 50.75], [10.5, 50.75], [10.75, 50.25], [10.75, 50.6]]))
    np.testing.assert_allclose(heights, [1.0, 1.5, np.nan, 2.0])
    tile = tmp_path / "N31E120.hgt"
    cells = np.full((1201, 1201), 25, ">i2")
    cells[0, 0] = -32768
    tile.write_bytes(cells.tobytes())
    ground = read_elevation(tile)
    np.testing.assert_allclose(ground.at(np.array([[120.5, 31.5], [120.0, 32.0]])), [25.0, np.nan])
    assert ground.bounds == pytest.approx((120, 31, 121, 32), abs=0.001)


def test_bad_files_are_named_with_a_remedy(tmp_path):
    def says(path, text):
        with pytest.raises(InputError, match=text) as error:
            read_elevation(path).at(np.array([[0.5, 0.5]]))
        (problem,) = error.value.problems
        assert problem.where == path.name
        assert problem.hint

    here = from_origin(0, 1, 0.01, 0.01)
    flat = np.zeros((100, 100), np.float32)
    says(tmp_path / "none.tif", "there is no such file")
    text = tmp_path / "notes.tif"
    text.write_text("no raster", encoding="ascii")
    says(text, "cannot be read as a raster")
    says(write(tmp_path / "picture.tif", np.zeros((3, 4, 4), np.uint8), here, nodata=None), "holds 3 bands")
    says(write(tmp_path / "nocrs.tif", flat, here, None), "declares no coordinate reference system")
    feet = write(tmp_path / "feet.tif", flat, here)
    with rasterio.open(feet, "r+") as raster:
        raster.units = ("US survey foot",)
    says(feet, "holds heights in us survey foot")
    bare = tmp_path / "bare.png"
    bare.write_bytes(png())
    says(bare, "does not say where on the Earth it lies")
    engineering = 'LOCAL_CS["site",UNIT["metre",1]]'
    says(write(tmp_path / "site.tif", flat, here, engineering), "coordinate reference system is of no use")
    cut = write(tmp_path / "cut.tif", np.random.default_rng(1).random((100, 100)), here)
    cut.write_bytes(cut.read_bytes()[:20_000])
    says(cut, "cannot be read as a raster")


def png():
    """A grey picture of one point."""
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
