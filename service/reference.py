"""The reference page, written from the code and the parameter files, so that it cannot go stale."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from network import EDITS, METRICS, Edit
from network.io import Parameters


def markdown(data_folder: Path) -> str:
    """docs/reference.md: edits, metrics, parameters."""
    return "\n".join(
        [
            "# Reference",
            "",
            "Written by `scripts/docs` from the code and `data/parameters`; a test fails when it is stale.",
            "",
            *_edits(),
            *_metrics(),
            *_parameters(data_folder),
        ]
    )


def _table(*rows: tuple[str, ...]) -> list[str]:
    head, *body = [["" if c is None else str(c).replace("|", "\\|").replace("\n", " ") for c in row] for row in rows]
    return [f"| {' | '.join(r)} |" for r in (head, ["---"] * len(head), *body)] + [""]


def _edits() -> list[str]:
    out = ["## Edits", "", "The `type`s a scenario may hold, in a what-if file or the body of a request.", ""]
    for edit in EDITS:
        out += [f"### `{edit.type}`", "", inspect.cleandoc(edit.__doc__ or ""), ""]
        out += [f"Touches: {', '.join(sorted(edit.layers))}.", ""]
        out += _table(("field", "kind", "when left out"), *_fields(edit))
    return out


def _fields(edit: type[Edit]) -> list[tuple[str, str, str]]:
    schema = TypeAdapter(edit).json_schema()
    return [
        (f"`{name}`", _kind(field), f"`{json.dumps(field['default'])}`" if "default" in field else "needed")
        for name, field in schema["properties"].items()
        if name != "type"
    ]


def _kind(field: dict[str, Any]) -> str:
    """A JSON schema in words."""
    if "anyOf" in field:
        return " or ".join(map(_kind, field["anyOf"]))
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "prefixItems" in field:
        return "[" + ", ".join(map(_kind, field["prefixItems"])) + "]"
    if "additionalProperties" in field:
        return f"{{{_kind(field['propertyNames'])}: {_kind(field['additionalProperties'])}}}"
    return f"list of {_kind(field['items'])}" if field["type"] == "array" else str(field["type"])


def _metrics() -> list[str]:
    rows = [(f"`{name}`", m.unit, m.better, m.label_en, m.label_zh) for name, m in METRICS.items()]
    return ["## Metrics", "", *_table(("name", "unit", "better", "in English", "中文"), *rows)]


def _parameters(data_folder: Path) -> list[str]:
    out = [
        "## Parameters",
        "",
        'A city\'s `city.toml` overrides any of them: `[parameters."supply.plug_reach_m"]` with `value` and `source`.',
        "",
    ]
    known = Parameters.load(data_folder)
    rows = [
        (
            f"`{key}`",
            f"`{json.dumps(p.value, ensure_ascii=False)}`",
            p.unit,
            p.label,
            p.source,
            "yes" if p.default else "no",
        )
        for key, p in ((key, known.parameter(key)) for key in known.keys())  # noqa: SIM118 - not a mapping
    ]
    return out + _table(("key", "value", "unit", "what", "source", "default"), *rows)
