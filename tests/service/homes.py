"""A small built city in a home of its own, and how to wait for jobs."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from network import grid_city
from network.io import save_city
from service.settings import Settings

DATA = Path(__file__).parents[2] / "data"
CITY = "grid"


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
