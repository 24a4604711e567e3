from __future__ import annotations

import pytest
from homes import DATA

from network import InputError, UnknownId
from service.settings import Settings, read_settings


def a_data_folder(folder):
    (folder / "parameters").mkdir(parents=True)
    return folder


def test_data_is_found_by_option_then_environment_then_here_then_the_package(tmp_path, monkeypatch):
    package = a_data_folder(tmp_path / "site" / "luxing_data")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.chdir(tmp_path)
    assert read_settings().data_folder == package
    here = a_data_folder(tmp_path / "data")
    assert read_settings().data_folder == here
    named = a_data_folder(tmp_path / "named")
    monkeypatch.setenv("LUXING_DATA", str(named))
    assert read_settings().data_folder == named
    assert read_settings(data=DATA).data_folder == DATA


def test_no_data_folder_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("service.settings.find_spec", lambda _name: None)
    with pytest.raises(InputError, match="--data"):
        _ = read_settings().data_folder
    with pytest.raises(InputError, match="not a Luxing data folder"):
        _ = read_settings(data=tmp_path).data_folder


def test_home_is_the_option_then_the_environment_then_the_users_folder(tmp_path, monkeypatch):
    assert read_settings().home.name == "luxing"
    monkeypatch.setenv("LUXING_HOME", str(tmp_path / "a"))
    assert read_settings().home == tmp_path / "a"
    assert read_settings(home=tmp_path / "b").home == tmp_path / "b"


def test_a_bad_variable_is_named(monkeypatch):
    monkeypatch.setenv("LUXING_JOBS_AT_ONCE", "none")
    with pytest.raises(InputError, match="LUXING_JOBS_AT_ONCE"):
        read_settings()


@pytest.mark.parametrize("name", ["", "..", "a/b", "/etc", "Helsinki", "-x", "a b", "a\n"])
def test_an_id_is_never_a_path(name, tmp_path):
    with pytest.raises(UnknownId):
        Settings(home=tmp_path).city_folder(name)
