"""Ways inside the stations of a GTFS feed: pathways.txt between entrances, nodes, boarding areas and platforms."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from network.io.gtfs_stops import BOARDING_AREA, ENTRANCE, STOP, Stops
from network.io.gtfs_tables import optional_table, positions, refuse, texts_of
from network.io.tables import Column, Table
from network.part import F64, I64
from network.snap import local_metres

_DAY_S = 86_400


@dataclass(frozen=True)
class Pathways:
    """Least whole seconds on foot inside a station from row to row of stops.txt, rounded up."""

    between: dict[tuple[int, int], int]
    """From platform to another platform."""
    inwards: dict[tuple[int, int], int]
    """From entrance to platform."""
    outwards: dict[tuple[int, int], int]
    """From platform to entrance."""

    @property
    def doors(self) -> list[tuple[int, int]]:
        """Entrances and platforms with a way between them in one direction or both, ascending."""
        return sorted(self.inwards.keys() | {(entrance, platform) for platform, entrance in self.outwards})


def read_pathways(folder: Path, stops: Stops, walk_m_per_s: float) -> tuple[Pathways, list[str]]:
    """The quickest ways through the stations: times as given, else lengths at walking speed, else straight lines.

    Raises InputError naming file and row.
    """
    columns = {"from_stop_id": Column(), "to_stop_id": Column(), "is_bidirectional": Column()}
    columns |= dict.fromkeys(("traversal_time", "length"), Column(number=True, low=0, required=False, blank=True))
    table = optional_table(folder / "pathways.txt", columns)
    if table is None:
        return Pathways({}, {}, {}), []
    both = texts_of(table, "is_bidirectional")
    refuse(table, ~np.isin(both, ("0", "1")), "does not say whether it leads both ways", "is_bidirectional is 0 or 1")
    here, there = (positions(table, column, stops.id, "stops.txt") for column in ("from_stop_id", "to_stop_id"))
    time_s, guessed = _times(table, stops, np.stack((here, there)), walk_m_per_s)
    back = both == "1"
    area = np.flatnonzero((stops.kind == BOARDING_AREA) & (stops.parent >= 0))
    platform = stops.parent[area]
    found = _quickest(
        stops,
        np.concatenate((here, there[back], area, platform)),
        np.concatenate((there, here[back], platform, area)),
        np.concatenate((time_s, time_s[back], np.zeros(2 * len(area)))),
    )
    text = f"{guessed:,} pathways tell neither time nor length: straight lines stand for them, nothing without a place"
    return found, [text] if guessed else []


def _times(table: Table, stops: Stops, ends: I64, walk_m_per_s: float) -> tuple[F64, int]:
    """Seconds of each pathway, and how many of them are straight lines."""
    none = np.full(len(table), np.nan)
    given = table.numbers("traversal_time") if "traversal_time" in table else none
    length_m = table.numbers("length") if "length" in table else none
    xy = local_metres(stops.lonlat, float(np.nanmedian(stops.lonlat[:, 1])))
    straight_m = np.nan_to_num(np.hypot(*(xy[ends[1]] - xy[ends[0]]).T))
    known_m = np.where(np.isnan(length_m), straight_m, length_m)
    time_s = np.where(np.isnan(given), known_m / walk_m_per_s, given)
    refuse(table, time_s > _DAY_S, "takes longer than a day", "traversal_time is in seconds, length in metres")
    return time_s, int((np.isnan(given) & np.isnan(length_m)).sum())


def _quickest(stops: Stops, here: I64, there: I64, time_s: F64) -> Pathways:
    """Dijkstra's algorithm from every entrance and platform within each connected part."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components, dijkstra

    order = np.lexsort((time_s, there, here))
    here, there, time_s = here[order], there[order], time_s[order]
    first = np.append(True, (np.diff(here) != 0) | (np.diff(there) != 0))
    nodes, ends = np.unique(np.stack((here[first], there[first])), return_inverse=True)
    ends = ends.reshape(2, -1)
    graph = csr_array((time_s[first], (ends[0], ends[1])), shape=(len(nodes), len(nodes)))
    _, part = connected_components(graph, directed=False)
    kind = stops.kind[nodes]
    out = Pathways({}, {}, {})
    of_kinds = {(STOP, STOP): out.between, (ENTRANCE, STOP): out.inwards, (STOP, ENTRANCE): out.outwards}
    for members in np.split(np.argsort(part, kind="stable"), np.cumsum(np.bincount(part))[:-1]):
        doors = members[np.isin(kind[members], (STOP, ENTRANCE))]
        if len(doors) < 2:
            continue
        within = dijkstra(graph[members][:, members], indices=np.searchsorted(members, doors))
        seconds = within[:, np.searchsorted(members, doors)]
        for a, b in np.argwhere(np.isfinite(seconds)).tolist():
            into = of_kinds.get((int(kind[doors[a]]), int(kind[doors[b]])))
            if into is not None and a != b:
                into[int(nodes[doors[a]]), int(nodes[doors[b]])] = int(np.ceil(seconds[a, b]))
    return out
