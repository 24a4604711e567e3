"""What a city does on a day, in numbers: the rows that `network.metrics` makes figures of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final

from network.part import F64, I32, I64, Part, Spec, digest_of
from network.travel.coverage import Coverage
from network.units import (
    BANDS,
    CARBON_BASES,
    CHARGERS,
    CHARGING,
    DAY_TYPES,
    ENERGY_USES,
    GREEN_MODES,
    LINE_TRIPS,
    PERSONS,
    SEGMENTS,
    SLOTS,
    SUPPLY_CLASSES,
    TRANSIT_MODES,
)

_F: Final = len(SEGMENTS)
_S: Final = len(CHARGING)


@dataclass(frozen=True, eq=False, kw_only=True)
class Day(Part):
    """One average day. Trips and kilometres are by persons; energy is in whole tenths of kWh where a name says so."""

    trips_from: Annotated[F64, Spec("f8", ("U", "K", "Z"), 0)]
    trips_to: Annotated[F64, Spec("f8", ("U", "K", "Z"), 0)]
    trips_band: Annotated[F64, Spec("f8", (len(PERSONS), "K", BANDS), 0)]
    """Trips of residents and of visitors by mode and by distance on foot, bands as in units.BAND_EDGES_M."""
    trips_hour: Annotated[F64, Spec("f8", ("H", "K"), 0)]
    boardings: Annotated[F64, Spec("f8", (len(PERSONS), "K"), 0)]
    """Vehicles of bus and rail that are boarded on the trips by each mode."""
    ferry_trips: Annotated[F64, Spec("f8", (len(PERSONS), len(LINE_TRIPS)), 0)]
    """Trips by line mode that ride a ferry."""
    fares_cny: Annotated[F64, Spec("f8", (), 0)]
    """Paid for trips by the lines alone."""
    charges_cny: Annotated[F64, Spec("f8", (), 0)]
    """Paid by cars to enter a charged area."""
    fares_off_cny: Annotated[F64, Spec("f8", (), 0)]
    """What a bundle takes off the fares of trips by the lines alone."""
    tickets_off_cny: Annotated[F64, Spec("f8", (), 0)]
    """Money off the tickets of visitors who come by a green mode, and the trips it is paid for."""
    tickets_off_trips: Annotated[F64, Spec("f8", (), 0)]
    points_cny: Annotated[F64, Spec("f8", (), 0)]
    """What the carbon points of all green trips cost."""
    km_from: Annotated[F64, Spec("f8", ("K", "Z"), 0)]
    """Person-kilometres by mode and zone of origin."""
    car_km: Annotated[F64, Spec("f8", (), 0)]
    """Vehicle-kilometres of cars, those to stations included."""
    taxi_km: Annotated[F64, Spec("f8", (), 0)]
    """Vehicle-kilometres of taxis with passengers."""
    co2_kg: Annotated[F64, Spec("f8", (len(CARBON_BASES), "K"), 0)]
    """By units.CARBON_BASES and mode; with the station modes the ways to stations and the rides from there."""
    vehicles: Annotated[F64, Spec("f8", (_F,), 0)]
    """Electric vehicles by segment."""
    energy_kwh: Annotated[F64, Spec("f8", (_F, len(ENERGY_USES)), 0)]
    """What they draw from the grid, by units.ENERGY_USES."""
    private_piles: Annotated[F64, Spec("f8", (), 0)]
    dedicated_piles: Annotated[F64, Spec("f8", (), 0)]
    """Piles at home, and in depots."""
    charging_tenths: Annotated[I64, Spec("i8", (_S, "Z", "H"), 0)]
    """Energy wanted at public plugs by units.CHARGING, zone and hour; what of it is served; what each place gives."""
    served_tenths: Annotated[I64, Spec("i8", (_S, "Z", "H"), 0)]
    place_tenths: Annotated[I64, Spec("i8", (_S, "P", "H"), 0)]
    place_capacity_tenths: Annotated[I64, Spec("i8", (_S, "P"), 0)]
    """Most a place gives in an hour while its queues stay short."""
    nearest_plug_m: Annotated[I64, Spec("i8", ("Z",), 0)]
    plug_reach_m: Annotated[F64, Spec("f8", (), 0)]
    plugs: Annotated[I32, Spec("i4", (len(CHARGERS), "P"), 0)]
    plugs_cny: Annotated[F64, Spec("f8", (), 0)]
    feeder_kva: Annotated[F64, Spec("f8", ("B",), 0)]
    """What plugs draw from each feeder at the worst moment, and what it has for them."""
    feeder_limit_kva: Annotated[F64, Spec("f8", ("B",), 0)]
    buses: Annotated[I64, Spec("i8", (2, 3), 0)]
    """Buses in stock and buses bought in the year: all, of clean drives, of electric drives."""
    residents: Annotated[F64, Spec("f8", ("Z",), 0)]
    jobs: Annotated[F64, Spec("f8", ("Z",), 0)]
    coverage: Coverage
    stops_served: Annotated[I32, Spec("i4", (), 0)]
    lines_running: Annotated[I32, Spec("i4", (len(TRANSIT_MODES),), 0)]
    """By mode; the directions of a line are one."""
    lines_m: Annotated[F64, Spec("f8", (len(TRANSIT_MODES),), 0)]
    """Length of these lines, each counted in its longest direction, also beyond the streets of the city."""
    station_use: Annotated[F64, Spec("f8", (2, "G"), 0)]
    """Trips by bike and by car that use the racks and spaces of each rail station in a day."""
    station_capacity: Annotated[F64, Spec("f8", (2, "G"), 0)]
    """Trips they can serve."""
    station_availability: Annotated[F64, Spec("f8", (2, "G"), 0, 1)]
    """Share of the trips to a station that find room: below 1 where it is full."""
    station_rounds: Annotated[I32, Spec("i4", (), 0)]
    """Rounds in which full stations turned trips away."""
    entrance_bikes: Annotated[F64, Spec("f8", ("A",), 0)]
    """Of the bikes that use racks, those that come to each entrance."""
    bike_rides: Annotated[F64, Spec("f8", (), 0)]
    """Rides on shared bikes on a weekday."""
    bike_ends_covered: Annotated[F64, Spec("f8", (), 0)]
    """Of their two ends, those with a bike point within reach on foot."""
    bike_need: Annotated[F64, Spec("f8", ("Z", "H"), 0)]
    """Shared bikes that the riders of each zone need on a weekday."""
    bike_room: Annotated[F64, Spec("f8", ("Z",), 0)]
    """What its streets and its bike points hold, whichever is less."""
    bike_spaces: Annotated[I32, Spec("i4", ("Q",), 0)]
    """Places of each bike point."""
    parking_use: Annotated[F64, Spec("f8", ("Z",), 0)]
    """Car trips that end in each zone in a day."""
    parking_capacity: Annotated[F64, Spec("f8", ("Z",), 0)]
    """Car trips its parking spaces can serve; 0 where they are not known, which is no limit."""
    parking_availability: Annotated[F64, Spec("f8", ("Z",), 0, 1)]
    """Share of those who would drive to the zone that find room: below 1 where it is full."""
    parking_rounds: Annotated[I32, Spec("i4", (), 0)]
    """Rounds in which full zones turned drivers away, each a day of its own."""
    shared: Annotated[I32, Spec("i4", ("L", len(DAY_TYPES), SLOTS), 0)]
    """Spaces of each car park that are open to others, by day type and half-hour."""
    overflow_share: Annotated[F64, Spec("f8", ("L",), 0, 1)]
    """Largest probability, in a half-hour after a window, that an owner's car finds no space."""
    days_per_year: Annotated[F64, Spec("f8", (len(DAY_TYPES),), 0)]
    spaces_added: Annotated[I32, Spec("i4", (len(SUPPLY_CLASSES), "L"), 0)]
    spaces_removed: Annotated[I32, Spec("i4", (len(SUPPLY_CLASSES), "L"), 0)]
    """Parking spaces that were added and taken away, by supply class and car park."""

    @cached_property
    def digest(self) -> str:
        """sha256 over everything, the coverage included."""
        return digest_of(self.coverage.digest, *(x for name, array in self.arrays() for x in (name, array)))

    @cached_property
    def green_trips(self) -> float:
        """Trips a day by all modes but car and taxi, of everybody."""
        return float(self.trips_from[:, list(GREEN_MODES)].sum())
