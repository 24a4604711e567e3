from __future__ import annotations

import copy
import json

import numpy as np
import prcoords
import pytest

from network import InputError, grid_city
from network.io.chargers import chargers_of, read_stations, without_known
from network.io.parameters import Parameters
from network.io.places import Site

ROADS = grid_city(6).roads
SPOTS = ROADS.lonlat.tolist()
"""Crossings, some 200 m apart."""


def ocpi(spot=0, **other):
    """A location as OCPI 2.2.1 writes it: texts for degrees, watts for power."""
    lon, lat = SPOTS[spot]
    return {
        "country_code": "BE",
        "party_id": "BEC",
        "id": "LOC1",
        "publish": True,
        "name": "Gent Zuid",
        "coordinates": {"latitude": str(lat), "longitude": str(lon)},
        "evses": [
            {
                "uid": "3256",
                "status": "AVAILABLE",
                "connectors": [
                    {"id": "1", "standard": "IEC_62196_T2", "power_type": "AC_3_PHASE", "max_voltage": 220,
                     "max_amperage": 32},
                    {"id": "2", "standard": "IEC_62196_T2_COMBO", "power_type": "DC", "max_voltage": 500,
                     "max_amperage": 300, "max_electric_power": 120000},
                ],
            },
            {
                "uid": "3257",
                "status": "CHARGING",
                "connectors": [
                    {"id": "1", "standard": "IEC_62196_T2", "power_type": "AC_3_PHASE", "max_voltage": 400,
                     "max_amperage": 32}
                ],
            },
            {"uid": "3258", "status": "REMOVED", "connectors": []},
            {"uid": "3259", "status": "OUTOFORDER", "connectors": [{"id": "1", "power_type": "DC"}]},
        ],
    } | other  # fmt: skip


def ocm(spot=0, **other):
    """A place as Open Charge Map writes it, compact."""
    lon, lat = SPOTS[spot]
    return {
        "ID": 148527,
        "UsageTypeID": 4,
        "StatusTypeID": 50,
        "NumberOfPoints": 3,
        "AddressInfo": {"ID": 1, "Title": "Depot", "Latitude": lat, "Longitude": lon},
        "Connections": [
            {"ID": 1, "ConnectionTypeID": 33, "PowerKW": 180.0, "CurrentTypeID": 30, "Quantity": 1},
            {"ID": 2, "ConnectionTypeID": 2, "PowerKW": 50.0, "CurrentTypeID": 30, "Quantity": 1},
            {"ID": 3, "ConnectionTypeID": 25, "PowerKW": None, "CurrentTypeID": 20, "Quantity": None},
        ],
    } | other


def read_json(folder, parameters, data, **recipe):
    (folder / "stations.json").write_text(json.dumps(data), encoding="utf-8")
    return read_stations(folder / "stations.json", recipe, ROADS, parameters)


def test_ocpi_counts_vehicles_by_the_strongest_connector(tmp_path, parameters):
    (site,), told = read_json(tmp_path, parameters, [ocpi()], format="ocpi")
    assert (site.id, site.kind, site.name) == ("stations/BE-BEC-LOC1", "charging_station", "Gent Zuid")
    assert [site.lon, site.lat] == SPOTS[0]
    assert site.plugs == (1, 2, 0), "120 kW DC; 400 V between lines x 32 A = 22 kW; DC of no told power; one removed"
    assert site.guessed == 1
    assert told == [
        "stations.json: 1 charging stations with 1 slow, 2 fast, 0 ultra-fast plugs",
        "stations.json: the power of 1 plugs is not told and assumed",
    ]


def test_ocpi_of_version_2_1_1(tmp_path, parameters):
    connectors = [{"id": "1", "power_type": "AC_1_PHASE", "voltage": 230, "amperage": 32}]
    old = {
        "id": "LOC7",
        "type": "ON_STREET",
        "address": "Lindenstraat 1",
        "coordinates": ocpi()["coordinates"],
        "evses": [{"uid": "1", "status": "AVAILABLE", "connectors": connectors}],
    }
    (site,), _ = read_json(tmp_path, parameters, {"status_code": 1000, "data": [old]}, format="ocpi")
    assert (site.id, site.name, site.plugs, site.guessed) == ("stations/LOC7", "Lindenstraat 1", (1, 0, 0), 0)


def test_ocpi_leaves_out_what_is_not_there_or_not_public(tmp_path, parameters):
    gone = ocpi(1, id="LOC2", evses=[{"uid": "1", "status": "PLANNED", "connectors": []}])
    private = ocpi(2, id="LOC3", publish=False)
    sites, told = read_json(tmp_path, parameters, [ocpi(), gone, private], format="ocpi")
    assert [s.id for s in sites] == ["stations/BE-BEC-LOC1"]
    assert told[1] == "stations.json: left out: 1 not public, 1 out of operation"


def test_ocm_counts_points(tmp_path, parameters):
    (site,), told = read_json(tmp_path, parameters, [ocm()], format="ocm")
    assert (site.id, site.name, site.plugs, site.guessed) == ("stations/148527", "Depot", (1, 1, 1), 1)
    assert told[1:] == ["stations.json: the power of 1 plugs is not told and assumed"]
    (site,), told = read_json(tmp_path, parameters, [ocm(NumberOfPoints=2)], format="ocm")
    assert site.plugs == (0, 1, 1), "the faster ones"
    assert told[-1] == "stations.json: 1 stations have more connections than points: the faster ones count"
    (site,), _ = read_json(tmp_path, parameters, [ocm(NumberOfPoints=6)], format="ocm")
    assert sum(site.plugs) == 6
    (site,), _ = read_json(tmp_path, parameters, [ocm(NumberOfPoints=None, Connections=None)], format="ocm")
    assert (site.plugs, site.guessed) == ((1, 0, 0), 1)


def test_ocm_verbose_and_closed(tmp_path, parameters):
    verbose = ocm(StatusType={"IsOperational": True, "ID": 50}, UsageType={"ID": 1})
    for connection in verbose["Connections"]:
        connection["CurrentType"] = {"ID": connection.pop("CurrentTypeID")}
    del verbose["StatusTypeID"], verbose["UsageTypeID"]
    verbose["Connections"][0]["StatusType"] = {"IsOperational": False}
    closed = [
        ocm(1, ID=2, StatusTypeID=150),
        ocm(2, ID=3, StatusTypeID=None, StatusType={"ID": None, "IsOperational": False}),
        ocm(3, ID=4, UsageTypeID=6),
    ]
    (site,), told = read_json(tmp_path, parameters, [verbose, *closed], format="ocm")
    assert site.plugs == (1, 2, 0), "three points, two connections in operation: the third is like the first of them"
    assert told[1] == "stations.json: left out: 1 not public, 2 out of operation"


def changed(entry, path, value):
    entry = copy.deepcopy(entry)
    *way, last = path
    thing = entry
    for key in way:
        thing = thing[key]
    thing[last] = value
    return entry


@pytest.mark.parametrize(
    ("kind", "path", "value", "problem"),
    [
        pytest.param("ocpi", ("coordinates",), None, r"row 1 \(BE-BEC-LOC1\), longitude: the value is missing",
                     id="no_place"),
        pytest.param("ocpi", ("coordinates", "latitude"), "5O.1", r"latitude: '5O.1' is not a number", id="letter"),
        pytest.param("ocpi", ("evses", 0, "connectors", 1, "max_electric_power"), 120,
                     r'evse 3256, max_electric_power: 120 W is not .* unit = "kW"', id="kilowatts"),
        pytest.param("ocm", ("AddressInfo", "Latitude"), None, r"row 1 \(148527\), Latitude: the value is missing",
                     id="ocm_no_place"),
        pytest.param("ocm", ("Connections", 1, "PowerKW"), 50000,
                     r'connection 2, PowerKW: 50,000 kW is not .* unit = "W"', id="watts"),
        pytest.param("ocm", ("Connections", 0, "Quantity"), -2, r"Quantity: -2 is not a whole number", id="negative"),
        pytest.param("ocm", ("NumberOfPoints",), 2.5, r"NumberOfPoints: 2.5 is not a whole number", id="fraction"),
    ],
)  # fmt: skip
def test_bad_entries_are_named(tmp_path, parameters, kind, path, value, problem):
    entry = changed(ocpi() if kind == "ocpi" else ocm(), path, value)
    with pytest.raises(InputError, match=problem):
        read_json(tmp_path, parameters, [entry], format=kind)


def test_all_bad_entries_are_told_at_once(tmp_path, parameters):
    bad = [changed(ocm(i, ID=7 + i), ("AddressInfo", "Longitude"), "") for i in range(3)]
    with pytest.raises(InputError) as error:
        read_json(tmp_path, parameters, [*bad, ocm(4, ID=9)], format="ocm")
    assert [p.where for p in error.value.problems] == [
        "stations.json, row 1 (7), Longitude",
        "stations.json, row 2 (8), Longitude",
        "stations.json, row 3 (9), Longitude",
        "stations.json",
    ]
    assert "rows 3, 4 repeat station 9" in str(error.value)


def test_power_in_the_unit_that_is_declared(tmp_path, parameters):
    entry = changed(ocpi(), ("evses", 0, "connectors", 1, "max_electric_power"), 120)
    (site,), _ = read_json(tmp_path, parameters, [entry], format="ocpi", unit="kW")
    assert site.plugs == (1, 2, 0)
    entry = changed(ocm(), ("Connections", 0, "PowerKW"), 180_000)
    entry["Connections"] = entry["Connections"][:1]
    (site,), _ = read_json(tmp_path, parameters, [entry], format="ocm", unit="W")
    assert site.plugs == (0, 0, 3)


@pytest.mark.parametrize(
    ("text", "kind", "problem"),
    [
        pytest.param("{", "ocpi", r"is not valid JSON", id="broken"),
        pytest.param('{"a": 1}', "ocpi", r"is not a list of stations", id="no_list"),
        pytest.param("[]", "ocm", r"holds no stations", id="empty"),
        pytest.param(json.dumps([ocm()]), "ocpi", r'is of another format \(write format = "ocm"', id="ocm_as_ocpi"),
        pytest.param(json.dumps([ocpi()]), "ocm", r'is of another format \(write format = "ocpi"', id="ocpi_as_ocm"),
        pytest.param(json.dumps([ocpi(evses=[])]), "ocpi", r"holds no station in operation", id="none_open"),
    ],
)
def test_files_of_another_kind_are_refused(tmp_path, parameters, text, kind, problem):
    (tmp_path / "a.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=problem):
        read_stations(tmp_path / "a.json", {"format": kind}, ROADS, parameters)


AFDC = (
    "Fuel Type Code,Station Name,Street Address,Status Code,Access Code,EV Level1 EVSE Num,EV Level2 EVSE Num,"
    "EV DC Fast Count,Latitude,Longitude,ID\n"
)


def afdc(folder, parameters, *rows, **recipe):
    lines = [f"{fuel},Name {i},Street,{status},{access},{counts},{SPOTS[i][1]},{SPOTS[i][0]},{number}"
             for i, (fuel, status, access, counts, number) in enumerate(rows)]  # fmt: skip
    (folder / "alt_fuel_stations.csv").write_text(AFDC + "\n".join(lines) + "\n", encoding="utf-8")
    return read_stations(folder / "alt_fuel_stations.csv", {"format": "afdc"} | recipe, ROADS, parameters)


def test_afdc_rows_are_stations(tmp_path, parameters):
    sites, told = afdc(
        tmp_path,
        parameters,
        ("ELEC", "E", "public", "1,4,2", 101),
        ("LPG", "E", "public", ",,", 102),
        ("ELEC", "P", "public", ",2,", 103),
        ("ELEC", "T", "public", ",2,", 104),
        ("ELEC", "E", "private", ",2,", 105),
        ("ELEC", "E", "public", ",,", 106),
    )
    assert [(s.id, s.plugs, s.guessed) for s in sites] == [
        ("alt_fuel_stations/101", (5, 2, 0), 7),
        ("alt_fuel_stations/106", (1, 0, 0), 1),
    ]
    assert told[1:] == [
        "alt_fuel_stations.csv: left out: 1 not public, 1 of another fuel, 2 out of operation",
        "alt_fuel_stations.csv: the power of 8 plugs is not told and assumed",
    ]


def test_afdc_rows_that_are_ports_are_refused(tmp_path, parameters):
    port = ("ELEC", "E", "public", ",1,", 101)
    with pytest.raises(InputError, match=r'rows 2, 3, 4 repeat station 101 \(.*rows = "ports"'):
        afdc(tmp_path, parameters, port, port, port)
    with pytest.raises(InputError, match=r"row 2, column level2: -1 is below 0"):
        afdc(tmp_path, parameters, ("ELEC", "E", "public", ",-1,", 101))


def table(folder, parameters, text, *, encoding="utf-8", **recipe):
    for i, (lon, lat) in enumerate(SPOTS[:12]):
        text = text.replace(f"@{i:02d}", f"{lon!r},{lat!r}")
    (folder / "t.csv").write_text(text, encoding=encoding)
    return read_stations(folder / "t.csv", {"format": "table", "crs": "wgs84"} | recipe, ROADS, parameters)


def test_a_chinese_table_of_stations_in_gbk(tmp_path, parameters):
    text = (
        "场站编号,名称,经度,纬度,慢充,快充,超充,运营状态\n"
        "SZ01,观前街,@00,4,6,0,运营中\nSZ02,平江路,@01,0,2,2,正常\nSZ03,旧站,@02,2,0,0,停运\n"
    )
    sites, told = table(tmp_path, parameters, text, encoding="gb18030")
    assert [(s.id, s.name, s.plugs, s.guessed) for s in sites] == [
        ("t/SZ01", "观前街", (4, 6, 0), 0),
        ("t/SZ02", "平江路", (0, 2, 2), 0),
    ]
    assert "t.csv: left out: 1 out of operation" in told


def test_a_table_of_ports(tmp_path, parameters):
    text = "id,name,lon,lat,power_kw,status\nA,甲,@00,60,\nB,,@01,7,\nA,甲,@00,120,\nA,甲,@00,7,closed\nB,,@01,240,\n"
    sites, told = table(tmp_path, parameters, text, rows="ports")
    assert [(s.id, s.plugs) for s in sites] == [("t/A", (0, 2, 0)), ("t/B", (1, 0, 1))]
    assert "t.csv: left out: 1 rows out of operation" in told


def test_a_table_of_groups(tmp_path, parameters):
    text = "id,lon,lat,plugs,power_kw,feeder\nA,@00,4,60,F1\nA,@00,6,7,F1\nB,@01,2,180,F2\n"
    sites, _ = table(tmp_path, parameters, text, rows="groups")
    assert [(s.id, s.plugs, s.feeder) for s in sites] == [("t/A", (6, 4, 0), "F1"), ("t/B", (0, 0, 2), "F2")]


@pytest.mark.parametrize(
    ("text", "recipe", "problem"),
    [
        pytest.param("id,lon,lat,plugs\nX,@00,1\nY,@01,8\nX,@00,1\nX,@00,1\n", {},
                     r'rows 2, 4, 5 repeat station X \(give rows = "ports" .*"stations"', id="ports_and_stations"),
        pytest.param("id,lon,lat,plugs\nX,@00,1\nX,@00,1\n", {"rows": "stations"},
                     r'rows 2, 3 repeat station X \(a station has one row.*rows = "ports"', id="said_to_be_stations"),
        pytest.param("id,lon,lat,plugs\nX,@00,1\nY,@01,8\nX,@00,1\n", {"rows": "ports"},
                     r'row 3: does not say 1 plug, but rows are ports \(.*rows = "groups"', id="a_station_among_ports"),
        pytest.param("id,lon,lat,plugs_fast\nX,@00,1\nX,@00,1\n", {"rows": "ports"},
                     r"row 1: counts plugs by class, but rows are ports", id="classes_among_ports"),
        pytest.param("id,lon,lat,plugs\nG1,@00,1\nG2,@00,1\nG3,@01,1\n", {},
                     r"rows 2, 3 stand at one place under different ids: ports of one station", id="ports_with_ids"),
        pytest.param("id,lon,lat,power_kw\nX,@00,60\nY,@01,60\n", {},
                     r'no column says how many plugs there are \(.*rows = "ports"', id="no_counts"),
        pytest.param("id,lon,lat,power_kw\nX,@00,60\nX,@08,60\n", {"rows": "ports"},
                     r"rows 2 and 3 of station X lie [\d,]+ m apart", id="one_station_at_two_places"),
        pytest.param("id,lon,lat,plugs\n,@00,1\nX,@01,2\n", {}, r"t.csv, row 2: the id is missing", id="no_id"),
        pytest.param("id,lon,lat,power_kw\n,@00,7\n", {"rows": "ports"}, r"row 2: the id is missing", id="no_station"),
        pytest.param("id,lon,lat,plugs\nX,,,1\n", {}, r"row 2, column lon: the value is missing", id="no_place"),
        pytest.param("id,lon,lat,plugs\nX,@00,-1\n", {}, r"row 2, column plugs: -1 is below 0", id="negative"),
        pytest.param("id,lon,lat,plugs\nX,@00,1.5\n", {}, r"row 2, column plugs: 1.5 is not a whole", id="fraction"),
        pytest.param("id,lon,lat,plugs,power_kw\nX,@00,2,60000\n", {},
                     r'row 2, column power_kw: 60,000 kW .* unit = "W"', id="watts"),
        pytest.param("id,lon,lat,plugs,status\nX,@00,2,迁移\nY,@01,2,迁移\n", {},
                     r"rows 2, 3, column status: '迁移' is not known \(write statuses", id="unknown_status"),
        pytest.param("id,lon,lat,plugs\nX,@00,2\n", {"crs": None}, r"does not declare a datum", id="no_datum"),
        pytest.param("id,lon,lat,plugs\nX,@00,2\n", {"rows": "piles"}, r"'piles' is not known", id="unknown_rows"),
        pytest.param("id,lon,lat,plugs\nX,@00,2\n", {"unit": "PS"}, r"unit 'PS' is not known", id="unknown_unit"),
        pytest.param("id,lon,lat,plugs\nX,@00,2\n", {"format": "xls"}, r"format: 'xls' is not known", id="format"),
        pytest.param("id,lon,lat,plugs\nX,@00,2\n", {"format": "ocm", "rows": "ports"}, r"rows have no meaning for ocm",
                     id="rows_of_json"),
        pytest.param("id,lon,lat,plugs\nX,@00,2\n", {"off_street": "keep"}, r"off_street: 'keep' is not", id="off"),
    ],
)  # fmt: skip
def test_bad_tables_are_refused(tmp_path, parameters, text, recipe, problem):
    with pytest.raises(InputError, match=problem) as error:
        table(tmp_path, parameters, text, **recipe)
    assert len({p.where.rpartition(", column")[0] or p.where for p in error.value.problems}) == 1


def test_words_of_the_status_may_be_declared(tmp_path, parameters):
    text = "id,lon,lat,plugs,status\nX,@00,2,迁移\nY,@01,2,Open\n"
    sites, _ = table(tmp_path, parameters, text, statuses={"迁移": "closed"})
    assert [s.id for s in sites] == ["t/Y"]


def test_stations_at_one_place_are_one_site_if_they_are_said_to_be_stations(tmp_path, parameters):
    text = "id,lon,lat,plugs,power_kw\nX,@00,2,7\nY,@00,3,60\nZ,@01,1,7\n"
    sites, told = table(tmp_path, parameters, text, rows="stations")
    assert [(s.id, s.plugs) for s in sites] == [("t/X", (2, 3, 0)), ("t/Z", (1, 0, 0))]
    assert told[-1] == "t.csv: 1 entries stand where another one does and are one with it"
    mixed = "id,lon,lat,plugs\nX,@00,2\nG1,@00,1\nG2,@00,1\n"
    with pytest.raises(InputError, match=r"row 2 is a station of 2 plugs, and rows 3, 4 look like its ports"):
        table(tmp_path, parameters, mixed, rows="stations")


def test_a_station_on_no_street_is_refused_by_row(tmp_path, data_folder):
    # The middle of the grid, with all streets near it taken for far.
    parameters = Parameters.load(data_folder, {"places.farthest_street_m": {"value": 20, "source": "test"}})
    (lon, lat), (east, north) = SPOTS[7], SPOTS[14]
    text = f"id,lon,lat,plugs\nA,@07,2\nB,{(lon + east) / 2},{(lat + north) / 2},2\nC,{lon + 1},{lat},2\n"
    with pytest.raises(InputError, match=r"row 3 \(B\): is on no street: the nearest is \d+ m away, 20 m are allowed"):
        table(tmp_path, parameters, text)
    sites, told = table(tmp_path, parameters, text, off_street="leave_out")
    assert [s.id for s in sites] == ["t/A"]
    assert "t.csv: on no street and left out: row 3" in told
    assert "t.csv: 1 stations lie beyond the streets that were read and are left out" in told
    elsewhere = "id,lon,lat,plugs\nA,2.35,48.85,2\n"
    with pytest.raises(InputError, match=r"none of its 1 stations lies near the streets"):
        table(tmp_path, parameters, elsewhere)


def test_a_file_in_another_datum_is_refused(tmp_path, parameters):
    gcj = [prcoords.wgs_gcj((lat, lon)) for lon, lat in SPOTS]
    text = "id,lon,lat,plugs\n" + "".join(f"s{i},{p.lon!r},{p.lat!r},2\n" for i, p in enumerate(gcj))
    with pytest.raises(InputError, match=r"t.csv: looks like GCJ-02 declared as WGS-84"):
        table(tmp_path, parameters, text)
    sites, _ = table(tmp_path, parameters, text, crs="gcj02")
    assert np.allclose([(s.lon, s.lat) for s in sites], SPOTS, atol=1e-6)


def station(name, spot, *, east_m=0.0, kind="charging_station"):
    lon, lat = SPOTS[spot]
    return Site(id=name, kind=kind, name="", lon=lon + east_m / 95_000, lat=lat, plugs=(1, 0, 0))


def test_stations_of_the_map_that_a_file_tells_of_count_once(parameters):
    given = [station("t/A", 0), station("t/B", 3)]
    mapped = [
        station("osm/1", 0, east_m=30.0),
        station("osm/2", 0, east_m=80.0),
        station("osm/3", 5),
        station("osm/4", 0, kind="fuel"),
    ]
    kept, told = without_known(mapped, given, parameters)
    assert [s.id for s in kept] == ["osm/2", "osm/3", "osm/4"]
    assert told == ["1 charging stations of the map within 50 m of one of a file are the same: the file counts"]
    assert without_known(mapped, [], parameters) == (mapped, [])


def test_stations_of_two_files_are_both_kept_and_told(tmp_path, parameters):
    (tmp_path / "a.json").write_text(json.dumps([ocm(0), ocm(5, ID=2)]), encoding="utf-8")
    (tmp_path / "b.json").write_text(json.dumps([ocpi(0)]), encoding="utf-8")
    recipes = [{"file": "a.json", "format": "ocm"}, {"file": "b.json", "format": "ocpi"}]
    sites, told = chargers_of(recipes, lambda name: tmp_path / name, ROADS, parameters)
    assert [s.id for s in sites] == ["a/148527", "a/2", "b/BE-BEC-LOC1"]
    assert told[-1].startswith("b.json: 1 stations stand within 50 m of one of a file before it")
