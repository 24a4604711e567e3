"""Files that are read or told what is wrong with, and that appear whole or not at all."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, Final

from network import InputError, Problem

BAD_JSON: Final = "correct the text"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file, over one that is there; its folder is made. Raises OSError and leaves what was there."""
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        fresh.write_bytes(content)
        fresh.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None  # nobody knows the name it was to have first
    finally:
        fresh.unlink(missing_ok=True)


def read_json(file: Path) -> Any:
    """The content of a JSON file, UTF-8 with or without a byte order mark. Raises InputError."""
    try:
        return json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=partial(_once_each, file.name))
    except FileNotFoundError:
        raise InputError(Problem(str(file), "there is no such file", "check the path")) from None
    except UnicodeDecodeError as error:
        raise InputError(Problem(file.name, f"is not UTF-8 text at byte {error.start}", "save it as UTF-8")) from None
    except OSError as error:
        raise InputError(Problem(str(file), f"cannot be read: {error.strerror}", "name a JSON file")) from None
    except json.JSONDecodeError as error:
        where = f"{file.name}, line {error.lineno}, column {error.colno}"
        raise InputError(Problem(where, f"is not valid JSON: {error.msg}", BAD_JSON)) from None
    except RecursionError:
        raise InputError(Problem(file.name, "is nested too deeply", BAD_JSON)) from None


def _once_each(name: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a JSON file. Raises InputError where it gives a field twice: one of them would be lost."""
    twice = [field for field, count in Counter(field for field, _ in pairs).items() if count > 1]
    if twice:
        raise InputError([Problem(name, f"gives {field!r} twice in one object", "leave one out") for field in twice])
    return dict(pairs)
