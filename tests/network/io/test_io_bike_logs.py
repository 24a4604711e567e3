"""Orders, snapshots and tables of flows: what a day has by place and hour, and which rows cannot be true."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from network.demand.bike_flows import FlowRows
from network.errors import InputError
from network.io import bike_orders, bike_snapshots
from network.io.bike_flows import LogRules, flow_table, read_bike_flows
from network.io.bike_orders import read_orders
from network.io.bike_snapshots import read_snapshots
from network.io.coordinates import to_gcj02
from network.synthetic import grid_city

CITY = grid_city(4)
A, B = CITY.zones.lonlat[0], CITY.zones.lonlat[-1]
RULES = LogRules(place_m=50.0, gap_orders=20.0, moved_m=100.0, most_gap_h=1.6)
HEADER = "order_id,start_time,start_lon,start_lat,end_time,end_lon,end_lat"


def order(key, start, end, one=A, other=B):
    return f"{key},{start},{one[0]},{one[1]},{end},{other[0]},{other[1]}"


@pytest.fixture
def read(tmp_path):
    def call(*rows, header=HEADER, timezone="Asia/Shanghai", crs="wgs84", **options):
        file = tmp_path / "orders.csv.gz"
        file.write_bytes(gzip.compress("\n".join((header, *rows)).encode("gbk")))
        return read_orders(file, timezone=timezone, rules=RULES, crs=crs, **options)

    return call


def test_orders_become_flows_a_day(read):
    """Two Mondays and a Saturday: places are where ends lie together, in the middle of them."""
    rows = [
        order(1, "2024-04-01 08:10", "2024-04-01 08:25"), order(2, "2024-04-08 08:50", "2024-04-08 09:05"),
        order(3, "2024-04-08 08:30", "2024-04-08 08:40", one=A + 1e-5),
        order(4, "2024-04-06 10:00", "2024-04-06 10:10"),
        order(5, "2024-04-08 23:50", "2024-04-09 00:10"),
    ]  # fmt: skip
    log = read(*rows)
    flows = log.flows
    assert (log.rows, log.left_out, log.first, log.last) == (5, {}, "2024-04-01", "2024-04-08")
    assert log.days == (6, 2)
    assert len(flows.id) == 2
    near = int(np.argmin(np.abs(flows.lonlat - A).sum(axis=1)))
    assert flows.lonlat[near] == pytest.approx(A + 1e-5 / 5, abs=1e-9)
    # 1 April is covered from 8 h on, 8 April all day: hour 8 has six weekdays
    assert flows.pickups[0, near, 8] == pytest.approx(3 / 6)
    assert flows.returns[0, 1 - near, 8] == pytest.approx(2 / 6)
    assert flows.returns[0, 1 - near, 9] == pytest.approx(1 / 6)
    assert flows.returns[0, 1 - near, 0] == pytest.approx(1 / 5)
    assert flows.pickups[1, near, 10] == pytest.approx(1 / 2)


def test_every_trip_counts_once(read):
    """Flows times covered hours give back the orders."""
    rng = np.random.default_rng(3)
    start = np.datetime64("2024-04-01T00:00") + rng.integers(0, 7 * 1440, 500).astype("m8[m]")
    rows = [order(i, t, t + 9) for i, t in enumerate(start.astype("M8[m]"))]
    log = read(
        order("x", "2024-04-01 00:00", "2024-04-01 00:10"), *rows, order("y", "2024-04-07 23:59", "2024-04-07 23:59")
    )
    whole = log.flows.pickups.sum(axis=(1, 2)) * np.array([5, 2])
    assert log.days == (5, 2)
    assert whole.sum() == pytest.approx(502)


BAD = {
    bike_orders.NO_TIME: order("b", "", "2024-04-01 09:00"),
    bike_orders.NO_PLACE: "b,2024-04-01 08:00,0,0,2024-04-01 09:00,120.6,31.3",
    bike_orders.TWICE: order("a", "2024-04-01 08:00", "2024-04-01 08:10"),
    bike_orders.BACKWARDS: order("b", "2024-04-01 08:00", "2024-04-01 07:59"),
    bike_orders.LONG: order("b", "2024-04-01 08:00", "2024-04-02 08:01"),
    bike_orders.OUTSIDE: order("b", "2024-04-01 08:00", "2024-04-01 08:10", one=A + 1, other=B + 1),
}


@pytest.mark.parametrize("reason", BAD)
def test_rows_that_cannot_be_true_are_refused_or_left_out_when_told(read, reason):
    good = order("a", "2024-04-01 08:00", "2024-04-01 08:10")
    with pytest.raises(InputError, match=rf"orders.csv.gz, row 3: {reason}: 1 of 2 rows"):
        read(good, BAD[reason], roads=CITY.roads)
    log = read(good, BAD[reason], roads=CITY.roads, repair=True)
    assert (log.left_out, log.first_rows) == ({reason: 1}, {reason: "row 3"})
    assert log.flows.pickups.sum() == pytest.approx(2)
    with pytest.raises(InputError, match="none of 1 rows can be believed" if reason != bike_orders.TWICE else "1 of 2"):
        read(*([good] if reason == bike_orders.TWICE else []), BAD[reason], roads=CITY.roads)


def test_clocks_that_change(read):
    """Berlin 2024: on 31 March 02:30 was not, on 27 October it was twice. UTC is sure, and told by the local hour."""
    odd = order("b", "2024-10-27 02:30", "2024-10-27 02:40")
    good = order("a", "2024-10-27 04:30", "2024-10-27 04:40")
    with pytest.raises(InputError, match=bike_orders.CLOCK):
        read(odd, good, timezone="Europe/Berlin")
    assert read(odd, good, timezone="Europe/Berlin", repair=True).left_out == {bike_orders.CLOCK: 1}
    log = read(order("b", "2024-10-27T00:30Z", "2024-10-27T01:30Z"), timezone="Europe/Berlin")
    assert np.flatnonzero(log.flows.pickups[1].sum(axis=0)).tolist() == [2]
    assert np.flatnonzero(log.flows.returns[1].sum(axis=0)).tolist() == [2]


def test_a_gap_is_not_a_quiet_hour(read):
    """Thirty orders at 8 h on four weekdays, none on the fifth: 30 a day, not 24. Two at 15 h: a quiet hour stays."""
    days = ["2024-04-01", "2024-04-02", "2024-04-04", "2024-04-05"]
    rows = [order(f"{day}{i}", f"{day} 08:{i:02}", f"{day} 08:{i + 5:02}") for day in days for i in range(30)]
    rows += [order(f"q{i}", f"2024-04-01 15:0{i}", "2024-04-01 15:10") for i in range(2)]
    log = read(*rows, order("z", "2024-04-05 23:00", "2024-04-05 23:10"))
    assert log.flows.pickups[0, :, 8].sum() == pytest.approx(30)
    assert log.flows.pickups[0, :, 15].sum() == pytest.approx(2 / 5)
    assert log.flows.notes[0] == "1 hours without any order are taken for gaps, not for quiet ones"


def test_days_that_are_not_in_the_log(read):
    log = read(order("a", "2024-04-01 08:00", "2024-04-01 08:10"))
    assert (log.flows.pickups[1] == log.flows.pickups[0]).all()
    assert log.flows.notes == (
        "no weekend is in the log: taken to be as the weekday",
        "23 hours of a weekday are not in the log: nobody rides then",
    )


def test_one_end_in_the_city_counts(read):
    log = read(order("a", "2024-04-01 08:00", "2024-04-01 08:10", other=B + 1), roads=CITY.roads)
    assert (log.flows.pickups[0].sum(), log.flows.returns[0].sum()) == (1, 0)
    assert "1 starts and ends lie out of the city and count nowhere" in log.flows.notes


def test_orders_declare_a_datum_and_have_all_columns(read):
    with pytest.raises(InputError, match="does not declare a datum"):
        read(order("a", "2024-04-01 08:00", "2024-04-01 08:10"), crs=None)
    with pytest.raises(InputError, match="there is no column end_lat"):
        read("2024-04-01 08:00,1,1,2024-04-01 09:00,1", header="开锁时间,起点经度,起点纬度,关锁时间,终点经度")
    with pytest.raises(InputError, match="row 2, column start_time: 'soon' is no date and time"):
        read(order("a", "soon", "2024-04-01 08:10"))


def test_orders_in_another_datum_than_declared(read):
    roads = grid_city(12).roads
    there = to_gcj02(roads.lonlat)
    rows = [
        order(i, "2024-04-01 08:00", "2024-04-01 08:10", one, other)
        for i, (one, other) in enumerate(zip(there, there[::-1], strict=True))
    ]
    with pytest.raises(InputError, match="looks like GCJ-02"):
        read(*rows, roads=roads)
    log = read(*rows, roads=roads, crs="gcj02")
    assert len(log.flows.id) == len(there)
    assert np.allclose(np.sort(log.flows.lonlat, axis=0), np.sort(roads.lonlat, axis=0), atol=1e-6)


def snapshot(at, bikes, version=2):
    """`bikes`: id -> lon, lat; `at` in minutes of UTC after Monday 1 April 2024, midnight in Shanghai."""
    s = int(np.datetime64("2024-03-31T16:00", "m").astype(int) + at) * 60
    key, name = ("bike_id", "bikes") if version == 2 else ("vehicle_id", "vehicles")
    told = s if version == 2 else str(np.datetime64(s + 8 * 3600, "s")) + "+08:00"
    rows = [{key: k, "lon": float(spot[0]), "lat": float(spot[1])} for k, spot in bikes.items()]
    return {"last_updated": told, "data": {name: rows}}


@pytest.fixture
def shots(tmp_path):
    def write(*documents):
        for file in tmp_path.iterdir():
            file.unlink()
        for i, document in enumerate(documents):
            (tmp_path / f"{len(documents) - i:03}.json").write_text(json.dumps(document), encoding="utf-8")
        return [tmp_path]

    return write


def test_bikes_that_go_and_come(shots):
    """One hour: x rides away and comes back under another id, y is moved 200 m, z wobbles by 10 m."""
    far, near = B + np.array([0.002, 0]), B + np.array([0.0001, 0])
    first = snapshot(490, {"x": A, "y": B, "z": B})
    then = snapshot(520, {"y": far, "z": near, "new": B})
    for document in (then, snapshot(520, {"y": far, "z": near, "new": B}, version=3)):
        log = read_snapshots(shots(first, document), timezone="Asia/Shanghai", rules=RULES)
        flows = log.flows
        assert np.flatnonzero(flows.pickups[0].sum(axis=0)).tolist() == [8]
        assert flows.pickups[0].sum() == pytest.approx(2 / 0.5)
        assert flows.returns[0].sum() == pytest.approx(2 / 0.5)
        assert (log.days, log.rows, log.left_out) == ((1, 0), 2, {})


def test_snapshots_that_tell_nothing(shots):
    day = [snapshot(600, {"a": A, "b": B}), snapshot(630, {"b": B}), snapshot(900, {"a": A, "b": B})]
    log = read_snapshots(shots(*day), timezone="Asia/Shanghai", rules=RULES)
    assert log.left_out == {bike_snapshots.APART: 1}
    assert log.first_rows == {bike_snapshots.APART: "after 2024-04-01T02:30 UTC"}
    assert log.flows.pickups[0].sum() == pytest.approx(2)
    assert log.flows.returns.sum() == 0
    other = [*day[:2], snapshot(660, {"q": B}), snapshot(690, {})]
    assert read_snapshots(shots(*other), timezone="Asia/Shanghai", rules=RULES).left_out == {bike_snapshots.RENAMED: 2}
    with pytest.raises(InputError, match=r"none is followed by another within 1\.6 h"):
        read_snapshots(shots(day[0], day[2]), timezone="Asia/Shanghai", rules=RULES)


ONE = '{"bike_id": 1, "lon": 1, "lat": 1}'


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ("{", "is not JSON"), ('{"data": {"stations": []}}', "holds no data.bikes"),
        ('{"last_updated": "noon", "data": {"bikes": []}}', "'noon' is no time"),
        ('{"last_updated": 1, "data": {"bikes": [{"bike_id": "a", "lon": 1}]}}', "bike 1: lacks an id, or numbers"),
        (f'{{"last_updated": 1, "data": {{"bikes": [{ONE}, {ONE}]}}}}', "bike '1' stands in two places"),
    ],
    ids=["json", "feed", "time", "bike", "twice"],
)  # fmt: skip
def test_files_that_are_no_snapshots(tmp_path, broken, what):
    (tmp_path / "a.json").write_text(broken, encoding="utf-8")
    with pytest.raises(InputError, match=f"a.json.*{what}"):
        read_snapshots([tmp_path], timezone="Asia/Shanghai", rules=RULES)


def test_a_table_of_flows_comes_back(tmp_path):
    rng = np.random.default_rng(1)
    flows = [rng.poisson(0.3, (2, 5, 24)) * rng.random((2, 5, 24)) for _ in range(2)]
    rows = FlowRows(
        id=tuple("abcde"), lonlat=CITY.zones.lonlat[:5], pickups=flows[0], returns=flows[1], source="made up"
    )
    file = tmp_path / "flows.csv"
    file.write_bytes(flow_table(rows))
    back = read_bike_flows(file, roads=CITY.roads)
    assert back.id == rows.id
    assert np.allclose(back.pickups, rows.pickups, rtol=1e-5)
    assert np.allclose(back.returns, rows.returns, rtol=1e-5)
    assert np.allclose(back.lonlat, rows.lonlat, atol=1e-7)
    assert flow_table(back) == file.read_bytes()


def test_rows_of_a_table_that_are_wrong(tmp_path):
    file = tmp_path / "flows.csv"
    rows = [
        "a,120.6,31.3,weekday,8,1,0", "a,120.6,31.3,周末,8,1,0", "a,120.6,31.3,Weekday,8,2,0",
        "a,120.7,31.3,weekday,9,1,0",
        "b,120.6,31.3,holiday,8,1,0", "b,120.6,31.3,weekday,24,1,0", ",120.6,31.3,weekday,1,1,0",
    ]  # fmt: skip
    file.write_text("\n".join(["id,lon,lat,day,hour,pickups,returns", *rows]), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_bike_flows(file)
    text = str(error.value)
    for part in (
        "row 4: 'a' has this day and hour in row 2 already", "row 5: 'a' lies elsewhere in row 2",
        "row 6, column day: 'holiday' is no day", "row 7, column hour: 24 is no hour", "row 8, column id: the value is",
    ):  # fmt: skip
        assert part in text
    assert len(error.value.problems) == 5
    file.write_text("id,lon,lat,day,hour,pickups,returns\na,120.6,31.3,weekday,8,-1,0", encoding="utf-8")
    with pytest.raises(InputError, match="row 2, column pickups: -1 is below 0"):
        read_bike_flows(file)


def test_a_table_of_weekdays_alone(tmp_path):
    file = tmp_path / "flows.csv"
    file.write_text("id,lon,lat,day,hour,pickups,returns\na,120.6,31.3,weekday,8,3,0.5", encoding="utf-8")
    flows = read_bike_flows(file)
    assert flows.pickups[:, 0, 8].tolist() == [3, 3]
    assert flows.notes == ("no weekend is in the table: taken to be as the weekday",)
