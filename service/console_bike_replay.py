"""What the command line shows of days of shared bikes."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.bike_replay_schemas import BikeReplayAnswer, ReplayedDays, SaturationCurve
from service.report.numbers import number, percent

_POINTS = 10
_POINTS_OF = {"city": "as they are", "scenario": "of the scenario"}
_FIGURES = (
    "bikes at points, as it begins", "rides wanted", "out of reach of a point", "no bike", "no place",
    "bikes left beside points", "bikes moved by vans", "points that held",
)  # fmt: skip


def show_bike_replay(console: Console, answer: BikeReplayAnswer) -> None:
    """The rows side by side, the points that held least, and how many bikes help."""
    title = escape(f"{answer.city.name}: a {answer.day} of shared bikes, mean of {answer.days} days in a row")
    heads = (f"points {_POINTS_OF[row.points_of]}, {_who(row, answer.vans)}" for row in answer.rows)
    table = Table("a day", *heads, title=title)
    for name, *figures in zip(_FIGURES, *map(_cells, answer.rows), strict=True):
        table.add_row(name, *figures)
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)
    _show_points(console, answer.rows[-1])
    if answer.saturation:
        _show_saturation(console, answer.saturation)
    console.print(answer.note, style="dim", highlight=False)


def _who(row: ReplayedDays, vans: int | None) -> str:
    return "no vans" if not row.vans else "all put back" if vans is None else f"{vans} vans"


def _cells(row: ReplayedDays) -> tuple[str, ...]:
    """In the order of _FIGURES."""
    return (
        f"{row.fleet:,}",
        number(row.wanted),
        _with_share(row.out_of_reach, row.wanted),
        _with_share(row.lost, row.wanted - row.out_of_reach, row.lost_error),
        _with_share(row.blocked, row.returned - row.left_out_of_reach, row.blocked_error),
        number(row.outside, 1),
        number(row.moved, 1),
        "-" if row.held_share is None else percent(row.held_share),
    )


def _with_share(count: float, of: float, error: float | None = None) -> str:
    spread = "" if error is None else f" ± {number(error, 1)}"
    return f"{number(count, 1)}{spread} ({percent(count / of)})" if of > 0 else "-"


def _show_points(console: Console, row: ReplayedDays) -> None:
    """Those where riders most often found no bike or no place."""
    worst = sorted(row.points, key=lambda point: (point.held_share, point.id))[:_POINTS]
    table = Table("point", "places", "taken", "left", "days empty", "days full", "days held")
    table.title = "Points that held on the fewest days, with vans"
    for point in worst:
        shares = (percent(x) for x in (point.empty_share, point.full_share, point.held_share))
        name = escape(f"{point.id} {point.name}".strip())
        table.add_row(name, str(point.spaces), number(point.taken, 1), number(point.left, 1), *shares)
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)


def _show_saturation(console: Console, curve: SaturationCurve) -> None:
    table = Table("bikes", "no bike/day", "no place/day", title="Days with more and more bikes")
    for fleet, lost, blocked in zip(curve.fleets, curve.lost, curve.blocked, strict=True):
        mark = " <" if fleet == curve.bikes else ""
        table.add_row(f"{fleet:,}{mark}", number(lost, 1), number(blocked, 1))
    for column in table.columns:
        column.justify = "right"
    console.print(table)
    each = f"one more saves fewer than {curve.helps_per_bike:g} lost rides a day"
    if curve.bikes == curve.places:
        console.print(f"As many bikes as there are places still help: {curve.places:,}", highlight=False)
    else:
        console.print(f"Beyond {curve.bikes:,} bikes {each}", highlight=False)
