from __future__ import annotations

import numpy as np
import prcoords
import pytest

from network import InputError, grid_city
from network.io.places import CHARGER_KINDS, Site, kerb_sites, places_part, sites_of_map, sites_of_table
from network.io.ways import Features
from network.snap import on_street
from network.units import DRIVE

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
    part, plugs, left_out = places_part(sites_of_map(found), ROADS, parameters)
    assert part.id.tolist() == [f"osm/node/{i}" for i in (0, 2, 3, 4, 5, 7)]
    assert part.kind.tolist() == ["parking", "charging_station", "supermarket", "stop", "station", "parking"]
    assert part.most_plugs.tolist() == [5, 16, 10, 0, 0, 30]
    assert plugs.tolist() == [0, 5, 0, 0, 0, 30]
    assert (part.plug_cny[part.most_plugs > 0] > 0).all()
    assert (part.open_cny[part.most_plugs == 0] == 0).all()
    assert left_out == 0


def test_every_kind_has_its_parameters(parameters):
    sites = [Site(id=k, kind=k, name="", lon=HERE[0], lat=HERE[1]) for k in CHARGER_KINDS]
    part, _, _ = places_part(sites, ROADS, parameters)
    assert (part.most_plugs > 0).all()
    used = {row[0] for row in parameters.provenance()}
    assert {f"places.{k}_plug_cny" for k in CHARGER_KINDS} <= used


def test_far_sites_are_left_out_and_double_ids_refused(parameters):
    far = Site(id="far", kind="fuel", name="", lon=HERE[0] + 1, lat=HERE[1])
    near = Site(id="near", kind="fuel", name="", lon=HERE[0], lat=HERE[1])
    part, plugs, left_out = places_part([far, near], ROADS, parameters)
    assert part.id.tolist() == ["near"]
    assert len(plugs) == 1
    assert part.snap.segment.shape == (4, 1)
    assert left_out == 1
    with pytest.raises(InputError, match="'near' stands for two sites"):
        places_part([near, near], ROADS, parameters)
    empty, plugs, _ = places_part([], ROADS, parameters)
    assert len(empty.id) == len(plugs) == 0


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


def test_sites_of_a_table(tmp_path):
    file = table(tmp_path, ROADS.lonlat[:12])
    sites = sites_of_table(file, crs="wgs84", roads=ROADS)
    assert sites[0] == Site(
        id="sites/s0", kind="fuel", name="", lon=ROADS.lonlat[0, 0], lat=ROADS.lonlat[0, 1], plugs=2
    )
    assert {s.kind for s in sites_of_table(file, crs="wgs84", roads=ROADS, kind="mall")} == {"mall"}
    assert {s.kind for s in sites_of_table(file, crs="wgs84", roads=ROADS, kinds={"fuel": "kerb"})} == {"kerb"}
    assert sites_of_table(file, crs="wgs84", roads=ROADS, kinds={"other": "kerb"}) == []
    with pytest.raises(InputError, match=r"sites.csv: there is no kind of place moon"):
        sites_of_table(file, crs="wgs84", roads=ROADS, kind="moon")


def test_tables_in_a_wrong_datum_are_refused(tmp_path):
    file = table(tmp_path, ROADS.lonlat)
    with pytest.raises(InputError, match=r"sites.csv: the layer does not declare a datum"):
        sites_of_table(file, crs=None, roads=ROADS)
    # Shifted crossings of this grid happen to lie off its streets, 200 m apart.
    gcj = np.array([(p.lon, p.lat) for p in (prcoords.wgs_gcj((lat, lon)) for lon, lat in ROADS.lonlat)])
    with pytest.raises(InputError, match=r"looks like GCJ-02 declared as WGS-84, shift about 4\d\d m"):
        sites_of_table(table(tmp_path, gcj), crs="wgs84", roads=ROADS)
    swapped = table(tmp_path, ROADS.lonlat[:, ::-1])
    with pytest.raises(InputError, match="swapped"):
        sites_of_table(swapped, crs="wgs84", roads=ROADS)


def test_negative_and_missing_numbers_are_named(tmp_path):
    file = table(tmp_path, ROADS.lonlat[:2], rest=",fuel,,-1")
    with pytest.raises(InputError, match=r"sites.csv, row 2, column plugs: -1 is below 0"):
        sites_of_table(file, crs="wgs84", roads=ROADS)
