"""Travel surveys: trip records to estimate from, and tables of shares to calibrate to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from network.demand.calibration import target_shares
from network.demand.records import TripRecords, most_shown
from network.errors import InputError, Problem
from network.io.tables import Column, Table, number_in, read_table
from network.part import F64, Bools
from network.units import PURPOSES, TRIP_MODES

NAMES: Final = {
    "步行": "walk",
    "自行车": "cycle",
    "公共自行车": "cycle",
    "共享单车": "cycle",
    "电动自行车": "ebike",
    "电动车": "ebike",
    "公交": "bus",
    "公交车": "bus",
    "公共汽车": "bus",
    "地铁": "rail",
    "轨道交通": "rail",
    "公交+地铁": "bus_rail",
    "公交+轨道": "bus_rail",
    "小汽车": "car",
    "私家车": "car",
    "出租车": "taxi",
    "网约车": "taxi",
    "上班": "home_work",
    "上学": "home_school",
}
"""What surveys call modes and purposes."""

_YES_NO: Final = {
    "1": True,
    "true": True,
    "yes": True,
    "是": True,
    "0": False,
    "false": False,
    "no": False,
    "否": False,
}


def read_survey(
    path: Path,
    *,
    attributes: Sequence[str],
    numbers: Sequence[str] = (),
    modes: Sequence[str] = TRIP_MODES,
    purposes: Sequence[str] = PURPOSES,
    columns: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> TripRecords:
    """Trip records of a CSV table (UTF-8 or GBK, plain or gzipped), one trip a row.

    Columns: `mode` taken; `<attribute>_<mode>` for what each mode would have taken or cost (`time_min_bus`), never
    below 0; optionally `available_<mode>` (1 or 0), `purpose`, `weight`, and `numbers` about trip or traveller.
    `columns` maps these to other headers, `names` what stands in the cells of mode and purpose to our names. Modes
    that have no column are no alternative, unless none has. Without a column `available_<mode>` a mode is available
    where its attributes are given; where it is not available they may be blank.

    Raises InputError with all problems at once, by row: unknown modes and purposes, numbers that are missing, negative
    or none, and modes that were taken but not available.
    """
    table = read_table(path, _wanted(attributes, numbers, modes), columns)
    offered = [m for m in modes if any(f"{a}_{m}" in table for a in (*attributes, "available"))] or list(modes)
    sheet = _Sheet(table)
    taken = sheet.named("mode", modes, names or {})
    purpose = sheet.named("purpose", purposes, names or {}) if "purpose" in table else [""] * len(table)
    weight = sheet.numbers("weight", low=0.0) if "weight" in table else np.ones(len(table))
    out = {name: sheet.numbers(name) for name in numbers}
    available = np.ones((len(table), len(offered)), np.bool_)
    for j, mode in enumerate(offered):
        own = [name for name in (f"{attribute}_{mode}" for attribute in attributes) if name in table]
        said = f"available_{mode}"
        if said in table:
            available[:, j] = sheet.yes_no(said)
        else:
            for name in own:
                available[:, j] &= table.texts(name) != ""
        for name in own:
            out[name] = sheet.numbers(name, low=0.0, blank=~available[:, j])
    chosen = np.zeros(len(table), np.int32)
    for i, mode in enumerate(taken):
        if mode in offered:
            chosen[i] = offered.index(mode)
        if mode and (mode not in offered or not available[i, chosen[i]]):
            what = "is not available" if mode in offered else "has no columns in this table"
            sheet.wrong(i, "mode", f"{mode} was taken but {what}")
    sheet.refuse()
    return TripRecords(
        modes=tuple(offered),
        row=table.rows.astype(np.int32),
        chosen=chosen,
        available=available,
        weight=weight,
        purpose=np.array(purpose, dtype=np.str_),
        columns=out,
    )


def read_shares(
    path: Path,
    *,
    modes: Sequence[str] = TRIP_MODES,
    purposes: Sequence[str] = PURPOSES,
    columns: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> dict[str, dict[str, float]]:
    """Observed shares by purpose and mode of a CSV table with the columns mode, share and, if it has it, purpose.

    Without a column purpose all stand under "". Rows whose names mean the same mode are added up. Raises InputError
    with all problems at once: unknown modes and purposes, rows that stand twice, shares that do not sum to 1.
    """
    wanted = {"mode": Column(), "share": Column(), "purpose": Column(required=False)}
    table = read_table(path, wanted, columns)
    sheet = _Sheet(table)
    taken = sheet.named("mode", modes, names)
    purpose = sheet.named("purpose", purposes, names) if "purpose" in table else [""] * len(table)
    share = sheet.numbers("share", low=0.0)
    seen: dict[tuple[str, str], int] = {}
    cells = zip(purpose, table.texts("mode").tolist(), strict=True)
    for i, cell in enumerate(cells):
        if seen.setdefault(cell, i) != i:
            sheet.wrong(i, "mode", f"{cell[1]!r} stands in row {table.rows[seen[cell]]} already")
    sheet.refuse()
    out: dict[str, dict[str, float]] = {}
    for which, mode, value in zip(purpose, taken, share.tolist(), strict=True):
        of = out.setdefault(which, {})
        of[mode] = of.get(mode, 0.0) + value
    problems: list[Problem] = []
    for which, of in out.items():
        try:
            target_shares(of, modes, f"{table.name}, purpose {which}" if which else table.name)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return out


def read_minutes(
    path: Path, *, purposes: Sequence[str] = PURPOSES, names: Mapping[str, str] | None = None
) -> dict[str, float]:
    """Observed mean minutes of a trip by purpose of a CSV table with the columns purpose and minutes.

    Raises InputError with all problems at once: unknown purposes, rows that stand twice, minutes that are not above 0.
    """
    table = read_table(path, {"purpose": Column(), "minutes": Column()})
    sheet = _Sheet(table)
    purpose = sheet.named("purpose", purposes, names)
    minutes = sheet.numbers("minutes", low=0.0)
    for i, (name, value) in enumerate(zip(purpose, minutes.tolist(), strict=True)):
        if name and name in purpose[:i]:
            sheet.wrong(i, "purpose", f"{name} stands in row {table.rows[purpose.index(name)]} already")
        if value == 0:
            sheet.wrong(i, "minutes", "is 0", "a mean of trips is above 0")
    sheet.refuse()
    return dict(zip(purpose, minutes.tolist(), strict=True))


def _wanted(attributes: Sequence[str], numbers: Sequence[str], modes: Sequence[str]) -> dict[str, Column]:
    """All columns as text, so that every row is looked at before any is refused."""
    of_modes = [f"{a}_{mode}" for a in (*attributes, "available") for mode in modes]
    optional = dict.fromkeys(("purpose", "weight", *of_modes), Column(required=False))
    return {"mode": Column(), **optional, **dict.fromkeys(numbers, Column())}


class _Sheet:
    """A table of texts, and what is wrong with it by row."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._problems: list[tuple[int, Problem]] = []

    def wrong(self, i: int, column: str, what: str, hint: str = "") -> None:
        line = int(self._table.rows[i])
        self._problems.append((line, Problem(f"{self._table.name}, row {line}, column {column}", what, hint)))

    def refuse(self) -> None:
        """Raises InputError if anything was wrong."""
        if self._problems:
            found = [problem for _, problem in sorted(self._problems, key=lambda x: x[0])]
            raise InputError(most_shown(found, self._table.name))

    def named(self, column: str, known: Sequence[str], names: Mapping[str, str] | None) -> list[str]:
        """Our name for each cell, empty where there is none."""
        ours = {name: name for name in known} | {k: v for k, v in {**NAMES, **(names or {})}.items() if v in known}
        ours = {name.lower(): own for name, own in ours.items()}
        out = [ours.get(cell.lower(), "") for cell in self._table.texts(column).tolist()]
        for i, (own, cell) in enumerate(zip(out, self._table.texts(column).tolist(), strict=True)):
            if not own:
                what = f"{cell!r} is not a {column} of the model" if cell else "the value is missing"
                hint = "" if names is None else "; say what it means with names"
                self.wrong(i, column, what, f"known: {', '.join(known)}{hint}")
        return out

    def numbers(self, column: str, low: float = -math.inf, blank: Bools | None = None) -> F64:
        """(N) numbers, NaN where a cell is and may be `blank` (N)."""
        out = np.full(len(self._table), math.nan)
        for i, cell in enumerate(self._table.texts(column).tolist()):
            value = number_in(cell)
            if value is not None and value >= low:
                out[i] = value
            elif cell and value is None:
                self.wrong(i, column, f"{cell!r} is not a number")
            elif cell:
                self.wrong(i, column, f"{cell} is below {low:g}")
            elif blank is None or not blank[i]:
                self.wrong(i, column, "the value is missing", "" if blank is None else "or is the mode not available?")
        return out

    def yes_no(self, column: str) -> list[bool]:
        cells = self._table.texts(column).tolist()
        for i, cell in enumerate(cells):
            if cell.lower() not in _YES_NO:
                self.wrong(i, column, f"{cell!r} is neither 1 nor 0" if cell else "the value is missing")
        return [_YES_NO.get(cell.lower(), True) for cell in cells]
