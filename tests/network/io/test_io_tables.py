from __future__ import annotations

import gzip

import numpy as np
import pytest

from network import InputError
from network.io.tables import LONLAT, Column, read_table

COLUMNS = {"id": Column(unique=True), **LONLAT, "population": Column(number=True, low=0, required=False)}
CHINESE = '编号,经度,纬度,人口\n甲,120.6,31.3,"1,200"\n乙,120.7,31.4,0\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030"])
@pytest.mark.parametrize("packed", [False, True])
def test_chinese_headers_in_every_encoding(tmp_path, encoding, packed):
    file = tmp_path / ("a.csv.gz" if packed else "a.csv")
    data = CHINESE.encode(encoding)
    file.write_bytes(gzip.compress(data) if packed else data)
    table = read_table(file, COLUMNS)
    assert table.columns["id"].tolist() == ["甲", "乙"]
    assert table.numbers("population").tolist() == [1200.0, 0.0]
    assert table.lonlat().tolist() == [[120.6, 31.3], [120.7, 31.4]]
    assert table.rows.tolist() == [2, 3]


def test_declared_headers_windows_lines_and_blank_rows(tmp_path):
    file = tmp_path / "a.csv"
    file.write_bytes(b'ID,X,Lat,note\r\n"a",1,2,"two\r\nlines"\r\n\r\n b ,3,4,\r\n')
    table = read_table(file, COLUMNS, {"lon": "x"})
    assert table.columns["id"].tolist() == ["a", "b"]
    assert table.rows.tolist() == [2, 5]
    assert "population" not in table


def test_all_wrong_cells_are_named_at_once(tmp_path):
    file = tmp_path / "zones.csv"
    file.write_text(
        'id,lon,lat,population\na,1,2,-5\nb,one,2,7\na,1,,nan\n,1,2,inf\nc,1,2\nd,1,2,"1,2"\n', encoding="utf-8"
    )
    with pytest.raises(InputError) as error:
        read_table(file, COLUMNS)
    found = [f"{p.where}: {p.what}" for p in error.value.problems]
    assert all(p.hint for p in error.value.problems)
    assert "zones.csv, row 2, column population: -5 is below 0" in found
    assert "zones.csv, row 3, column lon: 'one' is not a number" in found
    assert "zones.csv, row 4, column lat: the value is missing" in found
    assert "zones.csv, row 4, column population: 'nan' is not a number" in found
    assert "zones.csv, row 4, column id: 'a' stands in row 2 already" in found
    assert "zones.csv, row 5, column population: 'inf' is not a number" in found
    assert "zones.csv, row 5, column id: the value is missing" in found
    assert "zones.csv, row 6: has 3 cells, the header 4" in found
    assert "zones.csv, row 7, column population: '1,2' is not a number" in found
    assert len(found) == 9


def test_very_many_problems_are_cut(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("id,lon,lat\n" + "".join(f"{i},x,1\n" for i in range(200)), encoding="utf-8")
    with pytest.raises(InputError) as error:
        read_table(file, COLUMNS)
    assert len(error.value.problems) == 51
    assert "150 more" in str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"id,lat\na,1\n", "there is no column lon / lng / longitude"),
        (b"", "row 1: names no columns .the first row is a header with id, lon, lat"),
        (b"\xef\xbb\xbf\r\n", "names no columns"),
        (b"id;lon;lat\na;1,5;2\n", "has semicolons between its cells .save it with commas"),
        (b"id\tlon\tlat\na\t1\t2\n", "has tabs between its cells"),
        (b"id,lon,lat\n", "holds no rows"),
        (b"id,lon,lat\n\xff\xff\xff,1,2\n", "neither UTF-8 nor GBK"),
    ],
)
def test_files_that_are_no_such_table(tmp_path, content, message):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_table(tmp_path / "a.csv", COLUMNS)


def test_missing_and_truncated_files(tmp_path):
    with pytest.raises(InputError, match=r"a\.csv: the file is not there"):
        read_table(tmp_path / "a.csv", COLUMNS)
    whole = gzip.compress(np.random.default_rng(0).bytes(5000))
    (tmp_path / "b.csv.gz").write_bytes(whole[:2000])
    with pytest.raises(InputError, match=r"b.csv.gz: cannot be unpacked"):
        read_table(tmp_path / "b.csv.gz", COLUMNS)


def test_the_published_population_table(shared):
    columns = {"id": Column(unique=True), "population": Column(number=True, low=0)}
    file = shared / "data" / "suzhou" / "population_by_district.csv"
    table = read_table(file, columns, {"id": "Area", "population": "Population"})
    assert (
        dict(zip(table.columns["id"].tolist(), table.numbers("population").tolist(), strict=True))["GuSuQu"] == 924083
    )


def test_a_cell_without_end_names_the_row(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("id,lon,lat\na,1,2\n" + "x" * 200_000 + ",1,2\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"a.csv, row 3: cannot be read: field larger"):
        read_table(file, COLUMNS)


@pytest.mark.parametrize("cell", ["2.7", "1e12", "-1"])
def test_what_is_counted_is_a_whole_number(tmp_path, cell):
    file = tmp_path / "a.csv"
    file.write_text(f"id,plugs\na,{cell}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"a.csv, row 2, column plugs: "):
        read_table(file, {"id": Column(), "plugs": Column(number=True, low=0, whole=True)})


def test_a_folder_is_no_table(tmp_path):
    with pytest.raises(InputError) as error:
        read_table(tmp_path, COLUMNS)
    (problem,) = error.value.problems
    assert (problem.where, problem.what) == (str(tmp_path), "cannot be read: Is a directory")
    assert problem.hint
