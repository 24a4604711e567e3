"""Parameters as the text that a city's recipe takes them by."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from network.io.parameters import Value


class Fitted(NamedTuple):
    """A parameter of a city, where its value comes from, and whether part of it still stands in for local data."""

    value: Value
    source: str
    default: bool = False


def fragment(fitted: Mapping[str, Fitted], comment: Sequence[str] = ()) -> str:
    """Tables `[parameters."<key>"]` for a city.toml; numbers to the last bit, so that they give the same city."""
    lines = [f"# {line}" for line in comment]
    for key, one in fitted.items():
        lines += ["", f"[parameters.{json.dumps(key)}]", f"value = {json.dumps(one.value)}"]
        lines.append(f"source = {json.dumps(one.source, ensure_ascii=False)}")
        lines += ["default = true"] if one.default else []
    text = "\n".join(lines).lstrip("\n") + "\n"
    tomllib.loads(text)
    return text
