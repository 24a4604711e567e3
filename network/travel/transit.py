"""Door to door by timetable: to a stop on foot, by bicycle or by car, rides and changes, on foot from the last stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from network.city import Roads
from network.errors import InputError, Problem
from network.kernels import raptor as kernel
from network.kernels import rounds
from network.kernels.raptor import over_window
from network.kernels.rounds import NEVER
from network.parallel import shared_out
from network.part import F64, I32, I64, Bools, Snap
from network.tariffs import Tariffs
from network.timetable import Timetable, in_order
from network.transit import Stations
from network.travel.doors import Doors, doors_of, own_doors, ways
from network.units import FEN_PER_CNY, WALK

_PERCENT = 100
_MOST_S = int(NEVER) // 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Walks:
    """Ways without a vehicle as CSR, in whole seconds, rounded up: origins (O) to stops (S), stops to ends, to stops.

    All are walks but the access, which may be by another mode.
    """

    access_first: I32
    access_stop: I32
    access_s: I32
    access_m: I32
    egress_first: I32
    egress_end: I32
    egress_s: I32
    change_s: I32
    """(S) least time to change at a stop; NEVER where that is ruled out."""
    transfer_first: I32
    transfer_stop: I32
    transfer_s: I32
    """Least time from alighting at a stop to boarding at another, the walk and the time to change; at most one way."""
    transfer_walk_s: I32


@dataclass(frozen=True, eq=False, kw_only=True)
class Journeys:
    """From origins (O) to ends (Z) over a window; infinite where there is no journey at that share of departures.

    The parts are those of one real journey, that of the median departure, and add up to `median_s`: in the vehicles,
    waiting (also before the first ride), on foot, and to the first stop.
    """

    percentile_s: F64
    """(R, O, Z) time within which that percentage of the departures arrive."""
    median_s: F64
    in_vehicle_s: F64
    wait_s: F64
    walk_s: F64
    """Changes, and from the last stop to the end."""
    access_s: F64
    """To the first stop, with the time to leave the vehicle there."""
    access_m: F64
    access_stop: I32
    """Stop where the first ride is boarded, -1 where there is no journey."""
    length_m: F64
    """In the vehicles."""
    transfers: F64
    fare_cny: F64
    modes: I32
    """Transit modes ridden, bit m for units.TRANSIT_MODES[m]; 0 where there is no journey or no mode is known."""


class Access(NamedTuple):
    """How one gets to the first stop."""

    mode: int
    """Network mode; a vehicle is left at the stop."""
    most_s: float
    """Longest way, in seconds along the streets and in metres of the quickest way."""
    most_m: float
    leave_s: int
    """Time to leave the vehicle."""


def walks_to_stops(
    roads: Roads,
    origins: Snap,
    ends: Snap,
    timetable: Timetable,
    *,
    access_s: float,
    transfer_s: float,
    change_s: int,
    stations: Stations | None = None,
    access: Access | None = None,
) -> Walks:
    """Ways along the streets of at most `access_s` and `transfer_s`; `change_s` is the least time for any change.

    What the timetable itself says about a change stands in its place. Stops with ways from the entrances of their
    station are got to and left by these, whose time comes on top. Changes and the way from the last stop are on foot,
    as is the way to the first stop but where `access` says something else.

    Raises InputError if a limit is negative or not a number.
    """
    stops = own_doors(timetable.snap) if stations is None else doors_of(timetable.snap, stations)
    to_first = _access(roads, origins, stops, access or Access(WALK, access_s, np.inf, 0))
    egress_first, egress_end, to_end_s, _ = ways(roads, stops, own_doors(ends), WALK, access_s)
    first, to, walk_s, _ = ways(roads, stops, stops, WALK, transfer_s)
    here = np.repeat(np.arange(len(first) - 1, dtype=np.int32), np.diff(first))
    return Walks(
        access_first=to_first[0],
        access_stop=to_first[1],
        access_s=to_first[2],
        access_m=to_first[3],
        egress_first=egress_first,
        egress_end=egress_end,
        egress_s=to_end_s,
        **_changes(timetable, here, to, walk_s, change_s),
    )


def _access(roads: Roads, origins: Snap, stops: Doors, access: Access) -> tuple[I32, I32, I32, I32]:
    """As `ways` to the stops, none that is too long, with the time to leave the vehicle."""
    first, stop, time_s, length_m = ways(roads, own_doors(origins), stops, access.mode, access.most_s)
    near = length_m <= access.most_m
    first = np.append(0, np.cumsum(near, dtype=np.int32))[first]
    return first, stop[near], time_s[near] + np.int32(access.leave_s), length_m[near]


def _changes(timetable: Timetable, here: I32, to: I32, walk_s: I32, change_s: int) -> dict[str, I32]:
    """The fields of Walks about changes: by the walks from stop to stop, unless the timetable says something else."""
    given = (timetable.transfer_from, timetable.transfer_to, timetable.transfer_s)
    free = (here != to) & ~np.isin(_pairs(here, to), _pairs(*given[:2]))
    change = np.full(len(timetable.stop_id), change_s, np.int32)
    at_one = given[0] == given[1]
    change[given[0][at_one]] = np.where(given[2][at_one] < 0, NEVER, given[2][at_one])
    apart = ~at_one & (given[2] >= 0)
    here = np.concatenate((here[free], given[0][apart]))
    to = np.concatenate((to[free], given[1][apart]))
    total = np.concatenate((walk_s[free] + np.int32(change_s), given[2][apart]))
    walk = np.concatenate((walk_s[free], given[2][apart]))
    order = np.lexsort((to, here))
    return {
        "change_s": change,
        "transfer_first": np.searchsorted(here[order], np.arange(len(change) + 1)).astype(np.int32),
        "transfer_stop": to[order],
        "transfer_s": total[order],
        "transfer_walk_s": walk[order],
    }


def _pairs(a: I32, b: I32) -> I64:
    return (a.astype(np.int64) << 32) + b


def kernel_walks(walks: Walks, timetable: Timetable) -> rounds.Walks:
    """The walks as `network.kernels.raptor` wants them, stops in the order of `timetable`."""
    w, order, place = walks, timetable.stop_order, timetable.stop_place
    egress = in_order(order, w.egress_first, w.egress_end, w.egress_s)
    transfer = in_order(order, w.transfer_first, place[w.transfer_stop], w.transfer_s, w.transfer_walk_s)
    access = (w.access_first, place[w.access_stop], w.access_s)
    return rounds.Walks._make((*access, *egress, w.change_s[order], *transfer))


def kernel_tariffs(tariffs: Tariffs) -> kernel.Tariffs:
    """The tariffs as `network.kernels.raptor` wants them."""
    t = tariffs
    return kernel.Tariffs(t.first, t.from_m, t.fen, t.through, t.transfer_off_fen)


def journeys(
    timetable: Timetable,
    tariffs: Tariffs,
    walks: Walks,
    ends: int,
    departures_s: I32,
    *,
    most_rides: int,
    longest_s: int,
    percentiles: F64,
    line_mode: I32 | None = None,
) -> Journeys:
    """Journeys from door to door for every departure (W), ascending seconds of the service day, to the `ends` (Z).

    Journeys have one to `most_rides` rides and take at most `longest_s`. A percentile is the time of a real departure,
    the least within which that share of all departures arrive: never a mean. The median is the 50th. Journeys are the
    quickest, whatever they cost; the fare is that of the journey told, and so are its modes, where those of the lines
    (L) are given. Range RAPTOR, see network.kernels.raptor.

    Raises InputError where the departures are not ascending, percentiles not in (0, 100], no ride is allowed, or a line
    has a tariff that is not there.
    """
    ranks = np.ceil(np.asarray(percentiles, np.float64) * len(departures_s) / _PERCENT).astype(np.int64) - 1
    problems = [
        Problem(where, what)
        for wrong, where, what in (
            (len(departures_s) == 0 or (np.diff(departures_s) <= 0).any(), "departures_s", "is empty or not ascending"),
            (((ranks < 0) | (ranks >= len(departures_s))).any(), "percentiles", "must be above 0 and at most 100"),
            (most_rides < 1, "most_rides", f"is {most_rides}, needs to be 1 or more"),
            (not 0 < longest_s < _MOST_S, "longest_s", f"is {longest_s}, needs to be above 0 and below {_MOST_S}"),
            (timetable.line_tariff.max(initial=-1) >= len(tariffs.id), "tariffs", "lacks the tariff of a line"),
        )
        if wrong
    ]
    if problems:
        raise InputError(problems)
    middle = -(-len(departures_s) // 2) - 1
    lines = timetable.for_search
    if line_mode is not None:
        lines = lines._replace(pattern_bits=np.int32(1) << line_mode[timetable.pattern_line])
    given = lines, kernel_walks(walks, timetable), kernel_tariffs(tariffs)
    origins = len(walks.access_first) - 1
    quantile = np.full((len(ranks), origins, ends), NEVER, np.int32)
    found = np.zeros((1 + kernel.PARTS, origins, ends), np.int32)
    found[0], found[1 + kernel.ACCESS] = NEVER, -1
    asked = departures_s, most_rides, longest_s, *given, ranks, middle, quantile, found
    shared_out(over_window, asked, origins)
    return _journeys(walks, quantile, found)


def _journeys(walks: Walks, quantile: I32, found: I32) -> Journeys:
    median, parts = found[0], found[1:]
    none, access = median == NEVER, parts[kernel.ACCESS]
    access_s, access_m, stop = (
        np.append(x, np.int32(-1))[access] for x in (walks.access_s, walks.access_m, walks.access_stop)
    )
    return Journeys(
        percentile_s=_infinite(quantile, quantile == NEVER),
        median_s=_infinite(median, none),
        in_vehicle_s=_infinite(parts[kernel.RIDE_S], none),
        wait_s=_infinite(median - parts[kernel.RIDE_S] - parts[kernel.WALK_S] - access_s, none),
        walk_s=_infinite(parts[kernel.WALK_S], none),
        access_s=_infinite(access_s, none),
        access_m=_infinite(access_m, none),
        access_stop=stop,
        length_m=_infinite(parts[kernel.LENGTH_M], none),
        transfers=_infinite(parts[kernel.RIDES] - 1, none),
        fare_cny=_infinite(parts[kernel.FARE_FEN], none) / FEN_PER_CNY,
        modes=parts[kernel.BITS],
    )


def _infinite(numbers: I32, where: Bools) -> F64:
    return np.where(where, np.inf, numbers.astype(np.float64))
