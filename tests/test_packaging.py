from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TRACKED = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
    "\0"
)[:-1]


@pytest.mark.slow
def test_the_wheel_holds_the_three_packages_and_the_data_and_nothing_else(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("luxing-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    info = next(top for top in tops if top.endswith(".dist-info"))
    assert tops == {"network", "optimise", "service", "luxing_data", info}
    assert "luxing_data/policy/targets.csv" in names
    assert "luxing_data/parameters/behaviour.toml" in names
    assert "luxing_data/cities/helsinki/city.toml" in names
    assert not [n for n in names if n.endswith((".pyc", ".nbi", ".nbc"))]
    shipped = {n for n in names if n.startswith(("network/", "optimise/", "service/"))}
    assert shipped == {n for n in TRACKED if n.startswith(("network/", "optimise/", "service/"))}
    scripts = zipfile.ZipFile(wheel).read(f"{info}/entry_points.txt").decode()
    assert scripts.split() == ["[console_scripts]", "luxing", "=", "service.start:main"]


def test_every_dependency_is_pinned_without_an_address():
    pins = {}
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            assert re.fullmatch(r"[a-z0-9._-]+==[A-Za-z0-9.+!]+", line), line
            pins[line.split("==")[0]] = line
    wanted = PROJECT["dependencies"] + [d for extra in PROJECT["optional-dependencies"].values() for d in extra]
    for requirement in wanted:
        name = re.match(r"[A-Za-z0-9._-]+", requirement).group().lower()
        assert name in pins, requirement


def test_the_version_is_in_the_changelog():
    assert f"## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").replace("[", "").replace(
        "]", ""
    )


def test_nothing_tracked_is_large_generated_or_tied_to_a_machine():
    for name in TRACKED:
        path = ROOT / name
        if not path.is_file():
            continue
        assert path.stat().st_size < 600_000, name
        assert not name.endswith((".pyc", ".npz", ".pbf", ".whl", ".sqlite")), name
        if path.suffix != ".png":
            text = path.read_text(encoding="utf-8")
            for word in ("/ro" + "ot/", "/wo" + "rk/", "index" + "-url =", "extra-index" + "-url"):
                assert word not in text, f"{name} holds {word}"


def test_scripts_can_be_run():
    for script in ("demo", "test", "check", "install", "serve", "bench"):
        assert (ROOT / "scripts" / script).stat().st_mode & 0o111, script
