"""Chargers over years on the streets of a real city: value, bound and time, and a plain whole-number model beside it.

LUXING_STREETS names a road layer (GeoJSON, Shapefile, GeoPackage) or an OpenStreetMap extract of a city with 30,000
crossings or more, for which the time limits are meant; one such is Gothenburg (OpenStreetMap contributors, ODbL), which
comes with the npm package geojson-path-finder 2.1.0 as test/large-network.json. Without it smaller streets stand in:
São Paulo where LUXING_SHARED (by default ../shared) is there, else Helsinki.
Points and sites are drawn from crossings, demand is made, capacities are those of the queues. The plain model ties
every pair to a size in every hour; it has a few of the points, and as long as it needs up to PEER_S.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
from quality import Line, write
from run import machine

from network import capacity_tenths, drawn_kva, reach, units
from network.io import Parameters, build_city, read_spec
from network.io.spec import spec_for_roads
from network.snap import snap
from optimise import Gap, Seconds
from optimise.charging import ChargerProblem, solve_chargers
from optimise.charging.verify import verify_chargers

DATA = Path(__file__).parents[1] / "data"
SHARED = Path(os.environ.get("LUXING_SHARED", Path(__file__).parents[2] / "shared"))
POINTS, SITES = 5_000, 500
WALK_S, DRIVE_S, MOST_FAST = 500.0, 300.0, 60
"""On foot to slow plugs, by car to fast ones, and to the nearest so many of these."""
SIZES = np.array([[0, 0, 0], [8, 2, 0], [12, 6, 0], [16, 12, 0], [20, 20, 4]])
PLUG_FEN = np.array([1_000_000, 12_000_000, 40_000_000])
OPEN_FEN, MOBILISE_FEN = 25_000_000, 2_000_000
KWH_PER_SITE, SLOW_SHARE, GROWTH = 1_500.0, 0.4, 1.35
CASES = ((1, 0.15, Gap(0.001) | Seconds(60)), (5, 0.4, Gap(0.02) | Seconds(600)))
"""Years, budget over the cost of everything, stop."""
FEW = {"points": 120, "sites": 30}
PEER_S = 120


def streets():
    """Name, streets, and the charging rules."""
    named, there = os.environ.get("LUXING_STREETS"), (SHARED / "data").is_dir()
    if named is None:
        print("LUXING_STREETS is not set: the streets are fewer than the time limits are meant for")
    spec = spec_for_roads("streets", named) if named else read_spec(DATA, "sao_paulo" if there else "helsinki")
    city, _ = build_city(spec, Parameters.load(DATA, spec.parameters), inputs=SHARED / "data" if there else None)
    return Path(named).stem if named else spec.id, city.roads, city.charging


def pairs(roads, points, sites, seed=0):
    """(first, site, metres) by service."""
    rng, rows = np.random.default_rng(seed), []
    starts, ends = (snap(roads, roads.lonlat[rng.choice(len(roads.lonlat), n)]) for n in (points, sites))
    for mode, limit_s, most in ((units.WALK, WALK_S, sites), (units.DRIVE, DRIVE_S, MOST_FAST)):
        near = reach(roads, starts, ends, mode, limit_s)
        here = [slice(*near.first[i : i + 2]) for i in range(points)]
        best = [at.start + np.sort(np.argsort(near.length_m[at], kind="stable")[:most]) for at in here]
        kept = np.concatenate(best)
        rows.append((np.cumsum([0, *map(len, best)]), near.end[kept], near.length_m[kept]))
    return rows


def problem_of(rules, roads, years, tight, points=POINTS, sites=SITES, seed=1):
    rng, reached = np.random.default_rng(seed), pairs(roads, points, sites)
    weight = rng.lognormal(0.0, 1.0, (2, points)) * np.array([[SLOW_SHARE], [1 - SLOW_SHARE]])
    hours = np.stack((rules.residence_hours, rules.fast_hours))
    day = weight[:, :, None] * hours[:, None] / (weight[:, :, None] * hours[:, None]).sum()
    growth = GROWTH ** np.arange(years)[:, None, None, None]
    begun, factor = rng.random(sites) < 0.12, rng.uniform(0.7, 1.4, sites)
    chosen = [SIZES[int(b) :] for b in begun]
    plugs = np.concatenate(chosen)
    cost = [np.rint(f * (c @ PLUG_FEN + OPEN_FEN * c.any(axis=1))) for c, f in zip(chosen, factor, strict=True)]
    fen = np.concatenate([c - c[0] for c in cost]).astype(np.int64)
    budget = tight * sum(c[-1] - c[0] for c in cost) / years
    return ChargerProblem(
        demand=np.rint(units.TENTHS * KWH_PER_SITE * sites * day * growth).astype(np.int64),
        first=[first for first, *_ in reached], site=[site.astype(np.int64) for _, site, _ in reached],
        distance_m=[np.rint(metres).astype(np.int64) for *_, metres in reached],
        option_first=np.cumsum([0, *(len(c) for c in chosen)]), option_plugs=plugs,
        option_capacity=capacity_tenths(rules, plugs.T.astype(np.int64)).T, option_fen=fen,
        mobilise_fen=np.full(sites, MOBILISE_FEN), budget_fen=np.full(years, int(budget)),
        option_va=np.rint(1000 * drawn_kva(rules, plugs.T.astype(np.int64))).astype(np.int64),
    )  # fmt: skip


def main() -> None:
    name, roads, rules = streets()
    name += f" {len(roads.lonlat)} crossings"
    solve_chargers(problem_of(rules, roads, 1, 0.15, points=400, sites=40), Gap(0.02))
    for years, tight, stop in CASES:
        p = problem_of(rules, roads, years, tight)
        print(f"{[len(s) for s in p.site]} pairs", flush=True)
        write([solved(p, name, stop)], machine())
    few = problem_of(rules, roads, 1, 0.3, **FEW)
    ours = solved(few, name, Gap(0.0))
    peer, seconds = plain(few)
    write([replace(ours, peer=peer, peer_s=seconds)], machine())


def solved(problem, streets, stop):
    instance = f"{streets}, {problem.points} points, {problem.sites} sites, years: {problem.years}"
    print(instance, flush=True)
    begun, cpu = time.perf_counter(), time.process_time()
    found = solve_chargers(problem, stop)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    share = found.value / problem.total_demand.sum()
    print(f"{found.value} of at most {found.bound}, gap {found.gap:.3%}, {share:.1%} served, ", end="")
    print(f"{seconds:.1f} s, {cpu:.1f} s of processor, {found.status}", flush=True)
    assert verify_chargers(problem, found).problems == ()
    return Line("chargers", instance, None, found.value, found.bound, found.gap, found.status, seconds)


def plain(p):
    """x for every pair, hour and size, tied to the size that is built."""
    from ortools.math_opt.python import mathopt

    begun, model = time.perf_counter(), mathopt.Model()
    y, fen = [model.add_binary_variable() for _ in p.option_fen], []
    for j in range(p.sites):
        own = range(p.option_first[j], p.option_first[j + 1])
        model.add_linear_constraint(mathopt.fast_sum([y[o] for o in own]) == 1)
        fen += [int(p.option_fen[o] + p.mobilise_fen[j]) / 1e6 * y[o] for o in own if o > own[0]]
    model.add_linear_constraint(mathopt.fast_sum(fen) <= int(p.budget_fen[0]) / 1e6)
    served = [x for s in range(p.services) for h in range(p.hours) for x in hour(model, p, y, s, h)]
    model.maximize(mathopt.fast_sum(served))
    limit = mathopt.SolveParameters(time_limit=timedelta(seconds=PEER_S), relative_gap_tolerance=0.0)
    result = mathopt.solve(model, mathopt.SolverType.HIGHS, params=limit)
    bounds, seconds = result.termination.objective_bounds, time.perf_counter() - begun
    print(f"{bounds.primal_bound:.0f} of at most {bounds.dual_bound:.0f}, {len(served)} columns, {seconds:.1f} s")
    proven = bounds.dual_bound <= bounds.primal_bound + 1
    return f"HiGHS on the plain model{'' if proven else ', not proven'}", seconds


def hour(model, p, y, s, h):
    """Columns of one hour and service, with their rows."""
    from ortools.math_opt.python import mathopt

    into, out = [[] for _ in y], [[] for _ in range(p.points)]
    row = np.repeat(np.arange(p.points), np.diff(p.first[s]))
    for i, j in zip(row.tolist(), p.site[s].tolist(), strict=True):
        for o in range(p.option_first[j], p.option_first[j + 1]):
            most = min(int(p.demand[0, s, i, h]), int(p.option_capacity[o, s]))
            if most:
                x = model.add_variable(lb=0)
                model.add_linear_constraint(x <= most * y[o])
                into[o].append(x)
                out[i].append(x)
    for o, terms in enumerate(into):
        model.add_linear_constraint(mathopt.fast_sum(terms) <= int(p.option_capacity[o, s]) * y[o])
    for i, terms in enumerate(out):
        model.add_linear_constraint(mathopt.fast_sum(terms) <= int(p.demand[0, s, i, h]))
    return [x for terms in out for x in terms]


if __name__ == "__main__":
    main()
