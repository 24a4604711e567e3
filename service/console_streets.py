"""What the command line shows of the streets."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.console import show_attribution
from service.report.numbers import NOTHING, number
from service.street_schemas import (
    TRANSIT,
    AccessAnswer,
    IsochroneAnswer,
    Journey,
    NearestAnswer,
    RouteAnswer,
    StopRef,
    Touch,
)

_S_PER_MIN = 60
_MIN_PER_H = 60


def show_route(console: Console, answer: RouteAnswer) -> None:
    """Time, length, both ends and the streets on the way, or that there is no way."""
    _show_touch(console, "from", answer.start)
    _show_touch(console, "to", answer.end)
    if answer.geometry is None:
        console.print(_nothing(answer))
    else:
        console.print(
            f"[bold]{_minutes(answer.time_s)}, {_metres(answer.length_m)}[/bold], {answer.mode}", highlight=False
        )
        if answer.journey:
            console.print(_parts(answer.journey), highlight=False)
        console.print(_journey(answer.journey) if answer.journey else _streets(answer))
        for share in answer.percentiles:
            console.print(f"{share.percent:g}% of the departures: within {_minutes(share.time_s)}", highlight=False)
    if answer.mode == TRANSIT:
        console.print(f"on foot alone: {_minutes(answer.on_foot_s)}", highlight=False)
    show_attribution(console, answer.attribution)


def _nothing(answer: RouteAnswer) -> str:
    if answer.mode != TRANSIT:
        return f"[red]there is no way[/red] for mode {answer.mode}"
    when = "for half of the departures" if answer.percentiles else "at that time"
    return f"[red]there is no journey[/red] by bus and rail {when}"


def _streets(answer: RouteAnswer) -> Table:
    table = Table("street", "length", box=None)
    table.columns[1].justify = "right"
    for leg in answer.legs:
        table.add_row(escape(leg.street or "(no name)"), _metres(leg.length_m))
    return table


def _parts(journey: Journey) -> str:
    parts = [("in vehicles", journey.in_vehicle_s), ("waiting", journey.wait_s), ("on foot", journey.walk_s)]
    parts += [("by bike", journey.cycle_s)] if journey.cycle_s else []
    told = ", ".join(f"{name} {_minutes(seconds)}" for name, seconds in parts)
    changes = f"{journey.transfers} change{'' if journey.transfers == 1 else 's'}"
    return f"leaving at {_clock(journey.depart_s)}: {told}; {changes}, CNY {number(journey.fare_cny, 2)}"


def _journey(journey: Journey) -> Table:
    table = Table("", "from", "", "to", "", "", box=None)
    for column in table.columns[4:]:
        column.justify = "right"
    for leg in journey.legs:
        ends = _stop(leg.from_stop, "start"), _stop(leg.to_stop, "end")
        if leg.type != "ride":
            table.add_row(leg.type, ends[0], "", ends[1], _minutes(leg.time_s), _metres(leg.length_m))
        else:
            what, times = f"{leg.mode} {leg.name}", (_clock(leg.board_s), _clock(leg.alight_s))
            row = escape(what), f"{times[0]} {ends[0]}", "→", f"{times[1]} {ends[1]}"
            table.add_row(*row, _minutes(leg.alight_s - leg.board_s), _metres(leg.length_m))
    return table


def _stop(stop: StopRef | None, otherwise: str) -> str:
    return escape(stop.name or stop.id) if stop else otherwise


def _clock(seconds: float) -> str:
    """Hours and minutes of the service day, which go on past 24."""
    minutes = int(seconds) // _S_PER_MIN
    return f"{minutes // _MIN_PER_H:02}:{minutes % _MIN_PER_H:02}"


def show_access(console: Console, answer: AccessAnswer) -> None:
    """What people reach within each limit, after the edits and against the city as it is."""
    what, digits = answer.kind or answer.of, 1 if answer.of == "places" else 0
    title = f"{escape(what)} within reach, {answer.mode}: over the residents"
    table = Table("within", "mean", "change", "10% at most", "half at most", "90% at most", title=title)
    for column in table.columns:
        column.justify = "right"
    for limit in answer.limits:
        figures = limit.changed.mean, limit.difference.mean, limit.changed.p10, limit.changed.p50, limit.changed.p90
        table.add_row(f"{limit.minutes:g} min", *(number(x, digits) for x in figures))
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
