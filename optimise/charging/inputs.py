"""What the arrays of a charging problem have to be: problems that name the array and the row."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from network import Problem
from optimise.location.inputs import below, rising, runs, too_high
from optimise.problem import EXACT, FLOW_LIMIT

ChargerProblem: TypeAlias = Any
"""The class itself asks for this check where it is made, so it cannot be imported here."""
HERE = "ChargerProblem"


def problems_of(p: ChargerProblem) -> list[Problem]:
    """Everything that is wrong, shapes before values before sums."""
    return _shapes(p) or _values(p) or _sums(p)


def _shapes(p: ChargerProblem) -> list[Problem]:
    if p.demand.ndim != 4:
        return [Problem(f"{HERE}.demand", f"has {p.demand.ndim} axes", "give (years, services, points, hours)")]
    years, services, points, hours = p.demand.shape
    sites, options, feeders = len(p.option_first) - 1, len(p.option_fen), len(p.headroom_va)
    areas = p.floor_share.shape[-1]
    wanted = {
        "option_plugs": (options, 3), "option_capacity": (options, services), "option_fen": (options,),
        "open": (sites, hours), "mobilise_fen": (sites,), "budget_fen": (years,), "weight": (years,),
        "served_share": (years,), "option_va": (options,), "feeder": (sites,), "step_va": (feeders,),
        "step_fen": (feeders,), "most_steps": (feeders,), "area": (points,), "floor_share": (years, areas),
        "site_area": (sites,), "ahead": (years, areas, services),
    }  # fmt: skip
    problems = [
        Problem(f"{HERE}.{name}", f"has the shape {getattr(p, name).shape}", f"give {shape}")
        for name, shape in wanted.items()
        if getattr(p, name).shape != shape
    ]
    problems += [
        Problem(f"{HERE}.{name}", f"has {len(getattr(p, name))} services, demand has {services}")
        for name in ("first", "site", "distance_m")
        if len(getattr(p, name)) != services
    ]
    problems += runs(f"{HERE}.option_first", p.option_first, options)
    if not problems and (np.diff(p.option_first) < 1).any():
        at = int(np.diff(p.option_first).argmin())
        problems.append(Problem(f"{HERE}.option_first[{at}]", "has no option", "give what is there as the first"))
    for s in range(services if not problems else 0):
        problems += runs(f"{HERE}.first[{s}]", p.first[s], len(p.site[s]), points)
        if len(p.distance_m[s]) != len(p.site[s]):
            problems.append(Problem(f"{HERE}.distance_m[{s}]", "has another length than site"))
    return problems


def _values(p: ChargerProblem) -> list[Problem]:
    problems = []
    for name in (
        "demand", "option_plugs", "option_capacity", "option_fen", "open", "mobilise_fen", "budget_fen", "weight",
        "option_va", "headroom_va", "step_va", "step_fen", "most_steps", "area", "site_area", "ahead", "served_share",
        "floor_share",
    ):  # fmt: skip
        problems += below(f"{HERE}.{name}", getattr(p, name), 0)
    for name in ("served_share", "floor_share"):
        over = np.argwhere(~(getattr(p, name) <= 1))
        if len(over):
            at = tuple(over[0].tolist())
            words = f"is {getattr(p, name)[at]}"
            problems.append(Problem(f"{HERE}.{name}{list(at)}", words, "give a share from 0 to 1"))
    over = np.argwhere(p.open > 1)
    if len(over):
        at = tuple(over[0].tolist())
        problems.append(Problem(f"{HERE}.open{list(at)}", f"is {p.open[at]}", "give 1 for open hours, 0 for closed"))
    problems += below(f"{HERE}.feeder", p.feeder, -1) + too_high(f"{HERE}.feeder", p.feeder, p.feeders, "feeders")
    if p.areas:
        problems += too_high(f"{HERE}.area", p.area, p.areas, "areas")
        problems += too_high(f"{HERE}.site_area", p.site_area, p.areas, "areas")
    if not 0 <= p.carry_share <= 1:
        problems.append(Problem(f"{HERE}.carry_share", f"is {p.carry_share}", "give a share from 0 to 1"))
    if p.objective not in {"served", "cost"}:
        problems.append(Problem(f"{HERE}.objective", f"is {p.objective!r}", "use served or cost"))
    for s, (first, site) in enumerate(zip(p.first, p.site, strict=True)):
        where = f"{HERE}.site[{s}]"
        problems += below(where, site, 0) + too_high(where, site, p.sites, "sites") + rising(where, first, site)
        problems += below(f"{HERE}.distance_m[{s}]", p.distance_m[s], 0)
    return problems + _options(p) + _rows(p)


def _options(p: ChargerProblem) -> list[Problem]:
    """The first option is what is there, and every other has as many plugs of each class and costs something or
    nothing.
    """
    there = p.option_first[:-1]
    paid = np.flatnonzero(p.option_fen[there] != 0)
    problems = []
    if len(paid):
        at = int(there[paid[0]])
        problems.append(Problem(f"{HERE}.option_fen[{at}]", f"is {p.option_fen[at]}", "what is there costs 0"))
    fewer = np.argwhere(p.option_plugs < p.option_plugs[there][p.option_site])
    if len(fewer):
        at = int(fewer[0, 0])
        words = "has fewer plugs of a class than the first option of its site"
        problems.append(Problem(f"{HERE}.option_plugs[{at}]", words, "sites never shrink: leave the option out"))
    return problems


def _rows(p: ChargerProblem) -> list[Problem]:
    problems = []
    for k, row in enumerate(p.least):
        sites = np.asarray(row.sites)
        if sites.size and (sites.dtype.kind not in "iu" or sites.min() < 0 or sites.max() >= p.sites):
            problems.append(Problem(f"{HERE}.least[{k}].sites", "names a site that is not there"))
        elif len(np.unique(sites)) < len(sites):
            problems.append(Problem(f"{HERE}.least[{k}].sites", "names a site twice"))
        if row.plugs < 0 or not 0 <= row.year < p.years:
            words = f"asks for {row.plugs} plugs in year {row.year}"
            problems.append(Problem(f"{HERE}.least[{k}]", words, f"years are 0 to {p.years - 1}"))
    return problems


def _sums(p: ChargerProblem) -> list[Problem]:
    """Sums in floating point, so that the check itself cannot overflow."""
    dear = [p.option_fen[a:b].max() for a, b in zip(p.option_first[:-1], p.option_first[1:], strict=True)]
    hourly = p.demand.sum(axis=2, dtype=float).max(initial=0.0)
    paid = np.sum(dear, dtype=float) + p.years * p.mobilise_fen.sum(dtype=float)
    paid += (p.step_fen * p.most_steps.astype(float)).sum()
    worth = (p.demand.sum(axis=(1, 2, 3), dtype=float) * p.weight).sum()
    sums = {
        "demand": (hourly, FLOW_LIMIT, "the demand of an hour"),
        "weight": (worth, EXACT, "demand times weight"),
        "option_capacity": (p.option_capacity.max(initial=0), FLOW_LIMIT, "the largest capacity"),
        "option_fen": (paid, EXACT, "the cost of everything"),
        "budget_fen": (p.budget_fen.sum(dtype=float), EXACT, "the budget"),
        "option_va": (p.option_va.sum(dtype=float), EXACT, "the power of everything"),
        "headroom_va": ((p.headroom_va + p.step_va * p.most_steps.astype(float)).sum(), EXACT, "headroom"),
    }
    return [
        Problem(f"{HERE}.{name}", f"{what} adds up to {value:.3g}, past {limit}", "use a coarser unit")
        for name, (value, limit, what) in sums.items()
        if not value < limit
    ]
