from __future__ import annotations

import numpy as np
import prcoords
import pytest

from network import InputError, grid_city
from network.io.places import (
    CHARGER_KINDS,
    Site,
    apart,
    kerb_sites,
    places_part,
    sites_of_map,
    sites_of_table,
    terminal_sites,
)
from network.io.transit import Line, Source
from network.io.ways import Features, feature_kind
from network.snap import local_metres, on_street
from network.timetable import Service
from network.units import BUS, DRIVE, METRO

CITY = grid_city(6)
ROADS = CITY.roads
HERE = ROADS.lonlat[8] + (0.0003, 0.0001)


def feature(*tags):
    n = len(tags)
    kinds = [t.get("amenity") or t.get("shop") or t.get("highway") or t.get("railway") for t in tags]
    return Features(
        id=tuple(f"node/{i}" for i in range(n)), kind=tuple(kinds), name=tuple(t.get("name", "") for t in tags),
        lonlat=np.tile(HERE, (n, 1)), area_m2=np.zeros(n), tags=tags,
    )  # fmt: skip


def test_sites_of_the_map(parameters):
    found = feature(
        {"amenity": "parking", "capacity": "45", "name": "P1"},
        {"amenity": "parking", "access": "private"},
        {"amenity": "charging_station", "socket:type2": "4", "socket:chademo": "1"},
        {"shop": "supermarket"},
        {"highway": "bus_stop", "name": "Halt"},
        {"railway": "station"},
        {"shop": "hairdresser"},
        {"amenity": "parking", "capacity": "900", "capacity:charging": "30"},
    )
    part, plugs = places_part(sites_of_map(found, parameters), ROADS, parameters)
    assert part.id.tolist() == [f"osm/node/{i}" for i in (0, 2, 3, 4, 5, 7)]
    assert part.kind.tolist() == ["parking", "charging_station", "supermarket", "stop", "station", "parking"]
    assert part.most_plugs.tolist() == [5, 16, 10, 0, 0, 30]
    assert plugs.tolist() == [[0, 4, 0, 0, 0, 30], [0, 1, 0, 0, 0, 0], [0] * 6]
    assert part.feeder.tolist() == [-1] * 6
    assert (part.plug_cny[part.most_plugs > 0] > 0).all()
    assert (part.open_cny[part.most_plugs == 0] == 0).all()


def test_every_kind_has_its_parameters(parameters):
    sites = [Site(id=k, kind=k, name="", lon=HERE[0], lat=HERE[1]) for k in CHARGER_KINDS]
    part, _ = places_part(sites, ROADS, parameters)
    assert (part.most_plugs > 0).all()
    used = {row[0] for row in parameters.provenance()}
    assert {f"places.{k}_plug_cny" for k in CHARGER_KINDS} <= used


def test_far_sites_are_left_out_and_double_ids_refused(parameters):
    far = Site(id="far", kind="fuel", name="", lon=HERE[0] + 1, lat=HERE[1])
    near = Site(id="near", kind="fuel", name="", lon=HERE[0], lat=HERE[1])
    part, plugs = places_part([far, near], ROADS, parameters)
    assert part.id.tolist() == ["near"]
    assert plugs.shape == (3, 1)
    assert part.snap.segment.shape == (4, 1)
    with pytest.raises(InputError, match="'near' stands for two sites"):
        places_part([near, near], ROADS, parameters)
    empty, plugs = places_part([], ROADS, parameters)
    assert len(empty.id) == 0
    assert plugs.shape == (3, 0)


def test_kerbs_lie_on_streets_for_cars():
    sites = kerb_sites(CITY.zones, ROADS)
    assert [s.id for s in sites] == [f"kerb/{z}" for z in CITY.zones.id]
    assert all(s.name.endswith(tuple("0123456789")) for s in sites)
    place = np.array([(s.lon, s.lat) for s in sites])
    middle = on_street(ROADS, CITY.zones.snap.segment[DRIVE], CITY.zones.snap.along[DRIVE])
    assert (place == middle).all()
    ends = ROADS.lonlat[ROADS.tail[ROADS.edges[:, 0]]], ROADS.lonlat[ROADS.head[ROADS.edges[:, 0]]]
    every = np.arange(len(ROADS.edges))
    assert np.allclose(on_street(ROADS, every, np.zeros(len(every))), ends[0], atol=1e-12)
    assert np.allclose(on_street(ROADS, every, np.ones(len(every))), ends[1], atol=1e-12)
    assert np.allclose(on_street(ROADS, every, np.full(len(every), 0.25)), 0.75 * ends[0] + 0.25 * ends[1], atol=1e-12)


def table(folder, lonlat, header="id,lon,lat,kind,name,plugs", rest=",fuel,,2"):
    lines = [f"s{i},{lon!r},{lat!r}{rest}" for i, (lon, lat) in enumerate(lonlat.tolist())]
    (folder / "sites.csv").write_text(header + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return folder / "sites.csv"


def test_sites_of_a_table(tmp_path, parameters):
    file = table(tmp_path, ROADS.lonlat[:12])
    sites = sites_of_table(file, crs="wgs84", roads=ROADS, parameters=parameters)
    assert sites[0] == Site(
        id="sites/s0", kind="fuel", name="", lon=ROADS.lonlat[0, 0], lat=ROADS.lonlat[0, 1], plugs=(2, 0, 0), guessed=2
    )
    assert {s.kind for s in sites_of_table(file, crs="wgs84", roads=ROADS, parameters=parameters, kind="mall")} == {
        "mall"
    }
    assert {
        s.kind for s in sites_of_table(file, crs="wgs84", roads=ROADS, parameters=parameters, kinds={"fuel": "kerb"})
    } == {"kerb"}
    assert sites_of_table(file, crs="wgs84", roads=ROADS, parameters=parameters, kinds={"other": "kerb"}) == []
    with pytest.raises(InputError, match=r"sites.csv: there is no kind of place moon"):
        sites_of_table(file, crs="wgs84", roads=ROADS, parameters=parameters, kind="moon")


def test_tables_in_a_wrong_datum_are_refused(tmp_path, parameters):
    file = table(tmp_path, ROADS.lonlat)
    with pytest.raises(InputError, match=r"sites.csv: the layer does not declare a datum"):
        sites_of_table(file, crs=None, roads=ROADS, parameters=parameters)
    # Shifted crossings of this grid happen to lie off its streets, 200 m apart.
    gcj = np.array([(p.lon, p.lat) for p in (prcoords.wgs_gcj((lat, lon)) for lon, lat in ROADS.lonlat)])
    with pytest.raises(InputError, match=r"looks like GCJ-02 declared as WGS-84, shift about 4\d\d m"):
        sites_of_table(table(tmp_path, gcj), crs="wgs84", roads=ROADS, parameters=parameters)
    swapped = table(tmp_path, ROADS.lonlat[:, ::-1])
    with pytest.raises(InputError, match="swapped"):
        sites_of_table(swapped, crs="wgs84", roads=ROADS, parameters=parameters)


def test_negative_and_missing_numbers_are_named(tmp_path, parameters):
    file = table(tmp_path, ROADS.lonlat[:2], rest=",fuel,,-1")
    with pytest.raises(InputError, match=r"sites.csv, row 2, column plugs: -1 is below 0"):
        sites_of_table(file, crs="wgs84", roads=ROADS, parameters=parameters)


def test_plugs_and_feeders_of_a_table(tmp_path, parameters):
    file = table(
        tmp_path, ROADS.lonlat[:1], header="id,lon,lat,kind,name,plugs,power_kw,feeder", rest=",old_estate,,2,120,F1"
    )
    (site,) = sites_of_table(file, crs="wgs84", roads=ROADS, parameters=parameters)
    assert (site.kind, site.plugs, site.guessed, site.feeder) == ("old_estate", (0, 2, 0), 0, "F1")
    file = table(tmp_path, ROADS.lonlat[:1], header="id,lon,lat,kind,plugs,power_kw", rest=",fuel,2,60000")
    with pytest.raises(InputError, match=r'row 2, column power_kw: 60,000 kW .* unit = "W"'):
        sites_of_table(file, crs="wgs84", roads=ROADS, parameters=parameters)


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"highway": "services", "name": "阳澄湖"}, "service_area"),
        ({"highway": "rest_area"}, None),
        ({"landuse": "residential", "start_date": "1986"}, "dated_estate"),
        ({"landuse": "residential"}, None),
        ({"landuse": "residential", "start_date": "C20"}, None),
    ],
)
def test_service_areas_and_dated_estates_are_features(tags, kind):
    assert feature_kind(tags) == kind


def test_estates_are_old_by_their_year(parameters):
    dates = ("1986", "~1995-05", "2000s", "2001", "before 1980")
    tags = tuple({"landuse": "residential", "start_date": date} for date in dates)
    estates = feature(*({"amenity": "dated_estate"} for _ in tags))
    estates = Features(**{n: getattr(estates, n) for n in ("id", "kind", "name", "lonlat", "area_m2")}, tags=tags)
    sites = sites_of_map(estates, parameters)
    assert [s.id for s in sites] == [f"osm/node/{i}" for i in (0, 1, 2, 4)]
    assert {s.kind for s in sites} == {"old_estate"}


def line_of(stops, mode=BUS, ends=(True, True)):
    """A source of one line along these crossings."""
    calls = np.arange(len(stops), dtype=np.int32)
    doors = np.ones(len(stops), bool)
    times = (calls * 60)[None, :].astype(np.int32)
    return Source(
        stop_id=np.array([f"s{i}" for i in stops]),
        stop_name=np.array([f"Stop {i}" for i in stops]),
        lonlat=ROADS.lonlat[list(stops)],
        lines=[Line(id="l", name="l", mode=mode, tariff="bus", length_m=1e3, ends=ends)],
        services=[
            Service(line=0, stop=calls, length_m=calls, boards=doors, alights=doors, arrive_s=times, depart_s=times)
        ],
    )


def test_terminals_are_the_ends_of_bus_lines(parameters):
    sites = terminal_sites([line_of((0, 7, 14)), line_of((14, 7, 35)), line_of((3, 9), METRO)], [], parameters)
    assert [(s.id, s.kind, s.name) for s in sites] == [
        ("terminal/s0", "terminal", "Stop 0"),
        ("terminal/s14", "terminal", "Stop 14"),
        ("terminal/s35", "terminal", "Stop 35"),
    ]
    assert (sites[0].lon, sites[0].lat) == tuple(ROADS.lonlat[0])
    cut = terminal_sites([line_of((0, 7, 14), ends=(False, True))], [], parameters)
    assert [s.id for s in cut] == ["terminal/s14"]


def test_ends_beside_a_bus_station_or_each_other_are_one_place(parameters):
    lon, lat = ROADS.lonlat[0].tolist()
    hub = Site(id="hub", kind="bus_station", name="", lon=lon + 0.001, lat=lat)
    shop = Site(id="shop", kind="mall", name="", lon=ROADS.lonlat[14, 0], lat=ROADS.lonlat[14, 1])
    assert [s.id for s in terminal_sites([line_of((0, 7, 14))], [hub, shop], parameters)] == ["terminal/s14"]
    sites = [Site(id=str(i), kind="kerb", name="", lon=lon + i * 0.001, lat=lat) for i in range(4)]
    assert [s.id for s in apart(sites, [], 150.0)] == ["0", "2"]
    assert [s.id for s in apart(sites, [hub], 150.0, among=False)] == ["3"]
    assert apart([], [hub], 150.0) == []


def test_apart_is_what_a_plain_loop_keeps():
    rng = np.random.default_rng(7)
    lonlat = ROADS.lonlat[0] + rng.uniform(0, 0.01, (60, 2))
    sites = [Site(id=str(i), kind="kerb", name="", lon=lon, lat=lat) for i, (lon, lat) in enumerate(lonlat.tolist())]
    xy = local_metres(lonlat, float(np.median(lonlat[:, 1])))
    kept = list(range(10))
    for i in range(10, 60):
        if np.hypot(*(xy[kept] - xy[i]).T).min() > 150:
            kept.append(i)
    assert 5 < len(kept) - 10 < 45
    assert [s.id for s in apart(sites[10:], sites[:10], 150.0)] == [str(i) for i in kept[10:]]
