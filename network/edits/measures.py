"""Edits of measures that work on prices, habits and parking: they change `City.levers` and the spaces in town."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal, TypeAlias

import numpy as np

from network.city import City
from network.edits.base import (
    MOST,
    STRICT,
    Number,
    Refused,
    Whole,
    check_share,
    did_you_mean,
    zones_of,
)
from network.units import HOURS, PURPOSES, VISITOR

Purpose: TypeAlias = Literal["home_work", "home_school", "home_other", "non_home"]
_MOST_CNY: Final = 1000.0
"""Rewards above it would make trips by station outweigh every number; no charge or reward of a trip is near it."""
_MOST_TURNOVER: Final = 2.0 * 60 * HOURS
"""A car a minute: more cannot come and go."""


@dataclass(frozen=True, kw_only=True)
class SetCongestionCharge:
    """Charge cars that come from outside into an area, or into zones by id [CNY a car trip]; 0 lifts the charge.

    All zones that charge are one charged area: only who comes from a zone without a charge pays, that of the zone the
    trip leads to. The way home from there pays as the way there does: give half of what is paid on the way in alone.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_congestion_charge"] = "set_congestion_charge"
    cny: Number
    area: str | None = None
    """District or street office."""
    zones: tuple[str, ...] | None = None

    def apply(self, city: City) -> City:
        _check_cny("cny", self.cny)
        here = zones_of(city, self.area, self.zones)
        charge = np.where(here, float(self.cny), city.levers.charge_cny)
        return replace(city, levers=replace(city.levers, charge_cny=charge))


@dataclass(frozen=True, kw_only=True)
class SetTicketDiscount:
    """Take money off the tickets of visitors who come to an area, or to zones by id, by a green mode [CNY a trip].

    Of a visit both trips, there and back, get it: give half of the discount of one ticket.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_ticket_discount"] = "set_ticket_discount"
    cny: Number
    area: str | None = None
    """District or street office."""
    zones: tuple[str, ...] | None = None

    def apply(self, city: City) -> City:
        _check_cny("cny", self.cny)
        here = zones_of(city, self.area, self.zones)
        off = np.where(here, float(self.cny), city.levers.ticket_off_cny)
        return replace(city, levers=replace(city.levers, ticket_off_cny=off))


@dataclass(frozen=True, kw_only=True)
class SetCarbonPoints:
    """Give carbon points for every green trip, worth so much per kg of CO2 that a car would have set free on its way.

    Felt as money is `behaviour.points_felt` of their worth; all of it is paid out, also for what was green before.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_carbon_points"] = "set_carbon_points"
    cny_per_kg: Number

    def apply(self, city: City) -> City:
        _check_cny("cny_per_kg", self.cny_per_kg)
        points = np.asarray(self.cny_per_kg, np.float64)
        return replace(city, levers=replace(city.levers, points_cny_per_kg=points))


@dataclass(frozen=True, kw_only=True)
class SetBundle:
    """Sell all modes in one (MaaS): a share off every fare and off the burden of every change.

    What is left out stays.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_bundle"] = "set_bundle"
    fare_off_share: Number | None = None
    transfer_off_share: Number | None = None

    def apply(self, city: City) -> City:
        named = {"fare_off_share": self.fare_off_share, "transfer_off_share": self.transfer_off_share}
        given = {name: value for name, value in named.items() if value is not None}
        if not given:
            raise Refused("changes nothing", "give fare_off_share, transfer_off_share or both")
        for name, value in given.items():
            check_share(name, value)
        off = {name: np.asarray(value, np.float64) for name, value in given.items()}
        return replace(city, levers=replace(city.levers, **off))


@dataclass(frozen=True, kw_only=True)
class SetRemoteWork:
    """Let a share of the trips of a purpose be made no more, by work or learning at home."""

    layers: ClassVar[frozenset[str]] = frozenset({"demand"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_remote_work"] = "set_remote_work"
    share: Number
    purpose: Purpose = "home_work"

    def apply(self, city: City) -> City:
        check_share("share", self.share)
        (at,) = _positions([self.purpose])
        stay = city.levers.stay_home_share.copy()
        stay[at] = self.share
        return replace(city, levers=replace(city.levers, stay_home_share=stay))


@dataclass(frozen=True, kw_only=True)
class SetPeakSpreading:
    """Let a share of the trips of some hours start in the hours beside them, half before and half after."""

    layers: ClassVar[frozenset[str]] = frozenset({"demand"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_peak_spreading"] = "set_peak_spreading"
    share: Number
    hours: tuple[Whole, ...] = (7, 8, 17, 18)
    """Of the day, each from its full hour on."""
    purposes: tuple[Purpose, ...] = ("home_work",)

    def apply(self, city: City) -> City:
        check_share("share", self.share)
        for hour in self.hours:
            if not 0 <= hour < HOURS:
                raise Refused(f"hours names {hour}", f"an hour of the day is one from 0 to {HOURS - 1}")
        purposes = _positions(self.purposes)
        if not (self.hours and purposes):
            raise Refused(f"{'purposes' if self.hours else 'hours'} is empty", "name at least one")
        shifted = city.levers.shifted_share.copy()
        shifted[np.ix_(purposes, self.hours)] = self.share
        return replace(city, levers=replace(city.levers, shifted_share=shifted))


@dataclass(frozen=True, kw_only=True)
class SetParkingSupply:
    """Say how many parking spaces for arrivals an area has, or zones by id have together.

    Zones share them by the people there: residents, jobs, students and visitors. A space serves
    `supply.parking_turnover` trips a day; drivers beyond that turn to other modes. Cars at home park apart.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_parking_supply"] = "set_parking_supply"
    spaces: Whole
    area: str | None = None
    """District or street office."""
    zones: tuple[str, ...] | None = None

    def apply(self, city: City) -> City:
        if not 1 <= self.spaces <= MOST:
            raise Refused(f"spaces is {self.spaces}", f"give 1 to {MOST:,.0f}; to let no car in, use close_street")
        here = zones_of(city, self.area, self.zones)
        z = city.zones
        people = np.where(here, z.residents + z.jobs + z.students + z.visitors, 0.0)
        weight = people if people.sum() > 0 else here.astype(np.float64)
        spaces = np.where(here, self.spaces * weight / weight.sum(), city.supply.parking_spaces)
        return replace(city, supply=replace(city.supply, parking_spaces=spaces))


@dataclass(frozen=True, kw_only=True)
class SetParkingTurnover:
    """Say how many car trips a day a parking space serves in an area, or in zones by id; the way there and the way
    back are two.

    It matters where spaces are known and full: limits of stay and prices by the hour raise it.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_parking_turnover"] = "set_parking_turnover"
    turnover: Number
    area: str | None = None
    """District or street office."""
    zones: tuple[str, ...] | None = None

    def apply(self, city: City) -> City:
        if not 0 < self.turnover <= _MOST_TURNOVER:
            hint = f"a number above 0, up to {_MOST_TURNOVER:,.0f} trips a day, is needed"
            raise Refused(f"turnover is {self.turnover}", hint)
        here = zones_of(city, self.area, self.zones)
        turnover = np.where(here, float(self.turnover), city.supply.parking_turnover)
        return replace(city, supply=replace(city.supply, parking_turnover=turnover))


def _check_cny(name: str, value: float) -> None:
    if not 0 <= value <= _MOST_CNY:
        raise Refused(f"{name} is {value}", f"a number from 0 to {_MOST_CNY:,.0f} CNY is needed")


def _positions(purposes: Iterable[str]) -> list[int]:
    """Positions of purposes of residents."""
    known = PURPOSES[:VISITOR]
    for purpose in purposes:
        if purpose not in known:
            raise Refused(
                f"no residents travel for the purpose {purpose!r}",
                did_you_mean(purpose, known) or f"purposes are {', '.join(known)}",
            )
    return [PURPOSES.index(purpose) for purpose in purposes]
