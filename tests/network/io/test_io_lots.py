from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from network import InputError, check, grid_city, simulate
from network.io import Parameters, build_city, read_spec
from network.io.lot_sites import Kinds, LotSite
from network.io.lots import assumed_lots, at_places, mapped_lots
from network.units import LAND_USES, OWNERS, SUPPLY_CLASSES

CITY = grid_city(5)
LON, LAT = 120.6, 31.3


def kinds(site):
    return LAND_USES[site.kinds.use], OWNERS[site.kinds.owner], SUPPLY_CLASSES[site.kinds.supply_class]


def test_places_have_as_many_spaces_as_the_map_tells(parameters):
    parking = [str(key) for key, kind in zip(CITY.places.id, CITY.places.kind, strict=True) if kind == "parking"]
    sites = mapped_lots(CITY.places, {parking[1]: 45}, parameters)
    assert [site.id for site in sites] == parking
    assert [site.spaces for site in sites] == [80, 45, *[80] * (len(parking) - 2)]
    assert [site.reserve for site in sites[:2]] == [4, 3]
    assert {kinds(site) for site in sites} == {("shopping", "commercial", "off_street")}
    assert all(CITY.places.id[site.place] == site.id for site in sites)


def people(**counts):
    """The first three zones of a city with these people, and nobody else."""
    zones, none = CITY.zones, np.zeros(len(CITY.zones.id))
    given = {name: none.copy() for name in ("residents", "jobs", "students", "visitors")}
    for name, values in counts.items():
        given[name][:3] = values
    return replace(zones, **given)


def test_zones_have_the_lots_that_their_people_need(parameters):
    zones = people(jobs=[400, 10, 10_000], students=[100, 2000, 0], visitors=[0, 0, 60], residents=[100, 1000, 0])
    sites = assumed_lots(zones, parameters)
    first, second, third = zones.id[:3].tolist()
    assert [(site.id, kinds(site), site.spaces) for site in sites] == [
        (f"assumed/office/{first}", ("office", "office", "building"), 60),
        (f"assumed/school/{second}", ("school", "institution", "building"), 100),
        (f"assumed/home/{second}", ("home", "residential", "building"), 120),
        (f"assumed/office/{third}", ("office", "office", "building"), 300),
    ]
    assert [sites[0].lon, sites[0].lat] == zones.lonlat[0].tolist()
    assert all(site.place == -1 for site in sites)


def test_rules_of_assumed_lots_must_tell_of_all(data_folder):
    rows = {"lots.of_people": {"value": [["jobs", "office", "office", "building", 0.1]], "source": "test"}}
    with pytest.raises(InputError, match=r"lots.of_people: tells of jobs \(write a row each for jobs, students"):
        assumed_lots(CITY.zones, Parameters.load(data_folder, rows))


def test_words_of_parameters_must_be_known(data_folder):
    rows = [["parking", "shopping", "commercial", "roof", 80]]
    parameters = Parameters.load(data_folder, {"lots.of_places": {"value": rows, "source": "test"}})
    with pytest.raises(InputError, match=r"parameter lots.of_places: holds 'roof' \(use on_street, off_street"):
        mapped_lots(CITY.places, {}, parameters)


def test_a_lot_is_the_nearest_place_and_a_place_one_lot(parameters):
    at = np.flatnonzero(CITY.places.kind == "parking")[:2]
    (lon, lat), (east, north) = CITY.places.lonlat[at].tolist()
    usual = {"kinds": Kinds(0, 0, 0), "spaces": 50, "reserve": 0}
    usual |= {"tariff_cny_per_h": 4.0, "retrofit_cny": 0.0}
    spots = [(lon + 0.0003, lat), (lon + 0.0001, lat), (east, north), (lon, lat + 0.001)]
    sites = [LotSite(id=str(i), lon=x, lat=y, **usual) for i, (x, y) in enumerate(spots)]
    assert [site.place for site in at_places(sites, CITY.places, parameters)] == [-1, at[0], at[1], -1]
    nowhere = replace(CITY.places, most_plugs=np.zeros_like(CITY.places.most_plugs))
    assert at_places(sites, nowhere, parameters) == sites


RECIPE = """
name = "Town"
[roads]
source = "streets.geojson"
[parking]
lots = "lots.csv"
entrances = "doors.csv"
gates = "gates.csv"
crs = "wgs84"
holidays = [2026-03-09]
[[transit]]
file = "metro.geojson"
stations = "stations.csv"
mode = "metro"
crs = "wgs84"
"""


def at_xy(x, y):
    return [LON + 0.002 * x, LAT + 0.002 * y]


@pytest.fixture
def town(tmp_path):
    """A data folder with one recipe and all files beside it."""
    folder = tmp_path / "cities" / "town"
    folder.mkdir(parents=True)
    lines = [[at_xy(x, y) for x in range(6)] for y in range(6)] + [[at_xy(x, y) for y in range(6)] for x in range(6)]
    features = [
        {"type": "Feature", "properties": {"highway": "residential", "name": f"S{i}"},
         "geometry": {"type": "LineString", "coordinates": line}} for i, line in enumerate(lines)
    ]  # fmt: skip
    rail = {"type": "Feature", "properties": {"line": "1", "station_ids": ["M1", "M2"]},
            "geometry": {"type": "LineString", "coordinates": [at_xy(0, 0), at_xy(5, 5)]}}  # fmt: skip
    (folder / "streets.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    (folder / "metro.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [rail]}))
    spots = {f"{x}{y}": "{},{}".format(*at_xy(x, y)) for x in range(6) for y in range(6)}
    stations = f"id,name,lon,lat\nM1,West,{spots['00']}\nM2,East,{spots['55']}\n"
    (folder / "stations.csv").write_text(stations)
    (folder / "lots.csv").write_text(
        "id,lon,lat,spaces,owner,station,shared,shared_from,shared_to,hours\n"
        f"A,{spots['11']},60,government,,30,18:00,32:00,\n"
        f"B,{spots['22']},200,commercial,M1,,,,06:00-24:00\n"
    )
    (folder / "doors.csv").write_text(f"lot,lon,lat\nA,{spots['12']}\nA,{spots['21']}\n")
    rows = ["lot,entered,left"]
    for day in range(1, 29):
        rows += [f"A,2026-03-{day:02} 08:0{k},2026-03-{day:02} 17:30" for k in range(9)]
    (folder / "gates.csv").write_text("\n".join(rows) + "\n")
    (folder / "city.toml").write_text(RECIPE, encoding="utf-8")
    return tmp_path


def build(town, data_folder):
    spec = read_spec(town, "town")
    return build_city(spec, Parameters.load(data_folder, spec.parameters))


def test_a_city_is_built_with_its_lots(town, data_folder):
    city, report = build(town, data_folder)
    lots = city.lots
    assert lots.id.tolist() == ["A", "B"]
    assert lots.spaces.tolist() == [60, 200]
    assert lots.entrance_first.tolist() == [0, 2, 3]
    assert np.allclose(lots.entrance_lonlat, [at_xy(1, 2), at_xy(2, 1), at_xy(2, 2)])
    assert lots.measured.tolist() == [True, False]
    assert lots.own_mean[0, 0, 20] == pytest.approx(9)
    assert lots.own_arrivals[0, 0, 16] == pytest.approx(9)
    assert lots.open[1, 0].sum() == 36
    assert city.supply.station_spaces[lots.station[1]] == 200
    assert city.supply.station_spaces.sum() == 200
    assert str(city.transit.stations.id[lots.station[1]]) == "M1"
    metrics = simulate(city).metrics
    assert (metrics["shared_lots"], metrics["shared_spaces"]) == (1, 30)
    assert check(city) == []
    said = "\n".join(report.lines)
    assert "lots.csv: 2 lots with 260 spaces (1 government, 1 commercial)" in said
    assert "lots.csv: 30 spaces of 1 lots are shared already" in said
    assert "gates.csv: 252 rows of 1 lots from 2026-03-02 to 2026-03-27: 19 weekdays, 6 weekends, 1 holidays" in said
    assert "1 of 2 lots are taken to be as full as their land use: no counts" in said
    rows = dict(zip(city.provenance.key.tolist(), city.provenance.value.tolist(), strict=True))
    assert rows["lots.own_cars"] == "1"
    assert {"input:lots.csv", "input:doors.csv", "input:gates.csv"} <= rows.keys()
    assert not {"lots", "lots.assumed"} & rows.keys()
    again, _ = build(town, data_folder)
    assert again.digest == city.digest


def test_a_recipe_that_does_not_fit_is_refused(town, data_folder):
    file = town / "cities" / "town" / "city.toml"
    file.write_text(RECIPE.replace('lots = "lots.csv"\n', ""), encoding="utf-8")
    with pytest.raises(InputError, match=r"town/city.toml \[parking\]: lacks 'lots' \(the table of lots whose"):
        read_spec(town, "town")
    file.write_text(RECIPE.replace("gates =", "gate ="), encoding="utf-8")
    with pytest.raises(InputError, match=r"\[parking\]: has an unknown entry 'gate' \(known: columns, crs"):
        read_spec(town, "town")
    file.write_text("parking = 3\n" + RECIPE.partition("[parking]")[0], encoding="utf-8")
    with pytest.raises(InputError, match=r"parking: is not a table \(write \[parking\]"):
        read_spec(town, "town")
    file.write_text(RECIPE, encoding="utf-8")
    lots = file.parent / "lots.csv"
    lots.write_text(lots.read_text().replace("18:00,32:00", "18:00,08:00"))
    with pytest.raises(InputError, match=r"lots.csv, row 2 \(A\), column shared_to: the window ends at 08:00"):
        build(town, data_folder)


def test_where_hardly_any_lot_is_known_zones_have_assumed_ones(gusu):
    city, report = gusu
    assumed = np.char.startswith(city.lots.id, "assumed/")
    assert (~assumed).sum() == 7
    assert assumed.sum() > 500
    assert not city.lots.measured.any()
    rows = dict(zip(city.provenance.key.tolist(), city.provenance.is_default.tolist(), strict=True))
    assert rows["lots"]
    assert rows["lots.assumed"]
    assert rows["lots.own_cars"]
    assert any(line.startswith(f"hardly any lot is known: {assumed.sum()} more with") for line in report.lines)
    known = dict(zip(city.zones.id.tolist(), range(len(city.zones.id)), strict=True))
    for key, zone in zip(city.lots.id[assumed].tolist(), city.lots.zone[assumed].tolist(), strict=True):
        assert known[key.split("/", 2)[2]] == zone


def test_where_lots_are_known_none_is_assumed(helsinki):
    lots = helsinki[0].lots
    assert len(lots.id) == (lots.place >= 0).sum() == 43
    assert not np.char.startswith(lots.id, "assumed/").any()
    assert set(lots.spaces.tolist()) - {80, 300, 200}, "some tell their capacity"
