"""What can be proposed: each kind with its request and its solver. Another kind is one more entry of KINDS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from network import City, Flows, Outcome, Travel, between_zones, simulate, travel_times
from optimise import (
    BIKES_UNTIL,
    CHARGERS_UNTIL,
    DEPOTS_UNTIL,
    LOOPS_UNTIL,
    PARK_RIDE_UNTIL,
    SHARING_UNTIL,
    SPACES_UNTIL,
    STOPS_UNTIL,
    BikesProposal,
    ChargerProposal,
    DepotProposal,
    Exclusions,
    Gap,
    Listener,
    LoopProposal,
    ParkRideProposal,
    Seconds,
    SharingProposal,
    SpacesProposal,
    Stop,
    StopProposal,
    propose_bikes,
    propose_chargers,
    propose_depots,
    propose_loops,
    propose_park_ride,
    propose_sharing,
    propose_spaces,
    propose_stops,
)
from service.bike_schemas import EXAMPLES as BIKES_EXAMPLES
from service.bike_schemas import BikesRequest
from service.charger_schemas import ChargersRequest
from service.depot_schemas import DepotsRequest
from service.schemas import LoopsRequest, ParkRideRequest, PlanRequest, StopsRequest
from service.settings import package_versions
from service.sharing_schemas import SharingRequest
from service.space_schemas import SpacesRequest

AnyProposal: TypeAlias = (
    BikesProposal
    | ChargerProposal
    | StopProposal
    | ParkRideProposal
    | LoopProposal
    | DepotProposal
    | SharingProposal
    | SpacesProposal
)


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


def _by_wishes(propose: Callable[..., AnyProposal], usual: Stop) -> Callable[[Base, Any, Listener | None], AnyProposal]:
    """Solves a kind whose requests have `wishes`."""

    def solve(base: Base, asked: Any, progress: Listener | None) -> AnyProposal:
        return propose(
            base.city,
            wishes=asked.wishes(),
            targets=asked.parsed_targets(),
            stop=_until(usual, asked.seconds),
            seed=asked.seed,
            travel=base.travel,
            base=base.outcome,
            progress=progress,
            versions=package_versions(),
        )

    return solve


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
        Kind(
            name="sharing",
            summary="Propose which car parks open to others, in which hours, to whom",
            about="Start a job for the windows in which lots open spaces to residents at night, commuters, visitors "
            "and deliveries, such that their owners' cars find a space all but never; `Location` says where its state "
            "is. "
            "Lots that share already stay. Targets of at least so many `shared_lots` and `shared_spaces` become rules; "
            "where they cannot be reached, the answer says the most that can, by tier of owner. Half-hours past 24:00 "
            "are of the next morning.",
            request=SharingRequest,
            examples={
                "policy": {
                    "summary": "What the policy asks for, with five million yuan",
                    "value": {"budget_cny": 5_000_000, "targets": ["shared_lots>=20", "shared_spaces>=1500"]},
                },
                "public": {
                    "summary": "Public bodies and state firms alone, for the least money",
                    "value": {"objective": "cost", "tiers": [1], "targets": ["shared_spaces>=500"]},
                },
                "blocks": {
                    "summary": "An old estate that lacks sixty spaces at night, and shortest walks",
                    "value": {
                        "objective": "walking",
                        "blocks": [
                            {
                                "id": "estate 7",
                                "lon": 120.62,
                                "lat": 31.31,
                                "group": "residents",
                                "weekday": 60,
                                "weekend": 60,
                                "holiday": 50,
                            }
                        ],
                    },
                },
            },
            solve=_by_wishes(propose_sharing, SHARING_UNTIL),
        ),
        Kind(
            name="spaces",
            summary="Propose which new parking spaces to add where",
            about="Start a job for new spaces at the kerb, on lots, under viaducts, in estates and garages, for those "
            "who lack one within a walk; `Location` says where its state is. Land that others want counts less or is "
            "left alone, one land has one use, and the day of the city tells how many car trips the spaces draw. "
            "Targets of at least so many `new_parking_spaces` (gross) or `new_parking_spaces_net` become rules; where "
            "they cannot be reached, the answer says the most that can, by supply class.",
            request=SpacesRequest,
            examples={
                "policy": {
                    "summary": "Ten thousand new spaces for the least money",
                    "value": {"objective": "cost", "targets": ["new_parking_spaces>=10000"]},
                },
                "viaduct": {
                    "summary": "Three places, two of which want the same land",
                    "value": {
                        "budget_cny": 3_000_000,
                        "most_extra_car_share": 0.01,
                        "candidates": [
                            {
                                "id": "ring road, parking",
                                "way": "viaduct",
                                "lon": 120.62,
                                "lat": 31.31,
                                "most_spaces": 120,
                                "conflict": "greening CTX-2",
                                "exclusive": "ring road",
                            },
                            {
                                "id": "ring road, lifts",
                                "way": "stacking",
                                "lon": 120.62,
                                "lat": 31.31,
                                "most_spaces": 200,
                                "cny_per_space": 30_000.0,
                                "exclusive": "ring road",
                            },
                            {"id": "lane", "way": "marking", "lon": 120.63, "lat": 31.3, "most_spaces": 18},
                        ],
                    },
                },
            },
            solve=_by_wishes(propose_spaces, SPACES_UNTIL),
        ),
        Kind(
            name="bikes",
            summary="Propose where dispatch points for shared bikes go, how big, and in which year",
            about="Start a job for points within a walk of the places where shared bikes are taken and left, each with "
            "places and bikes for so many days as bike_sharing.days_covered says; `Location` says where its state is. "
            "Points keep apart, leave the footway free and stay once they are there. The answer tells by hour what "
            "the fleet is held to in each zone: what rides need, what streets hold, or what points hold; and the racks "
            "that own bikes want at stations. A target of at least some `bike_trips_covered_share` becomes a rule; "
            "where it cannot be reached, the answer says the most that can.",
            request=BikesRequest,
            examples=BIKES_EXAMPLES,
            solve=_by_wishes(propose_bikes, BIKES_UNTIL),
        ),
    )
}


def kind_of(request: PlanRequest) -> Kind:
    """The kind that is asked for so."""
    return next(kind for kind in KINDS.values() if kind.request is type(request))
