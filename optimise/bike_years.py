"""A plan of dispatch points over years: the last is the best for all the money, each earlier one the best part of the
next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from network import units
from optimise.bike_plan import YearRow
from optimise.bike_problem import BikeCase, best_part
from optimise.bike_rows import nearest_open
from optimise.points import PointAnswer, solve_points, verify_points
from optimise.propose import must_hold
from optimise.stop import Run, Seconds, Stop

_LAST_SHARE: Final = 0.5


def last_year_stop(stop: Stop, years: Sequence[int]) -> Stop:
    """The last year has all sites to choose from and takes half of the seconds; the others share the rest."""
    return stop if len(years) <= 1 else stop | Seconds(stop.seconds * _LAST_SHARE)


def earlier_years(
    case: BikeCase, last: PointAnswer, budgets_fen: Sequence[int], run: Run, seed: int
) -> list[PointAnswer]:
    """Answers of all years. Points only grow: those of a year are among those of the next, and no larger."""
    answers = [last]
    for t in range(len(budgets_fen) - 2, -1, -1):
        after, budget_fen = answers[0], budgets_fen[t]
        problem = best_part(case.problem, after.site_of, after.spaces, budget_fen)
        answer = solve_points(problem, stop=run.stop | Seconds(run.seconds_left / (t + 1)), seed=seed)
        must_hold(verify_points(problem, answer))
        answers.insert(0, answer)
    return answers


def year_rows(
    case: BikeCase, answers: Sequence[PointAnswer], years: Sequence[int], budgets_cny: Sequence[float]
) -> tuple[YearRow, ...]:
    """Rows of the years; a plan without years has none."""
    p, out = case.problem, []
    before_fen, open_before = 0, p.there
    total = max(int(p.weight.sum()), 1)
    for t, (year, answer) in enumerate(zip(years, answers, strict=False)):
        near = nearest_open(case, answer.open) >= 0
        out.append(
            YearRow(
                year=year, budget_cny=budgets_cny[t] if budgets_cny else None,
                cost_cny=(answer.money_fen - before_fen) / units.FEN_PER_CNY,
                points=int(answer.open.sum()), new_points=int((answer.open & ~open_before).sum()),
                spaces=int(answer.spaces[answer.open].sum()), covered_share=int(p.weight[near].sum()) / total,
                served_share=answer.served_weight / total, gap=answer.gap,
            )
        )  # fmt: skip
        before_fen, open_before = answer.money_fen, answer.open
    return tuple(out)
