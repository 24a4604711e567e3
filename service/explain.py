"""Which edit moved which share, and elasticities beside the bands of policy/elasticities.csv, as answers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, get_args

from network import (
    METRICS,
    QUANTITIES,
    City,
    Contributions,
    Elasticities,
    InputError,
    Problem,
    did_you_mean,
    share_of,
    units,
)
from network import Effects as Found
from service.explain_schemas import (
    Band,
    ElasticityAnswer,
    ElasticityRequest,
    ElasticityRow,
    ExplainedEdit,
    ExplanationAnswer,
    ExplanationRequest,
    Horizon,
    MetricEffects,
    ShareEffects,
    ShareMode,
    Verdict,
)
from service.policy import read_table
from service.schemas import scenario_json

_NAME: Final = "elasticities"
_FILE: Final = f"policy/{_NAME}.csv"
_COLUMNS: Final = frozenset({"id", "quantity", "modes", "horizon", "low", "high", "checked", "source"})
Row = Mapping[str, str]


def check_count(asked: ExplanationRequest, most: int) -> None:
    """Raises InputError where there are more edits than that."""
    if (count := len(asked.edits)) > most:
        hint = "explain fewer at a time, or raise LUXING_EXPLAINED_MOST"
        raise InputError(Problem("edits", f"{count:,} edits are above {most:,}", hint))


def zone_at(city: City, zone: str | None) -> int | None:
    """Position of a zone. Raises InputError where no zone has the id."""
    if zone is None:
        return None
    ids = city.zones.id.tolist()
    if zone not in ids:
        hint = did_you_mean(zone, ids) or f"ids are such as {ids[0]!r}"
        raise InputError(Problem("zone", f"no zone of {city.id} has the id {zone!r}", hint))
    return int(ids.index(zone))


def explanation(found: Contributions, asked: ExplanationRequest, zone: int | None, **common: Any) -> ExplanationAnswer:
    """The answer; `common` is what every answer says."""
    return ExplanationAnswer(
        changed_digest=found.city.digest,
        zone=asked.zone,
        edits=_edits(found),
        shares=_shares(found, zone, asked.mode),
        metrics=_metrics(found),
        **common,
    )


def _edits(found: Contributions) -> list[ExplainedEdit]:
    """The edits, and which of them cannot be made alone."""
    rows = scenario_json(found.scenario)["edits"]
    return [
        ExplainedEdit(edit=edit, refused_alone=f"{own.what} ({own.hint})" if isinstance(own, Problem) else "")
        for edit, own in zip(rows, found.alone, strict=True)
    ]


def _shares(found: Contributions, zone: int | None, mode: ShareMode | None) -> list[ShareEffects]:
    """Effects on one share, or on each."""
    modes = get_args(ShareMode) if mode is None else (mode,)
    return [ShareEffects(mode=name, **_told(found.of(share_of(name, zone)))) for name in modes]


def _metrics(found: Contributions) -> list[MetricEffects]:
    """Effects on every figure of the city."""
    return [
        MetricEffects(metric=name, unit=m.unit, label_en=m.label_en, label_zh=m.label_zh, **_told(found.of(m.function)))
        for name, m in METRICS.items()
    ]


def _told(effects: Found) -> dict[str, Any]:
    return {
        "base": effects.base,
        "changed": effects.changed,
        "difference": effects.difference,
        "in_order": list(effects.in_order),
        "alone": list(effects.alone),
        "interaction": effects.interaction,
    }


def elasticity_answer(
    data_folder: Path, found: Elasticities, asked: ElasticityRequest, zone: int | None, **common: Any
) -> ElasticityAnswer:
    """The answer; `common` is what every answer says. Raises InputError for the file of bands."""
    purpose = None if asked.purpose is None else units.PURPOSES.index(asked.purpose)
    return ElasticityAnswer(
        zone=asked.zone,
        purpose=asked.purpose,
        rows=_rows(found, zone, purpose),
        bands=bands(data_folder, found, zone, purpose),
        **common,
    )


def _rows(found: Elasticities, zone: int | None, purpose: int | None) -> list[ElasticityRow]:
    """Elasticities with respect to every quantity."""
    where: dict[str, int | None] = {"zone": zone, "purpose": purpose}
    return [
        ElasticityRow(
            quantity=name,
            label_en=q.label_en,
            label_zh=q.label_zh,
            modes=[units.TRIP_MODES[k] for k in q.modes],
            own=found.of(name, q.modes, **where),
            by_mode={mode: found.of(name, (k,), **where) for k, mode in enumerate(units.TRIP_MODES)},
        )
        for name, q in QUANTITIES.items()
    ]


def bands(data_folder: Path, found: Elasticities, zone: int | None, purpose: int | None) -> list[Band]:
    """Every row of the file, in its order, beside the city's.

    Raises InputError with all that is wrong, by row and column: an id given twice or not at all, quantities, modes and
    horizons that are not known, numbers that are none or the wrong way round.
    """
    table = read_table(data_folder, _NAME, _COLUMNS)
    problems = [
        Problem(f"{_FILE}, row {name!r}", f"stands there {count} times" if name else "has no id", "give its own id")
        for name, count in Counter(row["id"] for row in table).items()
        if count > 1 or not name
    ]
    problems += [problem for row in table for problem in _problems(row)]
    if problems:
        raise InputError(problems)
    return [_band(row, found, zone, purpose) for row in table]


def _problems(row: Row) -> list[Problem]:
    where = f"{_FILE}, row {row['id']}, column"
    known: dict[str, Sequence[str]] = {
        "quantity": tuple(QUANTITIES),
        "horizon": get_args(Horizon),
        "checked": ("", "yes"),
    }
    out = [
        Problem(f"{where} {name}", f"is {row[name]!r}", f"use one of {', '.join(word or 'nothing' for word in words)}")
        for name, words in known.items()
        if row[name] not in words
    ]
    odd = [mode for mode in row["modes"].split(";") if mode not in units.TRIP_MODES]
    if odd:
        hint = f"write some of {', '.join(units.TRIP_MODES)}, with ; between them"
        out.append(Problem(f"{where} modes", f"names {', '.join(map(repr, odd))}", hint))
    if not _number(row["low"]) <= _number(row["high"]):
        hint = "two numbers are needed, the lower one first"
        out.append(Problem(f"{where} low, high", f"are {row['low']!r} and {row['high']!r}", hint))
    if not row["source"]:
        out.append(Problem(f"{where} source", "is empty", "say whose numbers these are"))
    return out


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _band(row: Row, found: Elasticities, zone: int | None, purpose: int | None) -> Band:
    modes = row["modes"].split(";")
    low, high = float(row["low"]), float(row["high"])
    value = found.of(row["quantity"], [units.TRIP_MODES.index(mode) for mode in modes], zone=zone, purpose=purpose)
    return Band.model_validate(
        {
            **{name: row[name] for name in ("id", "quantity", "horizon", "source")},
            "modes": modes,
            "low": low,
            "high": high,
            "checked": row["checked"] == "yes",
            "value": value,
            "verdict": None if value is None else _verdict(value, low, high),
        }
    )


def _verdict(value: float, low: float, high: float) -> Verdict:
    if low <= value <= high:
        return "inside"
    return "weaker" if abs(value) < min(abs(low), abs(high)) else "stronger"
