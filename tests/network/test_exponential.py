"""Exponentials and logarithms of rows beside numpy's 80-bit ones, and that they are vector code."""

from __future__ import annotations

import platform
import re

import numpy as np
import pytest
from numba import njit

from network.kernels.exponential import exp, exp2, log, log2

EXACT = np.longdouble
WIDE = np.finfo(EXACT).nmant > np.finfo(float).nmant


rows = njit(error_model="numpy")


@rows
def exps(x):
    out = np.empty_like(x)
    for i in range(len(x)):
        out[i] = exp(x[i])
    return out


@rows
def logs(x):
    out = np.empty_like(x)
    for i in range(len(x)):
        out[i] = log(x[i])
    return out


@rows
def exp2s(x):
    out = np.empty_like(x)
    for i in range(len(x)):
        out[i] = exp2(x[i])
    return out


@rows
def log2s(x):
    out = np.empty_like(x)
    for i in range(len(x)):
        out[i] = log2(x[i])
    return out


def units_off(got, truth):
    """Largest error in units of the last place."""
    return float(np.max(np.abs(got.astype(EXACT) - truth) / np.spacing(np.abs(truth.astype(float))).astype(EXACT)))


@pytest.mark.skipif(not WIDE, reason="long doubles of this machine are no wider than doubles")
@pytest.mark.parametrize(("low", "high"), [(-708, 709.78), (-40, 5), (-1, 1), (-1e-7, 1e-7)])
def test_exponentials_are_within_two_units_in_the_last_place(low, high):
    x = np.append(np.random.default_rng(0).uniform(low, high, 100_001), (low, high))
    assert units_off(exps(x), np.exp(x.astype(EXACT))) < 2


@pytest.mark.skipif(not WIDE, reason="long doubles of this machine are no wider than doubles")
@pytest.mark.parametrize(("low", "high"), [(-708, 709.78), (-1, 1), (-1e-7, 1e-7)])
def test_logarithms_are_within_a_unit_in_the_last_place(low, high):
    x = np.exp(np.append(np.random.default_rng(1).uniform(low, high, 100_001), (low, high)))
    assert units_off(logs(x), np.log(x.astype(EXACT))) < 1.1


@pytest.mark.parametrize(("low", "high"), [(-1022, 1023), (-40, 5), (-1, 1), (-1e-7, 1e-7)])
def test_powers_of_two_are_exact_to_1e_15(low, high):
    x = np.append(np.random.default_rng(2).uniform(low, high, 100_001), (low, high))
    assert exp2s(x) == pytest.approx(np.exp2(x), rel=1e-15, abs=0)


@pytest.mark.parametrize(("low", "high"), [(-1022, 1023), (-1, 1), (-1e-7, 1e-7)])
def test_logarithms_to_base_two_are_exact_to_3e_16_of_them_or_1(low, high):
    x = np.exp2(np.append(np.random.default_rng(3).uniform(low, high, 100_001), (low, high)))
    truth = np.log2(x.astype(EXACT)).astype(float)
    assert np.max(np.abs(log2s(x) - truth) / np.maximum(np.abs(truth), 1.0)) < 3e-16


def test_the_ends_of_the_powers_of_two():
    x = np.array([0.0, -1022.0, -1022.1, -1e300, -np.inf, np.nan])
    assert exp2s(x)[:5].tolist() == [1.0, 2.0**-1022, 0.0, 0.0, 0.0]
    assert np.isnan(exp2s(x)[5])
    assert np.isfinite(log2s(np.zeros(1))).all()


def test_the_ends_of_the_numbers():
    x = np.array([0.0, -0.0, 1.0, -708.1, 709.79, 1e300, -1e300, np.inf, -np.inf, np.nan])
    assert exps(x)[[0, 1]].tolist() == [1.0, 1.0]
    assert exps(x)[3:9].tolist() == [0.0, np.inf, np.inf, 0.0, np.inf, 0.0]
    assert np.isnan(exps(x)[9])
    y = np.array([0.0, -0.0, 1.0, np.inf, -1.0, -np.inf, np.nan])
    assert logs(y)[:4].tolist() == [-np.inf, -np.inf, 0.0, np.inf]
    assert np.isnan(logs(y)[4:]).all()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="reads the instructions of x86-64")
@pytest.mark.parametrize("kernel", [exps, logs, exp2s, log2s])
def test_they_are_vector_code(kernel):
    """Packed products stand in the loop, and nothing is called for a number."""
    kernel(np.ones(8))
    code = "\n".join(kernel.inspect_asm().values())
    assert re.search(r"v?(mul|fn?m\w+)pd", code)
    assert not re.search(r"call\w*\s+\*?\S*\b(exp|log)2?\b", code)
