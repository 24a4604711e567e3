"""What every edit needs: how its numbers are read, and how it says that it cannot be made."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, TypeAlias

import numpy as np

from network.city import City, Roads
from network.part import Bools, Text

MOST: Final = 1e9
"""No count of people, price or speed is above this: products of larger numbers would overflow."""
_NAMED: Final = 3
STRICT: Final[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}


class _Exact:
    """Tells pydantic, wherever it reads an edit, that a number is a number: neither text nor true or false."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        return {**handler(source), "strict": True}


Whole: TypeAlias = Annotated[int, _Exact()]
Number: TypeAlias = Annotated[float, _Exact()]


class Refused(Exception):
    """An edit that cannot be made; becomes a Problem that names the edit."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


def not_negative(name: str, value: float) -> None:
    if not 0 <= value <= MOST:
        raise Refused(f"{name} is {value}", f"a number from 0 to {MOST:,.0f} is needed")


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """A question that names what is most alike; empty where nothing is."""
    close = difflib.get_close_matches(wanted, sorted(set(map(str, known)) - {""}), n=3, cutoff=0.5)
    return "did you mean " + ", ".join(map(repr, close)) + "?" if close else ""


def position_of(ids: Text, wanted: str, what: str) -> int:
    found = np.flatnonzero(ids == wanted)
    if not len(found):
        some = f"ids are such as {', '.join(map(repr, ids[:_NAMED].tolist()))}" if len(ids) else f"there is no {what}"
        raise Refused(f"no {what} has the id {wanted!r}", did_you_mean(wanted, ids) or some)
    return int(found[0])


def zones_of(city: City, area: str | None, zones: Sequence[str] | None) -> Bools:
    """(Z) whether a zone is in the area, or among those given by id; refused where not just one of both is given."""
    if (area is None) == (zones is None):
        raise Refused(
            f"gives {'neither' if area is None else 'both'} area {'nor' if area is None else 'and'} zones",
            "give one of both",
        )
    if area is not None:
        here: Bools = city.zones.area == area
        if not here.any():
            some = ", ".join(map(repr, np.unique(city.zones.area)[:_NAMED].tolist()))
            raise Refused(
                f"no area is called {area!r}", did_you_mean(area, city.zones.area) or f"areas are such as {some}"
            )
        return here
    named = [position_of(city.zones.id, zone, "zone") for zone in zones or ()]
    if not named:
        raise Refused("zones is empty", "name at least one")
    return np.isin(np.arange(len(city.zones.id)), named)


def check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise Refused(f"{name} is {value}", "a share from 0 to 1 is needed, such as 0.2 for 20 %")


def check_printable(*texts: str) -> None:
    for text in texts:
        if not text.isprintable():
            raise Refused(f"{text!r} holds characters that cannot be printed", "leave them out")


def outside(roads: Roads, lon: float, lat: float) -> tuple[str, str] | None:
    """What is wrong with a position, and a hint, where it is outside the box around the streets; else None.

    Such a point would touch a street it has nothing to do with.
    """
    west, south, east, north = roads.bounds
    if west <= lon <= east and south <= lat <= north:
        return None
    swapped = west <= lat <= east and south <= lon <= north
    bounds = f"lon {west:.4f} to {east:.4f}, lat {south:.4f} to {north:.4f}"
    return f"({lon}, {lat}) is outside the streets", "lon and lat look swapped" if swapped else bounds


def check_inside(city: City, lon: float, lat: float) -> None:
    """Refuse a position outside the box around the streets."""
    if wrong := outside(city.roads, lon, lat):
        what, hint = wrong
        raise Refused(f"{what} of {city.id}", hint)


def appended(texts: Text, text: str) -> Text:
    return np.array([*texts.tolist(), text], dtype=np.str_)
