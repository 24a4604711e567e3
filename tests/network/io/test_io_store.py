from __future__ import annotations

import contextlib
import json
import os

import numpy as np
import pytest

from network import City, InputError, grid_city
from network.io import load_city, save_city, stored_digest


def files(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_a_city_comes_back_equal_and_read_only(tmp_path):
    city = grid_city(5, 3)
    save_city(city, tmp_path / "a" / "grid")
    back = load_city(tmp_path / "a" / "grid")
    assert back.digest == city.digest == stored_digest(tmp_path / "a" / "grid")
    assert back.areas == city.areas
    for name in City.part_types():
        for array_name, array in getattr(city, name).arrays():
            again = getattr(getattr(back, name), array_name)
            assert np.array_equal(array, again), (name, array_name)
            assert array.dtype == again.dtype
            assert not again.flags.writeable


def test_same_city_same_bytes_from_anywhere(tmp_path, monkeypatch):
    save_city(grid_city(4), tmp_path / "one")
    monkeypatch.chdir(tmp_path)
    save_city(grid_city(4), tmp_path / "two")
    save_city(load_city(tmp_path / "one"), tmp_path / "three")
    assert files(tmp_path / "one") == files(tmp_path / "two") == files(tmp_path / "three")


def test_saving_again_replaces_all_and_leaves_nothing_behind(tmp_path):
    save_city(grid_city(4), tmp_path / "c")
    (tmp_path / "c" / "stray.txt").write_text("x")
    save_city(grid_city(5), tmp_path / "c")
    assert load_city(tmp_path / "c").digest == grid_city(5).digest
    assert not (tmp_path / "c" / "stray.txt").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def test_a_failed_save_leaves_the_old_city(tmp_path, monkeypatch):
    save_city(grid_city(4), tmp_path / "c")

    def refuse(*_args, **_kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", refuse)
    with pytest.raises(OSError, match="disk full"):
        save_city(grid_city(5), tmp_path / "c")
    assert load_city(tmp_path / "c").digest == grid_city(4).digest
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


def flip(file):
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 255
    file.write_bytes(bytes(data))


def shorten(file):
    file.write_bytes(file.read_bytes()[:100])


def swap_values(file):
    with np.load(file) as old:
        arrays = {name: old[name] for name in old.files}
    arrays["residents"] = arrays["residents"] + 1
    np.savez(file, **arrays)


@pytest.mark.parametrize("harm", [flip, shorten, os.remove, swap_values], ids=lambda f: f.__name__)
def test_a_damaged_part_is_named(tmp_path, harm):
    save_city(grid_city(4), tmp_path / "c")
    harm(tmp_path / "c" / "zones.npz")
    with pytest.raises(InputError, match=r"zones.npz: .*build the city again|zones.npz: the file is not there"):
        load_city(tmp_path / "c")


def test_a_damaged_card_is_named(tmp_path):
    save_city(grid_city(4), tmp_path / "c")
    card = tmp_path / "c" / "city.json"
    whole = card.read_text(encoding="utf-8")
    for text, message in [
        (whole[:50], "is damaged"),
        ("[]", "another format"),
        (json.dumps({"format": 4}), "another format"),
        (json.dumps({"format": 7}), "lacks areas"),
        (whole.replace('"Grid 4 x 4"', '"Paris"'), "does not belong to the parts"),
    ]:
        card.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            load_city(tmp_path / "c")


def test_no_city_there(tmp_path):
    with pytest.raises(InputError, match=r"there is no such city.*luxing build oslo"):
        load_city(tmp_path / "oslo")
    with pytest.raises(InputError, match="holds no city"):
        load_city(tmp_path)


@pytest.mark.parametrize(("entry", "value"), [("parts", []), ("areas", 3), ("id", None), ("name", 7), ("digest", {})])
def test_a_card_with_an_entry_of_another_kind_is_named(tmp_path, entry, value):
    save_city(grid_city(4), tmp_path / "c")
    file = tmp_path / "c" / "city.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {entry: value}))
    with pytest.raises(InputError, match=f"lacks {entry}"):
        load_city(tmp_path / "c")


@pytest.mark.parametrize("seed", range(3))
def test_no_damage_is_taken_for_a_city(tmp_path, seed):
    """Bytes changed at random: the same city, or an InputError; never another city, never another error."""
    rng = np.random.default_rng(seed)
    city = grid_city(4)
    save_city(city, tmp_path / "c")
    whole = files(tmp_path / "c")
    for _ in range(120):
        name = rng.choice(sorted(whole))
        data = bytearray(whole[name])
        # the ends of a zip archive hold what its readers trust
        at = rng.choice(
            [rng.integers(len(data)), rng.integers(min(60, len(data))), -rng.integers(1, min(400, len(data)))]
        )
        data[at] = rng.integers(256)
        (tmp_path / "c" / name).write_bytes(bytes(data))
        with contextlib.suppress(InputError):
            assert load_city(tmp_path / "c").digest == city.digest
        (tmp_path / "c" / name).write_bytes(whole[name])
