from __future__ import annotations

import numpy as np
import prcoords
import pytest

from network import InputError, grid_city
from network.io.lot_tables import read_lots
from network.io.parameters import Parameters
from network.units import LAND_USES, OWNERS, SUPPLY_CLASSES

CITY = grid_city(6)
SPOTS = CITY.roads.lonlat.tolist()
"""Crossings, some 200 m apart."""
NIGHT = [*range(16), *range(36, 48)]
"""Half-hours from 18:00 to 08:00."""


def spotted(text):
    for i, (lon, lat) in enumerate(SPOTS[:20]):
        text = text.replace(f"@{i:02d}", f"{lon!r},{lat!r}")
    return text


def read(folder, parameters, text, *, encoding="utf-8", entrances=None, **recipe):
    (folder / "lots.csv").write_text(spotted(text), encoding=encoding)
    recipe = {"lots": "lots.csv", "crs": "wgs84"} | recipe
    if entrances is not None:
        (folder / "doors.csv").write_text(spotted(entrances), encoding="utf-8")
        recipe["entrances"] = "doors.csv"
    how = {"roads": CITY.roads, "stations": CITY.transit.stations, "parameters": parameters}
    return read_lots(recipe, lambda name: folder / name, **how)


def test_what_a_table_tells_is_kept(tmp_path, parameters):
    text = (
        "id,name,lon,lat,spaces,owner,owner_name,department,use,supply_class,reserve,tariff_cny_per_h,retrofit_cny,"
        "station\nA,Town hall,@00,120,government,District,Office of affairs,office,building,10,3.5,80000,station/1\n"
    )
    (lot,), lines, assumed, beyond = read(tmp_path, parameters, text)
    assert (lot.id, lot.name, lot.owner_name, lot.department) == ("A", "Town hall", "District", "Office of affairs")
    assert (OWNERS[lot.kinds.owner], LAND_USES[lot.kinds.use], SUPPLY_CLASSES[lot.kinds.supply_class]) == (
        "government",
        "office",
        "building",
    )
    assert (lot.spaces, lot.reserve, lot.tariff_cny_per_h, lot.retrofit_cny) == (120, 10, 3.5, 80000.0)
    assert lot.station == 1
    assert [lot.lon, lot.lat] == SPOTS[0]
    assert lot.open.all()
    assert not lot.shared.any()
    assert (assumed, beyond) == ([], frozenset())
    assert lines == [
        "lots.csv: 1 lots with 120 spaces (1 government)",
        "lots.csv: 1 lots with 120 spaces are park-and-ride",
    ]


def test_a_chinese_table_in_gbk_with_windows_and_hours(tmp_path, parameters):
    text = (
        "停车场编号,停车场名称,经度,纬度,泊位数,权属,停车场类型,用途,开放时间,周末开放时间,收费标准,"
        "共享泊位,共享开始,共享结束,共享日期\n"
        "P1,机关大院,@00,100,机关,建筑配建,办公,全天,,5,40,18:00,32:00,工作日、周末\n"
        "P2,路边,@01,30,国有企业,路内,商业,07:00-22:00,08:00-12:00；14:00-18:00,8,,,,\n"
    )
    (one, two), lines, _, _ = read(tmp_path, parameters, text, encoding="gb18030", tariff_unit="CNY/half-hour")
    assert [OWNERS[lot.kinds.owner] for lot in (one, two)] == ["government", "state_enterprise"]
    assert [SUPPLY_CLASSES[lot.kinds.supply_class] for lot in (one, two)] == ["building", "on_street"]
    assert [lot.tariff_cny_per_h for lot in (one, two)] == [10.0, 16.0]
    assert np.array_equal(np.flatnonzero(one.shared[0]), NIGHT)
    assert one.shared.max(axis=1).tolist() == [40, 40, 0]
    assert [np.flatnonzero(day).tolist() for day in one.ended] == [[16], [16], []]
    assert one.open.all()
    assert np.array_equal(np.flatnonzero(two.open[0]), np.arange(14, 44))
    assert np.array_equal(np.flatnonzero(two.open[1]), [*range(16, 24), *range(28, 36)])
    assert np.array_equal(two.open[1], two.open[2]), "holidays are as weekends where nothing is told of them"
    assert "lots.csv: 40 spaces of 1 lots are shared already" in lines


def test_a_lot_may_have_several_windows(tmp_path, parameters):
    text = "id,lon,lat,spaces,shared,shared_from,shared_to,shared_days\nA,@00,50,20,18:00,32:00,weekday\nB,@01,50,,,,\n"
    more = "lot,shared,shared_from,shared_to,shared_days\nA,10,20:00,22:00,weekday\nA,40,00:00,24:00,周末;holiday\n"
    (tmp_path / "windows.csv").write_text(more, encoding="utf-8")
    (a, b), lines, *_ = read(tmp_path, parameters, text, windows="windows.csv")
    assert a.shared[0].tolist() == [20] * 16 + [0] * 20 + [20] * 4 + [30] * 4 + [20] * 4
    assert (a.shared[1:] == 40).all()
    assert {slot: int(a.ended[0, slot]) for slot in np.flatnonzero(a.ended[0])} == {16: 20, 44: 10}
    assert not b.shared.any()
    assert "lots.csv: 40 spaces of 1 lots are shared already" in lines
    (tmp_path / "windows.csv").write_text(more + "A,35,19:00,21:00,weekday\nZ,1,18:00,19:00,\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"windows.csv, row 5: 'Z' is no lot of lots.csv"):
        read(tmp_path, parameters, text, windows="windows.csv")
    (tmp_path / "windows.csv").write_text(more + "A,35,19:00,21:00,weekday\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"windows.csv, row 4 \(A\), column shared: 65 spaces are shared at once"):
        read(tmp_path, parameters, text, windows="windows.csv")


def test_closed_days_and_the_last_minute(tmp_path, parameters):
    text = "id,lon,lat,spaces,hours,hours_weekend,hours_holiday\nA,@00,50,00:00-23:59,closed,06:00-30:00\n"
    (lot,), *_ = read(tmp_path, parameters, text)
    assert lot.open.sum(axis=1).tolist() == [48, 0, 48]


def test_what_is_not_told_is_assumed_and_said(tmp_path, parameters):
    text = "id,lon,lat,spaces,owner,shared,shared_from,shared_to\nA,@00,41,,,,\nB,@01,40,scenic,40,18:00,32:00\n"
    (a, b), lines, assumed, _ = read(tmp_path, parameters, text)
    assert (OWNERS[a.kinds.owner], LAND_USES[a.kinds.use], a.reserve, a.tariff_cny_per_h) == (
        "commercial",
        "shopping",
        3,
        4.0,
    )
    assert (LAND_USES[b.kinds.use], SUPPLY_CLASSES[b.kinds.supply_class]) == ("scenic", "off_street")
    assert b.reserve == 0, "what is shared already is not reserved"
    told = "owner of 1, reserve of 2, retrofit_cny of 2, supply_class of 2, tariff_cny_per_h of 2, use of 2"
    assert f"lots.csv: not told of lots, and assumed: {told}" in lines
    ((key, value, _, source),) = assumed
    assert (key, value) == ("lots.not_told", told)
    assert source.startswith("not in the table: by lots.owner")


def test_entrances_are_of_their_lots(tmp_path, parameters):
    text = "id,lon,lat,spaces\nA,@00,50\nB,@01,60\n"
    doors = "停车场编号,经度,纬度\nA,@02\nA,@03\n"
    (a, b), *_ = read(tmp_path, parameters, text, entrances=doors)
    assert np.array_equal(a.doors, SPOTS[2:4])
    assert np.array_equal(b.doors, SPOTS[1:2]), "its own position"
    with pytest.raises(InputError, match=r"doors.csv, row 3: 'Z' is no lot of lots.csv \(correct it, or list the lot"):
        read(tmp_path, parameters, text, entrances="lot,lon,lat\nA,@02\nZ,@03\n")


BAD = [
    pytest.param("A,@00,0,,,,,,,", r"row 2, column spaces: 0 is below 1", id="no_spaces"),
    pytest.param("A,@00,50.5,,,,,,,", r"row 2, column spaces: 50.5 is not a whole number", id="half_a_space"),
    pytest.param(",@00,50,,,,,,,", r"row 2, column id: the value is missing", id="no_id"),
    pytest.param("A,@00,50,,18:00-08:00,,,,,",
                 r"row 2 \(A\), column hours: the window ends at 08:00, before .* 18:00 \(past midnight is 32:00\)",
                 id="hours_across_midnight"),
    pytest.param("A,@00,50,,07:00-22:15,,,,,", r"column hours: end is 22:15 \(windows begin and end at whole",
                 id="hours_between_half_hours"),
    pytest.param("A,@00,50,,morning,,,,,", r"column hours: 'morning' is no span of hours \(write such as 07:00-22:00",
                 id="hours_in_words"),
    pytest.param("A,@00,50,,,20,18:00,08:00,,",
                 r"column shared_to: the window ends at 08:00, before it begins at 18:00 \(past midnight is 32:00\)",
                 id="window_across_midnight"),
    pytest.param("A,@00,50,,,20,18:00,17:00,,", r"column shared_to: the window ends at 17:00", id="window_ends_first"),
    pytest.param("A,@00,50,,,20,,,,", r"column shared: does not say when \(give shared_from and shared_to",
                 id="window_without_hours"),
    pytest.param("A,@00,50,,07:00-20:00,20,18:00,22:00,,", r"shared_from: the lot is closed for part of the window",
                 id="window_outside_the_hours"),
    pytest.param("A,@00,50,10,,41,18:00,22:00,,", r"41 spaces are shared at once, but the lot has 50 and keeps 10",
                 id="shares_more_than_there_are"),
    pytest.param("A,@00,50,,,20,18:00,22:00,sometimes,", r"column shared_days: 'sometimes' is not known",
                 id="unknown_day"),
    pytest.param("A,@00,50,,,,,,,400", r'400 CNY an hour is not between 0.2 and 60 \(.*tariff_unit = "fen/h"',
                 id="fen_for_yuan"),
    pytest.param("A,@00,50,,,,,,,0.05", r"0.05 CNY an hour is not between 0.2 and 60 \(correct it; 0 is free",
                 id="tariff_too_low"),
    pytest.param("A,@00,50,,,,,,,-1", r"column tariff_cny_per_h: -1 is below 0", id="negative_tariff"),
]  # fmt: skip
HEADER = "id,lon,lat,spaces,reserve,hours,shared,shared_from,shared_to,shared_days,tariff_cny_per_h\n"


@pytest.mark.parametrize(("row", "problem"), BAD)
def test_bad_rows_are_named_with_the_remedy(tmp_path, parameters, row, problem):
    with pytest.raises(InputError, match=problem) as error:
        read(tmp_path, parameters, HEADER + row + "\n")
    assert len(error.value.problems) == 1


@pytest.mark.parametrize(
    ("column", "word", "problem"),
    [
        ("owner", "机管", r"column owner: '机管' is not known \(did you mean '机关'"),
        ("use", "theatre", r"column use: 'theatre' is not known"),
        ("supply_class", "roof", r"column supply_class: 'roof' is not known \(write .*on_street"),
        ("station", "station/9", r"there is no station 'station/9' \(did you mean 'station/"),
    ],
)
def test_unknown_words_are_told_what_is_near(tmp_path, parameters, column, word, problem):
    with pytest.raises(InputError, match=problem):
        read(tmp_path, parameters, f"id,lon,lat,spaces,{column}\nA,@00,50,{word}\n")


def test_all_problems_are_said_at_once(tmp_path, parameters):
    rows = ["A,@00,50,,18:00-08:00,,,,,", "B,@01,50,,,60,18:00,22:00,,", "A,@02,50,,,,,,,900"]
    with pytest.raises(InputError) as error:
        read(tmp_path, parameters, HEADER + "\n".join(rows) + "\n")
    assert [problem.where for problem in error.value.problems] == [
        "lots.csv, row 2 (A), column hours",
        "lots.csv, row 3 (B), column shared",
        "lots.csv, row 4 (A), column tariff_cny_per_h",
        "lots.csv, row 4, column id",
    ]


def test_a_lot_has_one_owner(tmp_path, parameters):
    head = "id,lon,lat,spaces,owner,owner_name\n"
    twice = head + "A,@00,50,机关,区政府\nA,@01,60,商业,商场\n"
    with pytest.raises(InputError, match=r"row 3, column id: lot 'A' is owned by commercial 商场 and by government"):
        read(tmp_path, parameters, twice)
    same = head + "A,@00,50,机关,区政府\nA,@01,60,机关,区政府\n"
    with pytest.raises(InputError, match=r"row 3, column id: 'A' stands in row 2 already"):
        read(tmp_path, parameters, same)
    here = head + "A,@00,50,机关,区政府\nB,@00,60,商业,商场\n"
    with pytest.raises(InputError, match=r"row 3 \(B\): of commercial 商场 lies where lot 'A' of government 区政府"):
        read(tmp_path, parameters, here)
    floors = head + "A,@00,50,机关,区政府\nB,@00,60,机关,区政府\n"
    assert len(read(tmp_path, parameters, floors).sites) == 2


def test_lots_off_the_walk_network_are_named(tmp_path, data_folder):
    parameters = Parameters.load(data_folder, {"places.farthest_street_m": {"value": 20, "source": "test"}})
    (lon, lat), (east, north) = SPOTS[7], SPOTS[14]
    middle = f"{(lon + east) / 2!r},{(lat + north) / 2!r}"
    text = f"id,lon,lat,spaces\nA,@07,50\nB,{middle},60\nC,{lon + 1},{lat},70\n"
    with pytest.raises(InputError, match=r"row 3 \(B\): is on no walkable street: the nearest is \d+ m away, 20 m are"):
        read(tmp_path, parameters, text)
    found = read(tmp_path, parameters, text, off_street="leave_out")
    assert [lot.id for lot in found.sites] == ["A"]
    assert found.beyond == {"B", "C"}
    assert found.lines[1:3] == [
        "lots.csv: on no walkable street and left out: row 3",
        "lots.csv: 1 lots lie beyond the streets that were read and are left out",
    ]
    two = text.replace(f"C,{lon + 1},{lat},70\n", "")
    (_, b), *_ = read(tmp_path, parameters, two, entrances="lot,lon,lat\nB,@08\n")
    assert b.doors == (tuple(SPOTS[8]),), "its entrance is on a street"
    with pytest.raises(InputError, match=r"doors.csv, row 2 \(lot A\): is on no walkable street"):
        read(tmp_path, parameters, "id,lon,lat,spaces\nA,@07,50\n", entrances=f"lot,lon,lat\nA,{middle}\n")
    with pytest.raises(InputError, match=r"none of its 1 lots lies near the streets"):
        read(tmp_path, parameters, "id,lon,lat,spaces\nA,2.35,48.85,50\n")


def test_the_datum_and_units_must_be_right(tmp_path, parameters):
    shifted = [prcoords.wgs_gcj((lat, lon)) for lon, lat in SPOTS]
    text = "id,lon,lat,spaces\n" + "".join(f"p{i},{p.lon!r},{p.lat!r},50\n" for i, p in enumerate(shifted))
    with pytest.raises(InputError, match=r"lots.csv: looks like GCJ-02 declared as WGS-84"):
        read(tmp_path, parameters, text)
    assert len(read(tmp_path, parameters, text, crs="gcj02").sites) == len(SPOTS)
    with pytest.raises(InputError, match=r"lots.csv: the layer does not declare a datum"):
        read(tmp_path, parameters, text, crs=None)
    with pytest.raises(InputError, match=r"tariff_unit: 'yuan' is not known \(write CNY/h"):
        read(tmp_path, parameters, text, tariff_unit="yuan")


@pytest.mark.parametrize(
    ("unit", "given", "cny"),
    [("CNY/h", 4, 4.0), ("CNY/half-hour", 2, 4.0), ("fen/h", 400, 4.0), ("fen/half-hour", 200, 4.0), ("CNY/h", 0, 0.0)],
)
def test_tariffs_by_their_unit(tmp_path, parameters, unit, given, cny):
    text = f"id,lon,lat,spaces,tariff_cny_per_h\nA,@00,50,{given}\n"
    assert read(tmp_path, parameters, text, tariff_unit=unit).sites[0].tariff_cny_per_h == pytest.approx(cny)


def test_words_may_be_added_by_a_city(tmp_path, data_folder):
    words = {"lots.owner_words": {"value": [["scenic", "园林"]], "source": "test"}}
    text = "id,lon,lat,spaces,owner\nA,@00,50,园林\n"
    assert OWNERS[read(tmp_path, Parameters.load(data_folder, words), text).sites[0].kinds.owner] == "scenic"
    words["lots.owner_words"]["value"] = [["garden", "园林"]]
    with pytest.raises(InputError, match=r"parameter lots.owner_words: tells of 'garden'"):
        read(tmp_path, Parameters.load(data_folder, words), text)
    owners = {"lots.of_owner": {"value": [["scenic", "scenic", "building"]], "source": "test"}}
    with pytest.raises(InputError, match=r"parameter lots.of_owner: does not tell of government"):
        read(tmp_path, Parameters.load(data_folder, owners), text)
    with pytest.raises(InputError, match=r"parameter lots.owner: is 'nobody' \(use government"):
        read(tmp_path, Parameters.load(data_folder, {"lots.owner": {"value": "nobody", "source": "test"}}), text)
