"""A small GTFS feed along the streets of a grid city, for the tests of its reader."""

from __future__ import annotations

from network import grid_city
from network.io.gtfs import read_gtfs

CITY = grid_city(8)
ROADS, ZONES = CITY.roads, CITY.zones
AT = ROADS.lonlat
H = 3600
TUESDAY = "2026-03-10"

FEED = {
    "agency.txt": "agency_id,agency_name\n1,Grid\n",
    "stops.txt": "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
    + "".join(f"s{i},Stop {i},{AT[n, 1]:.7f},{AT[n, 0]:.7f},0,\n" for i, n in enumerate((0, 2, 4, 7)))
    + f"far,Far away,{AT[7, 1]:.7f},{AT[7, 0] + 0.1:.7f},0,\n",
    "routes.txt": "route_id,route_short_name,route_type\nb,12,3\nm,M,401\n",
    "trips.txt": "route_id,service_id,trip_id\nb,week,b1\nm,all,m1\n",
    "calendar.txt": "service_id,monday,tuesday,wednesday,thursday,friday,saturday,sunday,start_date,end_date\n"
    "week,1,1,1,1,1,0,0,20260302,20260315\nall,1,1,1,1,1,1,1,20260302,20260315\n",
    "stop_times.txt": "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
    "b1,07:10:00,07:10:00,s0,1\nb1,07:12:00,07:13:00,s1,2\nb1,,,s2,7\nb1,07:19:00,07:19:00,s3,9\n"
    "m1,7:15:00,7:15:00,s3,1\nm1,7:20:00,7:20:00,s0,2\n",
}


def written(folder, **changes):
    """The feed as a folder, files changed or, where None, left out."""
    files = FEED | {f"{name}.txt": text for name, text in changes.items()}
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    return folder


def changed(file, old, new):
    assert old in FEED[f"{file}.txt"]
    return {file: FEED[f"{file}.txt"].replace(old, new)}


def read(path, parameters, date=TUESDAY, **how):
    return read_gtfs(path, roads=ROADS, parameters=parameters, date=date, **how)


def place(lonlat, *rest):
    """A row of stops.txt from its id and name on, as FEED has its columns."""
    name, kind, parent = rest
    lat, lon = ("", "") if lonlat is None else (f"{lonlat[1]:.7f}", f"{lonlat[0]:.7f}")
    return f"{name},{name.title()},{lat},{lon},{kind},{parent}\n"


def runs(feed):
    """(line, stops, arrivals, departures) of everything that runs, a row per trip."""
    source = feed.source
    return [
        (source.lines[s.line].id, source.stop_id[s.stop].tolist(), arrive, depart)
        for s in source.services
        for arrive, depart in zip(s.arrive_s.tolist(), s.depart_s.tolist(), strict=True)
    ]


def changes(source):
    """Transfers by the ids of their stops."""
    return {(str(source.stop_id[a]), str(source.stop_id[b])): s for a, b, s in source.transfers}
