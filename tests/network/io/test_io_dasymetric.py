from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from test_io_osm_reading import written

from network import InputError, grid_city
from network.io import Parameters, build_city, spec_for_roads
from network.io.dasymetric import PERSONS, Evidence, Seen, people, share_out
from network.io.graph import roads_from_ways
from network.io.land import Land, area_of_rings, land_class, shared_m2
from network.io.layers import Plane, read_area, read_areas
from network.io.osm import read_osm
from network.io.places import Site
from network.io.tables import LONLAT, Column, read_table
from network.io.ways import Features
from network.io.zones import Streets, grid_cells, table_cells

ROADS = grid_city(9).roads
STREETS = Streets.of(ROADS)
counts = st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=3, max_size=3)


@pytest.fixture
def cells(parameters):
    return grid_cells(STREETS, None, parameters)


def features(rows):
    kind, tags, area, lonlat = zip(*rows, strict=True)
    return Features(
        id=tuple(f"way/{i}" for i in range(len(kind))), kind=kind, name=("",) * len(kind),
        lonlat=np.array(lonlat), area_m2=np.array(area, float), tags=tags,
    )  # fmt: skip


def square(cells, cell, side_m):
    """A square around the middle of a cell's outline, WGS-84."""
    middle = cells.outline[cell].centroid
    half = side_m / 2
    box = shapely.box(middle.x - half, middle.y - half, middle.x + half, middle.y + half)
    return shapely.transform(box, cells.plane.degrees)


def estimate(cells, parameters, total=None, given=None, **seen):
    evidence = Evidence.of(Seen(cells, STREETS, **({"features": Features()} | seen)), parameters)
    return people(evidence, given or {}, total, parameters)


@settings(deadline=None)
@given(st.floats(0, 1e6), counts, counts.filter(lambda s: sum(s) > 0))
def test_a_total_is_kept_and_claims_come_first(total, claim, surface):
    claim, surface = np.array(claim), np.array(surface)
    out = share_out(total, claim, surface)
    assert out.sum() == pytest.approx(total, rel=1e-9, abs=1e-6)
    assert (out >= 0).all()
    if claim.sum() <= total:
        assert (out >= claim * (1 - 1e-9)).all()
    else:
        assert out == pytest.approx(claim * (total / claim.sum()), rel=1e-9, abs=1e-9)


def test_what_claims_leave_goes_where_the_surface_exceeds_them():
    # Of 100 the surface would give 50, 30 and 20; the first zone claims 60, so it takes nothing of the other 40.
    assert share_out(100.0, np.array([60.0, 0, 0]), np.array([5.0, 3, 2])).tolist() == pytest.approx([60, 24, 16])
    assert share_out(100.0, np.array([50.0, 30, 20]), np.array([5.0, 3, 2])).tolist() == [50, 30, 20]
    assert share_out(40.0, np.array([60.0, 20, 0]), np.array([0.0, 0, 1])).tolist() == [30, 10, 0]


def test_streets_alone_tell_of_their_surroundings(cells, parameters):
    persons, how = estimate(cells, parameters, (10_000.0, "census"))
    assert [persons[name].sum() for name in PERSONS] == pytest.approx([10_000, 5_000, 1_800, 1_000])
    words = "estimated: dasymetric over buildings 0, land use 0, places 0, stops 0, streets 29 km, activity no"
    assert how["residents"] == f"census, {words}"
    assert set(how) == set(PERSONS)
    assert how["jobs"] == how["students"] == how["visitors"] == f"a parameter per resident, {words}"
    assert persons["students"] == pytest.approx(persons["residents"] * 0.18)
    assert persons["residents"] == pytest.approx(plain_streets(cells, parameters, column=1) * 10_000)
    assert persons["jobs"] == pytest.approx(plain_streets(cells, parameters, column=2) * 5_000)


def plain_streets(cells, parameters, column):
    """Share of each zone, by loops."""
    rate = {row[0]: row[column] for row in parameters.value("zones.street_persons")}
    cell, reach = cells.of(STREETS.lonlat), parameters.number("zones.street_reach_m")
    weight = [0.0] * len(cells.id)
    for at, length, kind in zip(cell, STREETS.length_m, STREETS.kind, strict=True):
        if at >= 0:
            weight[at] += length * rate.get(str(kind), 0)
    xy, out = cells.plane.metres(cells.lonlat), []
    for i, area in enumerate(cells.area_m2):
        near = [max(0.0, 1 - ((xy[i] - other) ** 2).sum() / reach**2) ** 2 for other in xy]
        found = sum(n * w for n, w in zip(near, weight, strict=True))
        out.append(area * found / sum(n * a for n, a in zip(near, cells.area_m2, strict=True)))
    return np.array(out) / sum(out)


def test_without_any_total_a_density_stands_in(cells, parameters):
    persons, how = estimate(cells, parameters)
    assert persons["residents"].sum() == pytest.approx(6_000 * cells.area_m2.sum() / 1e6)
    assert how["residents"].startswith("a parameter per km2, estimated: dasymetric")


def town(cells):
    a, b = cells.lonlat[3], cells.lonlat[20]
    rows = [("building", {"building": "apartments", "building:levels": "5"}, 1000.0, a)]
    rows += [("building", {"building": "office", "building:levels": "3"}, 600.0, b)]
    rows += [("building", {"building": "yes"}, 100.0, b)]
    rows += [("building", {"building": "garage"}, 9999.0, a)] * 100
    return [*rows, ("school", {"amenity": "school", "capacity": "about 20"}, 0.0, b)]


def test_buildings_count_by_floor_area_and_use(cells, parameters):
    seen = Seen(cells, STREETS, features(town(cells)))
    evidence = Evidence.of(seen, parameters)
    assert evidence.floor[:, [3, 20]].tolist() == [[5000 / 50, 200 / 50], [0, (1800 + 200) / 30]]
    assert evidence.floor.sum() == pytest.approx(evidence.floor[:, [3, 20]].sum())
    persons, how = people(evidence, {}, None, parameters)
    assert persons["residents"][[3, 20]].tolist() == pytest.approx([100, 4])
    assert persons["residents"].sum() == pytest.approx(104)
    assert persons["jobs"][20] == pytest.approx(2000 / 30)
    assert how["residents"].startswith("floor area of homes on the map, estimated: dasymetric over buildings 103,")
    # 18.72 school places are fewer than the 20 of the one school.
    assert persons["students"][20] == pytest.approx(104 * 0.18)
    more, _ = people(evidence, {}, (1000.0, "census"), parameters)
    assert more["residents"].sum() == pytest.approx(1000)
    assert more["residents"][3] == pytest.approx(100)
    assert more["students"][20] == pytest.approx(20)


def test_land_tells_the_use_of_buildings_and_is_not_added_to_them(cells, parameters):
    quarter = Land(("commercial",), (square(cells, 20, 200),))
    at = shapely.get_coordinates(shapely.centroid(quarter.area[0]))[0]
    row = ("building", {"building": "yes", "building:levels": "10"}, 1000.0, at)
    both = Evidence.of(Seen(cells, STREETS, features([row]), quarter), parameters)
    homes = 15 * 50 / (15 * 50 + 250 * 30)
    assert both.floor[:, 20] == pytest.approx([10_000 * homes / 50, 10_000 * (1 - homes) / 30])
    # 4 ha of offices claim 1,000 jobs, the building 303: the same people.
    assert both.claims[PERSONS.index("jobs"), 20] == pytest.approx(4 * 250, rel=1e-3)
    alone = Evidence.of(Seen(cells, STREETS, features([row])), parameters)
    assert alone.claims[:2, 20] == pytest.approx([5_000 / 50, 5_000 / 30])
    mall = ("mall", {"building": "yes", "shop": "mall"}, 1000.0, at)
    assert Evidence.of(Seen(cells, STREETS, features([mall])), parameters).floor[0].sum() == 0


def test_a_school_is_cut_out_of_the_quarter_around_it(cells, parameters):
    quarter, ground = square(cells, 20, 200), square(cells, 20, 100)
    land = Land(("residential", "school", "unheard of"), (quarter, ground, quarter))
    evidence = Evidence.of(Seen(cells, STREETS, Features(), land), parameters)
    assert evidence.claims[:, 20] == pytest.approx([3 * 150, 3 * 15 + 30, 300, 0], rel=1e-3)
    twice = Land(land.kind * 2, land.area * 2)
    assert Evidence.of(Seen(cells, STREETS, Features(), twice), parameters).claims == pytest.approx(evidence.claims)


def test_streets_put_nobody_into_a_park(cells, parameters):
    park = Land(("park",), (square(cells, 20, 250),))
    persons, how = estimate(cells, parameters, (10_000.0, "census"), land=park)
    assert persons["residents"][20] == persons["jobs"][20] == pytest.approx(0, abs=1)
    assert persons["visitors"][20] > 10
    assert persons["residents"].sum() == pytest.approx(10_000)
    assert "land use 1," in how["residents"]


def test_stops_and_activity_draw_jobs_but_no_residents(cells, parameters):
    plain, _ = estimate(cells, parameters, (10_000.0, "census"))
    lon, lat = cells.lonlat[20].tolist()
    station = Site(id="s", kind="station", name="", lon=lon, lat=lat)
    near, how = estimate(cells, parameters, (10_000.0, "census"), sites=[station])
    assert near["jobs"][20] > 1.5 * plain["jobs"][20]
    assert near["residents"] == pytest.approx(plain["residents"])
    assert "stops 1," in how["jobs"]
    activity = np.zeros(len(cells.id))
    activity[20] = 7.0
    busy, how = estimate(cells, parameters, (10_000.0, "census"), activity=activity)
    assert busy["jobs"] == pytest.approx((plain["jobs"] + 5_000 * (activity > 0)) / 2)
    assert how["jobs"].endswith("activity yes")


def test_a_kind_in_a_table_is_not_taken_from_the_map_as_well(cells, parameters):
    lon, lat = cells.lonlat[20].tolist()
    hospital = Site(id="h", kind="hospital", name="", lon=lon, lat=lat)
    on_map = features([("hospital", {"amenity": "hospital"}, 0.0, cells.lonlat[20])])
    seen = Seen(cells, STREETS, on_map, sites=[hospital])
    assert Evidence.of(seen, parameters).claims[:, 20].tolist() == [0, 800, 0, 0]


def test_what_is_given_is_taken_as_it_is(cells, parameters):
    given = {name: np.arange(len(cells.id)) * 1.0 for name in PERSONS}
    persons, how = estimate(cells, parameters, given=given)
    assert how == {}
    assert all((persons[name] == given[name]).all() for name in persons)
    schools = {"residents": given["residents"], "schools": 1.0 * (given["jobs"] == 7)}
    persons, how = estimate(cells, parameters, given=schools)
    assert persons["students"][7] == persons["students"].sum() == pytest.approx(0.18 * given["residents"].sum())
    assert how["students"].endswith("spread by schools of the table")


@pytest.mark.parametrize("total", [-1.0, np.nan, np.inf])
def test_a_total_that_cannot_be_is_refused(cells, parameters, total):
    with pytest.raises(InputError, match=r"zones.residents: the total is .*a number of 0 or more"):
        estimate(cells, parameters, (total, "census"))


def test_nobody_at_all_is_a_total(cells, parameters):
    persons, _ = estimate(cells, parameters, (0.0, "census"), features=features(town(cells)))
    assert [persons[name].sum() for name in PERSONS] == [0, 0, 0, 0]


@pytest.mark.parametrize("row", ['"park"', "[]", '["park", 1]', '["park", 1, -1, 0, 0]', '["park", 1, "x", 0, 0]'])
def test_a_row_of_a_parameter_that_cannot_be_read_is_named(cells, data_folder, row):
    wrong = {"zones.land_persons_per_ha": {"value": [json.loads(row)], "source": "s"}}
    with pytest.raises(InputError, match=r"zones.land_persons_per_ha: has the row .* 4 numbers of 0 or more"):
        estimate(cells, Parameters.load(data_folder, wrong))


def test_land_is_read_with_its_holes_and_repaired(tmp_path):
    at = {n: (0.001 * (n % 10), 0.001 * (n // 10)) for n in range(1, 60)}
    ways = {
        1: ([1, 2], {"highway": "residential"}),
        2: ([1, 5, 45, 41, 1], {}),
        3: ([12, 13, 23, 22, 12], {}),
        4: ([1, 2, 12, 11, 1], {"landuse": "retail"}),
        5: ([6, 17, 7, 16, 6], {"landuse": "commercial"}),
        6: ([6, 7, 17], {"landuse": "industrial"}),
        7: ([31, 32, 42, 41, 31], {"amenity": "school", "landuse": "residential"}),
    }
    members = [("way", 2, "outer"), ("way", 3, "inner")]
    data = read_osm(written(tmp_path, at, ways, [(members, {"type": "multipolygon", "landuse": "residential"})]))
    assert data.land.kind == ("retail", "commercial", "school", "residential")
    assert [a.area * 1e6 for a in data.land.area] == pytest.approx([1, 0.5, 1, 15])
    assert all(shapely.is_valid(data.land.area))
    assert data.features.kind == ("school",)
    assert [note.split(": ")[0] for note in data.ways.notes] == [
        "1 outlines of land use do not end where they start",
        "1 outlines of land use cross themselves",
    ]
    clipped = read_osm(tmp_path / "town.osm", shapely.box(0.0005, 0, 0.0025, 0.0005))
    assert clipped.land.kind == ("retail", "residential")


def test_the_first_key_that_tells_names_the_class():
    assert land_class({"landuse": "residential", "leisure": "park"}) == "park"
    assert land_class({"landuse": "forest"}) == land_class({}) == ""


def test_areas_share_ground_once():
    area, repaired = area_of_rings([np.array([[0.0, 0], [2, 2], [2, 0], [0, 2], [0, 0]])], [])
    assert repaired
    assert area.area == pytest.approx(2)
    which, cell, m2 = shared_m2([shapely.box(0, 0, 2, 2)], [shapely.box(1, 1, 3, 3), shapely.box(5, 5, 6, 6)])
    assert (which.tolist(), cell.tolist(), m2.tolist()) == ([0], [0], [1])
    assert Land().of(["park"], Plane(0.0))[1] == []


points = st.tuples(st.integers(0, 4), st.integers(0, 4))


@settings(deadline=None)
@given(st.lists(st.lists(points, min_size=3, max_size=8), min_size=1, max_size=5))
def test_rings_of_any_kind_are_land_that_is_counted_once(rings):
    drawn = [area_of_rings([np.array([*ring, ring[0]], float)], [])[0] for ring in rings]
    assert all(shapely.is_valid(drawn))
    kind, apart = Land(("park",) * len(drawn), tuple(drawn)).of(["park"], Plane(0.0))
    metre2 = Plane(0.0).metres(np.ones((1, 2))).prod()
    assert shapely.area(apart).sum() == pytest.approx(shapely.union_all(drawn).area * metre2, abs=1)
    assert kind.tolist() == [0] * len(drawn)


def test_a_ring_of_two_corners_is_named(tmp_path):
    shape = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}
    (tmp_path / "a.geojson").write_text(json.dumps(shape))
    with pytest.raises(InputError, match="feature 1: has a ring of 2 corners"):
        read_area(tmp_path / "a.geojson")


def hexagon_file(folder, *values):
    ring = [[120.6, 31.3], [120.61, 31.3], [120.61, 31.31], [120.6, 31.31], [120.6, 31.3]]
    shapes = [{"type": "Feature", "properties": {"n": v}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
              for v in values]  # fmt: skip
    file = folder / "ends.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": shapes}))
    return file


def test_numbers_of_areas_are_read_or_all_named(tmp_path):
    areas, values = read_areas(hexagon_file(tmp_path, 3, 0.5), "n")
    assert values.tolist() == [3, 0.5]
    assert areas[0].area == pytest.approx(1e-4)
    with pytest.raises(InputError, match=r"(?s)feature 1: n is -1.*feature 2: n is 'x'.*feature 3: n is nan") as error:
        read_areas(hexagon_file(tmp_path, -1, "x", float("nan"), 4, None), "n")
    assert len(error.value.problems) == 4
    with pytest.raises(InputError, match="holds no polygon"):
        read_areas(hexagon_file(tmp_path), "n")


def village(folder, **zones):
    """The recipe of two streets 1.5 km apart and one between them, with a house, in a district twice as wide."""
    step = 1 / 111_195
    at = {1: (0, 0), 2: (1000, 0), 3: (0, 1500), 4: (1000, 1500)}
    corners = [(300, 50), (320, 50), (320, 70), (300, 70)]
    at |= {5 + i: corner for i, corner in enumerate(corners)}
    nodes = {n: (x * step, y * step) for n, (x, y) in at.items()}
    house = {"building": "house", "building:levels": "1"}
    ways = {1: ([1, 2], {"highway": "residential"}), 2: ([3, 4], {"highway": "residential"})}
    ways |= {3: ([1, 3], {"highway": "residential"}), 4: ([5, 6, 7, 8, 5], house)}
    spec = spec_for_roads("village", str(written(folder, nodes, ways)))
    ring = [[x * step, y * step] for x, y in [(-100, -100), (1900, -100), (1900, 1600), (-100, 1600), (-100, -100)]]
    shape = {"type": "Feature", "properties": {"n": 5}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (folder / "district.geojson").write_text(json.dumps(shape))
    recipe = {"boundary": str(folder / "district.geojson"), "residents": {"persons": 1000, "source": "census"}}
    return replace(spec, zones=recipe | zones)


def test_a_district_gives_the_share_that_is_covered(tmp_path, data_folder):
    city, report = build_city(village(tmp_path), Parameters.load(data_folder))
    squares = city.zones.residents.sum() / 1000
    assert 0.2 < squares < 0.4
    assert any(f"1,000 (census) x {squares:.1%} of the area, which the zones cover" in line for line in report.lines)
    many = Parameters.load(data_folder, {"zones.least_buildings": {"value": 1, "source": "test"}})
    city, report = build_city(village(tmp_path), many)
    # Buildings tell that nobody lives between the streets, which reach across 1.5 of its 3.4 km2.
    assert city.zones.residents.sum() == pytest.approx(1000 * 1.5 / 3.4, rel=0.02)
    assert any("of the area, which the streets reach" in line for line in report.lines)


@pytest.mark.parametrize("persons", [-5, float("nan"), "many", True, None])
def test_a_total_in_the_recipe_that_cannot_be_is_refused(tmp_path, data_folder, persons):
    spec = village(tmp_path, residents={"persons": persons, "source": "census"})
    with pytest.raises(InputError, match=r"village/city.toml \[zones.residents\]: persons is .* 0 or more is needed"):
        build_city(spec, Parameters.load(data_folder))


def test_activity_of_a_recipe_is_read_and_must_lie_in_the_city(tmp_path, data_folder):
    recipe = {"file": str(tmp_path / "district.geojson"), "column": "n"}
    city, _ = build_city(village(tmp_path, activity=[recipe]), Parameters.load(data_folder))
    source = city.provenance.source[city.provenance.key == "zones.jobs"]
    assert source[0].endswith("activity yes")
    assert city.provenance.is_default[city.provenance.key == "zones.jobs"].all()
    elsewhere = recipe | {"file": str(hexagon_file(tmp_path, 3)), "column": "n"}
    with pytest.raises(InputError, match=r"ends.geojson: holds nothing in the zones"):
        build_city(village(tmp_path, activity=[elsewhere]), Parameters.load(data_folder))


@pytest.fixture(scope="module")
def hexagons(shared, data_folder):
    """São Paulo, where the truth is known: hexagons and streets, residents and jobs told and estimated by totals."""
    parameters, folder = Parameters.load(data_folder), shared / "data" / "sao_paulo"
    data = read_osm(folder / "spo_osm.pbf")
    roads, _ = roads_from_ways(data.ways, parameters, barriers=data.barriers)
    columns = {"id": Column(unique=True), **LONLAT, "population": Column(number=True), "jobs": Column(number=True)}
    table = read_table(folder / "spo_hexgrid.csv", columns)
    cells, streets = table_cells(table, "wgs84", roads, parameters), Streets.of(roads)
    evidence = Evidence.of(Seen(cells, streets, data.features, data.land), parameters)
    told = {"residents": table.numbers("population"), "jobs": table.numbers("jobs")}
    total = told["residents"].sum()
    estimated, _ = people(evidence, {}, (total, "held out"), parameters)
    assert estimated["residents"].sum() == pytest.approx(total)
    return cells, cells.sums(streets.lonlat, streets.length_m), told, estimated


def correlation(one, other):
    return np.corrcoef(one, other)[0, 1]


def error_share(weight, truth):
    """Mean absolute error over the mean, the total being right."""
    return np.abs(weight / weight.sum() * truth.sum() - truth).sum() / truth.sum()


@pytest.mark.parametrize(
    ("persons", "least_correlation", "most_error"), [("residents", 0.45, 0.60), ("jobs", 0.55, 0.69)]
)
def test_held_out_hexagons_are_met_better_than_by_area_or_street(hexagons, persons, least_correlation, most_error):
    cells, street_m, told, estimated = hexagons
    truth, ours = told[persons], estimated[persons]
    assert correlation(ours, truth) > least_correlation
    assert error_share(ours, truth) < most_error
    assert error_share(ours, truth) < 0.9 * error_share(np.ones(len(truth)), truth)
    assert error_share(ours, truth) < 0.9 * error_share(street_m, truth)
    assert correlation(ours, truth) > correlation(street_m, truth) + 0.3
    # No one part of the town carries it: the weights were chosen by the western half, this is the eastern.
    east = cells.lonlat[:, 0] >= np.median(cells.lonlat[:, 0])
    assert error_share(ours[east], truth[east]) < 0.9 * error_share(np.ones(east.sum()), truth[east])
    assert error_share(ours[east], truth[east]) < 0.9 * error_share(street_m[east], truth[east])
    assert correlation(ours[east], truth[east]) > correlation(street_m[east], truth[east]) + 0.3
