"""Bikes at stations over time, as a question and an answer: the demand behind them, and the bikes a day should begin
with.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from pydantic import Field

from network import (
    BIKE_DAYS,
    BikeCheck,
    BikeRates,
    BikeRules,
    Censoring,
    best_start,
    bike_rates,
    check_bikes,
    day_costs,
    spans_of,
)
from network.io import BikeStatus, Parameters, bike_status_of
from service.green_schemas import Number
from service.models import Answer, Asked
from service.rebalancing import StationIn
from service.schemas import Default

_DIGITS = 4
"""Decimals of rates."""


class ReadingIn(Asked):
    """Bikes at a station at a time, told as `last_updated` or as `timestamp`."""

    station_id: str = Field(min_length=1, max_length=200)
    bikes: int | None = Field(description="that can be taken; null where the feed did not say")
    last_updated: int | None = Field(default=None, ge=0, description="seconds since 1970")
    timestamp: str | None = Field(default=None, max_length=40, description="by the stations' clocks, or UTC with a Z")
    free_docks: int | None = None
    is_renting: bool | None = None


class DockedStationIn(Asked):
    """A station with docks; readings of one without capacity are left out."""

    station_id: str = Field(min_length=1, max_length=200)
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    capacity: int | None = Field(ge=0, le=10_000)
    name: str = Field(default="", max_length=200)


class FitBikesRequest(Asked):
    """A series of readings, in any order, and what is asked of it."""

    stations: list[DockedStationIn] = Field(min_length=1, max_length=2000)
    readings: list[ReadingIn] = Field(min_length=1, max_length=200_000)
    timezone: str = Field(min_length=1, max_length=100, description="of the stations' clocks, such as Asia/Shanghai")
    clip: list[Literal["bikes", "docks"]] = Field(default=[], max_length=2, description="set to what is possible")
    dates: Literal["", "dmy", "mdy"] = Field(default="", description="order of day and month where it is open")
    day: Literal["weekday", "weekend"] = Field(default="weekday", description="day that bikes are wanted for")
    from_hour: int = Field(default=0, ge=0, le=23)
    fleet: int | None = Field(default=None, ge=0, le=10_000_000, description="bikes there are; else those last seen")
    days_held_out: int = Field(default=2, ge=0, le=366, description="last days to check the others on; 0 for no check")


class CensoringRow(Answer):
    """Of a type of day; pickups and returns per station and hour, as seen and corrected."""

    day: str
    days: int
    hours: float = Field(description="station-hours read, of open stations")
    moves: int = Field(description="changes taken for the operator's")
    empty: float
    full: float
    pickups: tuple[float, float]
    returns: tuple[float, float]


class GuessRow(Answer):
    how: str
    empty_h: float
    full_h: float
    empty_error_h: float = Field(description="mean absolute difference by station")
    full_error_h: float
    empty_correlation: Number


class CheckAnswer(Answer):
    """What earlier days say of the days held out, in station-hours."""

    days_learnt: int
    days_held: int
    hours: float
    empty_h: float = Field(description="as read")
    full_h: float
    guesses: list[GuessRow]


class RatesRow(Answer):
    """Pickups and returns per hour at a station that always had a bike and a dock, by hour."""

    id: str
    day: str
    pickups: list[float]
    returns: list[float]


class FitBikesAnswer(Answer):
    rows: int
    left_out: dict[str, int] = Field(description="reason -> readings left out")
    first_rows: dict[str, int] = Field(description="reason -> the first of them, counted from 1")
    clipped: dict[str, int]
    no_capacity: list[str] = Field(description="stations left out")
    censoring: list[CensoringRow]
    check: CheckAnswer | None
    rates: list[RatesRow]
    stations: list[StationIn] = Field(description="as a request for rebalancing takes them")
    fails_before: float = Field(description="pickups and returns that fail until midnight with the bikes last seen")
    fails_wanted: float = Field(description="and with those wanted")
    defaults: list[Default]


class Wanted(NamedTuple):
    """Stations with the bikes wanted there; bikes, and pickups and returns that fail, as last seen and as wanted."""

    stations: list[StationIn]
    before: tuple[int, float]
    after: tuple[int, float]
    fleet: int


def fitted_bikes(parameters: Parameters, asked: FitBikesRequest) -> FitBikesAnswer:
    """Raises InputError for readings that cannot be read and for days held out that leave none to learn from."""
    rules = bike_rules(parameters)
    log = bike_status_of(
        [reading.model_dump(exclude_none=True) | {"bikes": reading.bikes} for reading in asked.readings],
        [station.model_dump() for station in asked.stations],
        timezone=asked.timezone, clip=asked.clip, dates=asked.dates,
    )  # fmt: skip
    rates = bike_rates(spans_of(log.readings, rules), len(log.ids), rules)
    check = check_bikes(log.readings, rules, asked.days_held_out) if asked.days_held_out else None
    wanted = wanted_bikes(log, rates, BIKE_DAYS.index(asked.day), asked.from_hour, asked.fleet)
    defaults = [row for row in parameters.provenance() if row[4]]
    return FitBikesAnswer(
        rows=log.rows, left_out=log.left_out, first_rows=log.first_rows, clipped=log.clipped,
        no_capacity=list(log.no_capacity), censoring=[_censoring(told) for told in rates.censoring],
        check=None if check is None else _check(check), rates=_rates(log, rates), stations=wanted.stations,
        fails_before=wanted.before[1], fails_wanted=wanted.after[1],
        defaults=[Default(key=row[0], value=row[1], unit=row[2], source=row[3]) for row in defaults],
    )  # fmt: skip


def bike_rules(known: Parameters) -> BikeRules:
    return BikeRules(
        move_bikes=known.number("bikes.move_bikes"),
        most_gap_h=known.positive("bikes.most_gap_h"),
        profile_h=known.number("bikes.profile_h"),
        level_bikes=known.positive("bikes.level_bikes"),
    )


def wanted_bikes(log: BikeStatus, rates: BikeRates, kind: int, from_hour: int, fleet: int | None) -> Wanted:
    """Of stations that were seen open; kind: position in BIKE_DAYS; fleet: bikes there are, else those last seen."""
    seen = np.flatnonzero(log.last >= 0)
    docks, last = log.readings.docks[seen], log.last[seen]
    flows = rates.pickups[kind, seen, from_hour:], rates.returns[kind, seen, from_hour:]
    there = int(last.sum()) if fleet is None else fleet
    wanted, lost = best_start(*flows, docks, there)
    before = day_costs(*flows, docks)[np.arange(len(seen)), last]
    stations = [
        StationIn(
            id=log.ids[s], lon=lon, lat=lat, bikes=int(last[i]), wanted=int(wanted[i]), docks=int(docks[i]),
            name=log.names[s],
        )
        for i, (s, (lon, lat)) in enumerate(zip(seen.tolist(), log.lonlat[seen].tolist(), strict=True))
    ]  # fmt: skip
    return Wanted(stations, (int(last.sum()), float(before.sum())), (int(wanted.sum()), float(lost.sum())), there)


def _censoring(told: Censoring) -> CensoringRow:
    return CensoringRow(
        day=told.day, days=told.days, hours=told.hours, moves=told.moves, empty=told.empty, full=told.full,
        pickups=told.pickups, returns=told.returns,
    )  # fmt: skip


def _check(check: BikeCheck) -> CheckAnswer:
    rows = [
        GuessRow(
            how=guess.how, empty_h=guess.empty_h, full_h=guess.full_h, empty_error_h=guess.empty_error_h,
            full_error_h=guess.full_error_h,
            empty_correlation=None if np.isnan(guess.empty_correlation) else guess.empty_correlation,
        )
        for guess in check.guesses
    ]  # fmt: skip
    return CheckAnswer(
        days_learnt=len(check.learnt), days_held=len(check.held), hours=check.hours, empty_h=check.empty_h,
        full_h=check.full_h, guesses=rows,
    )  # fmt: skip


def _rates(log: BikeStatus, rates: BikeRates) -> list[RatesRow]:
    return [
        RatesRow(
            id=name, day=day, pickups=rates.pickups[kind, s].round(_DIGITS).tolist(),
            returns=rates.returns[kind, s].round(_DIGITS).tolist(),
        )
        for s, name in enumerate(log.ids)
        for kind, day in enumerate(BIKE_DAYS)
    ]  # fmt: skip
