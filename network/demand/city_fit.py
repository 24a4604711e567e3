"""A city brought to what was counted in it: constants to shares of modes, the decay with distance to minutes of trips.

The decay acts on the minutes of the quickest mode; a survey tells those of the modes that were taken, which follow from
the constants as well. So both are fitted in turns, until both hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from network.city import City
from network.demand.calibration import calibrated
from network.demand.choice import split
from network.demand.flows import Flows, between_zones
from network.demand.segments import Segment, odd_with_city, segments_of
from network.demand.trip_minutes import Decay, trip_minutes
from network.errors import InputError, Problem
from network.part import F64
from network.travel import Travel
from network.units import PURPOSES, TRIP_MODES

SHARES_MET: Final = 1e-4
"""Largest error of a share that counts as met; where nothing is full, errors end far below."""
MINUTES_MET: Final = 1e-4
"""The same of mean minutes, of the minutes themselves."""
MOST_PASSES: Final = 25
MUCH: Final = 3.0
"""A constant that moves by more explains its mode alone: times and costs say less than a factor of e^3 = 20."""


@dataclass(frozen=True, kw_only=True)
class Observed:
    """What was counted."""

    shares: Mapping[str, Mapping[str, float]]
    """Purpose, or else ALL_RESIDENTS together -> mode, or group of modes -> share of the trips."""
    minutes: Mapping[str, float]
    """Purpose -> mean minutes from door to door, by the modes that were taken."""
    groups: Mapping[str, Sequence[str]]
    """Group -> modes that were counted as one."""
    shares_file: str = "shares"
    minutes_file: str = "minutes"
    reference: str = "car"
    """Mode whose constants stay as they are."""


class ShareRow(NamedTuple):
    """One share: what was counted, what the city gave and gives now, and how far its constants moved."""

    segment: str
    mode: str
    target: float
    before: float
    after: float
    moved: float


class MinutesRow(NamedTuple):
    """Mean minutes of a purpose, and the decay that gives them."""

    purpose: str
    target: float
    before: float
    after: float
    beta_before: float
    beta_after: float


class Pass(NamedTuple):
    """How far off a pass ended, in shares and in parts of the minutes, and how many days it made."""

    worst_share: float
    worst_minutes: float
    days: int


@dataclass(frozen=True, kw_only=True)
class CityFit:
    """A city that gives what was counted, and the way there."""

    city: City
    shares: tuple[ShareRow, ...]
    minutes: tuple[MinutesRow, ...]
    passes: tuple[Pass, ...]

    @property
    def overstretched(self) -> list[ShareRow]:
        """Rows whose constants say more than times and costs do."""
        return [row for row in self.shares if abs(row.moved) > MUCH]


def fit_city(city: City, travel: Travel, observed: Observed) -> CityFit:
    """The city whose day has the observed shares, and whose trips take the observed minutes (`trip_minutes`).

    Constants of a segment (a purpose, or all residents together) move by one amount for the modes of a group; those of
    the reference stay. Raises InputError with all that does not fit: unknown purposes, groups and modes, shares that
    do not sum to 1, shares of modes that no trip can take, none of modes that trips do take; and what is out of reach.
    """
    if observed.reference not in TRIP_MODES:
        what, known = "is not a mode of the model", ", ".join(TRIP_MODES)
        raise InputError(Problem(f"reference {observed.reference!r}", what, f"known: {known}"))
    segments = segments_of(observed.shares, observed.groups, observed.shares_file)
    flows = between_zones(city, travel)
    first = split(city, travel, flows.trips).starts.sum(axis=2)
    problems = [p for s in segments for p in odd_with_city(s, first, observed.shares_file)]
    problems += _odd_minutes(observed, first)
    if problems:
        raise InputError(problems)
    asked, target = [PURPOSES.index(name) for name in observed.minutes], np.array([*observed.minutes.values()])
    decay = Decay(city, travel, asked, observed.minutes_file)
    start = minutes = trip_minutes(city, travel, flows.trips)[asked] if asked else np.zeros(0)
    fitted, passes = city, list[Pass]()
    while True:
        fitted, trips, days = _with_shares(fitted, travel, flows, segments, observed)
        minutes = trip_minutes(fitted, travel, flows.trips)[asked] if asked else start
        off = np.abs(minutes / target - 1.0)
        passes.append(Pass(max(s.worst(trips) for s in segments), float(off.max(initial=0.0)), days))
        if not (off > MINUTES_MET).any():
            break
        if len(passes) == MOST_PASSES:
            raise InputError(list(_unmet(observed, minutes)))
        fitted = decay.next(fitted, flows.trips, minutes, target)
        flows = between_zones(fitted, travel, flows)
    return CityFit(
        city=fitted,
        shares=tuple(_share_rows(segments, first, trips, fitted.behaviour.constant - city.behaviour.constant)),
        minutes=tuple(_minutes_rows(observed, (city, start), (fitted, minutes))),
        passes=tuple(passes),
    )


def _with_shares(
    city: City, travel: Travel, flows: Flows, segments: Sequence[Segment], observed: Observed
) -> tuple[City, F64, int]:
    """The city with constants that give the shares, its trips (U, K), and how many days that took.

    All segments are calibrated at once, each by its part of the trips: they share racks and parking spaces.
    """
    days: list[tuple[float, F64, F64]] = []
    cells = [f"{s.label}: {name}" for s in segments for name in s.names]
    ends = np.cumsum([len(s.names) for s in segments])[:-1].tolist()

    def shifted(by: F64) -> City:
        constant = city.behaviour.constant.copy()
        for s, own in zip(segments, np.split(by, ends), strict=True):
            s.shift(constant, own)
        return replace(city, behaviour=replace(city.behaviour, constant=constant))

    def predict(by: F64) -> F64:
        trips = split(shifted(by), travel, flows.trips).starts.sum(axis=2)
        days.append((max(s.worst(trips) for s in segments), by, trips))
        return np.concatenate([s.counts(trips) for s in segments])

    counts = np.split(predict(np.zeros(len(cells))), ends)
    wanted = np.concatenate([s.target * own.sum() for s, own in zip(segments, counts, strict=True)])
    target = {cell: part for cell, part in zip(cells, (wanted / wanted.sum()).tolist(), strict=True) if part > 0}
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # where a target is out of reach, constants run away
            calibrated(predict, target, np.zeros(len(cells)), modes=cells, reference=next(iter(target)))
    except InputError:
        # where racks or spaces are full, shares are a little rough: what counts is whether they are met
        if min(days, key=_worst)[0] > SHARES_MET:
            raise InputError(list(_out_of_reach(segments, min(days, key=_worst)[2], observed.shares_file))) from None
    _, by, trips = min(days, key=_worst)
    own = [
        s.from_reference(part, trips, observed.reference) for s, part in zip(segments, np.split(by, ends), strict=True)
    ]
    return shifted(np.concatenate(own)), trips, len(days)


def _worst(day: tuple[float, F64, F64]) -> float:
    return day[0]


def _share_rows(segments: Sequence[Segment], before: F64, after: F64, moved: F64) -> Iterator[ShareRow]:
    for s in segments:
        shares = zip(s.names, s.modes, s.target, s.shares(before), s.shares(after), strict=True)
        for name, modes, target, was, now in shares:
            if target > 0:
                far = float(moved[s.purposes[0], modes[0]])
                yield ShareRow(s.label, name, float(target), float(was), float(now), far)


def _minutes_rows(observed: Observed, before: tuple[City, F64], after: tuple[City, F64]) -> Iterator[MinutesRow]:
    betas = [city.behaviour.gravity_beta_per_min for city, _ in (before, after)]
    for at, (purpose, target) in enumerate(observed.minutes.items()):
        decay = (float(beta[PURPOSES.index(purpose)]) for beta in betas)
        yield MinutesRow(purpose, float(target), float(before[1][at]), float(after[1][at]), *decay)


def _odd_minutes(observed: Observed, trips: F64) -> Iterator[Problem]:
    for purpose, minutes in observed.minutes.items():
        where = f"{observed.minutes_file}, {purpose}"
        if purpose not in PURPOSES:
            yield Problem(where, "is not a purpose of the model", f"known: {', '.join(PURPOSES)}")
        elif not 0 < minutes < np.inf:
            yield Problem(where, f"the minutes are {minutes:g}", "a number above 0 is needed")
        elif not trips[PURPOSES.index(purpose)].sum() > 0:
            yield Problem(where, "nobody in the city makes such trips", "leave the purpose out")


def _out_of_reach(segments: Sequence[Segment], trips: F64, file: str) -> Iterator[Problem]:
    hint = "do enough trips have the mode (ways, lines, cars, room), and do not too many have no other?"
    for s in segments:
        shares = s.shares(trips)
        at = int(np.abs(shares - s.target).argmax())
        if abs(shares[at] - s.target[at]) > SHARES_MET:
            what = f"the share of {s.names[at]} is {s.target[at]:.4g}; the nearest found is {shares[at]:.4g}"
            yield Problem(f"{file}, {s.label}", what, hint)


def _unmet(observed: Observed, minutes: F64) -> Iterator[Problem]:
    for (purpose, target), has in zip(observed.minutes.items(), minutes.tolist(), strict=True):
        if abs(has / target - 1.0) > MINUTES_MET:
            what = f"after {MOST_PASSES} passes trips take {has:.3f} min, {target:g} are wanted"
            yield Problem(f"{observed.minutes_file}, {purpose}", what, "check the unit; is it a mean over all modes?")
