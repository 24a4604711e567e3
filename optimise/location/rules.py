"""Which sites may be open together: those there already, those forbidden, groups, money. Shared by the location models.

One place in several sizes is one column for each size, in a group of at most one. A floor for every area is a group
of its sites with `least`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from network import InputError, Problem
from optimise.location.inputs import F64, numbers, site_list
from optimise.location.mip import new_model, run_highs, total
from optimise.problem import I64
from optimise.stop import Stop

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Group:
    """At least `least` and at most `most` of these sites are open (existing ones count). name: for people."""

    sites: Sequence[int] | I64
    least: int = 0
    most: int | None = None
    name: str = ""


@dataclass(frozen=True, eq=False)
class SiteRules:
    """Checked rules over `sites` columns; see `site_rules`."""

    sites: int
    existing: I64
    forbidden: I64
    groups: tuple[Group, ...]
    price: F64
    """(C) money to open a site; 0 where it is there already."""
    budget: float
    """Infinite where there is none."""

    @cached_property
    def built(self) -> Flags:
        return _flags(self.existing, self.sites)

    @cached_property
    def usable(self) -> Flags:
        """(C) not forbidden."""
        return ~_flags(self.forbidden, self.sites)

    @property
    def plain(self) -> bool:
        """Neither groups nor a budget: any number of usable sites goes together."""
        return not self.groups and not np.isfinite(self.budget)

    def broken(self, open_: I64) -> list[str]:
        """The rules that these open sites break, in words."""
        on = _flags(open_, self.sites)
        out = [f"site {j} is there already but not open" for j in self.existing.tolist() if not on[j]]
        out += [f"site {j} is forbidden but open" for j in self.forbidden.tolist() if on[j]]
        for k, group in enumerate(self.groups):
            count, most = int(on[np.asarray(group.sites)].sum()), group.most
            if count < group.least or (most is not None and count > most):
                out.append(f"{group_words(k, group)} has {count} open")
        money = float(self.price[on].sum())
        if money > self.budget + _MONEY * max(1.0, self.budget):
            out.append(f"opening costs {money:g}, the budget is {self.budget:g}")
        return out


_MONEY = 1e-9
"""Relative error of a sum of prices."""


def site_rules(
    sites: int, *, existing: Any = (), forbidden: Any = (), groups: Sequence[Group] = (), price: Any = None,
    budget: float | None = None,
) -> SiteRules:  # fmt: skip
    """Raises InputError for sites that do not exist, are both existing and forbidden, or rules that hold no number."""
    there, shut = site_list("existing", existing, sites), site_list("forbidden", forbidden, sites)
    problems = [
        Problem("forbidden", f"names site {j}, which is there already", "leave it out of one of the two")
        for j in np.intersect1d(there, shut).tolist()
    ]
    checked = []
    for k, group in enumerate(groups):
        members, most = site_list(f"groups[{k}].sites", group.sites, sites), group.most
        if group.least < 0 or (most is not None and most < group.least):
            problems.append(Problem(f"groups[{k}]", f"asks for {group.least} to {most}", "give 0 <= least <= most"))
        checked.append(Group(members, group.least, most, group.name))
    if (price is None) != (budget is None):
        problems.append(Problem("budget", "needs price, and price a budget", "give both or neither"))
    if budget is not None and not budget >= 0:
        problems.append(Problem("budget", f"is {budget}", "give 0 or more"))
    if problems:
        raise InputError(problems)
    money = np.zeros(sites) if price is None else np.array(numbers("price", price, sites, "sites"))
    money[there] = 0.0
    return SiteRules(sites, there, shut, tuple(checked), money, float("inf") if budget is None else float(budget))


def group_words(k: int, group: Group) -> str:
    span = f"at least {group.least}" if group.least else ""
    if group.most is not None:
        span += (" and " if span else "") + f"at most {group.most}"
    return f"groups[{k}]{f' ({group.name})' if group.name else ''}, {span} of {len(group.sites)} sites,"


@dataclass(frozen=True)
class Row:
    """One linear row low <= sum coefficient * y <= high over open sites y, in words."""

    sites: I64
    coefficient: F64
    low: float
    high: float
    words: str


def rows_of_rules(rules: SiteRules) -> list[Row]:
    """Every rule as a row, for any model with a binary column per site. Existing sites are rows too."""
    inf, out = float("inf"), []
    for k, group in enumerate(rules.groups):
        members = np.asarray(group.sites, np.int64)
        high = inf if group.most is None else float(group.most)
        words = group_words(k, group).rstrip(",")
        out.append(Row(members, np.ones(len(members)), float(group.least), high, words))
    if np.isfinite(rules.budget):
        money = np.flatnonzero(rules.price)
        slack = _MONEY * max(1.0, rules.budget)
        out.append(Row(money, rules.price[money], -inf, rules.budget + slack, f"the budget of {rules.budget:g}"))
    return out


def choose_sites(
    rules: SiteRules, rows: Sequence[Row], worth: F64, seed: int = 0, *, why: bool = True
) -> I64 | tuple[str, ...]:
    """Sites of least `worth` in sum that keep the rules and `rows`, or the words of rows that cannot be met together.

    Exact, and the rows named are a smallest set in the sense that any one dropped leaves the others possible; not
    why: they are not looked for.
    """
    every = [*rows_of_rules(rules), *rows]
    found = _choice(rules, every, worth, seed)
    if found is not None:
        return found
    kept = every
    if not why:
        return ()
    for row in every:
        fewer = [r for r in kept if r is not row]
        if _choice(rules, fewer, np.zeros(rules.sites), seed) is None:
            kept = fewer
    words = [r.words for r in kept]
    if len(rules.existing) and _choice(rules, kept, np.zeros(rules.sites), seed, free=True) is not None:
        words.append(f"{len(rules.existing)} sites there already")
    return tuple(words)


def _choice(rules: SiteRules, rows: Sequence[Row], worth: F64, seed: int, *, free: bool = False) -> I64 | None:
    model = new_model("sites")
    low = np.zeros(rules.sites) if free else rules.built.astype(float)
    high = rules.usable.astype(float)
    y = [
        model.add_integer_variable(lb=a, ub=b) for a, b in zip(low.tolist(), high.tolist(), strict=True)
    ]  # fmt: skip
    add_site_rows(model, y, rows)
    model.minimize(total([w * v for w, v in zip(worth.tolist(), y, strict=True) if w]))
    result = run_highs(model, Stop().start(), seed=seed, node_work=0.0)
    if not result.has_primal_feasible_solution():
        return None
    return np.flatnonzero(np.rint(result.variable_values(y)) > 0).astype(np.int64)


def add_site_rows(model: Any, y: Sequence[Any], rows: Sequence[Row]) -> None:
    """Rows over the sites' columns `y` (C; None where a site is left out of the model, as closed)."""
    for row in rows:
        pairs = zip(row.sites.tolist(), row.coefficient.tolist(), strict=True)
        terms = total([c * y[j] for j, c in pairs if y[j] is not None])
        model.add_linear_constraint(lb=row.low, expr=terms, ub=row.high)


def _flags(which: I64, count: int) -> Flags:
    out = np.zeros(count, np.bool_)
    out[which] = True
    return out
