"""The law of the house: who may import whom, and what stands where."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("network", "optimise", "service")
STDLIB = set(sys.stdlib_module_names)
SCIENCE = {"numpy", "scipy"}
KERNELS = {"numpy", "numpy.typing", "numba", "numba.extending", "llvmlite", "math", "typing"}
COMPILER = {"numba.core.codegen", "numba.core.compiler"}  # network.kernels.parts says how a part is compiled
IO = SCIENCE | {
    "osmnx", "networkx", "osmium", "pandas", "geopandas", "pyogrio", "shapely", "pyproj", "prcoords", "rasterio",
}  # fmt: skip
SERVICE = {
    "fastapi", "fastapi_swagger", "starlette", "pydantic", "pydantic_settings", "sqlalchemy", "typer", "rich",
    "uvicorn", "jinja2", "platformdirs", "numpy",
}  # fmt: skip
STATEFUL = {"time", "datetime", "os", "random", "subprocess", "secrets", "uuid"}
FILES = sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py"))


def module_of(path):
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path):
    """(module, names) of every import in a file, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module, tuple(alias.name for alias in node.names)


def room_of(module):
    for room in ("network.kernels", "network.io", "network", "optimise", "service"):
        if module == room or module.startswith(room + "."):
            return room
    return None


def allowed(room, module):
    top = module.split(".")[0]
    if room == "network.kernels":
        return module in KERNELS | COMPILER or room_of(module) == room
    if room == "network":
        ours = top == "network" and room_of(module) != "network.io"
        return top in STDLIB | SCIENCE or ours or module == "numba.core.event"  # what is compiled is heard of there
    if room == "network.io":
        return top in STDLIB | IO | {"network"}
    if room == "optimise":
        return top in STDLIB | SCIENCE | {"numba", "ortools"} or top == "optimise" or module == "network"
    return top in STDLIB | SERVICE or top == "service" or module in {"network", "network.io", "optimise"}


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_every_import_is_lawful(path):
    room = room_of(module_of(path))
    wrong = [m for m, _ in imports(path) if not allowed(room, m)]
    assert not wrong, f"{room} may not import {wrong}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_clock_environment_or_chance_below_the_service(path):
    name = module_of(path)
    if room_of(name) == "service" or name == "optimise.stop":
        return
    used = {m.split(".")[0] for m, names in imports(path) if names != ("timedelta",)} & STATEFUL
    if room_of(name) == "network.io":
        used -= {"os"}  # os.replace: files are written whole or not at all
    assert not used


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_only_io_and_the_service_open_files(path):
    if room_of(module_of(path)) in {"network.io", "service"}:
        return
    opened = {"open", "read_text", "write_text", "read_bytes", "write_bytes", "unlink", "mkdir"}
    calls = {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }
    assert not calls & opened


def test_kernels_hold_functions_and_tuples_of_arrays_only():
    for path in (ROOT / "network" / "kernels").glob("*.py"):
        if path.name == "parts.py":  # says how to compile
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for class_ in [n for n in ast.walk(tree) if isinstance(n, ast.ClassDef)]:
            assert [ast.unparse(base) for base in class_.bases] == ["NamedTuple"], path
            assert not [n for n in class_.body if isinstance(n, ast.FunctionDef)], path
        if path.name == "lanes.py":  # writes instructions for the compiler
            continue
        for function in [n for n in tree.body if isinstance(n, ast.FunctionDef)]:
            assert any("njit" in ast.unparse(d) for d in function.decorator_list), f"{path}: {function.name}"


def test_no_circles_of_imports():
    modules = {module_of(p): p for p in FILES}
    graph = {}
    for name, path in modules.items():
        found = set()
        for target, names in imports(path):
            inside = [f"{target}.{n}" for n in names]  # a package named only for its modules is not what is imported
            found |= {m for m in inside if m in modules} if names and set(inside) <= set(modules) else {target}
        graph[name] = found & set(modules) - {name}
    done, path_now = set(), []

    def visit(name):
        assert name not in path_now, " -> ".join([*path_now[path_now.index(name) :], name])
        if name in done:
            return
        path_now.append(name)
        for target in sorted(graph[name]):
            visit(target)
        path_now.pop()
        done.add(name)

    for name in sorted(graph):
        visit(name)


def test_oracles_do_not_see_the_kernels():
    assert not [m for m, _ in imports(ROOT / "tests" / "oracles.py") if m.split(".")[0] in ROOMS]


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_no_module_state(path):
    """Module-level names are constants, registries, types or functions: nothing is rebound through `global`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not [n for n in ast.walk(tree) if isinstance(n, ast.Global)]


def test_the_law_catches_a_breach(tmp_path):
    breach = tmp_path / "bad.py"
    breach.write_text(
        "def f():\n    import pandas\n    from network.kernels.paths import many_to_many\n", encoding="utf-8"
    )
    found = [m for m, _ in imports(breach)]
    assert not allowed("network", "pandas")
    assert not allowed("service", found[1])
    assert not allowed("optimise", "network.travel")
    assert allowed("network.io", "pandas")


def problems_without_remedy(path):
    """Lines of a file where a `Problem` is written without its hint, but those that only count further ones."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem"):
            continue
        told = any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg in {"hint", None} for k in node.keywords)
        if len(node.args) == 2 and not told and not ast.unparse(node.args[1]).endswith(("more'", "more problems'")):
            yield node.lineno


@pytest.mark.parametrize("room", ["network.io", "service"])
def test_whoever_reads_a_users_file_names_the_remedy(room):
    found = {p.name: list(problems_without_remedy(p)) for p in FILES if room_of(module_of(p)) == room}
    assert len(found) > 50
    told_by_the_job = {"jobs.py"}
    assert {name for name, lines in found.items() if lines} <= told_by_the_job
