"""Axis letters and their labels, and the few conversions that everything shares.

Axes: N nodes, S street segments, E directed edges, W ways, M network modes, K trip modes, D direct modes, U purposes,
T periods, Z zones, P places, G stations, H hours, B distance bands, F vehicle segments, S charging services, L lots,
Q bike points.
"""

from __future__ import annotations

from typing import Final

NETWORK_MODES: Final = ("walk", "cycle", "ebike", "drive")
WALK, CYCLE, EBIKE, DRIVE = range(4)

DIRECT_MODES: Final = ("walk", "cycle", "ebike", "bus", "rail", "bus_rail", "car", "taxi")
TRIP_MODES: Final = (*DIRECT_MODES, "bike_ride", "park_ride")
"""Direct modes lead from door to door; the others leave a bike or a car at a station and go on by transit."""
TRIP_WALK, TRIP_CYCLE, TRIP_EBIKE, TRIP_BUS, TRIP_RAIL, TRIP_BUS_RAIL, TRIP_CAR, TRIP_TAXI = range(8)
TRIP_BIKE_RIDE, TRIP_PARK_RIDE = 8, 9
LINE_TRIPS: Final = (TRIP_BUS, TRIP_RAIL, TRIP_BUS_RAIL)
"""Trips by the lines alone: by bus and ferry; by tram, metro and rail; by some of both."""
STATION_MODES: Final = (TRIP_BIKE_RIDE, TRIP_PARK_RIDE)
STATION_KINDS: Final = ("racks", "spaces")
"""What a trip by each station mode takes up there."""
NESTS: Final = ("active", "transit", "motor")
NEST_OF: Final = (0, 0, 0, 1, 1, 1, 2, 2, 1, 1)
"""Nest of each trip mode: what is alike replaces each other first."""
ACTIVE_NEST, TRANSIT_NEST, MOTOR_NEST = range(3)
GREEN_MODES: Final = tuple(k for k, nest in enumerate(NEST_OF) if nest != MOTOR_NEST)

TRANSIT_MODES: Final = ("bus", "tram", "metro", "rail", "ferry")
BUS, TRAM, METRO, RAIL, FERRY = range(5)

PURPOSES: Final = ("home_work", "home_school", "home_other", "non_home", "visitor")
VISITOR: Final = 4
PERSONS: Final = ("residents", "visitors")
"""Whose trips: all purposes but the last are of residents."""
CARBON_BASES: Final = ("tank_to_wheel", "with_electricity")
"""What CO2 is counted by: what leaves vehicles alone, or also what the electricity they draw sets free."""
TANK_TO_WHEEL, WITH_ELECTRICITY = 0, 1
PERIODS: Final = ("peak", "off_peak")
HOURS: Final = 24

CHARGERS: Final = ("slow", "fast", "ultra_fast")
"""Classes of plugs."""
SLOW, FAST, ULTRA_FAST = range(3)
CHARGING: Final = ("slow", "fast")
"""What drivers ask of public plugs: energy while the car is parked anyway, or energy now."""
SERVICE_OF: Final = (0, 1, 1)
"""Service that each class of plugs gives."""
SEGMENTS: Final = ("private", "taxi", "ride_hail", "van", "bus", "coach", "sanitation", "official")
PRIVATE, TAXI, RIDE_HAIL = range(3)
"""Vehicle segments: private cars are counted by zone, the others by residents of the city."""
ENERGY_USES: Final = ("home", "work", "slow", "fast", "dedicated", "swap")
"""Where energy is taken up: piles of one's own, at work, public slow and fast plugs, depots, swapped batteries."""
USE_HOME, USE_WORK, USE_SLOW, USE_FAST, USE_DEDICATED, USE_SWAP = range(6)

DAY_TYPES: Final = ("weekday", "weekend", "holiday")
SLOTS: Final = 48
SLOT_H: Final = 0.5
"""Parking is counted by half-hours of a day of each type; a night runs on into the morning of its own day."""
SUPPLY_CLASSES: Final = ("on_street", "off_street", "building")
"""Parking at the kerb, in public car parks off the street, and attached to buildings (路内, 路外公共, 建筑配建)."""
OWNERS: Final = ("government", "institution", "state_enterprise", "commercial", "office", "scenic", "residential")
OWNER_TIER: Final = (1, 1, 1, 2, 2, 2, 2)
"""Owners of the first tier open their lots before those of the second."""
LAND_USES: Final = ("office", "home", "shopping", "hospital", "scenic", "school", "hotel")
"""What the cars of a lot's owner come for."""
PARKERS: Final = ("residents", "commuters", "visitors", "deliveries")
"""Who wants a shared space: residents at night, and others by day."""

BAND_EDGES_M: Final = (500.0, 1000.0, 3000.0, 5000.0, 8000.0)
"""Upper edges of the distance bands trips are counted in; the last band is open."""
BANDS: Final = len(BAND_EDGES_M) + 1

COVER_M: Final = (300.0, 500.0)
"""Walks to a stop that the coverage of people is counted by (GB/T 51328-2018); the names of the metrics say them."""

CLOSED: Final = -1
"""Travel time of an edge that a mode may not use."""
MOST_EDGE_MS: Final = 2**30 - 1
"""Longest time of an edge, twelve days: times and lengths packed into one whole number cannot overflow below it."""

MS_PER_S: Final = 1000
MM_PER_M: Final = 1000
FEN_PER_CNY: Final = 100
TENTHS: Final = 10
"""Energy is counted in whole tenths of a kWh wherever a solver or a flow sees it."""

MOST_EDGE_M: Final = (2**31 - 1) // MM_PER_M
"""Longest edge whose whole millimetres can be counted."""

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""
