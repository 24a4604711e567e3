"""One-lever what-ifs on the demo city over HTTP, never the same twice. Target: median under 200 ms.

Those of a city of 1,000 zones, without the service around them, are in bench_demand.
"""

from __future__ import annotations

import json
import statistics
import time
import urllib.request
from itertools import count

from bench_start import served
from home import demo_city, demo_home

RUNS = 21


def levers(city):
    """Name -> endless different edits of one kind."""
    streets = sorted({str(n) for n in city.roads.way_name if n})
    sites = [str(i) for i, most in zip(city.places.id, city.places.most_plugs, strict=True) if most > 1]
    zones = [str(i) for i in city.zones.id]
    lon, lat = city.zones.lonlat.mean(axis=0)
    lines = sorted({str(name) for name in city.transit.line_name})
    area = str(city.zones.area[0])
    yield "set_price", ({"item": "parking", "cny": 6 + n / 10} for n in count())
    yield "add_chargers", ({"place": sites[n % len(sites)], "plugs": 1} for n in count())
    yield "set_electric_share", ({"share": 0.1 + n / 1000, "area": area} for n in count())
    yield "set_demand", ({"zone": zones[n % len(zones)], "jobs": 500 + n} for n in count())
    yield (
        "set_street_speed",
        ({"street": streets[n % len(streets)], "kmh": 15 + n / 10, "modes": ["walk"]} for n in count()),
    )
    yield "set_headway", ({"line": lines[n % len(lines)], "headway_min": 3 + n / 10} for n in count())
    yield "add_stop", ({"id": f"new/{n}", "lon": lon, "lat": lat, "lines": [lines[n % len(lines)]]} for n in count())
    yield "set_fare", ({"tariff": "bus", "cny": 1 + n / 100} for n in count())
    yield (
        "add_place",
        (
            {"id": f"new/{n}", "lon": lon, "lat": lat, "most_plugs": 4, "open_cny": 1e5, "plug_cny": 5e4}
            for n in count()
        ),
    )


def main() -> None:
    with demo_home() as home, served(home) as (address, _):
        city = demo_city(home)
        sizes = f"{len(city.zones.id)} zones, {len(city.places.id)} places, {len(city.roads.edges)} segments"
        print(f"{sizes}; {RUNS} runs each")
        print(f"{'lever':20} {'median ms':>10} {'worst ms':>10}")
        for name, edits in levers(city):
            seconds = []
            for _ in range(RUNS + 1):
                body = json.dumps({"edits": [{"type": name, **next(edits)}]}).encode()
                start = time.perf_counter()
                ask(f"{address}/v1/cities/helsinki/what-if", body)
                seconds.append(time.perf_counter() - start)
            print(f"{name:20} {statistics.median(seconds[1:]) * 1e3:10.1f} {max(seconds[1:]) * 1e3:10.1f}")


def ask(url, body):
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)
