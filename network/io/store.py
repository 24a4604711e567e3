"""A City as a folder: one `.npz` per part and `city.json`. Same city, same bytes; never half-written."""

from __future__ import annotations

import json
import tempfile
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, get_type_hints

import numpy as np
import numpy.typing as npt

from network.city import City
from network.errors import InputError, Problem
from network.io.tables import read_bytes
from network.part import Part, digest_of, specs

_FORMAT = 7
_CARD = "city.json"
_ENTRIES: Final = {"id": str, "name": str, "areas": list, "digest": str, "parts": dict}
_REBUILD = "build the city again"


def save_city(city: City, folder: Path) -> None:
    """Write a city; `folder` is replaced once everything is written. Raises OSError where the disk refuses."""
    folder = Path(folder).absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        fresh, old = Path(scratch) / "new", Path(scratch) / "old"
        fresh.mkdir()
        for name in City.part_types():
            np.savez(fresh / f"{name}.npz", **_arrays(getattr(city, name)))  # type: ignore[arg-type]
        card = {
            "format": _FORMAT,
            "id": city.id,
            "name": city.name,
            "areas": list(city.areas),
            "digest": city.digest,
            "parts": {name: _digest(_arrays(getattr(city, name))) for name in City.part_types()},
        }
        text = json.dumps(card, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
        (fresh / _CARD).write_bytes(text.encode())
        if folder.exists():
            folder.rename(old)
        try:
            fresh.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise


def load_city(folder: Path) -> City:
    """Read a city and check every part against its digest.

    Raises InputError saying which file is missing, damaged or of another format.
    """
    folder = Path(folder)
    card = _card(folder)
    parts, problems = {}, []
    for name, kind in City.part_types().items():
        file = folder / f"{name}.npz"
        try:
            arrays = _read_arrays(file)
            if _digest(arrays) != card["parts"].get(name):
                problems.append(Problem(f"{folder.name}/{file.name}", "is not what was written", _REBUILD))
            else:
                parts[name] = _part(kind, arrays, f"{folder.name}/{file.name}")
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    city = City(id=card["id"], name=card["name"], areas=tuple(card["areas"]), **parts)  # type: ignore[arg-type]
    if city.digest != card["digest"]:
        raise InputError(Problem(f"{folder.name}/{_CARD}", "does not belong to the parts beside it", _REBUILD))
    return city


def stored_digest(folder: Path) -> str:
    """The digest a stored city claims, read without loading it. Raises InputError where the folder is no city."""
    return str(_card(Path(folder))["digest"])


def _card(folder: Path) -> dict[str, Any]:
    file = folder / _CARD
    if not file.is_file():
        what = "the folder holds no city" if folder.is_dir() else "there is no such city"
        raise InputError(Problem(folder.name, what, f"{_REBUILD}: luxing build {folder.name}"))
    try:
        card = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(Problem(f"{folder.name}/{_CARD}", f"is damaged: {error}", _REBUILD)) from None
    if not isinstance(card, dict) or card.get("format") != _FORMAT:
        raise InputError(Problem(f"{folder.name}/{_CARD}", "is of another format", _REBUILD))
    wrong = sorted(name for name, kind in _ENTRIES.items() if not isinstance(card.get(name), kind))
    if wrong:
        raise InputError(Problem(f"{folder.name}/{_CARD}", f"lacks {', '.join(wrong)}", _REBUILD))
    return card


def _nested(kind: type[Part]) -> dict[str, type[Part]]:
    """Fields of a part that are parts themselves."""
    hints = get_type_hints(kind)
    types = {f.name: hints[f.name] for f in fields(kind)}
    return {name: t for name, t in types.items() if isinstance(t, type) and issubclass(t, Part)}


def _arrays(part: Part) -> dict[str, npt.NDArray[Any]]:
    inner = {f"{n}.{k}": a for n in _nested(type(part)) for k, a in _arrays(getattr(part, n)).items()}
    return dict(part.arrays()) | inner


def _part(kind: type[Part], arrays: dict[str, npt.NDArray[Any]], where: str) -> Part:
    inner = {
        name: _part(t, {k.removeprefix(f"{name}."): a for k, a in arrays.items() if k.startswith(f"{name}.")}, where)
        for name, t in _nested(kind).items()
    }
    own = {name: arrays[name] for name in specs(kind) if name in arrays}
    lacking = sorted(name for name, spec in specs(kind).items() if name not in own and not spec.rare)
    if lacking:
        lacks = ", ".join(lacking)
        raise InputError(Problem(where, f"lacks {lacks}", f"it is of an older version: {_REBUILD}"))
    return kind(**own, **inner)


def _digest(arrays: dict[str, npt.NDArray[Any]]) -> str:
    return digest_of(*(x for name, array in arrays.items() for x in (name, array)))


def _read_arrays(file: Path) -> dict[str, npt.NDArray[Any]]:
    import io

    try:
        with np.load(io.BytesIO(read_bytes(file)), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError, RuntimeError) as error:
        what = f"is damaged: {str(error) or type(error).__name__}"
        raise InputError(Problem(f"{file.parent.name}/{file.name}", what, _REBUILD)) from None
