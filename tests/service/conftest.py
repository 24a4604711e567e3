from __future__ import annotations

import os

import pytest
from homes import DATA, a_home
from starlette.testclient import TestClient
from typer.testing import CliRunner

from service.api import create_app
from service.cli import app


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch):
    for name in os.environ:
        if name.startswith("LUXING_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def settings(tmp_path):
    return a_home(tmp_path / "home")


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with TestClient(create_app(a_home(tmp_path_factory.mktemp("home")))) as client:
        yield client


@pytest.fixture
def luxing(settings):
    """Runs a command as a user would and returns its result; `code` is what it has to end with."""

    def run(*arguments, code=0):
        command = ["--home", str(settings.home), "--data", str(DATA), *map(str, arguments)]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == code, (result.output, result.exception)
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def scenario(tmp_path):
    def write(text):
        file = tmp_path / "scenario.json"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return write
