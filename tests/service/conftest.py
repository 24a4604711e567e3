from __future__ import annotations

import os

import pytest
from homes import a_home
from starlette.testclient import TestClient

from service.api import create_app


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
