"""What plugs give, when electric vehicles want them, and what a plan may choose among."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, Part, Spec
from network.units import CHARGERS, HOURS, LAND_USES, SLOW

_C = len(CHARGERS)


@dataclass(frozen=True, eq=False, kw_only=True)
class ChargingRules(Part):
    """Rules of public charging; axis of three: units.CHARGERS. Fields are those of data/parameters/charging.toml."""

    plug_kw: Annotated[F64, Spec("f8", (_C,), 0.1)]
    vehicle_kw: Annotated[F64, Spec("f8", (_C,), 0.1)]
    """Most that vehicles at such a plug take, on the mean of a session."""
    plug_efficiency: Annotated[F64, Spec("f8", (), 0.01, 1)]
    """Energy of a session over what the plug would give at its power."""
    session_kwh: Annotated[F64, Spec("f8", (_C,), 0.1)]
    overhead_min: Annotated[F64, Spec("f8", (_C,), 0)]
    """From one session to the next at a plug somebody waits for."""
    parked_min: Annotated[F64, Spec("f8", (), 1)]
    """How long a car stays connected to a slow plug."""
    wait_min: Annotated[F64, Spec("f8", (), 0)]
    wait_share: Annotated[F64, Spec("f8", (), 1e-6, 0.5)]
    """At fast plugs no more than this share of the drivers may wait longer than `wait_min`."""
    block_share: Annotated[F64, Spec("f8", (), 1e-6, 0.5)]
    """At slow plugs no more than this share may find none free: they park elsewhere."""
    fast_reach_m: Annotated[F64, Spec("f8", (), 0)]
    """Longest way by car to a fast plug."""
    sizes: Annotated[F64, Spec("f8", (_C, "J"), 0)]
    """Plugs of each class that a plan may put at a site; 0 for none."""
    plug_cost_factor: Annotated[F64, Spec("f8", (_C,), 0)]
    """Cost of a plug over that of a fast one at the same place."""
    mobilise_cny: Annotated[F64, Spec("f8", (), 0)]
    """Cost of setting up works at a site, in every year in which it gets plugs."""
    simultaneity_one: Annotated[F64, Spec("f8", (_C,), 0, 1)]
    simultaneity_many: Annotated[F64, Spec("f8", (_C,), 0, 1)]
    """Share of the rated power drawn at the worst moment, by a few plugs and by very many."""
    power_factor: Annotated[F64, Spec("f8", (), 0.1, 1)]
    ahead_share: Annotated[F64, Spec("f8", (), 0, 10)]
    """How far capacity shall be ahead of demand."""
    temperature_c: Annotated[F64, Spec("f8", (), -60, 60)]
    comfort_c: Annotated[F64, Spec("f8", (), -60, 60)]
    """Mean temperature of the day, and that below which vehicles need more energy."""
    cold_share_per_c: Annotated[F64, Spec("f8", (), 0, 1)]
    """Share by which the energy per kilometre rises for every degree below comfort."""
    residence_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Share of the slow public energy of private cars that is taken up near home whatever piles there are."""
    residence_hours: Annotated[F64, Spec("f8", (HOURS,), 0, 1)]
    fast_hours: Annotated[F64, Spec("f8", (HOURS,), 0, 1)]
    """Share of the energy by hour: slow near home, and fast."""
    arrival_hours: Annotated[F64, Spec("f8", ("U", HOURS), 0, 1)]
    """Share of a purpose's cars that arrive in each hour where their trip leads."""
    dwell_h: Annotated[F64, Spec("f8", ("U",), 0.01)]
    """How long they stay, on the mean."""
    plug_in_share: Annotated[F64, Spec("f8", ("U",), 0, 1)]
    """Share of the parked electric cars that would take up slow energy, by purpose."""
    passing_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Share of the fast energy that follows passing traffic; the rest follows the ends of car trips."""
    shared_only: Annotated[F64, Spec("f8", (len(LAND_USES),), 0, 1)]
    """1 for uses whose lots attached to buildings keep others out: the public charges there in shared windows alone."""
    passing_origins: Annotated[F64, Spec("f8", (), 1)]
    passing_scale_min: Annotated[F64, Spec("f8", (), 0.1)]
    """Passing traffic: zones it is counted from at most, and minutes over which trips become e times fewer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("residence_hours", "fast_hours", "arrival_hours"):
            total = np.atleast_2d(getattr(self, name)).sum(axis=1)
            if (np.abs(total - 1.0) > _SUM).any():
                worst = float(total[np.abs(total - 1.0).argmax()])
                raise InputError(Problem(f"charging.{name}", f"adds up to {worst:.4f}", "24 shares add up to 1"))

    @property
    def service_h(self) -> F64:
        """(3) how long a plug is taken by a session."""
        charging = self.session_kwh / (self.plug_efficiency * np.minimum(self.plug_kw, self.vehicle_kw))
        out = charging + self.overhead_min / _MIN_PER_H
        out[SLOW] = max(float(self.parked_min) / _MIN_PER_H, float(charging[SLOW]))
        return np.asarray(out)

    @property
    def winter(self) -> float:
        """Energy per kilometre at this temperature over that in comfort."""
        return float(1.0 + self.cold_share_per_c * max(0.0, float(self.comfort_c - self.temperature_c)))


_MIN_PER_H = 60.0
_SUM = 2e-3
"""Tables of 24 rounded shares add up to 1 no better."""
