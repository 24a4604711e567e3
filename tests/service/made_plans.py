"""A city with awkward names, and plans for it by hand whose claims are made up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from network import City, Provenance, grid_city, simulate, travel_times
from optimise import ChargerProposal, Plan, PlanYear, Site, SiteReason, Target, Verification, judge

EVIL = "<script>alert('x')</script>&\""
OSM = "© OpenStreetMap contributors"
NAMES = {0: EVIL, 1: "平江路公共停车场", 2: '=HYPERLINK("x")', 3: "Kerb, north\nside"}


def named_city() -> City:
    """A grid city with names a map may really carry, and with an attribution."""
    base = grid_city(6, 3)
    names = np.array([NAMES.get(i, str(name)) for i, name in enumerate(base.places.name)])
    streets = np.array([EVIL if i == 0 else "干将路" if i == 5 else str(n) for i, n in enumerate(base.roads.way_name)])
    provenance = Provenance(**dict(base.provenance.arrays()) | {"attribution": np.array([OSM])})
    return replace(
        base,
        name=f"Grid {EVIL}",
        roads=replace(base.roads, way_name=streets),
        places=replace(base.places, name=names),
        provenance=provenance,
    )


def made_proposal(city: City, picks: dict[int, int], targets: tuple[Target, ...] = (), **changes) -> ChargerProposal:
    """A proposal by hand: place position -> new plugs; every claim but the sites is made up."""
    p, plugs = city.places, city.supply.plugs.sum(axis=0)
    sites = tuple(
        Site(
            place=str(p.id[i]),
            kind=str(p.kind[i]),
            name=str(p.name[i]),
            lon=float(p.lonlat[i, 0]),
            lat=float(p.lonlat[i, 1]),
            charger="fast",
            new_plugs=n,
            existing_plugs=int(plugs[i]),
            cost_cny=float(n * p.plug_cny[i] + (0 if plugs[i] else p.open_cny[i])),
            year=int(city.transit.year),
        )
        for i, n in picks.items()
    )
    claims = {
        "city": city.id,
        "city_digest": city.digest,
        "objective": "served",
        "base_year": int(city.transit.year),
        "sites": sites,
        "feeders": (),
        "years": (
            PlanYear(
                year=int(city.transit.year),
                budget_cny=2_000_000.0,
                spent_cny=1e6,
                plugs=12,
                wanted_kwh=100.0,
                served_kwh=50.0,
            ),
        ),
        "reasons_why": tuple(
            SiteReason(
                place=site.place,
                plugs=(0, site.new_plugs, 0),
                cost_cny=site.cost_cny,
                lost_kwh=12.5,
                cny_per_daily_kwh=100.0,
                gains=("west",),
            )
            for site in sites
        ),
        "next_best": (
            SiteReason(
                place=str(p.id[7]),
                plugs=(8, 0, 4),
                cost_cny=30_000.0,
                lost_kwh=3.0,
                cny_per_daily_kwh=1e4,
                gains=("east",),
            ),
        ),
        "cost_cny": sum(s.cost_cny for s in sites),
        "value": 12_345,
        "bound": 12_468,
        "gap": 123 / 12_345,
        "value_unit": "0.1 kWh/day",
        "status": "feasible",
        "reasons": (),
        "verified": ("feasible", "value"),
        "targets": targets,
        "solver": "by hand",
        "seed": 7,
        "stop": {"work": 30.0},
        "inputs": {"city": city.digest},
        "versions": {"luxing": "0.1.0"},
        "defaults": tuple(city.provenance.defaults()),
    } | changes
    plan = Plan(**claims)
    base = simulate(city)
    changed_city = plan.as_scenario().apply(city)
    changed = simulate(changed_city, travel_times(changed_city))
    return ChargerProposal(
        plan=plan,
        verification=Verification(
            feasible=True,
            value=plan.value,
            value_matches=True,
            bound_side_ok=True,
            gap_matches=True,
            relaxation_bound=None,
            checked=plan.verified,
            problems=(),
        ),
        city=city,
        base=base,
        changed=changed,
        verdicts=judge(changed.metrics, targets),
    )
