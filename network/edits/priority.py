"""Edits that let lines run faster from stop to stop."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from network.city import City
from network.edits.base import STRICT, Number, Refused, check_share, zones_of
from network.edits.lines import TransitMode
from network.edits.runs import calling_lines, check_lines, services_of, with_services
from network.part import Bools
from network.snap import local_metres
from network.timetable import Service
from network.units import BUS, TRANSIT_MODES


@dataclass(frozen=True, kw_only=True)
class SetBusPriority:
    """Shorten the runs from stop to stop of a line, by id or by name, or of all lines of a mode, by a share.

    With `area`, those runs alone that begin and end at stops there, a stop being where the nearest zone is. Departures
    from the first stop and halts stay; a run takes whole seconds, rounded up.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"transit"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_bus_priority"] = "set_bus_priority"
    time_off_share: Number
    line: str | None = None
    mode: TransitMode | None = None
    """Bus where it and `line` are left out."""
    area: str | None = None
    """District or street office."""

    def apply(self, city: City) -> City:
        check_share("time_off_share", self.time_off_share)
        if self.time_off_share == 1.0:
            raise Refused("time_off_share is 1.0", "no line runs in no time: give a share below 1")
        lines, inside = self._lines(city), self._stops(city)
        services = {line: services_of(city.transit.timetable, line) for line in lines}
        within = {line: some for line, some in services.items() if any(_runs(s, inside).any() for s in some)}
        if not within:
            raise Refused(f"none of these lines runs between two stops of area {self.area!r}", "choose another area")
        if self.time_off_share == 0.0:
            return city
        faster = {line: [self._faster(s, inside) for s in some] for line, some in within.items()}
        return replace(city, transit=with_services(city.transit, faster))

    def _lines(self, city: City) -> list[int]:
        if self.line is not None:
            if self.mode is not None:
                raise Refused("gives both line and mode", "give one of both")
            return calling_lines(city, self.line)
        check_lines(city)
        mode = BUS if self.mode is None else TRANSIT_MODES.index(self.mode)
        t = city.transit
        lines = np.unique(t.timetable.pattern_line)
        some = [int(line) for line in lines if t.line_mode[line] == mode]
        if not some:
            known = ", ".join(TRANSIT_MODES[m] for m in np.unique(t.line_mode[lines]))
            raise Refused(f"no line of mode {TRANSIT_MODES[mode]!r} calls in {city.id}", f"modes that do are {known}")
        return some

    def _stops(self, city: City) -> Bools:
        """(S) whether runs to and from a stop are shortened."""
        from scipy.spatial import cKDTree

        stops = city.transit.timetable.stop_lonlat
        if self.area is None:
            return np.ones(len(stops), np.bool_)
        here, zones = zones_of(city, self.area, None), city.zones.lonlat
        lat = float(np.median(zones[:, 1]))
        nearest = cKDTree(local_metres(zones, lat)).query(local_metres(stops, lat))[1]
        return np.asarray(here[nearest])

    def _faster(self, s: Service, inside: Bools) -> Service:
        run_s = s.arrive_s[:, 1:] - s.depart_s[:, :-1]
        # a share such as 0.1 is a little off as a binary number: what it leaves is not rounded up for that alone
        left_s = np.ceil(np.round(run_s * (1.0 - self.time_off_share), 6)).astype(np.int32)
        earlier_s = np.cumsum(np.where(_runs(s, inside), run_s - left_s, 0), axis=1, dtype=np.int32)
        arrive_s, depart_s = s.arrive_s.copy(), s.depart_s.copy()
        arrive_s[:, 1:] -= earlier_s
        depart_s[:, 1:] -= earlier_s
        return replace(s, arrive_s=arrive_s, depart_s=depart_s)


def _runs(s: Service, inside: Bools) -> Bools:
    """(Q - 1) whether both ends of each run of a service are inside."""
    at: Bools = inside[s.stop]
    return at[:-1] & at[1:]
