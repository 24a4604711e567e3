"""Clocks of time zones."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from network.errors import InputError, Problem
from network.part import I64


def zone_of(name: str) -> ZoneInfo:
    """Raises InputError where a name is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        hint = 'use a name as "Asia/Shanghai"; a system without time zones needs the package tzdata'
        raise InputError(Problem("timezone", f"{name!r} is not known", hint)) from None


def clock_of(minute: I64, zone: ZoneInfo) -> I64:
    """Minutes since 1970 by the local clock, from those of UTC."""
    clocks = [zone.fromutc(one.replace(tzinfo=zone)) for one in minute.astype("M8[m]").tolist()]
    return np.array([clock.replace(tzinfo=None) for clock in clocks], "M8[m]").astype(np.int64)
