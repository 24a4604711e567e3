"""When trips start: the profile of each purpose, with what levers shift."""

from __future__ import annotations

import numpy as np

from network.city import City
from network.part import F64


def hours(city: City) -> F64:
    """(U, H) share of a purpose's trips that start in each hour.

    What is shifted from an hour goes half to the hour before and half to the hour after: a day has as many trips as
    without.
    """
    share = city.behaviour.hours
    moved = share * city.levers.shifted_share
    return np.asarray(share - moved + (np.roll(moved, -1, axis=1) + np.roll(moved, 1, axis=1)) / 2)
