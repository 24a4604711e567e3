"""What can be proposed: each kind with its request and its solver. Another kind is one more entry of KINDS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from network import City, Flows, Outcome, Travel, between_zones, simulate, travel_times
from optimise import (
    CHARGERS_UNTIL,
    DEPOTS_UNTIL,
    LOOPS_UNTIL,
    PARK_RIDE_UNTIL,
    STOPS_UNTIL,
    ChargerProposal,
    DepotProposal,
    Exclusions,
    Gap,
    Listener,
    LoopProposal,
    ParkRideProposal,
    Seconds,
    Stop,
    StopProposal,
    propose_chargers,
    propose_depots,
    propose_loops,
    propose_park_ride,
    propose_stops,
)
from service.charger_schemas import ChargersRequest
from service.depot_schemas import DepotsRequest
from service.schemas import LoopsRequest, ParkRideRequest, PlanRequest, StopsRequest
from service.settings import package_versions

AnyProposal: TypeAlias = ChargerProposal | StopProposal | ParkRideProposal | LoopProposal | DepotProposal


@dataclass(frozen=True, eq=False)
class Base:
    """A city with its travel times and its day."""

    city: City
    travel: Travel
    outcome: Outcome
    flows: Flows | None = None
    """Trips between zones, to be taken over where a change leaves them; found anew where they are not given."""

    def day_of(self, city: City) -> Base:
        """A day of a city that edits made of this one."""
        if city is self.city:
            return self
        travel = travel_times(city, self.travel)
        flows = between_zones(city, travel, self.flows)
        return Base(city, travel, simulate(city, travel, flows), flows)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """Something to propose: how it is asked for, and who answers."""

    name: str
    summary: str
    about: str
    request: type[PlanRequest]
    examples: Mapping[str, Any]
    solve: Callable[[Base, Any, Listener | None], AnyProposal]


def _chargers(base: Base, asked: ChargersRequest, progress: Listener | None) -> ChargerProposal:
    return propose_chargers(
        base.city,
        wishes=asked.wishes(),
        years=asked.years,
        targets=asked.parsed_targets(),
        stop=_until(CHARGERS_UNTIL, asked.seconds),
        seed=asked.seed,
        travel=base.travel,
        base=base.outcome,
        progress=progress,
        versions=package_versions(),
    )


def _stops(base: Base, asked: StopsRequest, progress: Listener | None) -> StopProposal:
    circles = tuple((c.lon, c.lat, c.radius_m) for c in asked.exclude_circles)
    return propose_stops(
        base.city,
        targets=asked.parsed_targets(),
        exclusions=Exclusions(streets=tuple(asked.exclude_streets), circles=circles),
        moves=asked.moves,
        relax=asked.relax,
        stop=_until(STOPS_UNTIL, asked.seconds),
        seed=asked.seed,
        travel=base.travel,
        base=base.outcome,
        progress=progress,
        versions=package_versions(),
    )


def _park_ride(base: Base, asked: ParkRideRequest, progress: Listener | None) -> ParkRideProposal:
    return propose_park_ride(
        base.city,
        budget_cny=asked.budget_cny,
        kinds=asked.kinds,
        targets=asked.parsed_targets(),
        stop=_until(PARK_RIDE_UNTIL, asked.seconds),
        seed=asked.seed,
        travel=base.travel,
        base=base.outcome,
        progress=progress,
        versions=package_versions(),
    )


def _loops(base: Base, asked: LoopsRequest, progress: Listener | None) -> LoopProposal:
    circles = tuple((c.lon, c.lat, c.radius_m) for c in asked.exclude_circles)
    return propose_loops(
        base.city,
        vehicles=asked.vehicles,
        vehicle_hours=asked.vehicle_hours,
        area=asked.area,
        starts=asked.starts,
        radius_m=asked.radius_m,
        targets=asked.parsed_targets(),
        exclusions=Exclusions(streets=tuple(asked.exclude_streets), circles=circles),
        stop=_until(LOOPS_UNTIL, asked.seconds),
        seed=asked.seed,
        travel=base.travel,
        base=base.outcome,
        progress=progress,
        versions=package_versions(),
    )


def _depots(base: Base, asked: DepotsRequest, progress: Listener | None) -> DepotProposal:
    return propose_depots(
        base.city,
        depots=asked.depots,
        blocks=[block.given() for block in asked.blocks],
        path=asked.path,
        targets=asked.parsed_targets(),
        stop=_until(DEPOTS_UNTIL, asked.seconds),
        seed=asked.seed,
        travel=base.travel,
        base=base.outcome,
        progress=progress,
        versions=package_versions(),
    )


def _until(usual: Stop, seconds: float | None) -> Stop:
    return usual if seconds is None else Gap(usual.gap) | Seconds(seconds)


KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            name="chargers",
            summary="Propose where new public chargers go, of which class, how many, and when",
            about="Start a job; `Location` says where its state is. Plugs take no more drivers than keep queues short; "
            "sites grow over the years and never shrink. Targets that cannot be met are an answer, not an error.",
            request=ChargersRequest,
            examples={
                "served": {
                    "summary": "Serve the most energy with two million yuan",
                    "value": {"budget_cny": 2_000_000, "targets": ["charging_served_share>=0.8"], "seed": 0},
                },
                "years": {
                    "summary": "Three years, bus stations first, no area left behind",
                    "value": {
                        "budget_cny": 1_000_000,
                        "years": [2027, 2028, 2029],
                        "least": {"bus_station": 8},
                        "floor_share": 0.2,
                    },
                },
            },
            solve=_chargers,
        ),
        Kind(
            name="stops",
            summary="Propose which bus stops to add or move beside rail",
            about="Start a job for the cheapest bus stops to add or move so that rail stations and their entrances "
            "have one within reach on foot; `Location` says where its state is. Where that cannot be, the answer "
            "names the entrances that no place covers and the most that can be reached.",
            request=StopsRequest,
            examples={
                "policy": {"summary": "What the policy targets ask for, as far as it can be", "value": {"relax": True}},
                "stations": {
                    "summary": "Stations alone, and no stop is moved",
                    "value": {"targets": ["rail_station_bus_share>=0.95"], "moves": False},
                },
            },
            solve=_stops,
        ),
        Kind(
            name="park-ride",
            summary="Propose where park-and-ride spaces and bike racks at rail stations go",
            about="Start a job for the racks and spaces at stations that win the most trips from car and taxi within a "
            "budget; `Location` says where its state is.",
            request=ParkRideRequest,
            examples={
                "both": {"summary": "Ten million yuan for racks and spaces", "value": {"budget_cny": 10_000_000}},
                "racks": {
                    "summary": "Bike racks alone",
                    "value": {"budget_cny": 1_000_000, "kinds": ["racks"]},
                },
            },
            solve=_park_ride,
        ),
        Kind(
            name="loops",
            summary="Propose feeder loops of small buses from stations",
            about="Start a job for the loops that give the most people without a stop one within reach on foot, with a "
            "fleet of small buses; `Location` says where its state is. Where nobody lacks a stop, or no way leads "
            "around, the answer has no loops and says why. The bound holds for the loops it chose among.",
            request=LoopsRequest,
            examples={
                "fleet": {"summary": "Six small buses", "value": {"vehicles": 6}},
                "station": {
                    "summary": "From one station, for those beyond 500 m",
                    "value": {"vehicles": 2, "starts": ["station/1"], "radius_m": 500.0},
                },
            },
            solve=_loops,
        ),
        Kind(
            name="depots",
            summary="Propose chargers and power for the electric buses of each depot",
            about="Start a job for the least power with which every bus is ready in time, with chargers, transformers "
            "and top-ups at ends of lines, and for the fewest buses to replace early so that the fleet keeps to the "
            "path of the policy; `Location` says where its state is. The plan changes no day of the city: its scenario "
            "is empty.",
            request=DepotsRequest,
            examples={
                "timetable": {"summary": "The buses that the timetable needs", "value": {}},
                "blocks": {
                    "summary": "Two buses of an operator, and a path to electric ones",
                    "value": {
                        "blocks": [
                            {"id": "1/1", "depot": "North", "out": "05:40", "back": "22:10", "km": 214.0},
                            {"id": "1/2", "depot": "North", "out": "06:10", "back": "24:30", "km": 230.5},
                        ],
                        "path": "electric",
                    },
                },
            },
            solve=_depots,
        ),
    )
}


def kind_of(request: PlanRequest) -> Kind:
    """The kind that is asked for so."""
    return next(kind for kind in KINDS.values() if kind.request is type(request))
