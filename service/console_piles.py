"""What `luxing piles` shows."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from optimise import PILES, PILES_ZH
from service.pile_schemas import PilesAnswer
from service.piles import KEPT
from service.report.numbers import number

_MARKS: Final = {"least": "▲", "most": "▼"}


def show_piles(console: Console, answer: PilesAnswer) -> None:
    """Piles by district, or why nothing fits; and what the vehicles ask for."""
    for reason in answer.reasons:
        console.print(f"[yellow]•[/yellow] {escape(reason)}", highlight=False)
    if answer.districts:
        _show_districts(console, answer)
    console.print(
        f"{answer.year}: {number(sum(answer.vehicles.values()))} electric vehicles; "
        f"{number(answer.private_places)} private cars with a place for a pile, "
        f"{number(answer.depot_piles)} piles needed in depots, "
        f"{number(answer.public_kwh_per_day)} kWh/day taken up in public",
        highlight=False,
    )
    console.print(answer.note, style="dim", highlight=False)
    console.print(f"{len(answer.defaults)} parameters are defaults that stand in for local data", style="dim")


def _show_districts(console: Console, answer: PilesAnswer) -> None:
    kinds = (f"{en}\n{zh}" for en, zh in zip(PILES, PILES_ZH, strict=True))
    table = Table(
        "district\n区县", "residents\n人口", "vehicles\n电动车", *kinds, "all\n合计",
        title="Piles by district 分区充电桩", show_footer=True,
    )  # fmt: skip
    table.columns[0].overflow = "fold"
    for row in answer.districts:
        marked = (_MARKS.get(row.kept[kind] or "", "") + number(row.piles[kind]) for kind in PILES)
        table.add_row(escape(row.name), number(row.residents), number(row.vehicles), *marked, number(row.total))
    people, vehicles = (sum(getattr(row, name) for row in answer.districts) for name in ("residents", "vehicles"))
    footers = number(people), number(vehicles), *map(number, answer.totals.values()), number(answer.total)
    table.columns[0].footer = "city 全市"
    for column, footer in zip(table.columns[1:], footers, strict=True):
        column.justify, column.footer = "right", footer
    console.print(table)
    seen = {kept for row in answer.districts for kept in row.kept.values() if kept}
    if seen:
        told = [f"{_MARKS[k]} {words}" for k, words in KEPT.items() if k in seen]
        console.print("not in proportion: " + ", ".join(told), highlight=False)
