"""Small sharing problems, and the slow truth about them: every plan is tried."""

from functools import cache
from itertools import product

import numpy as np

from optimise.sharing import SharingProblem


def made(seed, *, lots=3, blocks=2, groups=2, days=1, most=2, **rules):
    """Random lots, blocks and rows: of hours inside windows, of hours after them, and of hours when all are gone."""
    rng = np.random.default_rng(seed)
    near = [rng.random((blocks, lots)) < 0.8 for _ in range(groups)]
    first, active, closed, tables = [0], [], [], []
    whole = (1 << groups) - 1
    for _ in range(lots * days):
        inside = [int(mask) for mask in rng.choice(np.arange(1, whole + 1), min(2, whole), replace=False)]
        active += inside
        closed += [0] * len(inside)
        tables += [[int(rng.integers(1, 4))] for _ in inside]
        for _ in range(2):
            closed.append(int(rng.integers(1, whole + 1)))
            active.append(int(rng.integers(0, whole + 1)))
            steps = rng.choice([0, 0, 1, 1, 2], int(rng.integers(1, 4)))
            tables.append(np.maximum(int(rng.integers(1, 4)) - np.cumsum(np.append(0, steps)), 0).tolist())
        first.append(len(active))
    given = {
        "wanted": rng.integers(0, most + 1, (groups, days, blocks)),
        "pair_first": [np.concatenate(([0], np.cumsum(n.sum(axis=1)))) for n in near],
        "pair_lot": [np.nonzero(n)[1] for n in near],
        "pair_m": [rng.integers(1, 10, int(n.sum())) for n in near],
        "row_first": np.array(first), "row_active": np.array(active), "row_closed": np.array(closed),
        "table_first": np.cumsum([0] + [len(t) for t in tables]), "table": np.concatenate(tables),
        "weight": rng.integers(1, 5, (groups, days)), "gain_fen": rng.integers(0, 4, (lots, days, groups)),
        "run_fen": rng.integers(0, 6, lots), "retrofit_fen": rng.integers(0, 9, lots), "subsidy_years": 2,
        "tier": rng.integers(1, 3, lots), "allowed": rng.random(lots) < 0.9, "already": np.zeros(lots, np.int64),
        "unmet_m": 10,
    }  # fmt: skip
    return SharingProblem(**given | rules)


def ruled(seed, **kwargs):
    """The same with a budget, an order of tiers, lots that share already, lots and spaces at least, now and then."""
    rng = np.random.default_rng(1000 + seed)
    plain = made(seed, **kwargs)
    rules = {"objective": ("met", "walking", "cost")[seed % 3]}
    if seed % 2:
        rules["budget_fen"] = int(rng.integers(4, 24))
    if seed % 5 < 3:
        rules["first_tier_thousandths"] = int(rng.choice([400, 800, 1000]))
    if seed % 7 < 3:
        already = rng.integers(0, 3, plain.lots) * (rng.random(plain.lots) < 0.5)
        rules |= {"already": already, "row_base": rng.integers(0, 2, len(plain.row_active))}
    if seed % 4 == 1:
        rules["least_lots"] = int(rng.integers(1, plain.lots + 1))
    if seed % 4 >= 2:
        rules["least_spaces"] = int(rng.integers(1, 3 * plain.lots))
    if rules["objective"] == "cost":
        rules["met_least"] = int(rng.integers(1, int((plain.wanted.sum(axis=2) * plain.weight).sum()) + 2) * 0.7)
    return made(seed, **kwargs | rules)


def row_of(p, lot, day):
    for q in range(p.row_first[lot * p.days + day], p.row_first[lot * p.days + day + 1]):
        yield int(p.row_active[q]), int(p.row_closed[q]), p.table[p.table_first[q] : p.table_first[q + 1]].tolist(), q


def fits(p, lot, day, offer):
    for active, closed, table, _ in row_of(p, lot, day):
        late = sum(n for g, n in enumerate(offer) if closed >> g & 1)
        if late >= len(table) or sum(n for g, n in enumerate(offer) if active >> g & 1) > table[late]:
            return False
    return True


def offers(p, lot):
    """Every offer of a lot, as tuples by day of tuples by group."""
    reach = np.zeros((p.days, p.groups), np.int64)
    for g in range(p.groups):
        for b in range(p.blocks):
            if lot in p.pair_lot[g][p.pair_first[g][b] : p.pair_first[g][b + 1]]:
                reach[:, g] += p.wanted[g, :, b]
    reach *= int(p.allowed[lot])
    by_day = [
        [o for o in product(*[range(n + 1) for n in reach[d].tolist()]) if fits(p, lot, d, o)] for d in range(p.days)
    ]
    return list(product(*by_day))


def spaces(p, lot, offer):
    best = int(p.already[lot])
    if any(map(any, offer)):
        for d in range(p.days):
            for active, closed, _, q in row_of(p, lot, d):
                if closed == 0:
                    best = max(best, int(p.row_base[q]) + sum(n for g, n in enumerate(offer[d]) if active >> g & 1))
    return best


def flows(p, g, d):
    """Permits of each lot, and the most that permits so spread are worth."""
    first, near = p.pair_first[g], p.pair_lot[g]
    unmet = p.unmet_m if p.objective == "walking" else 1
    best = {(0,) * p.lots: 0}
    for b in range(p.blocks):
        pairs, wanted, after = range(first[b], first[b + 1]), int(p.wanted[g, d, b]), {}
        for given in product(range(wanted + 1), repeat=len(pairs)):
            if sum(given) > wanted:
                continue
            near_m = [int(p.pair_m[g][k]) if p.objective == "walking" else 0 for k in pairs]
            worth = int(p.weight[g, d]) * sum(n * (unmet - m) for n, m in zip(given, near_m, strict=True))
            for had, before in best.items():
                now = list(had)
                for k, n in zip(pairs, given, strict=True):
                    now[near[k]] += n
                after[tuple(now)] = max(after.get(tuple(now), -1), before + worth)
        best = after
    return best


def every_plan(p):
    """(open, permits (L, D, G), most spaces of each lot, worth of the permits) of all that keeps the rows."""
    all_offers = [offers(p, lot) for lot in range(p.lots)]

    @cache
    def widest(lot, given):
        can = [
            o
            for o in all_offers[lot]
            if all(x >= y for a, c in zip(o, given, strict=True) for x, y in zip(a, c, strict=True))
        ]
        some = [spaces(p, lot, o) for o in can if any(map(any, o))]
        return bool(can), max(some, default=None)

    cells = [(g, d) for g in range(p.groups) for d in range(p.days)]
    for spread in product(*[flows(p, g, d).items() for g, d in cells]):
        given = np.zeros((p.lots, p.days, p.groups), np.int64)
        for (g, d), (totals, _) in zip(cells, spread, strict=True):
            given[:, d, g] = totals
        wide = [widest(lot, tuple(map(tuple, given[lot].tolist()))) for lot in range(p.lots)]
        if not all(can for can, _ in wide):
            continue
        must = given.any(axis=(1, 2))
        may = [[True] if must[lot] else [False, True] if wide[lot][1] is not None else [False] for lot in range(p.lots)]
        for opened in product(*may):
            yield np.array(opened), given, [w for _, w in wide], sum(worth for _, worth in spread)


def money(p, open_, given):
    earned = (given * p.gain_fen).sum(axis=(1, 2))
    paid = np.where(p.already > 0, 0, p.retrofit_fen) + p.subsidy_years * np.maximum(p.run_fen - earned, 0)
    return int(paid[open_].sum())


def truth(p):
    """The best value, None where no plan does what is asked for; and the most lots, spaces and met of plans that are
    within the budget and keep the order of the tiers, others of these at least as asked for.
    """
    useful = np.array([any(any(map(any, o)) for o in offers(p, lot)) for lot in range(p.lots)])
    first, there = useful & (p.tier == 1), p.already > 0
    needed = -(-p.first_tier_thousandths * int(first.sum()) // 1000)
    everything = int((p.wanted.sum(axis=2) * p.weight).sum()) * p.unmet_m
    best, reached = None, []
    for open_, given, wide, worth in every_plan(p):
        if (open_ & ~there & (p.tier == 2)).any() and (first & (open_ | there)).sum() < needed:
            continue
        paid = money(p, open_, given)
        if 0 <= p.budget_fen < paid:
            continue
        lots = int((open_ | there).sum())
        shared = sum(w if o else int(a) for w, o, a in zip(wide, open_, p.already, strict=True))
        met = int((given.sum(axis=0).T * p.weight).sum())
        reached.append((lots, shared, met))
        if lots < p.least_lots or shared < p.least_spaces or met < p.met_least:
            continue
        value = {"met": worth, "walking": worth - everything, "cost": -paid}[p.objective]
        best = value if best is None else max(best, value)
    least = (p.least_lots, p.least_spaces, p.met_least)
    return best if best is None or p.objective == "met" else -best, most_of(set(reached), least)


def most_of(reached, least):
    """The most of each, the others at least as asked for, or freely where they cannot be."""
    found = []
    for k in range(3):
        kept = [r for r in reached if all(r[i] >= least[i] for i in range(3) if i != k)]
        found.append(max(r[k] for r in (kept or reached)))
    return found
