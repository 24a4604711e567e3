"""What every edit needs: how its numbers are read, and how it says that it cannot be made."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Annotated, Any, Final, TypeAlias

import numpy as np

from network.city import City
from network.part import Text

MOST: Final = 1e9
"""No count of people, price or speed is above this: products of larger numbers would overflow."""
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
    close = difflib.get_close_matches(wanted, sorted(set(map(str, known)) - {""}), n=3, cutoff=0.5)
    return "did you mean " + ", ".join(map(repr, close)) + "?" if close else ""


def position_of(ids: Text, wanted: str, what: str) -> int:
    found = np.flatnonzero(ids == wanted)
    if not len(found):
        raise Refused(f"no {what} has the id {wanted!r}", did_you_mean(wanted, ids))
    return int(found[0])


def check_printable(*texts: str) -> None:
    for text in texts:
        if not text.isprintable():
            raise Refused(f"{text!r} holds characters that cannot be printed", "leave them out")


def check_inside(city: City, lon: float, lat: float) -> None:
    """Refuse a position outside the box around the streets."""
    west, south = city.roads.lonlat.min(axis=0)
    east, north = city.roads.lonlat.max(axis=0)
    if west <= lon <= east and south <= lat <= north:
        return
    swapped = west <= lat <= east and south <= lon <= north
    raise Refused(
        f"({lon}, {lat}) is outside the streets of {city.id}",
        "lon and lat look swapped" if swapped else f"lon {west:.4f} to {east:.4f}, lat {south:.4f} to {north:.4f}",
    )


def appended(texts: Text, text: str) -> Text:
    return np.array([*texts.tolist(), text], dtype=np.str_)
