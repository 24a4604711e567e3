from __future__ import annotations

import json

import numpy as np
import pytest

from network import InputError, check
from network.io import Parameters, build_city, read_spec

LON, LAT = 120.6, 31.3
RECIPE = """
name = "Town"
[roads]
source = "streets.geojson"

[[places]]
file = "estates.csv"
crs = "wgs84"
kind = "old_estate"

[[chargers]]
file = "ocm.json"
format = "ocm"

[[chargers]]
file = "operator.csv"
format = "table"
rows = "ports"
crs = "wgs84"
statuses = { gone = "closed" }

[[transit]]
file = "calls.csv"
mode = "bus"
crs = "wgs84"

[feeders]
file = "grid.csv"
crs = "wgs84"
unit = "kVA"
"""


def at(x, y):
    return LON + 0.002 * x, LAT + 0.002 * y


def text_at(x, y):
    return "{},{}".format(*at(x, y))


@pytest.fixture
def town(tmp_path):
    """A data folder with one recipe and all files beside it."""
    folder = tmp_path / "cities" / "town"
    folder.mkdir(parents=True)
    lines = [[at(x, y) for x in range(6)] for y in range(6)] + [[at(x, y) for y in range(6)] for x in range(6)]
    streets = [
        {"type": "Feature", "properties": {"highway": "residential", "name": f"S{i}"},
         "geometry": {"type": "LineString", "coordinates": line}} for i, line in enumerate(lines)
    ]  # fmt: skip
    lon, lat = at(2, 2)
    place = {
        "ID": 7,
        "AddressInfo": {"Title": "Hall", "Latitude": lat, "Longitude": lon},
        "NumberOfPoints": 2,
        "Connections": [{"PowerKW": 120, "Quantity": 2}],
    }
    files = {
        "city.toml": RECIPE,
        "streets.geojson": json.dumps({"type": "FeatureCollection", "features": streets}),
        "estates.csv": f"id,lon,lat,feeder\ne1,{text_at(1, 1)},F2\ne2,{text_at(4, 1)},\n",
        "ocm.json": json.dumps([place]),
        "operator.csv": "id,lon,lat,power_kw,status\n"
        + "".join(f"A,{text_at(4, 4)},{kw},{status}\n" for kw, status in ((7, ""), (7, "gone"), (240, ""), ("", ""))),
        "calls.csv": "line,stop,sequence,lon,lat\n"
        + "".join(f"1,s{x},{x},{text_at(x, 0)}\n" for x in range(6))
        + f"1,far,9,{LON + 1},{LAT}\n",
        "grid.csv": "id,lon,lat,rated_kva,allowed_loading,peak_kva,step_kva,step_cny,most_steps\n"
        f"F1,{text_at(2, 2)},630,0.8,304,400,250000,2\nF2,{text_at(9, 9)},1000,,700,0,0,0\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tmp_path


def built(town, data_folder):
    spec = read_spec(town, "town")
    return build_city(spec, Parameters.load(data_folder, spec.parameters))


def test_a_city_of_all_kinds_of_files(town, data_folder):
    city, report = built(town, data_folder)
    assert check(city) == []
    position = {name: i for i, name in enumerate(city.places.id.tolist())}
    plugs = {name: city.supply.plugs[:, i].tolist() for name, i in position.items() if city.supply.plugs[:, i].any()}
    assert plugs == {"ocm/7": [0, 2, 0], "operator/A": [2, 0, 1]}
    assert city.places.id[city.places.kind == "terminal"].tolist() == ["terminal/s0"], "the other end lies beyond"
    assert {"old_estate", "charging_station", "terminal", "kerb"} <= set(city.places.kind.tolist())
    assert city.feeders.id.tolist() == ["F1", "F2"]
    assert city.feeders.headroom_kva.tolist() == pytest.approx([200.0, 100.0])
    assert city.feeders.most_steps.tolist() == [2, 0]
    assert city.supply.feeder_steps.tolist() == [0, 0]
    feeder = dict(zip(position, city.places.feeder.tolist(), strict=True))
    assert (feeder["estates/e1"], feeder["estates/e2"], feeder["ocm/7"]) == (1, 0, 0), "named, near, near"
    rows = dict(zip(city.provenance.key.tolist(), city.provenance.value.tolist(), strict=True))
    assert rows["supply.plugs_of_assumed_power"] == "1"
    assert {"input:ocm.json", "input:operator.csv", "input:grid.csv"} <= set(rows)
    assert "operator.csv: left out: 1 rows out of operation" in report.lines
    assert any("with 5 plugs: 2 slow, 2 fast, 1 ultra-fast" in line for line in report.lines)
    assert any(line.startswith("2 feeders with 300 kVA of headroom feed") for line in report.lines)


def test_places_far_from_every_feeder_have_none(town, data_folder):
    file = town / "cities" / "town" / "grid.csv"
    far = file.read_text(encoding="utf-8").replace(text_at(2, 2), f"{LON + 0.1},{LAT}")
    file.write_text(far, encoding="utf-8")
    city, _ = built(town, data_folder)
    feeder = dict(zip(city.places.id.tolist(), city.places.feeder.tolist(), strict=True))
    assert feeder.pop("estates/e1") == 1
    assert np.array_equal(np.unique(list(feeder.values())), [-1])


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ('format = "ocm"', "", r"town/city.toml \[chargers\]: lacks 'format'"),
        ('format = "ocm"', 'format = "ocm"\nradius = 3', r"\[chargers\]: has an unknown entry 'radius'"),
        ("[feeders]", "[[feeders]]", r"town/city.toml, feeders: is not a table"),
        ('[[chargers]]\nfile = "ocm.json"', '[chargers.a]\nfile = "ocm.json"', r"valid TOML|not a list of tables"),
        ('file = "grid.csv"\ncrs', "crs", r"\[feeders\]: lacks 'file'"),
        ('unit = "kVA"', 'unit = "kVA"\nreach = 3', r"\[feeders\]: has an unknown entry 'reach'"),
    ],
)
def test_odd_recipes_are_refused(town, before, after, says):
    file = town / "cities" / "town" / "city.toml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_spec(town, "town")


def test_problems_of_a_station_file_stop_the_build(town, data_folder):
    file = town / "cities" / "town" / "operator.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("240", "240000"), encoding="utf-8")
    with pytest.raises(InputError, match=r'operator.csv, row 4, column power_kw: 240,000 kW .* unit = "W"'):
        built(town, data_folder)
