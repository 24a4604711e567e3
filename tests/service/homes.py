"""A small built city in a home of its own, and how to wait for jobs."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from network import grid_city
from network.io import save_city
from service.settings import Settings

DATA = Path(__file__).parents[2] / "data"
CITY = "grid"
HOME = f"/v1/cities/{CITY}"
WHAT_IF, PROPOSE = f"{HOME}/what-if", f"{HOME}/proposals/chargers"
JSON = {"Content-Type": "application/json"}


def a_city():
    """A small city that answers for Gusu, so that policy targets speak of it."""
    city = grid_city(6)
    provenance = replace(city.provenance, attribution=np.array(["© OpenStreetMap contributors, ODbL 1.0"]))
    return replace(city, id=CITY, name="Grid 格", areas=("姑苏区",), provenance=provenance)


def a_home(folder):
    save_city(a_city(), folder / "cities" / CITY)
    return Settings(home=folder, data=DATA)


def finished(client, job):
    """The state of a job once it is over."""
    for _ in range(600):
        state = client.get(job).json()
        if state["status"] not in {"accepted", "running"}:
            return state
        time.sleep(0.1)
    raise AssertionError(state)


def tree(folder):
    """Every file of a folder with its bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def problems_of(response, status):
    """The errors of a problem document, which must be one."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["type"].startswith("/problems/")
    for error in document["errors"]:
        assert error["where"]
        assert error["what"]
    return document["errors"]


def words(result):
    """What a command printed, in one line."""
    return re.sub(r"\s+", " ", result.output)
