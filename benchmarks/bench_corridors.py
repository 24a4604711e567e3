"""Stations of made corridors for a budget: value, bound and time."""

from __future__ import annotations

import time

from corridor_instances import corridor
from quality import Line, write
from run import machine

from optimise import propose_corridor

CASES = ((8, 24, 16e6), (12, 64, 30e6), (12, 64, 80e6))
"""Cities, service areas, budget [CNY]."""


def main() -> None:
    for cities, areas, budget in CASES:
        case = corridor(cities, areas, seed=1)
        flows = len(case.corridor.flows)
        instance = f"{areas} service areas, {flows} flows, {budget / 1e6:.0f} million"
        print(instance, flush=True)
        begun, cpu = time.perf_counter(), time.process_time()
        plan = propose_corridor(case.corridor, case.rules, budget_cny=budget)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        new = sum(not s.existing_plugs for s in plan.stations)
        print(f"{plan.value:.1f} of at most {plan.bound:.1f} vehicles a day, gap {plan.gap:.2%}, ", end="")
        print(f"{new} stations, {seconds:.1f} s, {cpu:.1f} s of processor, the plan for mild days included", flush=True)
        value, bound = round(plan.value, 1), round(plan.bound, 1)
        write([Line("corridors", instance, None, value, bound, plan.gap, plan.status, seconds)], machine())


if __name__ == "__main__":
    main()
