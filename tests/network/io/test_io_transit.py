from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import prcoords
import pytest

from network import InputError, grid_city
from network.io import Parameters
from network.io.headways import Modes, Period, Running, departures
from network.io.transit import Entrance, Station, Tariff, joined, transit_part
from network.io.transit_table import read_line_features, read_line_table
from network.units import BUS, FERRY, METRO

H = 3600
ROADS = grid_city(8).roads
AT = ROADS.lonlat
"""Crossings 0 .. 7 lie 200 m apart along the southern street."""


def table(rows, header="line,stop,sequence,lon,lat"):
    """Rows (line, crossing, sequence, more ...) as text; the stop at crossing 3 is `s3`."""
    lines = [f"{l},s{n},{q},{AT[n, 0]:.7f},{AT[n, 1]:.7f}" + "".join(f",{m}" for m in more) for l, n, q, *more in rows]
    return "\n".join([header, *lines])


PLAIN = [("a(x--y)", 0, 1), ("a(x--y)", 3, 2), ("a(x--y)", 7, 3), ("a(y--x)", 7, 1), ("a(y--x)", 0, 2)]


def read(tmp_path, parameters, calls, lines=None, mode="bus", crs="wgs84", roads=ROADS, **how):
    (tmp_path / "calls.csv").write_text(calls)
    if lines is not None:
        (tmp_path / "lines.csv").write_text(lines)
        how["lines"] = tmp_path / "lines.csv"
    return read_line_table(tmp_path / "calls.csv", mode=mode, crs=crs, roads=roads, parameters=parameters, **how)


def refused(*args, **how):
    with pytest.raises(InputError) as error:
        read(*args, **how)
    return [f"{p.where}: {p.what}" for p in error.value.problems]


def leaves(source, line):
    """Departures of a line (by its position) from its first stop, in order."""
    return np.sort(np.concatenate([s.depart_s[:, 0] for s in source.services if s.line == line])).tolist()


def clock(text):
    hours, minutes, seconds = map(int, f"{text}:00".split(":")[:3])
    return hours * H + minutes * 60 + seconds


def test_a_line_by_hand(tmp_path, parameters):
    source = read(tmp_path, parameters, table(PLAIN))
    assert source.stop_id.tolist() == source.stop_name.tolist() == ["s0", "s3", "s7"]
    assert np.allclose(source.lonlat, AT[[0, 3, 7]], atol=1e-7)
    there, back = source.lines
    assert (there.id, there.name, there.mode, there.tariff, there.from_year) == ("a(x--y)", "a", BUS, "bus", 0)
    assert (back.id, back.name) == ("a(y--x)", "a")
    # 600 m and 800 m straight, x 1.2, at 18 km/h = 5 m/s
    assert (there.length_m, back.length_m) == (1680.0, 1680.0)
    one, two = source.services
    assert one.length_m.tolist() == [0, 720, 1680]
    assert one.stop.tolist() == [0, 1, 2]
    assert two.stop.tolist() == [2, 0]
    assert ((one.arrive_s - one.depart_s[:, :1]) == [0, 144, 336]).all()
    assert (one.arrive_s == one.depart_s).all()
    assert one.boards.all()
    assert one.alights.all()
    assert (two.arrive_s[:, 1] - two.depart_s[:, 0] == 336).all()


def test_chinese_headers_and_unsorted_rows(tmp_path, parameters):
    rows = [("b", "y", 2, 1), ("a", "x", 1, 0), ("b", "x", 1, 0), ("a", "z", 10, 2), ("a", "y", 9, 1)]
    text = "线路,站点编号,站序,Longitude,Latitude,站名\n"
    text += "".join(f"{l},{s},{n},{AT[i, 0]},{AT[i, 1]},站{s}\n" for l, s, n, i in rows)
    (tmp_path / "calls.csv").write_bytes(text.encode("gbk"))
    source = read_line_table(
        tmp_path / "calls.csv",
        mode="bus",
        crs="wgs84",
        roads=ROADS,
        parameters=parameters,
        columns={"stop_name": "站名"},
    )
    assert [s.stop.tolist() for s in source.services] == [[0, 1, 2], [0, 1]]
    assert source.stop_name.tolist() == ["站x", "站y", "站z"]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("400路(西线)(塔园路--青丘(东)首末站(北))", "400路(西线)"),
        ("1路（A--B）", "1路"),
        ("1001M路(东线)(A--A)", "1001M路(东线)"),
        ("常熟341路/K341路", "常熟341路/K341路"),
        ("5 (night)", "5 (night)"),
        ("(A--B)", "(A--B)"),
        ("A--B)", "A--B)"),
    ],
)
def test_directions_share_what_stands_before_their_ends(tmp_path, parameters, line, name):
    source = read(tmp_path, parameters, table([(line, 0, 1), (line, 3, 2)]))
    assert [(x.id, x.name) for x in source.lines] == [(line, name)]


def test_a_line_may_be_named_by_its_first_row(tmp_path, parameters):
    calls = table([("up", 0, 1, "Ring"), ("up", 3, 2, ""), ("down", 3, 1, "Ring"), ("down", 0, 2, "Ring")],
                  "line,stop,sequence,lon,lat,line_name")  # fmt: skip
    assert [(x.id, x.name) for x in read(tmp_path, parameters, calls).lines] == [("down", "Ring"), ("up", "Ring")]


def test_departures_by_hand():
    """Every 15 minutes till 7:00, then every 10 till 8:00: at the edge 10 of 15 minutes are left, or 6:40 of 10."""
    how = Running(mode=BUS, periods=(Period(6 * H, 7 * H, 900, 5.0), Period(7 * H, 8 * H, 600, 4.0)), first_s=22200)
    times, speeds = departures("any", how)
    wanted = ["6:10", "6:25", "6:40", "6:55", "7:06:40", "7:16:40", "7:26:40", "7:36:40", "7:46:40", "7:56:40"]
    assert times.tolist() == [clock(t) for t in wanted]
    assert speeds.tolist() == [5.0] * 4 + [4.0] * 6
    # SHA-256 of "a" begins with ca978112: 0.7914 of 900 s are 712 s; a break begins anew, 0.7914 of 600 s are 474 s
    apart = Running(mode=BUS, periods=(how.periods[0], Period(9 * H, 9 * H + 1674, 600, 5.0)))
    times, _ = departures("a", apart)
    assert times.tolist() == [22312, 23212, 24112, 25012, 32874, 33474, 34074]


@pytest.mark.parametrize("line", ["1路", "2路(东--西)", "x", ""])
def test_a_day_of_departures_has_no_gap_and_no_bunch(parameters, line):
    usual = Modes(parameters)["bus"].usual("1")
    times, _ = departures(line, usual)
    assert (times == departures(line, usual)[0]).all()
    assert 6 * H <= times[0] < 6 * H + 900
    assert 22.5 * H - 900 < times[-1] <= 22.5 * H
    assert np.diff(times).min() >= 600
    assert np.diff(times).max() <= 900
    assert len(times) == pytest.approx(4 + 12 + 30 + 12 + 16, abs=1)


def test_a_table_of_headways(tmp_path, parameters):
    lines = (
        "line,from,until,headway_min,kmh,mode,first,last,fare_cny,tariff,from_year,name\n"
        "a(x--y),7:00,09:00,20,,ferry,,,3,boat,2030,Boat\n"
        "a(x--y),23:30,24:10,20,36,,,,,,,\n"
        "a,,,,,,05:30,5:50,1.5,,,\n"
    )
    source = read(tmp_path, parameters, table(PLAIN), lines)
    boat, back = source.lines
    assert (boat.name, boat.mode, boat.tariff, boat.from_year) == ("Boat", FERRY, "boat", 2030)
    assert (back.name, back.mode, back.tariff, back.from_year) == ("a", BUS, "1.5 CNY", 0)
    assert source.tariffs == {"boat": Tariff(cny=(3.0,)), "1.5 CNY": Tariff(cny=(1.5,))}
    day, night = (s for s in source.services if s.line == 0)
    if day.depart_s[0, 0] > 12 * H:
        day, night = night, day
    # 1,540 m = 1,400 m x 1.1, in rides of 660 and 880 m: at 12 km/h 198 s and 264 s, at 36 km/h 66 s and 88 s
    assert ((day.arrive_s - day.depart_s[:, :1]) == [0, 198, 462]).all()
    assert ((night.arrive_s - night.depart_s[:, :1]) == [0, 66, 154]).all()
    assert len(day.depart_s) == 6
    assert 7 * H <= day.depart_s[0, 0] < 7 * H + 1200
    assert len(night.depart_s) in {2, 3}
    assert night.depart_s[-1, 0] <= 24 * H + 600
    assert leaves(source, 1) == [clock("5:30"), clock("5:45")]


def test_first_and_last_departure_bound_the_day(tmp_path, parameters):
    head = "line,from,until,headway_min,first,last\n"
    both = read(tmp_path, parameters, table(PLAIN[:3]), head + "a,,,60,5:10,22:10\n")
    assert leaves(both, 0) == list(range(clock("5:10"), clock("22:10") + 1, H))
    # a period begins with the first departure and ends with the last one, also where the rows say otherwise
    cut = read(tmp_path, parameters, table(PLAIN[:3]), head + "a,6:00,9:00,30,6:40,8:15\na,9:00,20:00,30,,\n")
    assert leaves(cut, 0) == [clock(t) for t in ("6:40", "7:10", "7:40", "8:10")]
    usual = read(tmp_path, parameters, table(PLAIN[:3]), head + "a,,,,23:00,25:00\n")
    assert leaves(usual, 0) == list(range(23 * H, 25 * H + 1, 900))


def test_run_times_of_the_table(tmp_path, parameters):
    head = "line,stop,sequence,lon,lat,run_s"
    source = read(tmp_path, parameters, table([("a", 0, 1, ""), ("a", 3, 2, 100), ("a", 7, 3, "")], head))
    assert (source.services[0].arrive_s[0] - source.services[0].depart_s[0, 0]).tolist() == [0, 100, 292]
    head = "line,stop,sequence,lon,lat,arrive_s,depart_s"
    calls = [
        ("a", 0, 1, 0, 30),
        ("a", 3, 2, 130, 150),
        ("a", 7, 3, 300, ""),
        ("b", 0, 1, 60, 60),
        ("b", 7, 2, 100, 100),
    ]
    one, two = read(tmp_path, parameters, table(calls, head), "line,first,last\na,7:00,7:00\n").services
    assert one.depart_s.tolist() == [[25200, 25320, 25470]]
    assert one.arrive_s.tolist() == [[25170, 25300, 25470]]
    assert (two.arrive_s[:, 1] - two.depart_s[:, 0] == 40).all()
    # two stops on one spot are a second apart
    same = table([("a", 0, 1), ("a", 3, 2)]) + f"\na,again,3,{AT[3, 0]:.7f},{AT[3, 1]:.7f}"
    assert np.diff(read(tmp_path, parameters, same).services[0].arrive_s[0]).tolist() == [144, 1]


def test_lines_that_only_pass_far_away_are_left_out(tmp_path, parameters):
    far = [(f"far{i}", AT[0, 0] + 0.2, AT[0, 1] + i / 100) for i in range(2)]
    rows = [*PLAIN, ("once", 2, 1), ("through", 0, 2), ("through", 5, 3)]
    calls = table(rows) + "".join(f"\n{line},{s},{n},{x},{y}" for line, n in (("once", 9), ("through", 1))
                                  for s, x, y in far[:1])  # fmt: skip
    calls += "".join(f"\naway,{s},{n},{x},{y}" for n, (s, x, y) in enumerate(far))
    source = read(tmp_path, parameters, calls)
    assert [line.id for line in source.lines] == ["a(x--y)", "a(y--x)", "through"]
    # the near stop of the line that is left out stays, the far one of a line that is kept too
    assert source.stop_id.tolist() == ["far0", "s0", "s2", "s3", "s5", "s7"]
    assert source.services[2].stop.tolist() == [0, 1, 4]
    assert source.lines[2].length_m > 15_000
    header, *rows = calls.split("\n")
    only = "\n".join([header, *(row for row in rows if row.startswith("away"))])
    assert refused(tmp_path, parameters, only) == ["calls.csv: no line has two stops near the streets"]


def test_all_that_is_wrong_is_told_at_once(tmp_path, parameters):
    calls = table([("a", 0, 1), ("a", 3, 1), ("a", 7, 2), ("b", 0, 1), ("", 0, 1), ("", 1, 2)])
    lines = (
        "line,from,until,headway_min,kmh,mode,first,last,fare_cny,tariff\n"
        "c,,,,,,,,,\n"
        "a,7:00,9:00,0,-3,ufo,,,,\n"
        "a,8:30,10:00,5,,,,,,\n"
        "a,11:00,10:00,5,,,,,,\n"
        "b,7,,,,,9:00,8:00,,gold\n"
    )
    assert refused(tmp_path, parameters, calls, lines) == [
        "calls.csv, row 6, column line: the value is missing",
        "calls.csv, row 7, column line: the value is missing",
        "calls.csv, row 3, column sequence: repeats 1 of line 'a'",
        "calls.csv, row 5: line 'b' has one stop",
        "lines.csv, row 2, column line: there is no line 'c'",
        "lines.csv, row 6, column from: '7' is not a time",
        "lines.csv, row 3, column kmh: -3 is not above 0",
        "lines.csv, row 3, column headway_min: 0 is not above 0",
        "lines.csv, row 3, column mode: there is no mode 'ufo'",
        "lines.csv, row 4: overlaps another period of line 'a'",
        "lines.csv, row 5: the period does not end after it starts",
        "lines.csv, row 6: the first departure of line 'b' is after its last",
        "lines.csv, row 6, column tariff: nothing is known of a tariff 'gold'",
    ]


def test_rows_of_a_line_must_agree(tmp_path, parameters):
    head = "line,from,until,first,last,fare_cny,tariff\n"
    rows = "a(x--y),7:00,8:00,6:00,,2,day\na(x--y),8:00,9:00,6:30,,,\na(y--x),7:00,8:00,8:00,9:00,3,day\n"
    assert refused(tmp_path, parameters, table(PLAIN), head + rows) == [
        "lines.csv, row 3, column first: 6:30 differs from 6:00 in row 2 of the same line",
        "lines.csv, row 4: no period of line 'a(y--x)' lies between its first and last",
        "lines.csv, row 4, column fare_cny: tariff 'day' is 2 CNY in a row before",
    ]


def test_times_of_calls_must_go_forward(tmp_path, parameters):
    head = "line,stop,sequence,lon,lat,run_s"
    assert refused(tmp_path, parameters, table([("a", 0, 1, 0), ("a", 3, 2, -5)], head)) == [
        "calls.csv, row 3, column run_s: -5 is below 0"
    ]
    assert refused(tmp_path, parameters, table([("a", 0, 1, 0), ("a", 3, 2, 99999999999)], head)) == [
        "calls.csv, row 3, column run_s: is more than a day"
    ]
    head = "line,stop,sequence,lon,lat,arrive_s,depart_s"
    calls = [("a", 0, 1, 0, 90), ("a", 3, 2, 80, 100), ("a", 7, 3, 200, 190)]
    assert refused(tmp_path, parameters, table(calls, head)) == [
        "calls.csv, row 4: the line leaves before it arrives",
        "calls.csv, row 3: the line arrives before it has left the call before",
    ]
    both = table([("a", 0, 1, 0, 0), ("a", 3, 2, 9, 9)], "line,stop,sequence,lon,lat,run_s,arrive_s")
    assert refused(tmp_path, parameters, both) == ["calls.csv, row 1: has both run_s and arrive_s"]


def test_unknown_modes_and_headways_that_do_not_fit(tmp_path, parameters, data_folder):
    assert refused(tmp_path, parameters, table(PLAIN), mode="ufo") == ["transit: there is no mode 'ufo'"]
    odd = {"transit.bus_headway_min": {"value": [10, 5], "source": "test"}}
    wrong = Parameters.load(data_folder, odd)
    assert refused(tmp_path, wrong, table(PLAIN)) == [
        "parameter transit.bus_headway_min: does not fit the periods of the day"
    ]


def test_the_datum_of_stops_is_guarded(tmp_path, parameters):
    assert refused(tmp_path, parameters, table(PLAIN), crs=None) == ["calls.csv: the layer does not declare a datum"]
    rows = [("a", int(n), i) for i, n in enumerate(range(0, 64, 3))]
    assert len(read(tmp_path, parameters, table(rows)).stop_id) == 22
    moved = ["line,stop,sequence,lon,lat"]
    for line, n, i in rows:
        point = prcoords.wgs_gcj((AT[n, 1], AT[n, 0]))
        moved.append(f"{line},s{n},{i},{point.lon:.7f},{point.lat:.7f}")
    assert "looks like GCJ-02 declared as WGS-84" in refused(tmp_path, parameters, "\n".join(moved))[0]
    there = read(tmp_path, parameters, "\n".join(moved), crs="gcj02")
    assert np.allclose(there.lonlat, read(tmp_path, parameters, table(rows)).lonlat, atol=1e-6)
    swapped = table(PLAIN).replace("lon,lat", "lat,lon")
    assert "latitude or longitude is out of range" in refused(tmp_path, parameters, swapped)[0]


def features(tmp_path, *lines):
    listed = [{"type": "Feature", "geometry": None, "properties": {"line": n, "station_ids": s}} for n, s in lines]
    (tmp_path / "lines.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": listed}))


def read_features(tmp_path, parameters, **how):
    how = {"mode": "metro", "crs": "wgs84", "roads": ROADS, "parameters": parameters} | how
    return read_line_features(tmp_path / "lines.geojson", tmp_path / "stations.csv", **how)


STATIONS = "id,name,eligible,lon,lat\n" + "".join(
    f"s{i},{name},{ok},{AT[i, 0]:.7f},{AT[i, 1]:.7f}\n"
    for i, name, ok in ((0, "West", ""), (3, "Mid", "no"), (7, "East", "yes"))
)


def test_drawn_lines_run_both_ways(tmp_path, parameters):
    (tmp_path / "stations.csv").write_text(STATIONS)
    doors = f"id,station,lon,lat,eligible\ne1,s3,{AT[3, 0]},{AT[3, 1]},是\ne2,s3,{AT[4, 0]},{AT[4, 1]},0\n"
    (tmp_path / "doors.csv").write_text(doors)
    (tmp_path / "times.csv").write_text("line,headway_min,first,last\n2,4,6:00,7:00\n")
    features(tmp_path, ("1", ["s0", "s3", "s7"]), ("2", ["s7", "s0"]), ("3", ["s0", "s7", "s0"]))
    files = {"lines": tmp_path / "times.csv", "entrances": tmp_path / "doors.csv"}
    source = read_features(tmp_path, parameters, from_year={"2": 2024}, **files)
    assert [(line.id, line.name, line.from_year) for line in source.lines] == [
        ("1(West--East)", "1", 0), ("1(East--West)", "1", 0), ("2(East--West)", "2", 2024),
        ("2(West--East)", "2", 2024), ("3(West--West)", "3", 0), ("3(West--West) 2", "3", 0),
    ]  # fmt: skip
    assert {line.mode for line in source.lines} == {METRO}
    # 600 m and 800 m straight, x 1.05, at 34 km/h: 630 m in 66.7 s, 840 m in 88.9 s
    assert source.lines[0].length_m == 1470
    assert (source.services[0].arrive_s[0] - source.services[0].depart_s[0, 0]).tolist() == [0, 67, 156]
    assert source.services[1].stop.tolist() == [2, 1, 0]
    assert leaves(source, 2) == leaves(source, 3) == list(range(6 * H, 7 * H + 1, 240))
    where = [tuple(p) for p in np.round(AT[[0, 3, 7]], 7).tolist()]
    assert source.stations == [
        Station(id="s0", name="West", lonlat=where[0], platforms=(0,)),
        Station(id="s3", name="Mid", lonlat=where[1], platforms=(1,), eligible=False),
        Station(id="s7", name="East", lonlat=where[2], platforms=(2,)),
    ]
    assert source.entrances == [
        Entrance(id="e1", station="s3", lonlat=tuple(AT[3].tolist())),
        Entrance(id="e2", station="s3", lonlat=tuple(AT[4].tolist()), eligible=False),
    ]
    assert len(joined([source, source]).lines) == 12


def test_all_that_is_wrong_with_drawn_lines_is_told_at_once(tmp_path, parameters):
    (tmp_path / "stations.csv").write_text(STATIONS.replace("yes", "perhaps"))
    (tmp_path / "doors.csv").write_text(f"id,station,lon,lat,eligible\ne1,s9,{AT[3, 0]},{AT[3, 1]},x\n")
    (tmp_path / "times.csv").write_text("line,headway_min\n9,4\n")
    features(tmp_path, ("1", ["s0", "s8"]), ("2", ["s0"]), ("3", ["s0", "s3"]))
    files = {"lines": tmp_path / "times.csv", "entrances": tmp_path / "doors.csv"}
    with pytest.raises(InputError) as error:
        read_features(tmp_path, parameters, from_year={"4": 2024}, **files)
    assert [f"{p.where}: {p.what}" for p in error.value.problems] == [
        "stations.csv, row 4, column eligible: 'perhaps' is neither yes nor no",
        "lines.geojson, feature 1: names stations that are not in stations.csv: s8",
        "lines.geojson, feature 2: names 1 stations in station_ids",
        "times.csv, row 2, column line: there is no line '9'",
        "lines.geojson, from_year: there is no line 4",
        "doors.csv, row 2, column station: there is no station s9",
        "doors.csv, row 2, column eligible: 'x' is neither yes nor no",
    ]


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "lines.geojson: holds no line"),
        ([{"properties": {"station_ids": 5}}], "lines.geojson, feature 1: station_ids is no list"),
        ([{"properties": {"station_ids": "s0"}}], "lines.geojson, feature 1: station_ids is no list"),
        ([{"properties": [1]}], "lines.geojson: is not a GeoJSON feature collection"),
        (["x"], "lines.geojson: is not a GeoJSON feature collection"),
        (None, "lines.geojson: is not a GeoJSON feature collection"),
    ],
)
def test_drawn_lines_that_are_none_are_named(tmp_path, parameters, lines, says):
    (tmp_path / "stations.csv").write_text(STATIONS)
    (tmp_path / "lines.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": lines}))
    with pytest.raises(InputError) as error:
        read_features(tmp_path, parameters)
    assert [f"{p.where}: {p.what}" for p in error.value.problems] == [says]


def test_an_entrance_called_like_a_station_without_one(tmp_path, parameters):
    (tmp_path / "stations.csv").write_text(STATIONS)
    (tmp_path / "doors.csv").write_text(f"id,station,lon,lat\ns7,s3,{AT[4, 0]},{AT[4, 1]}\n")
    features(tmp_path, ("1", ["s0", "s3", "s7"]))
    source = read_features(tmp_path, parameters, entrances=tmp_path / "doors.csv")
    stations = transit_part([source], ROADS, parameters)[0].stations
    doors = zip(stations.entrance_id, stations.id[stations.entrance_station], stations.entrance_is_centre, strict=True)
    assert [tuple(door) for door in doors] == [("s7", "s3", False), ("s0", "s0", True), ("2:s7", "s7", True)]


def test_one_name_for_the_tariffs_of_two_tables(tmp_path, parameters):
    """Each line pays the fare of its own table."""
    sources = [
        read(tmp_path, parameters, table(PLAIN), f"line,tariff,fare_cny\na,{tariff},{cny}\n")
        for tariff, cny in (("city", 1), ("city", 3), ("city", 1), ("bus", 9), ("", 4))
    ]
    sources[1] = replace(sources[1], transfer_off_cny={("city", "bus"): 0.5})
    transit, _ = transit_part(sources, ROADS, parameters)
    tariff = transit.timetable.line_tariff
    assert [transit.tariffs.fare_cny(t, 0).item() for t in tariff.tolist()] == [1, 1, 3, 3, 1, 1, 9, 9, 4, 4]
    assert transit.tariffs.id[tariff[:6:2]].tolist() == ["city", "2:city", "city"]
    assert np.argwhere(transit.tariffs.transfer_off_cny > 0).tolist() == [[tariff[2], tariff[6]]]


@pytest.mark.slow
def test_the_lines_of_suzhou(shared, data_folder):
    from network.io.geojson import read_road_lines
    from network.io.graph import roads_from_ways

    suzhou = shared / "data" / "suzhou"
    everywhere = Parameters.load(data_folder, {"places.farthest_street_m": {"value": 200_000, "source": "test"}})
    roads, _ = roads_from_ways(read_road_lines(suzhou / "roads.geojson", everywhere)[0], everywhere)
    how = {"crs": "wgs84", "roads": roads, "parameters": everywhere}
    bus = read_line_table(suzhou / "bus_stop_sequences.csv.gz", mode="bus", **how)
    assert (len(bus.lines), len(bus.stop_id), len({line.name for line in bus.lines})) == (2431, 13_126, 1402)
    assert 5_000 < np.median([line.length_m for line in bus.lines]) < 25_000
    columns = {"id": "station_id", "lon": "lon_wgs84", "lat": "lat_wgs84"}
    metro = read_line_features(
        suzhou / "metro_lines.geojson", suzhou / "metro_stations.csv", mode="metro", columns=columns,
        from_year={"6号线": 2024}, **how,
    )  # fmt: skip
    assert (len(metro.lines), len(metro.stations)) == (18, 236)
    km = {line.name: line.length_m / 1000 for line in metro.lines}
    assert sum(km.values()) == pytest.approx(352.5, rel=0.05)  # the length the policy row gives for the network
    assert {line.name for line in metro.lines if line.from_year == 2024} == {"6号线"}
    for source in (bus, metro):
        for service in source.services:
            assert (np.diff(service.arrive_s, axis=1) >= 1).all()
            assert all(a < b for a, b in pairwise(service.depart_s[:, 0].tolist()))
