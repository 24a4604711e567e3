from __future__ import annotations

import pytest

from service.files import write_whole


def test_a_file_appears_whole_in_folders_that_are_made(tmp_path):
    write_whole(tmp_path / "a" / "b.csv", b"1")
    write_whole(tmp_path / "a" / "b.csv", b"2")
    assert (tmp_path / "a" / "b.csv").read_bytes() == b"2"
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["b.csv"]


def test_what_cannot_be_written_is_told_by_its_own_name(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError) as error:
        write_whole(tmp_path / "folder", b"1")
    assert error.value.filename == str(tmp_path / "folder")
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]
