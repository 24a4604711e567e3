from __future__ import annotations

import numpy as np
import pytest

from network import InputError, grid_city
from network.io.feeders import read_feeders
from network.io.places import Site, places_part

CITY = grid_city(6)
ROADS = CITY.roads
LON, LAT = ROADS.lonlat[8].tolist()
NORTH = LAT + 0.0045
"""500 m further north."""


def read(folder, parameters, text, **how):
    (folder / "grid.csv").write_text(text, encoding=how.pop("encoding", "utf-8"))
    return read_feeders(folder / "grid.csv", roads=ROADS, parameters=parameters, **({"crs": "wgs84"} | how))


def test_headroom_is_rated_times_loading_less_peak(tmp_path, parameters):
    text = f"id,lon,lat,rated_kva,allowed_loading,peak_kva\nF1,{LON},{LAT},630,0.9,400\nF2,{LON},{NORTH},1000,,800\n"
    grid = read(tmp_path, parameters, text)
    assert grid.part.id.tolist() == ["F1", "F2"]
    assert grid.part.headroom_kva.tolist() == pytest.approx([630 * 0.9 - 400, 0.0])
    assert grid.part.most_steps.tolist() == [0, 0]
    assert "places.feeder_allowed_loading" in {row[0] for row in parameters.provenance()}


def test_headroom_and_steps_in_another_unit(tmp_path, parameters):
    text = "id,headroom_kva,step_kva,step_cny,most_steps\nF1,0.25,0.63,380000,2\nF2,0,0,0,0\n"
    part = read(tmp_path, parameters, text, unit="MVA").part
    assert part.headroom_kva.tolist() == [250.0, 0.0]
    assert part.step_kva.tolist() == [630.0, 0.0]
    assert part.step_cny.tolist() == [380_000.0, 0.0]
    assert part.most_steps.tolist() == [2, 0]


def test_a_chinese_table_in_gbk(tmp_path, parameters):
    text = f"编号,经度,纬度,额定容量,最大负荷,允许负载率\n平江线,{LON},{LAT},630,300,0.8\n"
    part = read(tmp_path, parameters, text, encoding="gb18030").part
    assert part.id.tolist() == ["平江线"]
    assert part.headroom_kva.tolist() == pytest.approx([204.0])


def site(name, lon, lat, feeder=""):
    return Site(id=name, kind="fuel", name="", lon=lon, lat=lat, feeder=feeder)


def feeders_of(sites, grid, parameters):
    return places_part(sites, ROADS, parameters, grid)[0].feeder.tolist()


def test_a_place_hangs_on_the_nearest_feeder_within_reach_or_on_the_one_it_names(tmp_path, parameters):
    text = f"id,lon,lat,headroom_kva\nF1,{LON},{LAT},100\nF2,{LON},{NORTH},100\n"
    grid = read(tmp_path, parameters, text)
    sites = [site("a", LON, LAT + 0.001), site("b", LON, NORTH - 0.001), site("c", LON, LAT, "F2")]
    assert feeders_of(sites, grid, parameters) == [0, 1, 1]
    far = read(tmp_path, parameters, f"id,lon,lat,headroom_kva\nF1,{LON},{LAT + 0.02},100\n")
    assert feeders_of([site("a", LON, LAT), site("b", LON, LAT, "F1")], far, parameters) == [-1, 0]
    assert feeders_of([site("a", LON, LAT)], None, parameters) == [-1]
    assert feeders_of([], grid, parameters) == []


def test_a_feeder_of_an_area_feeds_the_places_there(tmp_path, parameters):
    zones = (CITY.zones.lonlat, CITY.zones.area)
    names = sorted(set(CITY.zones.area.tolist()))
    grid = read(tmp_path, parameters, f"id,area,headroom_kva\nF1,{names[0]},100\n", zones=zones)
    sites = [site(str(z), *lonlat) for z, lonlat in enumerate(CITY.zones.lonlat.tolist())]
    expected = np.where(CITY.zones.area == names[0], 0, -1).tolist()
    assert len(set(expected)) == 2
    assert feeders_of(sites, grid, parameters) == expected
    with pytest.raises(InputError, match=r"row 3 \(F2\), column area: .* has the feeder of row 2 already"):
        read(tmp_path, parameters, f"id,area,headroom_kva\nF1,{names[0]},1\nF2,{names[0]},1\n", zones=zones)
    with pytest.raises(InputError, match=r"row 2 \(F1\), column area: no zone is of the area 'moon'"):
        read(tmp_path, parameters, "id,area,headroom_kva\nF1,moon,1\n", zones=zones)


def test_places_that_name_no_feeder_of_the_table_are_refused(tmp_path, parameters):
    grid = read(tmp_path, parameters, "id,headroom_kva\nF1,100\n")
    with pytest.raises(InputError, match=r"place a: names the feeder 'F9', which is not in grid.csv \(.* F1"):
        feeders_of([site("a", LON, LAT, "F9")], grid, parameters)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("id,headroom_kva\nF1,50\nF2,-20\n", r"row 3 \(F2\), column headroom_kva: headroom of -20 kVA is "
                     r"negative \(a feeder that is full has 0", id="negative"),
        pytest.param("id,rated_kva,peak_kva\nF1,630,700\n", r"row 2 \(F1\): headroom is negative: 630 x 0.8 - 700 = "
                     r"-196 kVA \(correct it; .* peak_kva of 504", id="negative_from_peak"),
        pytest.param("id,headroom_kva\nF1,630000000\n", r"more than any feeder carries \(is the table in VA", id="va"),
        pytest.param("id,headroom_kva\nF1,0.63\n", r"0.63 kVA is less than one plug \(is the table in MVA", id="mva"),
        pytest.param("id,rated_kva,peak_kva\nF1,0.63,0.4\n", r"0.63 kVA is no feeder .*unit = ", id="rated_mva"),
        pytest.param("id,rated_kva,peak_kva\nF1,630,400000\n", r"a peak of 400,000 kVA does not fit", id="peak_va"),
        pytest.param("id,rated_kva,peak_kva\nF1,630,0.4\n", r"a peak of 0.4 kVA does not fit", id="peak_mva"),
        pytest.param("id,rated_kva,peak_kva,allowed_loading\nF1,630,400,80\n", r"80 is not a share .*0.8",
                     id="percent"),
        pytest.param("id,lon,lat\nF1,120.6,31.3\n", r"row 1: tells no headroom", id="no_headroom"),
        pytest.param("id,headroom_kva,rated_kva,peak_kva\nF1,1,2,1\n", r"which counts\? leave one out",
                     id="told_twice"),
        pytest.param("id,headroom_kva,step_kva\nF1,10,5\n", r"lacks step_cny, most_steps", id="half_a_step"),
        pytest.param("id,headroom_kva,step_kva,step_cny,most_steps\nF1,10,0,5,1\n", r"is 0, but there are steps",
                     id="a_step_of_nothing"),
        pytest.param("id,headroom_kva,step_kva,step_cny,most_steps\nF1,10,5,5,1.5\n", r"1.5 is not a whole number",
                     id="half_steps"),
        pytest.param("id,headroom_kva,lon\nF1,10,120.6\n", r"has one of lon and lat", id="half_a_place"),
        pytest.param("id,headroom_kva\nF1,10\nF1,12\n", r"'F1' stands in row 2 already", id="twice"),
    ],
)  # fmt: skip
def test_bad_tables_are_refused_by_row(tmp_path, parameters, text, problem):
    with pytest.raises(InputError, match=problem) as error:
        read(tmp_path, parameters, text)
    assert len(error.value.problems) == 1


def test_all_bad_rows_are_told_at_once(tmp_path, parameters):
    with pytest.raises(InputError) as error:
        read(tmp_path, parameters, "id,rated_kva,peak_kva\nF1,630,700\nF2,630,300\nF3,1,0\n")
    assert [str(p).split(":")[0] for p in error.value.problems] == [
        "grid.csv, row 2 (F1)",
        "grid.csv, row 4 (F3), column rated_kva",
    ]


def test_units_and_swapped_degrees(tmp_path, parameters):
    with pytest.raises(InputError, match=r"'kW' is not known \(write VA, kVA, MVA"):
        read(tmp_path, parameters, "id,headroom_kva\nF1,10\n", unit="kW")
    with pytest.raises(InputError, match=r"longitude and latitude look swapped"):
        read(tmp_path, parameters, f"id,lon,lat,headroom_kva\nF1,{LAT},{LON},1\n")
    with pytest.raises(InputError, match=r"grid.csv: the layer does not declare a datum"):
        read(tmp_path, parameters, f"id,lon,lat,headroom_kva\nF1,{LON},{LAT},1\n", crs=None)
