"""Ground where a dispatch point could be laid out."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from network.bike_sharing_rules import BikeSharingRules


@dataclass(frozen=True, kw_only=True)
class BikeSite:
    """A kerb, a square or a place for docks. What is None is not known."""

    id: str
    lon: float
    lat: float
    name: str = ""
    docked: bool = False
    area_m2: float | None = None
    spaces: int | None = None
    """Most bikes that may stand there, whatever the ground."""
    footway_m: float | None = None
    """Width of the footway it lies on, without bikes."""
    depth_m: float | None = None
    """Depth of the row of bikes across the footway; else bike_sharing.bike_length_m."""
    open_cny: float | None = None
    cny_per_space: float | None = None
    """Else bike_sharing.point_cny and space_cny."""
    outline: tuple[tuple[float, float], ...] = ()
    left_out: str = ""
    """Why it cannot be used, such as a fire lane."""


def bike_room(site: BikeSite, rules: BikeSharingRules) -> int:
    """Most bikes that can stand there."""
    limits = [] if site.spaces is None else [site.spaces]
    if site.area_m2 is not None:
        limits.append(floor(site.area_m2 / float(rules.bike_m2)))
    return min(limits) if limits else int(rules.most_spaces)


def bikes_refused(site: BikeSite, rules: BikeSharingRules) -> str:
    """Why no point can be laid out there; empty where one can."""
    if site.left_out:
        return site.left_out
    if site.footway_m is not None:
        depth = float(rules.bike_length_m) if site.depth_m is None else site.depth_m
        left = site.footway_m - depth
        if left < rules.clear_width_m:
            needed = float(rules.clear_width_m)
            return f"bikes would leave {max(left, 0.0):.1f} m of the footway, {needed:g} m are needed"
    room, least = bike_room(site, rules), int(rules.least_spaces)
    return f"has room for {room} bikes, {least} are the least" if room < least else ""
