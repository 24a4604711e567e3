"""Points of a plan on simulated days: with the riders they are sized for, they hold as often as was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from network import Scenario, grid_city, model_flows, simulate
from network.edits.bikes import RemoveBikePoint
from network.replay.riders import Case, run_days
from optimise.bike_problem import bike_case
from optimise.bike_sites import usable_sites
from optimise.bike_wishes import BikeWishes
from optimise.points import solve_points, stock_of
from optimise.stop import Gap

DAYS = 400
ALL_PUT_BACK = np.array([np.inf, 1e6, 0.0, 0.0, 0.0])


@pytest.mark.parametrize("kind", [0, 1], ids=["weekday", "weekend"])
def test_points_hold_on_the_days_that_were_asked_for(kind):
    """Each place's riders go to the point that the plan sizes for them; the rest of the city to the street."""
    city = grid_city(8)
    city = Scenario(edits=tuple(RemoveBikePoint(point=str(name)) for name in city.bike_points.id)).apply(city)
    flows, wishes = model_flows(city, simulate(city)), BikeWishes(budgets_cny=(60_000.0,))
    case = bike_case(city, flows, usable_sites(city, wishes), wishes, 0.0)
    answer = solve_points(case.problem, stop=Gap(0.05), seed=0)
    laid_out = np.flatnonzero(answer.open)
    site = np.full(len(flows.id), -1)
    site[case.asked] = answer.site_of
    served = np.append(0, np.cumsum(site >= 0))
    points = Case(
        first=served.astype(np.int64),
        point=np.searchsorted(laid_out, site[site >= 0]).astype(np.int64),
        spaces=answer.spaces[laid_out],
        start=stock_of(case.problem, answer, case.of_day(kind))[laid_out],
        vans=ALL_PUT_BACK,
    )
    (found,) = run_days(city.bike_sharing, flows, [points], days=DAYS, seed=0, kind=kind)
    promised = float(city.bike_sharing.days_covered)
    assert len(laid_out) >= 5
    assert found.points.sum(axis=0).min() > 0, "riders come to each"
    assert found.held >= promised
    assert found.held_share.min() >= promised - 3 * np.sqrt(promised * (1 - promised) / DAYS)
