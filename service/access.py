"""How much lies within minutes of every zone, now and after edits, and how that is spread over the people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from network import City, InputError, Problem, spread, units, within_reach
from service.spots import Changed, chosen, common
from service.street_schemas import TRANSIT, AccessAnswer, AccessFigures, AccessRequest, AccessWithin, ZoneAccess

F64 = npt.NDArray[np.float64]
Counts = Callable[[City], F64]

_S_PER_MIN: Final = 60.0
_PERCENTILES: Final = (10.0, 50.0, 90.0)


def counts(city: City, asked: AccessRequest) -> F64:
    """(L, Z) what lies within each limit of each zone. Raises InputError by transit without lines."""
    limits_s = [minutes * _S_PER_MIN for minutes in asked.minutes]
    mode = None if asked.mode == TRANSIT else units.NETWORK_MODES.index(asked.mode)
    if asked.of == "places":
        at = _positions(city, asked.kind)
        return within_reach(city, mode, chosen(city.places.snap, at), np.ones(len(at)), limits_s)
    return within_reach(city, mode, city.zones.snap, getattr(city.zones, asked.of), limits_s)


def of_kind(city: City, kind: str | None) -> npt.NDArray[np.int64]:
    """Positions of the places of a kind, of all places where it is None. Raises InputError where no place is of it."""
    at = _positions(city, kind)
    if kind is not None and not len(at):
        known = ", ".join(sorted(set(city.places.kind.tolist()))) or "none: the city has no places"
        raise InputError(Problem("kind", f"no place is of the kind {kind!r}", f"known are {known}"))
    return at


def _positions(city: City, kind: str | None) -> npt.NDArray[np.int64]:
    wanted = np.ones(len(city.places.id), np.bool_) if kind is None else city.places.kind == kind
    return np.flatnonzero(wanted).astype(np.int64)


def access(of: Changed, base: City, asked: AccessRequest, counts_of: Counts) -> AccessAnswer:
    """What every zone reaches after the edits and in the city as it is. Raises as `counts` does, and for the kind."""
    if asked.of == "places":
        of_kind(of.city, asked.kind)
    elif asked.kind is not None:
        raise InputError(Problem("kind", f"has no meaning for {asked.of}", "leave it out, or count places"))
    now, then = counts_of(base), counts_of(of.city)
    rows = zip(asked.minutes, now, then, strict=True)
    return AccessAnswer(
        **common(of, asked),
        of=asked.of,
        kind=asked.kind,
        minutes=asked.minutes,
        limits=[
            _within(minutes, _figures(before, base.zones.residents), _figures(after, of.city.zones.residents))
            for minutes, before, after in rows
        ],
        zones=[
            ZoneAccess(id=name, residents=people, within=within, difference=difference)
            for name, people, within, difference in zip(
                of.city.zones.id.tolist(),
                of.city.zones.residents.tolist(),
                then.T.tolist(),
                (then - now).T.tolist(),
                strict=True,
            )
        ],
    )


def _figures(value: F64, people: F64) -> AccessFigures:
    found = spread(value, people, _PERCENTILES)
    if found is None:
        return AccessFigures(mean=None, p10=None, p50=None, p90=None)
    mean, (p10, p50, p90) = found
    return AccessFigures(mean=mean, p10=p10, p50=p50, p90=p90)


def _within(minutes: float, base: AccessFigures, changed: AccessFigures) -> AccessWithin:
    before, after = base.model_dump(), changed.model_dump()
    difference = {
        name: None if before[name] is None or after[name] is None else after[name] - before[name] for name in before
    }
    return AccessWithin(minutes=minutes, base=base, changed=changed, difference=AccessFigures(**difference))
