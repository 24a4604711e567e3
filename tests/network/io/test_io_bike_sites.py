"""Ground for bikes: kerbs and points, less what has to stay free, to the square metre."""

from __future__ import annotations

import json

import numpy as np
import pytest

from network.bike_sites import bike_room, bikes_refused
from network.errors import InputError
from network.io.bike_sites import read_bike_sites
from network.io.coordinates import to_gcj02
from network.io.layers import Plane
from network.synthetic import grid_city

CITY = grid_city(4)
RULES = CITY.bike_sharing
PLANE = Plane(float(CITY.zones.lonlat[0, 1]))
ORIGIN = PLANE.metres(CITY.zones.lonlat[:1])[0]


def ring(*corners):
    """Corners in metres from the first zone, as positions."""
    lonlat = PLANE.degrees(ORIGIN + np.array([*corners, corners[0]], np.float64))
    return lonlat.tolist()


def box(x, y, w, h):
    return ring((x, y), (x + w, y), (x + w, y + h), (x, y + h))


def feature(kind, coordinates, **properties):
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


@pytest.fixture
def read(tmp_path):
    def call(sites, exclusions=(), **options):
        paths = []
        for name, features in (("sites.geojson", sites), ("cuts.geojson", exclusions)):
            paths.append(tmp_path / name)
            paths[-1].write_text(
                json.dumps({"type": "FeatureCollection", "features": list(features)}), encoding="utf-8"
            )
        cuts = paths[1:] if exclusions else []
        return read_bike_sites(paths[0], rules=RULES, exclusions=cuts, **options)

    return call


KERB = feature("Polygon", [box(0, 0, 20, 2)], id="kerb", footway_m=4.5, name="桥西")


def test_a_kerb_has_the_area_that_is_drawn(read):
    (site,), notes = read([KERB], roads=CITY.roads)
    assert site.area_m2 == pytest.approx(40.0, rel=1e-3)
    assert (site.id, site.name, site.footway_m, site.docked, site.left_out) == ("kerb", "桥西", 4.5, False, "")
    assert bike_room(site, RULES) == 32 - (site.area_m2 < 40)
    assert bikes_refused(site, RULES) == ""
    assert len(site.outline) == 5
    assert notes == ()


def test_ground_of_exclusions_is_cut_away(read):
    """A tactile strip 0.6 m wide along 20 m, and a fire lane across 5 m of it."""
    strip = feature(
        "LineString", PLANE.degrees(ORIGIN + np.array([(-5.0, 0.3), (25.0, 0.3)])).tolist(), reason="盲道", width_m=0.6
    )
    lane = feature("Polygon", [box(15, -3, 5, 9)], reason="fire lane")
    (site,), notes = read([KERB], [strip, lane])
    assert site.area_m2 == pytest.approx(15 * 1.4, rel=1e-3)
    assert site.left_out == ""
    assert "kerb keeps 21.0 of 40.0 m2" in notes[0]
    low, high = (
        PLANE.metres(np.array(site.outline)).min(axis=0) - ORIGIN,
        PLANE.metres(np.array(site.outline)).max(axis=0) - ORIGIN,
    )
    assert np.allclose((*low, *high), (0, 0.6, 15, 2), atol=0.01)


def test_the_largest_part_is_drawn_and_all_of_them_count(read):
    (site,), _ = read([KERB], [feature("Polygon", [box(4, -1, 4, 4)], reason="gate")])
    assert site.area_m2 == pytest.approx(32.0, rel=1e-3)
    x = PLANE.metres(np.array(site.outline))[:, 0] - ORIGIN[0]
    assert (x.min(), x.max()) == pytest.approx((8, 20), abs=0.01)
    middle = PLANE.metres(np.array([[site.lon, site.lat]]))[0] - ORIGIN
    assert 8 < middle[0] < 20


def test_too_little_left_tells_the_reason(read):
    lane = feature("Polygon", [box(2, -3, 30, 9)], reason="fire lane")
    front = feature("Polygon", [box(-3, -3, 4.5, 9)], reason="heritage front")
    (site,), notes = read([KERB], [lane, front])
    assert site.left_out == "fire lane; heritage front"
    assert bikes_refused(site, RULES) == "fire lane; heritage front"
    assert "kerb is left out: fire lane; heritage front" in notes[0]


def test_a_small_kerb_that_nothing_cuts_is_not_left_out_here(read):
    (site,), _ = read(
        [feature("Polygon", [box(0, 0, 2, 1)], id="s")], [feature("Polygon", [box(50, 0, 2, 1)], reason="x")]
    )
    assert site.left_out == ""
    assert "room for 1 bikes, 5 are the least" in bikes_refused(site, RULES)


def test_points_inside_an_exclusion_are_left_out(read):
    points = [feature("Point", ring((x, 1))[0], id=f"p{x}", spaces=12, docked=True) for x in (1, 30)]
    sites, _ = read(points, [feature("Polygon", [box(0, 0, 5, 5)], reason="消防通道")])
    assert [site.left_out for site in sites] == ["消防通道", ""]
    assert [(site.spaces, site.docked, site.area_m2) for site in sites] == [(12, True, None)] * 2


BOW = feature("Polygon", [ring((0, 0), (20, 4), (20, 0), (0, 4))], id="bow")


def test_a_polygon_that_crosses_itself_is_named_and_mended_only_when_told(read):
    with pytest.raises(InputError, match=r"sites.geojson, row 2 \(bow\): crosses itself at 120\.\d+, 31\.\d+") as error:
        read([KERB, BOW])
    assert "repair" in str(error.value)
    sites, notes = read([KERB, BOW], repair=True)
    assert sites[1].area_m2 == pytest.approx(40.0, rel=1e-3)
    assert notes[0].startswith("sites.geojson, row 2 (bow): crosses itself at")
    assert notes[0].endswith("; mended")
    with pytest.raises(InputError, match=r"cuts.geojson, row 1: crosses itself"):
        read([KERB], [{**BOW, "properties": {"reason": "x"}}])


def test_all_wrong_rows_are_told_at_once(read):
    line = [ring((0, 0))[0], ring((9, 9))[0]]
    sites = [BOW, feature("LineString", line, id="l"), feature("Polygon", [ring((0, 0), (1, 0), (2, 0))], id="flat")]
    cuts = [feature("LineString", line, reason="x"), feature("Polygon", [box(0, 0, 1, 1)], reason="")]
    with pytest.raises(InputError) as error:
        read(sites, cuts)
    text = str(error.value)
    for part in (
        "row 1 (bow): crosses itself", "row 2 (l): is a LineString", "row 3 (flat): has no area",
        "cuts.geojson, row 1: is a line without width_m", "cuts.geojson, row 2, column reason: the value is missing",
    ):  # fmt: skip
        assert part in text


def test_a_table_of_points(tmp_path):
    lon, lat = to_gcj02(CITY.zones.lonlat[:1])[0]
    file = tmp_path / "sites.csv"
    header = "编号,经度,纬度,面积,人行道宽度,停放深度,有桩,spaces,open_cny,cny_per_space"
    file.write_bytes(f"{header}\n甲,{lon:.7f},{lat:.7f},30,3.2,1.2,是,,900,\n".encode("gbk"))
    (site,), _ = read_bike_sites(file, rules=RULES, roads=CITY.roads, crs="gcj02")
    assert (site.lon, site.lat) == pytest.approx(CITY.zones.lonlat[0].tolist(), abs=1e-6)
    assert (site.area_m2, site.footway_m, site.depth_m, site.docked) == (30, 3.2, 1.2, True)
    assert (site.spaces, site.open_cny, site.cny_per_space) == (None, 900, None)
    assert bikes_refused(site, RULES) == ""
    assert read_bike_sites(file, rules=RULES).sites[0].lon == pytest.approx(lon, abs=1e-7)


def test_a_layer_in_another_datum_than_it_says_is_refused(read):
    """Kerbs along streets, drawn on a GCJ-02 map and declared as WGS-84."""
    roads = grid_city(12).roads
    points = [feature("Point", spot, id=str(i)) for i, spot in enumerate(to_gcj02(roads.lonlat).tolist())]
    assert len(read(points, roads=roads, crs="gcj02").sites) == len(points)
    with pytest.raises(InputError, match="looks like GCJ-02"):
        read(points, roads=roads)


def test_same_files_same_sites(read):
    assert read([KERB]) == read([KERB])
