"""What the command line shows of explanations and elasticities."""

from __future__ import annotations

from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.explain_schemas import ElasticityAnswer, ExplainedEdit, ExplanationAnswer, ShareEffects
from service.green_schemas import Number
from service.report.numbers import NOTHING, percent, signed

_DIGITS = 2
_CLOSE: Final[dict[str, Any]] = {"box": None, "padding": (0, 1, 0, 0)}
"""Ten modes side by side leave no room for frames."""


def show_effects(console: Console, answer: ExplanationAnswer) -> None:
    """One share with the effects in order and alone, or each share with the effects in order."""
    where = f" from {answer.zone}" if answer.zone else ""
    title = f"{answer.city.name}: shares of the trips of residents{where}; effects in percentage points"
    names = [f"{i}  {_said(edit)}" for i, edit in enumerate(answer.edits, 1)]
    console.print(_one(answer.shares[0], names, title) if len(answer.shares) == 1 else _all(answer, names, title))
    for i, edit in enumerate(answer.edits, 1):
        if edit.refused_alone:
            console.print(f"edit {i} cannot be made alone: {escape(edit.refused_alone)}", highlight=False)
    console.print(answer.note, style="dim", highlight=False)


def _one(share: ShareEffects, names: list[str], title: str) -> Table:
    table = Table("edit", "in order", "alone", title=escape(title))
    table.add_row(f"{share.mode}, now", percent(share.base, _DIGITS), "")
    for name, *effects in zip(names, share.in_order, share.alone, strict=True):
        table.add_row(escape(name), *map(_points, effects))
    table.add_row("interaction", "", _points(share.interaction))
    table.add_row("together", *[_points(share.difference)] * 2)
    table.add_row(f"{share.mode}, what if", percent(share.changed, _DIGITS), "")
    return _right(table)


def _all(answer: ExplanationAnswer, names: list[str], title: str) -> Table:
    """Modes that somebody takes, before or after."""
    shown = [share for share in answer.shares if share.base or share.changed]
    table = Table("edit, in order", *(share.mode for share in shown), title=escape(title), **_CLOSE)
    table.add_row("now", *(percent(share.base, _DIGITS) for share in shown))
    for i, name in enumerate(names):
        table.add_row(escape(name), *(_points(share.in_order[i]) for share in shown))
    table.add_row("together", *(_points(share.difference) for share in shown))
    table.add_row("of that, interaction", *(_points(share.interaction) for share in shown))
    table.add_row("what if", *(percent(share.changed, _DIGITS) for share in shown))
    return _right(table)


def show_elasticities(console: Console, answer: ElasticityAnswer) -> None:
    """Every quantity with the modes that somebody takes, then the bands."""
    who = " ".join(filter(None, (answer.purpose or "residents", f"from {answer.zone}" if answer.zone else "")))
    modes = [m for m in answer.rows[0].by_mode if any(row.by_mode[m] is not None for row in answer.rows)]
    title = f"{answer.city.name}: elasticities, trips of {who}"
    table = Table("by", "own", *modes, title=escape(title), **_CLOSE)
    for row in answer.rows:
        cells = [_figure(row.by_mode[m]) for m in modes]
        own = [f"[bold]{cell}[/bold]" if m in row.modes else cell for m, cell in zip(modes, cells, strict=True)]
        table.add_row(row.quantity, _figure(row.own), *own)
    console.print(_right(table))
    told_of = "; ".join(f"{row.quantity}: {row.label_en[0].lower()}{row.label_en[1:]}" for row in answer.rows)
    console.print(f"Bold: modes it is a part of. {told_of}", style="dim", highlight=False)
    notes = [band.source if band.checked else f"{band.source} (not checked)" for band in answer.bands]
    numbers = {note: f"[{i}]" for i, note in enumerate(dict.fromkeys(notes), 1)}
    told = Table("trips by", "answer to", "run", "studies", "here", "", "", title="Beside what studies found", **_CLOSE)
    for band, note in zip(answer.bands, notes, strict=True):
        colour = "green" if band.verdict == "inside" else "yellow"
        verdict = f"[{colour}]{band.verdict}[/{colour}]" if band.verdict else NOTHING
        figures = f"{_figure(band.low)} to {_figure(band.high)}", _figure(band.value), verdict
        told.add_row(", ".join(band.modes), band.quantity, band.horizon, *figures, escape(numbers[note]))
    console.print(told)
    for note, at in numbers.items():
        console.print(escape(f"{at} {note}"), style="dim", highlight=False)
    console.print(answer.note, style="dim", highlight=False)


def _said(edit: ExplainedEdit) -> str:
    given = {name: value for name, value in edit.edit.items() if name != "type" and value is not None}
    return f"{edit.edit['type']} {', '.join(f'{name} {value}' for name, value in given.items())}"


def _points(value: Number) -> str:
    return signed(None if value is None else 100 * value, _DIGITS)


def _figure(value: Number) -> str:
    return signed(value, _DIGITS)


def _right(table: Table) -> Table:
    for column in table.columns[1:]:
        column.justify = "right"
    return table
