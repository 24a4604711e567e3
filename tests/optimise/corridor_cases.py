"""Corridors for tests: rules and cars of round numbers, a line of service areas between two cities."""

from __future__ import annotations

from itertools import pairwise

from optimise import CorridorFlow, CorridorLink, CorridorNode, CorridorRules, CorridorVehicle

RULES = CorridorRules(
    usable_share=0.75, winter_c=-5.0, comfort_c=20.0, cold_share_per_c=0.01, peak_share=0.1, session_kwh=30.0,
    service_h=0.4, wait_h=1 / 6, wait_share=0.05, drawn_kw=120.0, plug_cny=100.0, open_cny=500.0, grid_cny_per_kw=1.0,
    least_plugs=2, most_plugs=500, most_grid_kw=50_000.0, most_kwh_per_km=5.0, most_detour=1e9,
)  # fmt: skip
CARS = (
    CorridorVehicle(segment="short", share=0.4, range_km=260.0, kwh_per_km=0.14),
    CorridorVehicle(segment="long", share=0.6, range_km=480.0, kwh_per_km=0.17),
)


def node(name, kind="service_area", **more):
    return CorridorNode(id=name, lon=0.0, lat=0.0, kind=kind, **more)


def line(*lengths_km, **more):
    """Cities at both ends, service areas between them."""
    names = ["west", *(f"s{i}" for i in range(1, len(lengths_km))), "east"]
    nodes = [node(n, "city" if n in {"west", "east"} else "service_area", **more.get(n, {})) for n in names]
    links = [CorridorLink(start=a, end=b, length_km=km) for (a, b), km in zip(pairwise(names), lengths_km, strict=True)]
    return nodes, links


def flow(origin, destination, count=100.0):
    return CorridorFlow(origin=origin, destination=destination, vehicles_per_day=count)
