"""A kernel compiles in any order, and gives the same bits in the process that compiles it and in those that load it."""

import ast
import importlib
import inspect
import pkgutil
import textwrap

import pytest
from numba.core.dispatcher import Dispatcher

import network
import optimise


def kernels():
    """All that are compiled, by module and name."""
    found = {}
    for package in (network, optimise):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".kernels." in module.name:
                for value in vars(importlib.import_module(module.name)).values():
                    if isinstance(value, Dispatcher):
                        found[value.py_func.__module__, value.py_func.__name__] = value
    return found


def called(kernel):
    known = kernel.py_func.__globals__
    return [known[n] for n in kernel.py_func.__code__.co_names if isinstance(known.get(n), Dispatcher)]


def takes_sums_freely(kernel):
    """Whether the compiler may choose how it or what it calls takes sums and products."""
    seen, left = set(), [kernel]
    while left:
        inner = left.pop()
        if inner not in seen:
            seen.add(inner)
            left += called(inner)
    return any(inner.targetoptions.get("fastmath") for inner in seen)


KERNELS = kernels()
WITHIN = {inner for kernel in KERNELS.values() for inner in called(kernel)}
FREE_WITHIN = [name for name, kernel in sorted(KERNELS.items()) if kernel in WITHIN and takes_sums_freely(kernel)]


def test_there_are_kernels_whose_sums_the_compiler_takes_as_it_likes():
    assert ("network.kernels.exponential", "exp") in FREE_WITHIN
    assert len(FREE_WITHIN) > 40


@pytest.mark.parametrize("name", FREE_WITHIN, ids=".".join)
def test_what_the_compiler_may_sum_as_it_likes_has_no_code_but_its_callers(name):
    """Compiled by itself as well as within its caller it may differ in the last bit, and which of the two is run
    depends on whether the caller was compiled or loaded: days of a city differed between the first process and the
    second.
    """
    assert KERNELS[name].targetoptions.get("forceinline")


VIEWS = [name for name, kernel in sorted(KERNELS.items()) if not kernel.targetoptions.get("_nrt", True)]


@pytest.mark.parametrize("name", VIEWS, ids=".".join)
def test_kernels_that_count_no_holders_call_no_methods_of_arrays(name):
    """Numpy's functions that make an array within compile there only if they were compiled elsewhere before: whether
    snapping worked hung on which kernels the process had loaded.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(KERNELS[name].py_func)))
    methods = [c.func for c in ast.walk(tree) if isinstance(c, ast.Call) and isinstance(c.func, ast.Attribute)]
    assert [ast.unparse(m) for m in methods if ast.unparse(m.value) != "math"] == []


def test_there_are_kernels_that_count_no_holders():
    assert ("network.kernels.nearest", "_search") in VIEWS
