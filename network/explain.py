"""Which edit of a scenario moved a figure by how much: each in the order given, and each alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from network.city import City
from network.demand.flows import Flows, between_zones
from network.errors import CityError, Problem
from network.outcome import Outcome
from network.scenario import Scenario
from network.simulate import simulate
from network.travel import Travel, travel_times
from network.units import GREEN_MODES, TRIP_MODES, VISITOR

Figure: TypeAlias = Callable[[Outcome], float | None]
GREEN = "green"
"""All modes but car and taxi, as one."""


@dataclass(frozen=True, kw_only=True)
class Effects:
    """How a figure got from what it is to what it becomes; None where it has no meaning."""

    base: float | None
    changed: float | None
    difference: float | None
    in_order: tuple[float | None, ...]
    """What each edit adds to those before it; they add up to the difference."""
    alone: tuple[float | None, ...]
    """What each edit would do without the others, None also where it cannot be made without them."""
    interaction: float | None
    """The difference beyond the sum of the effects alone: what the edits do to each other."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Contributions:
    """Days of a city on the way through the edits of a scenario."""

    scenario: Scenario
    city: City
    """After all edits."""
    after: tuple[Outcome, ...]
    """The day as it is, and after the first edit, the first two, and so on to all of them."""
    alone: tuple[Outcome | Problem, ...]
    """The day after each edit alone, or why the edit cannot be made without those before it."""

    def of(self, figure: Figure) -> Effects:
        """What the edits do to a figure of a day, such as `METRICS[name].function` or `share_of(...)`."""
        path = [figure(day) for day in self.after]
        alone = tuple(None if isinstance(day, Problem) else _minus(figure(day), path[0]) for day in self.alone)
        whole = _minus(path[-1], path[0])
        known = [effect for effect in alone if effect is not None]
        full = whole is not None and len(known) == len(alone)
        return Effects(
            base=path[0],
            changed=path[-1],
            difference=whole,
            in_order=tuple(_minus(new, old) for old, new in pairwise(path)),
            alone=alone,
            interaction=whole - sum(known) if full and whole is not None else None,
        )


def contributions(
    city: City,
    scenario: Scenario,
    *,
    travel: Travel | None = None,
    flows: Flows | None = None,
    base: Outcome | None = None,
    report: Callable[[int, int], None] | None = None,
) -> Contributions:
    """The days that tell which edit of a scenario does what: two for each edit but the first and those that cannot
    be made alone. Each is a day of its own, trips between zones included, without congestion.

    `travel`, `flows` and `base` are of the city, computed here where not given. `report` hears after each edit how many
    are done, and of how many; what it raises ends the work. Raises ScenarioError with every problem of every edit, and
    InputError where trips cannot be balanced.
    """
    scenario.apply(city)
    here = travel_times(city) if travel is None else travel
    trips = between_zones(city, here) if flows is None else flows
    steps = _days(city, scenario, simulate(city, here, trips) if base is None else base, here, trips)
    days = []
    for done, day in enumerate(steps):
        days.append(day)
        if report:
            report(done, len(scenario.edits))
    return Contributions(
        scenario=scenario,
        city=days[-1].city,
        after=tuple(day.after for day in days),
        alone=tuple(day.alone for day in days[1:]),
    )


class _Step(NamedTuple):
    """The city and its day after some edits, and the day after the last of them alone."""

    city: City
    after: Outcome
    alone: Outcome | Problem


def _days(city: City, scenario: Scenario, base: Outcome, travel: Travel, flows: Flows) -> Iterator[_Step]:
    """The city as it is, then after each edit."""
    yield _Step(city, base, base)
    so_far, on_the_way, trips = city, travel, flows
    for at, edit in enumerate(scenario.edits):
        only = Scenario(edits=(edit,))
        so_far = only.apply(so_far)
        on_the_way = travel_times(so_far, on_the_way)
        trips = between_zones(so_far, on_the_way, trips)
        day = simulate(so_far, on_the_way, trips)
        alone: Outcome | Problem = day
        if at:
            try:
                own = only.apply(city)
                alone = simulate(own, travel_times(own, travel), flows)
            except CityError as error:
                alone = replace(error.problems[0], where=f"edits[{at}] {edit.type}, alone")
        yield _Step(so_far, day, alone)


def share_of(mode: str, zone: int | None = None) -> Figure:
    """Share of a mode, or of GREEN, among the trips of residents; of those that start in a zone, by its position.

    None where there are no trips. Home-based trips start at home, whichever way they go.
    """
    modes = list(GREEN_MODES) if mode == GREEN else [TRIP_MODES.index(mode)]
    zones = slice(None) if zone is None else slice(zone, zone + 1)

    def share(day: Outcome) -> float | None:
        by_mode = day.trips_from[:VISITOR, :, zones].sum(axis=(0, 2))
        total = float(by_mode.sum())
        return float(by_mode[modes].sum()) / total if total > 0 else None

    return share


def _minus(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before
