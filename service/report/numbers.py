"""How figures are written for people: thousands separators, a true minus, units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from network import units

MINUS = "\u2212"
NOTHING = "–"
NO_CHANGE: Final = "±0"
"""Stands for a figure that has no meaning here."""
OBJECTIVE_UNITS: Final = {"served": "kWh/day", "cost": "CNY", "distance": "kWh/day × m"}


def number(value: float | None, digits: int = 0) -> str:
    """1234.5 -> 1,234 (or with more digits); the sign of a rounded zero is dropped."""
    if value is None:
        return NOTHING
    text = f"{value:,.{digits}f}"
    negative = text.startswith("-")
    text = text.removeprefix("-")
    return MINUS + text if negative and text.strip("0.,") else text


def percent(share: float | None, digits: int = 1) -> str:
    """0.4127 -> 41.3%."""
    return NOTHING if share is None else f"{number(100 * share, digits)}%"


def short_percent(share: float | None) -> str:
    """For headlines: whole percent, yet never 0% or 100% where it is not exactly that."""
    if share is None:
        return NOTHING
    rounded_away = round(100 * share) in (0, 100) and share not in (0.0, 1.0)
    return percent(share, 1 if rounded_away else 0)


def small_percent(share: float) -> str:
    """For gaps: two decimals, and never 0.00% where it is not exactly that."""
    return "0%" if share == 0 else "0.01%" if share < 0.0001 else percent(math.ceil(share * 1e4 - 1e-9) / 1e4, 2)


_MOST_DIGITS: Final = 4
"""Decimals beyond which a difference is none."""


def signed(value: float | None, digits: int = 0) -> str:
    """A difference with its sign; ±0 where nothing shows."""
    if value is None:
        return NOTHING
    text = number(value, digits)
    if not text.strip("0.,"):
        return NO_CHANGE
    return text if text.startswith(MINUS) else f"+{text}"


def digits_for(*values: float | None) -> int:
    """Decimals that show about three figures of the largest value, none for whole numbers."""
    known = [v for v in values if v is not None]
    if all(v == int(v) for v in known):
        return 0
    most = max(map(abs, known))
    return 0 if most >= 100 else 1 if most >= 10 else 2


def quantity(value: float | None, unit: str, digits: int) -> str:
    """A figure in its unit; shares in percent."""
    if unit == "share":
        return percent(value)
    return number(value, digits)


def difference(value: float | None, unit: str, digits: int) -> str:
    """A difference in its unit, shares in percentage points; to its first figure where so many digits show nothing."""
    if value is None:
        return NOTHING
    if unit == "share":
        value, digits = 100 * value, 1
    if value and abs(value) < 0.5 * 10.0**-digits:
        digits = -math.floor(math.log10(abs(value)))
    return signed(value, digits) if digits <= _MOST_DIGITS else NO_CHANGE


def plan_value(value: int, objective: str) -> str:
    """The value or bound of a plan for chargers, which counts tenths of kWh or fen, in the unit of its objective."""
    whole = units.FEN_PER_CNY if objective == "cost" else units.TENTHS
    return f"{number(value / whole, 0 if objective == 'cost' else 1)} {OBJECTIVE_UNITS[objective]}"


def plain_unit(unit: str) -> tuple[float, str]:
    """What one of a unit is in one that people count in: of "0.1 trips/day" 0.1 trips/day, a fen 0.01 CNY."""
    if unit == "fen":
        return 1.0 / units.FEN_PER_CNY, "CNY"
    part, _, of = unit.partition(" ")
    return (float(part), of) if part.replace(".", "", 1).isdigit() else (1.0, unit)


def in_plain_unit(value: float, factor: float) -> str:
    """A value times the factor of `plain_unit`, with a digit for tenths and thousandths."""
    return number(value * factor, 0 if factor in {1.0, 1.0 / units.FEN_PER_CNY} else 1)


def money_en(cny: float) -> str:
    """CNY 3.42 million, CNY 85,000."""
    return f"CNY {number(cny / 1e6, 2)} million" if abs(cny) >= 1e6 else f"CNY {number(cny)}"


def money_zh(cny: float) -> str:
    """342万元, 8.5万元, 1.20亿元."""
    if abs(cny) >= 1e8:
        return f"{number(cny / 1e8, 2)}亿元"
    return f"{number(cny / 1e4, 0 if abs(cny) >= 1e6 else 1)}万元" if abs(cny) >= 1e4 else f"{number(cny)}元"


def plugs_text(plugs: Sequence[int]) -> str:
    """New plugs of each class, in the order of units.CHARGERS: 8 slow, 4 ultra-fast."""
    counts = zip(plugs, units.CHARGERS, strict=True)
    return ", ".join(f"{number(many)} {charger.replace('_', '-')}" for many, charger in counts if many)


def count_en(n: int, one: str, many: str) -> str:
    """1 site, 12 sites."""
    return f"{number(n)} {one if n == 1 else many}"
