"""A siting problem refuses what it cannot count, and says where."""

from dataclasses import replace

import numpy as np
import pytest
from cases import town

from network import InputError


def changed(name, at, value):
    array = getattr(town(), name).copy()
    array[at] = value
    return {name: array}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (changed("weight", 3, -1), r"weight\[3\]: is -1"),
        (changed("open_fen", 0, -5), r"open_fen\[0\]"),
        (changed("plug_fen", 39, -5), r"plug_fen\[39\]"),
        (changed("least", 2, 0), r"least\[2\]: is 0"),
        (changed("existing", 2, -1), r"existing\[2\]"),
        (changed("site", 1, 40), r"site\[1\]: is 40 \(there are 40 sites\)"),
        (changed("site", 1, town().site[0]), r"site\[1\]: does not rise"),
        (changed("distance_m", 4, 1201), r"distance_m\[4\]: is 1201"),
        ({"budget_fen": -1}, "budget_fen"),
        ({"least": np.ones(3, int)}, "least: has 3 rows"),
        ({"weight": np.ones(3, int)}, "first"),
        ({"distance_m": np.ones(3, int)}, "distance_m: has 3 rows"),
        ({"weight": np.ones(60)}, "whole numbers"),
        (changed("open_fen", 0, 2**53), "cost of everything"),
        (changed("most", 0, 2**40), "number of plugs"),
        ({"budget_fen": 2**53}, "budget adds up to"),
    ],
)
def test_bad_numbers_are_refused_by_row(changes, words):
    with pytest.raises(InputError, match=words):
        replace(town(), **changes)


def test_distance_times_demand_must_stay_exact():
    with pytest.raises(InputError, match="distance times demand"):
        town(weight=np.full(60, 2**40))


def test_arrays_are_read_only_and_digested():
    problem = town()
    with pytest.raises(ValueError, match="read-only"):
        problem.weight[0] = 1
    assert problem.digest == town().digest
    assert problem.digest != replace(problem, budget_fen=problem.budget_fen + 1).digest
    assert problem.digest != replace(problem, **changed("weight", 0, 1)).digest


def test_opening_is_paid_once_and_only_where_there_is_nothing():
    problem = town()
    values = np.zeros(40, int)
    values[0], values[5] = 2, 3
    assert problem.cost_fen(values) == 5 * 2_000_000 + int(problem.open_fen[5])
