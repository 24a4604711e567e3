from __future__ import annotations

import tracemalloc
import zipfile
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import prcoords
import pytest
from feed_files import AT, FEED, TUESDAY, H, changed, changes, place, read, runs, written

from network import InputError
from network.io import read_spec
from network.io.gtfs_calendar import WEEKDAYS, read_calendar
from network.snap import local_metres
from network.units import BUS, METRO, TRANSIT_MODES


def test_a_feed_by_hand(tmp_path, parameters):
    feed = read(written(tmp_path / "feed"), parameters)
    assert (feed.date, feed.trips, feed.headway_trips, feed.notes) == (TUESDAY, 2, 0, ())
    source = feed.source
    assert source.stop_id.tolist() == ["s0", "s1", "s2", "s3", "far"]
    assert source.stop_name[3] == "Stop 3"
    assert np.allclose(source.lonlat[:4], AT[[0, 2, 4, 7]], atol=1e-7)
    assert [(line.id, line.name, line.mode, line.tariff) for line in source.lines] == [
        ("b", "12", BUS, "bus"), ("m", "M", METRO, "metro"),
    ]  # fmt: skip
    bus, rail = runs(feed)
    # the call between 07:13 and 07:19 without a time is half way
    assert bus == ("b", ["s0", "s1", "s2", "s3"], [25800, 25920, 26160, 26340], [25800, 25980, 26160, 26340])
    assert rail == ("m", ["s3", "s0"], [26100, 26400], [26100, 26400])
    xy = local_metres(AT[[0, 2, 4, 7]], float(AT[:, 1].mean()))
    straight = np.hypot(*(xy - xy[0]).T)
    assert np.allclose(source.services[0].length_m, straight * 1.2, atol=2)
    assert np.allclose(source.services[1].length_m, [0, straight[3] * 1.05], atol=2)
    assert [line.length_m for line in source.lines] == [s.length_m[-1] for s in source.services]


def test_a_zip_is_read_as_the_folder_is(tmp_path, parameters):
    folder = written(tmp_path / "feed")
    with zipfile.ZipFile(tmp_path / "feed.zip", "w") as packed:
        for file in folder.iterdir():
            packed.write(file, file.name)
    one, other = (read(path, parameters) for path in (folder, tmp_path / "feed.zip"))
    assert runs(one) == runs(other)
    assert (one.source.lonlat == other.source.lonlat).all()


def test_days_exceptions_and_hours_past_midnight(tmp_path, parameters):
    night = FEED["stop_times.txt"].replace("7:15:00", "24:15:00").replace("7:20:00", "24:20:00")
    dates = "service_id,date,exception_type\nall,20260309,2\nweek,20260314,1\n"
    folder = written(tmp_path / "feed", stop_times=night, calendar_dates=dates)

    def metro(date):
        return sorted(arrive[0] for line, _, arrive, _ in runs(read(folder, parameters, date)) if line == "m")

    assert metro("2026-03-11") == [900, 900 + 24 * H]
    assert metro("2026-03-10") == [900 + 24 * H]  # what would have been under way did not start on the 9th
    assert metro("2026-03-15") == [900, 900 + 24 * H]
    assert read(folder, parameters, "2026-03-14").trips == 3
    assert read(folder, parameters, date=None).date == "2026-03-02"
    with pytest.raises(
        InputError, match=r"no trip runs on 2027-01-01 \(its calendar reaches from 2026-03-02 to 2026-03-15"
    ):
        read(folder, parameters, date="2027-01-01")
    with pytest.raises(InputError, match="'Tuesday' is not a date"):
        read(folder, parameters, date="Tuesday")


def test_a_service_day_ends_when_its_longest_journey_does(tmp_path, parameters):
    early = FEED["stop_times.txt"].replace("m1,7:15:00,7:15:00", "m1,0:59:59,2:00:00")
    assert [row[2][0] for row in runs(read(written(tmp_path / "feed", stop_times=early), parameters))] == [
        25800, 3599, 24 * H + 3599,
    ]  # fmt: skip
    over = FEED["stop_times.txt"].replace("7:20:00,7:20:00", "24:00:00,24:00:00")
    assert [row[2][1] for row in runs(read(written(tmp_path / "feed", stop_times=over), parameters))][1:] == [0, 24 * H]
    late = early.replace("2:00:00", "2:00:01")
    assert read(written(tmp_path / "feed", stop_times=late), parameters).trips == 2


def test_lines_are_the_directions_of_routes_and_have_modes(tmp_path, parameters):
    kinds = {0: "tram", 4: "ferry", 106: "rail", 200: "bus", 405: "metro", 11: "bus", 1400: "tram", 900: "tram"}
    routes = "route_id,route_long_name,route_type\n" + "".join(f"r{k},Long {k},{k}\n" for k in (*kinds, 1100, 8))
    head, *rows = FEED["stop_times.txt"].splitlines()
    metro = [row for row in rows if row.startswith("m1")]
    ids = [*kinds, 1100, 8, "0b"]
    trips = "route_id,service_id,trip_id,direction_id\n" + "".join(
        f"r{str(k)[:-1] if k == '0b' else k},all,t{k},{int(k == '0b')}\n" for k in ids
    )
    times = "\n".join([head, *(row.replace("m1", f"t{k}") for k in ids for row in metro)]) + "\n"
    feed = read(written(tmp_path / "feed", routes=routes, trips=trips, stop_times=times), parameters)
    found = [(line.id, line.name, TRANSIT_MODES[line.mode]) for line in feed.source.lines]
    assert found == [("r0:0", "Long 0", "tram"), ("r0:1", "Long 0", "tram")] + [
        (f"r{k}", f"Long {k}", mode) for k, mode in kinds.items() if k
    ]
    assert feed.notes == (
        "2 trips of route types 8, 1100, none of bus, tram, metro, rail, ferry, are left out",
    )  # fmt: skip


def test_trips_of_one_vehicle_are_told(tmp_path, parameters):
    trips = "route_id,service_id,trip_id,block_id\nb,week,b1,v\nm,all,m1,v\nm,all,m2,v\nb,week,b2,w\nb,week,b3,w\n"
    times = FEED["stop_times.txt"].replace("m1,7:15:00,7:15:00", "m1,7:19:00,7:19:00")
    times += "m2,7:21:00,7:21:00,s1,1\nm2,7:25:00,7:25:00,s0,2\nb2,8:00:00,8:00:00,s0,1\nb2,8:10:00,8:10:00,s1,2\n"
    times += "b3,8:09:00,8:09:00,s1,1\nb3,8:15:00,8:15:00,s2,2\n"
    feed = read(written(tmp_path / "feed", trips=trips, stop_times=times), parameters)
    assert feed.notes == ("1 trips go on as the next trip of their vehicle: staying on it counts as a change",)


def test_the_busiest_weekday_counts_the_trips_of_headways(tmp_path, parameters):
    dates = "service_id,date,exception_type\nspecial,20260314,1\nspecial,20260312,1\n"
    trips = FEED["trips.txt"] + "b,special,x\n"
    frequencies = "trip_id,start_time,end_time,headway_secs\nb1,07:00:00,08:00:00,600\n"
    times = FEED["stop_times.txt"] + "x,09:00:00,09:00:00,s0,1\nx,09:09:00,09:09:00,s1,2\n"
    folder = written(tmp_path / "feed", calendar_dates=dates, trips=trips, stop_times=times, frequencies=frequencies)
    assert read(folder, parameters, date=None).date == "2026-03-12"
    only_dates = {"calendar": None, "calendar_dates": "service_id,date,exception_type\nweek,20260314,1\n"}
    (folder / "calendar.txt").unlink()
    assert read(written(folder, **only_dates), parameters, date=None).date == "2026-03-14"


def test_headways_become_trips(tmp_path, parameters):
    frequencies = "trip_id,start_time,end_time,headway_secs,exact_times\n"
    frequencies += "b1,07:00:00,07:20:00,600,0\nb1,07:20:00,07:40:00,900,0\nm1,08:00:00,08:10:01,300,1\n"
    feed = read(written(tmp_path / "feed", frequencies=frequencies), parameters)
    bus, rail = ([row for row in runs(feed) if row[0] == line] for line in "bm")
    assert [row[3][0] for row in bus] == [7 * H, 7 * H + 600, 7 * H + 1200, 7 * H + 2100]
    assert [row[2][-1] - row[2][0] for row in bus] == [540] * 4
    assert [row[3][0] for row in rail] == [8 * H, 8 * H + 300, 8 * H + 600]
    assert (feed.trips, feed.headway_trips) == (7, 4)


def test_doors_and_transfers(tmp_path, parameters):
    head, *rows = FEED["stop_times.txt"].splitlines()
    times = f"{head},pickup_type,drop_off_type\n" + "".join(
        f"{row},{1 if ',s1,' in row else ''},{1 if ',s2,' in row else 0}\n" for row in rows
    )
    stops = FEED["stops.txt"] + f"station,Station,{AT[2, 1]},{AT[2, 0]},1,\n"
    stops = stops.replace(",0,\ns2", ",0,station\ns2")
    transfers = "from_stop_id,to_stop_id,transfer_type,min_transfer_time,from_route_id\n"
    transfers += "s0,s0,2,30,\nstation,s3,2,240,\ns3,s2,3,,\ns2,s3,0,,\ns2,s0,2,5,b\n"
    feed = read(written(tmp_path / "feed", stop_times=times, stops=stops, transfers=transfers), parameters)
    bus = feed.source.services[0]
    assert bus.boards.tolist() == [True, False, True, True]
    assert bus.alights.tolist() == [True, True, False, True]
    assert changes(feed.source) == {("s0", "s0"): 30, ("s1", "s3"): 240, ("s3", "s2"): -1}
    assert feed.notes == ("1 transfers hold for single routes or trips only and are left out",)
    transfers = "from_stop_id,to_stop_id,transfer_type,from_trip_id,to_trip_id\n,,4,b1,m1\ns0,s3,5,b1,m1\n"
    feed = read(written(tmp_path / "in_seat", transfers=transfers), parameters)
    (note,) = feed.notes
    assert note.startswith("2 transfers are from trip to trip of one vehicle and are left out")
    with pytest.raises(InputError, match=r"transfers.txt, row 2.*names no stop"):
        read(written(tmp_path / "blank", transfers=transfers.replace(",,4", ",s0,0")), parameters)


def test_stops_beyond_the_streets_are_read_and_swapped_ones_refused(tmp_path, parameters):
    times = FEED["stop_times.txt"].replace("b1,,,s2,7", "b1,07:15:00,07:15:00,far,7")
    feed = read(written(tmp_path / "feed", stop_times=times), parameters)
    assert runs(feed)[0][1] == ["s0", "s1", "far", "s3"]
    assert feed.source.lines[0].length_m > 15_000
    swapped = FEED["stops.txt"].replace("stop_lat,stop_lon", "stop_lon,stop_lat")
    with pytest.raises(InputError, match=r"stops.txt, .*(look swapped|out of range)"):
        read(written(tmp_path / "feed", stops=swapped), parameters)


def test_a_shifted_stop_table_is_found_out(tmp_path, parameters):
    shifted = [prcoords.wgs_gcj((lat, lon)) for lon, lat in AT]
    stops = "stop_id,stop_lat,stop_lon\n" + "".join(f"s{i},{p.lat:.7f},{p.lon:.7f}\n" for i, p in enumerate(shifted))
    folder = written(tmp_path / "feed", stops=stops)
    with pytest.raises(InputError, match=r"stops.txt: looks like GCJ-02 declared as WGS-84"):
        read(folder, parameters)
    assert np.allclose(read(folder, parameters, crs="gcj02").source.lonlat[:4], AT[:4], atol=1e-6)


def test_platforms_go_before_their_station(tmp_path, parameters):
    stops = FEED["stops.txt"].replace("0,\ns1", "0,station\ns1") + place(AT[0], "station", 1, "")
    transfers = "from_stop_id,to_stop_id,transfer_type,min_transfer_time\ns0,s3,2,30\nstation,s3,2,240\n"
    source = read(written(tmp_path / "feed", stops=stops, transfers=transfers), parameters).source
    assert changes(source) == {("s0", "s3"): 30}


WRONG = {
    r"stop_times.txt, row 3, column arrival_time: '7h12' is not a time \(write 08:05:00\)": changed(
        "stop_times", "07:12:00,07:13", "7h12,07:13"
    ),
    "stop_times.txt, row 3: leaves before it arrives": changed("stop_times", "07:12:00,07:13", "07:14:00,07:13"),
    "stop_times.txt, row 3: arrives before the trip left the call": changed("stop_times", "07:12:00", "07:09:00"),
    r"stop_times.txt, row 5: has no time \(the first and the last": changed("stop_times", "07:19:00,07:19:00", ","),
    "stop_times.txt, row 4: repeats a stop_sequence": changed("stop_times", "s2,7", "s2,2"),
    "stop_times.txt, row 4, column stop_id: 's9' is not in stops.txt": changed("stop_times", "s2,7", "s9,7"),
    "stop_times.txt, row 7, column trip_id: 'm2' is not in trips.txt": changed("stop_times", "m1,7:20", "m2,7:20"),
    "trips.txt, row 3, column route_id: 'n' is not in routes.txt": changed("trips", "m,all", "n,all"),
    "calendar.txt, row 3, column start_date: '20261302' is not a date": changed(
        "calendar", "all,1,1,1,1,1,1,1,20260302", "all,1,1,1,1,1,1,1,20261302"
    ),
    "stops.txt, row 1: there is no column stop_lat": changed("stops", "stop_lat", "latitude"),
    "frequencies.txt, row 2, column headway_secs: 0 is below 1": {
        "frequencies": "trip_id,start_time,end_time,headway_secs\nb1,07:00:00,08:00:00,0\n"
    },
    "frequencies.txt, row 2: ends before it starts": {
        "frequencies": "trip_id,start_time,end_time,headway_secs\nb1,23:00:00,00:30:00,60\n"
    },
    "transfers.txt, row 2: has no min_transfer_time": {
        "transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\ns0,s1,2,\n"
    },
    "transfers.txt, row 3: has no min_transfer_time in whole seconds, five digits": {
        "transfers": "from_stop_id,to_stop_id,transfer_type,min_transfer_time\ns0,s1,2,60\ns1,s0,2,99999999999\n"
    },
    r"feed: lacks stop_times.txt \(the files of a GTFS feed lie at its top level\)": {"stop_times": None},
    "feed: says of no day what runs": {"calendar": None},
    "stop_times.txt: holds no rows": {"stop_times": FEED["stop_times.txt"].splitlines()[0] + "\n"},
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_wrong_is_named_by_file_and_row(tmp_path, parameters, message):
    with pytest.raises(InputError, match=message):
        read(written(tmp_path / "feed", **WRONG[message]), parameters)


def test_an_empty_optional_file_is_none_and_a_file_that_is_no_zip_is_refused(tmp_path, parameters):
    empty = {"transfers": "from_stop_id,to_stop_id,transfer_type\n", "frequencies": "", "calendar_dates": "\n\n"}
    assert read(written(tmp_path / "feed", **empty), parameters).trips == 2
    (tmp_path / "feed.zip").write_bytes(b"PK not really")
    with pytest.raises(InputError, match=r"feed.zip: cannot be read"):
        read(tmp_path / "feed.zip", parameters)


def test_only_nodes_and_boarding_areas_may_lack_coordinates(tmp_path, parameters):
    stops = FEED["stops.txt"] + "node,Stairs,,,3,s0\narea,Door 2,,,4,s0\n"
    expected = read(written(tmp_path / "plain"), parameters)
    with_nodes = read(written(tmp_path / "feed", stops=stops), parameters)
    assert runs(with_nodes) == runs(expected)
    assert (with_nodes.source.stop_id == expected.source.stop_id).all()
    with pytest.raises(InputError, match=r"stops.txt, row 7: has no stop_lat"):
        read(written(tmp_path / "feed", stops=stops.replace("node,Stairs,,,3", f"x,Stairs,,{AT[0, 0]},2")), parameters)
    nodes = "stop_id,stop_lat,stop_lon,location_type\ns0,,,3\n"
    with pytest.raises(InputError, match=r"stops\.txt: holds no stops"):
        read(written(tmp_path / "feed", stops=nodes), parameters)


def test_damaged_and_encrypted_zip_files_are_refused(tmp_path, parameters):
    file = tmp_path / "feed.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in FEED.items():
            packed.writestr(name, text)
    whole = file.read_bytes()
    info = zipfile.ZipFile(file).getinfo("stops.txt")
    begin = info.header_offset + 30 + len(info.filename)
    locked = bytearray(whole)
    for head, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = whole.index(head)
        while at >= 0:
            locked[at + flag] |= 1
            at = whole.find(head, at + 1)
    for data in (locked, whole[:begin] + b"\xff" * info.compress_size + whole[begin + info.compress_size :]):
        file.write_bytes(data)
        with pytest.raises(
            InputError, match=r"feed\.zip: cannot be read: .*\(a GTFS feed is a zip file without a pass"
        ):
            read(file, parameters)


@pytest.mark.parametrize("seed", range(20))
def test_calendars_are_those_of_a_plain_reader(tmp_path, seed):
    """Day by day: who runs, and which weekday has most trips."""
    rng = np.random.default_rng(seed)
    begin, names = np.datetime64("2026-02-20"), [f"v{i}" for i in range(5)]
    days = [begin + np.timedelta64(d, "D") for d in range(60)]
    runs: dict[str, set[np.datetime64]] = {name: set() for name in names}
    weekly, single = [], []
    for name in rng.choice(names, rng.integers(0, 7)).tolist():
        low, high = sorted(rng.choice(60, 2).tolist())
        on = (rng.random(7) < rng.choice([0.1, 0.6])).astype(int)
        low, high = (high, low) if rng.random() < 0.1 else (low, high)
        weekly.append(",".join([name, *map(str, on), *(str(days[d]).replace("-", "") for d in (low, high))]))
        runs[name] |= {day for day in days[low : high + 1] if on[day.item().weekday()]}
    for name in rng.choice(names, rng.integers(1, 12)).tolist():
        day, kind = days[rng.integers(60)], int(rng.integers(1, 3))
        single.append(f"{name},{str(day).replace('-', '')},{kind}")
        (runs[name].add if kind == 1 else runs[name].discard)(day)
    written(
        tmp_path,
        calendar=",".join(("service_id", *WEEKDAYS, "start_date", "end_date\n")) + "\n".join(weekly),
        calendar_dates="service_id,date,exception_type\n" + "\n".join(single),
    )
    calendar, asked = read_calendar(tmp_path, "feed"), np.array([*names, "unknown"])
    for day in [days[0] - 1, *days, days[-1] + 1]:
        assert calendar.active(day, asked).tolist() == [day in runs.get(name, ()) for name in asked.tolist()]
    trips = rng.integers(0, 4, len(asked))
    count = Counter(
        {day: sum(int(n) for name, n in zip(names, trips, strict=False) if day in runs[name]) for day in days}
    )
    working = {day: n for day, n in count.items() if day.item().weekday() < 5 and n}
    most = {day: n for day, n in (working or count).items() if n}
    if not most:
        with pytest.raises(InputError, match="no trip runs on any day"):
            calendar.choose(None, asked, trips, "feed")
        return
    assert calendar.choose(None, asked, trips, "feed") == min(most, key=lambda day: (-most[day], day))


def test_a_calendar_without_an_end_takes_no_memory(tmp_path):
    names = [f"v{i}" for i in range(20)]
    rows = "".join(f"{name},1,1,1,1,1,0,0,20260302,99991231\n" for name in names)
    head = FEED["calendar.txt"].splitlines()[0]
    dates = "service_id,date,exception_type\n" + "".join(f"{name},20260302,2\n" for name in names[:3])
    written(tmp_path, calendar=f"{head}\n{rows}", calendar_dates=dates)
    tracemalloc.start()
    try:
        calendar = read_calendar(tmp_path, "feed")
        day = calendar.choose(None, np.array(names), np.ones(20), "feed")
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()
    assert str(day) == "2026-03-03"
    assert calendar.active(np.datetime64("9999-12-31"), np.array(names)).all()  # a Friday


def test_recipes_of_feeds_take_nothing_else(tmp_path):
    for text, message in (
        ('[[transit]]\ngtfs = "a.zip"\nkind = "bus"', "unknown entry 'kind'"),
        ('[[transit]]\ndate = "2026-03-10"', "lacks 'file'"),
    ):
        (tmp_path / "cities" / "x").mkdir(parents=True, exist_ok=True)
        (tmp_path / "cities" / "x" / "city.toml").write_text('[roads]\nsource = "a.pbf"\n' + text, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            read_spec(tmp_path, "x")


def test_sao_paulo_runs_by_its_timetable(sao_paulo):
    city, report = sao_paulo
    row = city.provenance.key == "transit"
    assert city.provenance.value[row].tolist() == ["2019-05-13"]
    assert not city.provenance.is_default[row].any()
    assert city.provenance.is_default[city.provenance.key == "transit.headway_trips"].all()
    assert not any(key.startswith("transit.") and key.endswith("headway_min") for key in city.provenance.key.tolist())
    assert any("service date 2019-05-13" in line for line in report.lines)
    assert any("4 trips pass further than 100 m from a stop on their shape" in line for line in report.lines)
    part = city.transit
    assert len(part.line_id) == 36
    assert np.bincount(part.line_mode).tolist() == [10, 0, 12, 14]
    assert part.line_m[part.line_name == "CPTM L07"] == pytest.approx(60_600, rel=0.01)
    assert 5 < len(part.stations.id) < 60
    assert part.stations.entrance_is_centre.all()


def test_coquimbo_keeps_its_timetable(parameters, tmp_path):
    """The feed that the package aequilibrae carries inside an example project."""
    package = find_spec("aequilibrae")
    if package is None:
        pytest.skip("the feed of Coquimbo is carried by the package aequilibrae")
    example = Path(next(iter(package.submodule_search_locations))) / "reference_files" / "coquimbo.zip"
    with zipfile.ZipFile(example) as packed:
        packed.extract("gtfs_coquimbo.zip", tmp_path)
    feed = read(tmp_path / "gtfs_coquimbo.zip", parameters, date=None)
    assert (feed.date, feed.trips, feed.headway_trips, feed.notes) == ("2015-12-29", 360, 0, ())
    assert len(feed.source.stop_id) == 78
    assert [(line.id, line.name, line.mode) for line in feed.source.lines] == [
        ("101387:0", "1", BUS), ("101387:1", "1", BUS),
    ]  # fmt: skip
    for line, service in ((s.line, s) for s in feed.source.services):
        xy = local_metres(feed.source.lonlat[service.stop], -29.95)
        straight = np.hypot(*np.diff(xy, axis=0).T)
        assert straight.sum() < service.length_m[-1] < 1.25 * straight.sum()
        assert service.length_m[-1] <= feed.source.lines[line].length_m < 20_000


def test_lines_of_one_name_are_told_apart_by_mode_and_agency(tmp_path, parameters):
    routes = "route_id,agency_id,route_short_name,route_type\n" + "".join(
        f"{row}\n" for row in ("b,east,1,3", "m,east,1,1", "n,west,1,3", "c,west,1,3", "d,west,2,3")
    )
    trips, times = FEED["trips.txt"], FEED["stop_times.txt"]
    for route in "ncd":
        trips += f"{route},all,{route}1\n"
        times += f"{route}1,08:00:00,08:00:00,s0,1\n{route}1,08:05:00,08:05:00,s1,2\n"
    feed = read(written(tmp_path / "feed", routes=routes, trips=trips, stop_times=times), parameters)
    assert {line.id: line.name for line in feed.source.lines} == {
        "b": "1 (bus, east)", "m": "1 (metro, east)", "n": "1 (bus, west)", "c": "1 (bus, west)", "d": "2",
    }  # fmt: skip
