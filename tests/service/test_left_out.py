from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from homes import words as printed
from pages import Page, words

from network import grid_city, units
from network.io import ModeReport, RoadsReport, load_city
from service.cli import BAD_INPUT
from service.report.ground import STREET_TIERS
from service.report.left_out import ISLAND_COLOUR, TRAP_COLOUR, left_out_html

EVIL = "<script>alert('x')</script>&\""
ISLAND, TRAP = (
    np.array([[120.6225, 31.3021], [120.6231, 31.3027]]),
    np.array([[120.6253, 31.3045], [120.6268, 31.3045]]),
)


def a_report(**by_mode) -> RoadsReport:
    """A report of made-up figures; `by_mode` says what is unlike "nothing left out" for a mode."""
    whole = {"open_m": 12_000.0, "joined_m": 12_000.0, "islands": 0, "island_m": 0.0, "trap_m": 0.0}
    modes = tuple(ModeReport(mode=mode, **(whole | by_mode.get(mode, {}))) for mode in units.NETWORK_MODES)
    return RoadsReport(
        source=f"streets {EVIL}.osm",
        ways=12,
        nodes=36,
        segments=60,
        turn_rules=0,
        barriers=0,
        modes=modes,
        notes=(EVIL,),
    )


@pytest.fixture(scope="module")
def city():
    base = grid_city(6)
    provenance = replace(base.provenance, attribution=np.array(["© OpenStreetMap contributors"]))
    return replace(base, name=f"Grid {EVIL}", provenance=provenance)


LEFT = {
    "walk": {"joined_m": 11_000.0, "islands": 1, "island_m": 1_000.0, "island_lines": (ISLAND,)},
    "drive": {"joined_m": 9_000.0, "islands": 2, "island_m": 20.0, "trap_m": 2_980.0, "trap_lines": (TRAP, ISLAND)},
}


def test_the_page_is_whole_html_that_fetches_nothing_and_names_are_text(city):
    html = left_out_html(city, a_report(**LEFT))
    page = Page(html)
    assert (page.open, page.fetches) == ([], [])
    assert not {"script", "link", "img", "iframe", "object", "image"} & set(page.tags)
    assert not re.search(r"url\((?!#)|@import|<script", html)
    assert len(page.ids) == len(set(page.ids))
    assert f"Grid {EVIL}: streets left out" in words(page)
    assert html == left_out_html(city, a_report(**LEFT))


def test_every_mode_has_its_figures(city):
    text = " ".join(re.sub("<[^>]*>", " ", left_out_html(city, a_report(**LEFT))).split())
    assert "On foot 步行 12.0 91.7% 1 1.0 0.0" in text
    assert "By cycle 自行车 12.0 100.0% 0 0.0 0.0" in text
    assert "By car 小汽车 12.0 75.0% 2 0.020 3.0" in text
    assert "1 island, 1.0 km" in text
    assert "2 islands, 0.020 km" in text
    assert "© OpenStreetMap contributors" in text


def maps_of(html):
    return dict(re.findall(r'aria-labelledby="(\w+)-title.*?>(.*?)</svg>', html, re.DOTALL))


def drawn(svg, colour):
    """Start points of what is drawn on the map, not in the legend, in a colour, in pixels."""
    return {
        (int(x) / 10, int(y) / 10)
        for d in re.findall(rf'stroke="{colour}"[^>]* d="(M\d[^"]*)"', svg.split('<g font-size="')[0])
        for x, y in re.findall(r"M(-?\d+) (-?\d+)l", d)
    }


def test_each_map_shows_what_its_mode_leaves_out(city):
    maps = maps_of(left_out_html(city, a_report(**LEFT)))
    assert list(maps) == ["walk", "cycle", "drive"], "modes that share every figure share a map"
    walk, cycle, drive = maps.values()
    assert [len(drawn(svg, ISLAND_COLOUR)) for svg in (walk, cycle, drive)] == [1, 0, 0]
    assert [len(drawn(svg, TRAP_COLOUR)) for svg in (walk, cycle, drive)] == [0, 0, 2]
    assert drawn(walk, ISLAND_COLOUR) < drawn(drive, TRAP_COLOUR), "one place, one spot on every map"


def grey_steps(svg):
    """(X, 2) steps of the lines that show the joined streets."""
    colours = "|".join(colour for _, _, colour, _ in STREET_TIERS)
    paths = re.findall(rf'<path stroke="(?:{colours})"[^>]* d="(M[^"]*)"', svg.split('<g font-size="')[0])
    steps = [re.findall(r"-?\d+", line.split("l")[1]) for d in paths for line in d.split("M")[1:]]
    return np.array([step for line in steps for step in line], int).reshape(-1, 2)


def test_only_streets_open_to_the_mode_are_grey(city):
    """Without the streets to the east there are lines to the north only."""
    eastward = np.char.startswith(city.roads.way_name[city.roads.way], "East")
    shut = city.roads.time_ms.copy()
    shut[units.NETWORK_MODES.index("drive"), city.roads.edges[eastward].ravel()] = -1
    maps = maps_of(left_out_html(replace(city, roads=replace(city.roads, time_ms=shut)), a_report(**LEFT)))
    assert (grey_steps(maps["walk"])[:, 0] != 0).any()
    assert (grey_steps(maps["drive"])[:, 0] == 0).all()
    assert (grey_steps(maps["drive"])[:, 1] != 0).any()


def test_streets_left_out_far_away_are_on_the_map(city):
    far = np.array([[120.70, 31.35], [120.71, 31.36]])
    left = {"walk": {"islands": 1, "island_m": 1500.0, "joined_m": 10_500.0, "island_lines": (far,)}}
    html = left_out_html(city, a_report(**left))
    width, height = map(int, re.search(r'<clipPath id="walk-frame"><rect width="(\d+)" height="(\d+)"', html).groups())
    ((x, y),) = drawn(maps_of(html)["walk"], ISLAND_COLOUR)
    assert 0 < x < width and 0 < y < height


def streets(folder) -> Path:
    """Six streets each way with an island beside them and a street that only leads out."""
    steps = [0.002 * i for i in range(6)]
    lines = [([(120 + x, 31 + y) for y in steps], {}) for x in steps]
    lines += [([(120 + x, 31 + y) for x in steps], {}) for y in steps]
    lines += [([(120.013, 31.001), (120.014, 31.001)], {}), ([(120.0, 31.0), (119.998, 31.0)], {"oneway": "yes"})]
    features = [
        {
            "type": "Feature",
            "properties": {"highway": "residential"} | tags,
            "geometry": {"type": "LineString", "coordinates": line},
        }
        for line, tags in lines
    ]
    file = folder / "streets.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return file


def test_a_build_writes_the_map_of_what_it_left_out(luxing, tmp_path):
    out = tmp_path / "maps" / "left-out.html"
    output = printed(luxing("build", "town", "--roads", streets(tmp_path), "--map", out))
    assert str(out) in output.replace(" ", "")
    maps = maps_of(out.read_text(encoding="utf-8"))
    assert len(drawn(maps["walk"], ISLAND_COLOUR)) == 1
    assert len(drawn(maps["cycle"], TRAP_COLOUR)) == 1, "cycles, e-bikes and cars share it"
    assert [f.name for f in out.parent.iterdir()] == [out.name]


def test_a_build_reads_only_what_is_inside_the_clip(luxing, settings, tmp_path, monkeypatch):
    ring = [[119.99, 30.99], [120.0061, 30.99], [120.0061, 31.02], [119.99, 31.02], [119.99, 30.99]]
    area = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "clip.geojson").write_text(json.dumps(area), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    luxing("build", "whole", "--roads", streets(tmp_path))
    luxing("build", "part", "--roads", "streets.geojson", "--clip", "clip.geojson")
    whole, part = (load_city(settings.cities_folder / name).roads for name in ("whole", "part"))
    assert part.lonlat[:, 0].max() < 120.009 < whole.lonlat[:, 0].max(), "to the first crossing beyond it"
    assert len(part.edges) < len(whole.edges)
    told = printed(luxing("build", "part", "--roads", "streets.geojson", "--clip", "none.geojson", code=BAD_INPUT))
    assert "none.geojson: the file is not there" in told
    assert "--clip" in printed(luxing("build", "p", "--place", "Vaduz", "--clip", "clip.geojson", code=BAD_INPUT))


def test_a_build_with_heights_makes_walking_uphill_slower(luxing, settings, tmp_path):
    """The ground rises to the east by 10 m in every 0.001 degrees, about one in ten."""
    rows = "\n".join(" ".join(str(10 * column) for column in range(40)) for _ in range(40))
    header = "ncols 40\nnrows 40\nxllcorner 119.98\nyllcorner 30.98\ncellsize 0.001\nNODATA_value -9999\n"
    dem = tmp_path / "dem.asc"
    dem.write_text(header + rows + "\n", encoding="utf-8")
    (tmp_path / "dem.prj").write_text(
        'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]',
        encoding="utf-8",
    )
    luxing("build", "hilly", "--roads", streets(tmp_path), "--elevation", dem)
    roads = load_city(settings.cities_folder / "hilly").roads
    lon = roads.shape_lonlat[:, 0]
    east = lon[roads.shape_first[1:] - 1] - lon[roads.shape_first[:-1]]
    ahead, back = roads.time_ms[0][roads.edges].T
    assert (np.sign(ahead - back) == np.sign(np.round(east, 6))).all()
