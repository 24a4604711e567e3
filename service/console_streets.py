"""What the command line shows of the streets."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.console import show_attribution
from service.report.numbers import NOTHING, number
from service.street_schemas import IsochroneAnswer, NearestAnswer, RouteAnswer, Touch

_S_PER_MIN = 60


def show_route(console: Console, answer: RouteAnswer) -> None:
    """Time, length, both ends and the streets on the way, or that there is no way."""
    _show_touch(console, "from", answer.start)
    _show_touch(console, "to", answer.end)
    if answer.geometry is None:
        console.print(f"[red]there is no way[/red] for mode {answer.mode}")
    else:
        console.print(
            f"[bold]{_minutes(answer.time_s)}, {_metres(answer.length_m)}[/bold], {answer.mode}", highlight=False
        )
        table = Table("street", "length", box=None)
        table.columns[1].justify = "right"
        for leg in answer.legs:
            table.add_row(escape(leg.street or "(no name)"), _metres(leg.length_m))
        console.print(table)
    show_attribution(console, answer.attribution)


def show_reached(console: Console, answer: IsochroneAnswer) -> None:
    """What lies within each limit."""
    _show_touch(console, "from", answer.start)
    table = Table("within", "streets, km", "residents", "zones", "places", title=f"Reached, {answer.mode}")
    for column in table.columns:
        column.justify = "right"
    for feature in answer.features:
        r = feature.properties
        figures = number(r.street_km, 1), number(r.residents), number(r.zones), number(r.places)
        table.add_row(f"{r.minutes:g} min", *figures)
    console.print(table)
    show_attribution(console, answer.attribution)


def show_nearest(console: Console, answer: NearestAnswer) -> None:
    """Places by the time to them."""
    _show_touch(console, "from", answer.start)
    if not answer.places:
        console.print(f"[red]no place can be reached[/red] by mode {answer.mode}")
    else:
        table = Table("place", "name", "kind", "time", "length", title=f"Nearest, {answer.mode}")
        table.columns[0].overflow = "fold"  # an id that is cut short names nothing
        for column in table.columns[3:]:
            column.justify = "right"
        for place in answer.places:
            texts = escape(place.id), escape(place.name or NOTHING), escape(place.kind)
            table.add_row(*texts, _minutes(place.time_s), _metres(place.length_m))
        console.print(table)
    show_attribution(console, answer.attribution)


def _show_touch(console: Console, word: str, touch: Touch) -> None:
    asked = touch.id or f"{touch.lon:.5f}, {touch.lat:.5f}"
    street = f"{touch.street or 'a street without name'} ({touch.way_id})"
    text = f"{word} {asked}: {number(touch.off_m)} m from {street}"
    console.print(escape(text), highlight=False, style="dim")


def _minutes(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{number(seconds / _S_PER_MIN, 1)} min"


def _metres(length_m: float | None) -> str:
    return NOTHING if length_m is None else f"{number(length_m)} m"
