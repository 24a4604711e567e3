"""`luxing bike-flows` and `luxing export-bikes` as a planner runs them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from homes import CITY, a_city, words

from network.io import read_bike_flows
from service.cli import BAD_INPUT

SPOTS = a_city().zones.lonlat
HEADER = "开锁时间,起点经度,起点纬度,关锁时间,终点经度,终点纬度"


def order(start, end, one=SPOTS[0], other=SPOTS[9]):
    return f"{start},{one[0]},{one[1]},{end},{other[0]},{other[1]}"


@pytest.fixture
def orders(tmp_path):
    def write(*rows):
        file = tmp_path / "orders.csv"
        file.write_bytes("\n".join((HEADER, *rows)).encode("gbk"))
        return file

    return write


GOOD = [order("2024-04-01 08:10", "2024-04-01 08:25"), order("2024-04-06 09:10", "2024-04-06 09:25")]


def test_orders_become_a_table_of_flows(luxing, orders, tmp_path):
    out = tmp_path / "flows.csv"
    given = ("--timezone", "Asia/Shanghai", "--crs", "wgs84", "--city", CITY, "--out", out)
    said = words(luxing("bike-flows", "--orders", orders(*GOOD), *given))
    assert "2 places" in said
    assert "2024-04-01 to 2024-04-06" in said
    flows = read_bike_flows(out)
    assert np.allclose(np.sort(flows.lonlat, axis=0), np.sort(SPOTS[[0, 9]], axis=0), atol=1e-6)
    assert flows.pickups[1, :, 9].sum() == pytest.approx(1)


def test_orders_that_cannot_be_true_stop_it_unless_told(luxing, orders, tmp_path):
    out = tmp_path / "flows.csv"
    file = orders(*GOOD, order("2024-04-01 08:10", "2024-04-01 07:25"))
    given = ("bike-flows", "--orders", file, "--timezone", "Asia/Shanghai", "--crs", "wgs84", "--out", out)
    assert "orders.csv, row 4: ends before it starts: 1 of 3 rows" in words(luxing(*given, code=BAD_INPUT))
    assert not out.exists()
    assert "left out: ends before it starts: 1, first row 4" in words(luxing(*given, "--repair"))
    assert out.exists()


def test_snapshots_become_a_table_of_flows(luxing, tmp_path):
    folder = tmp_path / "shots"
    folder.mkdir()
    for i, bikes in enumerate(([0, 1], [1])):
        rows = [{"bike_id": str(b), "lon": SPOTS[b, 0], "lat": SPOTS[b, 1]} for b in bikes]
        document = {"last_updated": 1_711_929_600 + 1800 * i, "data": {"bikes": rows}}
        (folder / f"{i}.json").write_text(json.dumps(document), encoding="utf-8")
    out = tmp_path / "flows.csv"
    luxing("bike-flows", "--snapshots", folder, "--timezone", "Asia/Shanghai", "--out", out)
    flows = read_bike_flows(out)
    assert flows.pickups[0, 0, 8] == pytest.approx(2)
    assert flows.lonlat[0] == pytest.approx(SPOTS[0], abs=1e-6)


def test_one_log_is_asked_for(luxing, orders, tmp_path):
    given = ("bike-flows", "--timezone", "Asia/Shanghai", "--out", tmp_path / "f.csv")
    assert "reads one log" in words(luxing(*given, code=BAD_INPUT))
    assert "reads one log" in words(luxing(*given, "--orders", orders(*GOOD), "--snapshots", tmp_path, code=BAD_INPUT))


def test_a_city_with_a_scenario_becomes_a_feed(luxing, tmp_path):
    out, scenario, within = tmp_path / "feed", tmp_path / "s.json", tmp_path / "w.geojson"
    lon, lat = SPOTS[2].tolist()
    edit = {"type": "add_bike_point", "id": "new", "lon": lon, "lat": lat, "spaces": 12}
    scenario.write_text(json.dumps({"edits": [edit]}), encoding="utf-8")
    ring = [[lon - 0.1, lat - 0.1], [lon + 0.1, lat - 0.1], [lon, lat + 0.1], [lon - 0.1, lat - 0.1]]
    within.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), encoding="utf-8")
    said = words(luxing("export-bikes", CITY, "--scenario", scenario, "--within", within, "--out", out))
    count = len(a_city().bike_points.id) + 1
    assert f"{count} points are in" in said
    rows = json.loads((out / "station_information.json").read_bytes())["data"]["stations"]
    assert (rows[-1]["station_id"], rows[-1]["capacity"]) == ("new", 12)
    document = json.loads((out / "gcj02" / "geofencing_zones.json").read_bytes())
    assert document["last_updated"] > 1_700_000_000
    assert document["data"]["geofencing_zones"]["features"][-1]["properties"]["name"] == "Grid 格"


def test_stations_give_corrected_flows(luxing, tmp_path):
    """A station that is empty from 9 h on: what it loses at 8 h is over the time it had a bike."""
    stations, status, out = tmp_path / "stations.csv", tmp_path / "status.csv", tmp_path / "flows.csv"
    stations.write_text("station_id,lon,lat,capacity\na,120.6,31.3,12\n", encoding="utf-8")
    rows = [f"2026-03-{day:02} {h:02}:00,a,{9 if h < 9 else 0}" for day in (2, 3) for h in range(24)]
    status.write_text("\n".join(["timestamp,station_id,bikes", *rows]), encoding="utf-8")
    given = ("--stations", stations, "--timezone", "Asia/Shanghai", "--days-held-out", 0)
    luxing("fit-bikes", status, *given, "--flows-out", out)
    flows = read_bike_flows(out)
    assert flows.id == ("a",)
    assert flows.pickups[0, 0, 8] == pytest.approx(flows.pickups[0].max())
    assert flows.pickups[0, 0, 8] > 9
    assert (flows.returns[0] < flows.pickups[0, 0, 8]).all()


def test_an_address_that_is_none_is_refused(luxing, tmp_path):
    said = words(luxing("export-bikes", CITY, "--out", tmp_path / "feed", "--url", "bikes", code=BAD_INPUT))
    assert "--url: 'bikes' is no address of the web → begin it with https://" in said
    assert not (tmp_path / "feed").exists()
