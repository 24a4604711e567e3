"""What the electric buses of a city need at their depots: chargers, and the least power, with proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from network import City, InputError, Outcome, Problem, Travel, digest_of, simulate, travel_times
from optimise.bus_blocks import F64, I64
from optimise.bus_charging import (
    Night,
    Parked,
    Smart,
    chargers_for,
    estimate,
    in_use,
    night_of,
    parked,
    peak_kw,
    smart,
    too_little,
    unmanaged,
)
from optimise.bus_days import BUS_SEGMENT, BusDays, GivenBlock, TopUp, bus_days, given_days
from optimise.bus_path import BusPath, Counted, bus_path
from optimise.depot_plan import Depot, DepotPlan, FeederNeed, TopUpPlace, transformers_kva
from optimise.propose import UnverifiedError
from optimise.solver import Incumbent, Listener, Progress, answer
from optimise.stop import Gap, Run, Stop, Work
from optimise.targets import Target, Verdict, judge

DEPOTS_UNTIL: Final[Stop] = Gap(0.0) | Work(4)
"""Stops at the same point on every machine."""
_NAME: Final = "depots"
_CHECKS: Final = ("feasible", "value", "bound_side", "parked")
_WORK_EACH: Final = 0.25
"""Work spent on one depot's fewest chargers without moving a bus, at most."""
_EPSILON_KWH: Final = 0.1
_TINY: Final = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class DepotNight:
    """A depot's buses, with the power they draw (day of slots) in kW."""

    bus: I64
    """(B) positions in the days."""
    night: Night
    smart: Smart
    parked: Parked
    smart_kw: F64
    unmanaged_kw: F64


@dataclass(frozen=True, eq=False, kw_only=True)
class DepotProposal:
    """A plan of depots, how it was found, and the city's day, which it leaves as it is."""

    plan: DepotPlan
    incumbent: Incumbent
    days: BusDays
    nights: tuple[DepotNight, ...]
    """In the order of the plan's depots."""
    base: Outcome
    changed: Outcome
    verdicts: list[Verdict]


def propose_depots(
    city: City,
    *,
    depots: Sequence[str] = (),
    blocks: Sequence[GivenBlock] = (),
    path: Counted | None = "clean",
    targets: Sequence[Target] = (),
    stop: Stop = DEPOTS_UNTIL,
    seed: int = 0,
    travel: Travel | None = None,
    base: Outcome | None = None,
    progress: Listener | None = None,
    versions: Mapping[str, str] | None = None,
) -> DepotProposal:
    """Chargers, power and transformers of the depots, all buses electric.

    depots: ids of places that are depots, else those of the kinds in city.buses. blocks: the work of each bus, else it
    is chained from the city's timetable. path: buses that the fleet's path asks for, None for no path. Raises
    InputError for what is not there or makes no sense, UnverifiedError where the answer fails its own check.
    """
    if seed < 0:
        raise InputError(Problem("seed", f"is {seed}", "give a whole number of zero or more"))
    if depots and blocks:
        raise InputError(Problem("depots", "and blocks are both given", "each block names its depot: leave depots out"))
    run = stop.start()
    base = base or simulate(city, travel or travel_times(city))
    days = given_days(city, blocks) if blocks else bus_days(city, depots)
    nights, missing = _nights(city, days, run, seed, progress)
    power = np.array([night.smart.power_kw for night in nights], dtype=np.int64)
    total = int(power.sum())
    incumbent = answer(power, objective=total, bound=total, solver=_NAME, seconds=run.seconds)
    empty = tuple(days.id[i] for i in sorted({*days.empty.tolist(), *missing}))
    plan = _plan(
        city, days, nights, empty, bus_path(city.buses, path) if path else None,
        source="blocks" if blocks else "timetable",
        value=incumbent.objective, bound=incumbent.bound, gap=incumbent.gap, status=incumbent.status,
        targets=tuple(targets), seed=seed, stop=stop.to_dict(), versions=dict(versions or {}),
    )  # fmt: skip
    wrong = [what for depot, night in zip(plan.depots, nights, strict=True) for what in unkept(depot, night)]
    if wrong:
        raise UnverifiedError("; ".join(wrong))
    verdicts = judge(base.metrics, targets)
    return DepotProposal(
        plan=plan, incumbent=incumbent, days=days, nights=nights, base=base, changed=base, verdicts=verdicts
    )


def _plan(
    city: City,
    days: BusDays,
    nights: Sequence[DepotNight],
    empty: tuple[str, ...],
    path: BusPath | None,
    **asked: Any,
) -> DepotPlan:
    """The plan; `asked` are the fields the caller gave."""
    told = tuple(_depot(city, days, night) for night in nights)
    feeders, short = _feeders(city, days, nights, told)
    top_ups = _top_ups(city, days)
    return DepotPlan(
        city=city.id,
        city_digest=city.digest,
        depots=told,
        top_ups=top_ups,
        feeders=feeders,
        buses=len(days.id),
        km=float(days.km.sum()),
        energy_kwh=sum(d.energy_kwh for d in told) + sum(t.energy_kwh for t in top_ups),
        chargers=sum(d.chargers for d in told),
        peak_unmanaged_kw=sum(d.peak_unmanaged_kw for d in told),
        empty_buses=empty,
        path=path,
        cost_cny=sum(x.cost_cny for some in (told, top_ups, feeders) for x in some),
        reasons=(*_reasons(days, empty), *short, *(path.reasons if path else ())),
        verified=_CHECKS,
        solver=_NAME,
        inputs={"city": city.digest, "problem": _digest(days)},
        defaults=tuple(city.provenance.defaults()),
        **asked,
    )


def _nights(
    city: City, days: BusDays, run: Run, seed: int, progress: Listener | None
) -> tuple[tuple[DepotNight, ...], set[int]]:
    """By depot, and the buses that are not full again when they go out."""
    found, missing = [], set[int]()
    efficiency = float(city.fleet.charging_efficiency[BUS_SEGMENT])
    used = np.unique(days.depot).tolist()
    for k, depot in enumerate(used):
        bus = np.flatnonzero(days.depot == depot)
        night, short_kwh = night_of(city.buses, days.out_s[bus], days.back_s[bus], days.kwh[bus] / efficiency)
        missing |= set(bus[short_kwh > _EPSILON_KWH].tolist())
        least = smart(night)
        drawn = np.bincount(least.slot, least.energy, night.day)
        found.append(
            DepotNight(
                bus=bus,
                night=night,
                smart=least,
                parked=parked(night, run, min(_WORK_EACH, run.work_left / (len(used) - k)), seed),
                smart_kw=drawn / night.slot_min,
                unmanaged_kw=unmanaged(night)[0] / night.slot_min,
            )
        )
        if progress is not None:
            progress(Progress(run.seconds, None, None, _NAME))
    return tuple(found), missing


def _depot(city: City, days: BusDays, found: DepotNight) -> Depot:
    buses, night = city.buses, found.night
    j = int(days.depot[found.bus[0]])
    place = int(days.depots.place[j])
    feeder = int(city.places.feeder[place]) if place >= 0 else -1
    lon, lat = days.depots.lonlat[j].tolist()
    peak, loose = found.smart.power_kw, peak_kw(night, unmanaged(night)[0])
    sizes, factor = buses.transformer_kva.tolist(), float(city.charging.power_factor)
    transformer, chargers = transformers_kva(sizes, peak / factor), chargers_for(night, peak)
    return Depot(
        place=days.depots.id[j],
        name=days.depots.name[j],
        lon=lon if np.isfinite(lon) else None,
        lat=lat if np.isfinite(lat) else None,
        lines=tuple(sorted({days.line[i] for i in found.bus.tolist()} - {""})),
        buses=len(found.bus),
        km=float(days.km[found.bus].sum()),
        energy_kwh=night.energy_kwh,
        chargers=chargers,
        chargers_estimate=estimate(night, float(buses.charger_use)),
        chargers_parked=found.parked.chargers,
        chargers_parked_bound=found.parked.bound,
        chargers_unmanaged=int(unmanaged(night)[1].max(initial=0)),
        peak_kw=peak,
        peak_unmanaged_kw=loose,
        tight_h=len(found.smart.tight) * night.slot_min / 60.0,
        kva=peak / factor,
        transformer_kva=transformer,
        transformer_unmanaged_kva=transformers_kva(sizes, loose / factor),
        feeder=str(city.feeders.id[feeder]) if feeder >= 0 else "",
        cost_cny=chargers * float(buses.charger_cny) + transformer * float(buses.transformer_cny_per_kva),
    )


def _feeders(
    city: City, days: BusDays, nights: Sequence[DepotNight], told: Sequence[Depot]
) -> tuple[tuple[FeederNeed, ...], list[str]]:
    """What depots take of feeders, and where a feeder cannot be made strong enough."""
    f, taken = city.feeders, city.supply.feeder_steps
    kva = np.zeros(len(f.id))
    for night, depot in zip(nights, told, strict=True):
        place = int(days.depots.place[days.depot[night.bus[0]]])
        if place >= 0 and city.places.feeder[place] >= 0:
            kva[city.places.feeder[place]] += depot.kva
    out, short = [], []
    for b in np.flatnonzero(kva).tolist():
        room, step = float(f.headroom_kva[b] + taken[b] * f.step_kva[b]), float(f.step_kva[b])
        wanted = int(np.ceil(max(0.0, kva[b] - room) / step - _TINY)) if step > 0 else 0
        steps = min(wanted, int(f.most_steps[b]) - int(taken[b]))
        left = room + steps * step - float(kva[b])
        if left < -_TINY:
            short.append(f"feeder {f.id[b]} lacks {-left:,.0f} kVA for depots, with every step of reinforcement")
        cost = steps * float(f.step_cny[b])
        out.append(
            FeederNeed(
                feeder=str(f.id[b]), kva=float(kva[b]), headroom_kva=room, steps=steps, left_kva=left, cost_cny=cost
            )
        )
    return tuple(out), short


def _top_ups(city: City, days: BusDays) -> tuple[TopUpPlace, ...]:
    """Ends of lines where buses top up, by what is drawn there."""
    buses, t = city.buses, city.transit
    by_stop: dict[int, list[tuple[int, TopUp]]] = {}
    for bus, some in enumerate(days.top_ups):
        for one in some:
            by_stop.setdefault(one.stop, []).append((bus, one))
    out = []
    for stop, here in sorted(by_stop.items()):
        lon, lat = t.timetable.stop_lonlat[stop].tolist()
        chargers = at_once([(one.from_s, one.to_s) for _, one in here])
        out.append(
            TopUpPlace(
                stop=str(t.timetable.stop_id[stop]),
                name=str(t.stop_name[stop]),
                lon=lon,
                lat=lat,
                chargers=chargers,
                peak_kw=round(chargers * float(buses.topup_kw)),
                buses=len({bus for bus, _ in here}),
                energy_kwh=sum(one.kwh for _, one in here) / float(city.fleet.charging_efficiency[BUS_SEGMENT]),
                cost_cny=chargers * float(buses.topup_cny),
            )
        )
    return tuple(out)


def at_once(spans: Sequence[tuple[float, float]]) -> int:
    """Most spans that overlap; one may begin as another ends."""
    steps = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    return int(np.cumsum([step for _, step in steps]).max(initial=0))


def _reasons(days: BusDays, empty: Sequence[str]) -> list[str]:
    out = []
    if (days.depots.place < 0).any() and any(days.line):
        out.append("no place of the city is a depot, so buses stay at the end of their line: name depots")
    if empty:
        who = f"{empty[0]} cannot do its" if len(empty) == 1 else f"{len(empty)} buses, as {empty[0]}, cannot do their"
        out.append(f"{who} day: battery or time to charge is too small")
    return out


def unkept(depot: Depot, found: DepotNight) -> list[str]:
    """What does not hold of a depot, from its night alone."""
    night, least = found.night, found.smart
    wrong = []
    given = np.bincount(least.bus, least.energy, len(night.need)).astype(np.int64)
    if (given != night.need).any():
        wrong.append("a bus does not get its energy")
    if least.energy.max(initial=0) > night.full:
        wrong.append("a charger gives more than it can")
    if ((least.slot - night.first[least.bus]) % night.day >= night.slots[least.bus]).any():
        wrong.append("a bus charges while it is out")
    drawn = np.bincount(least.slot, least.energy, night.day)
    power = min(least.power_kw, depot.chargers * night.charger_kw)
    if drawn.max(initial=0) > power * night.slot_min:
        wrong.append("it draws more than its power")
    if least.power_kw and not too_little(night, least.power_kw - 1, least.tight):
        wrong.append("less power is not proven to be too little")
    stay = found.parked
    late = (stay.begin < 0) | (stay.begin + night.busy > night.slots)
    if late[night.busy > 0].any() or in_use(night, stay.begin).max(initial=0) > stay.chargers:
        wrong.append("buses do not get a charger each in time")
    if not stay.bound <= stay.chargers or depot.peak_kw > depot.peak_unmanaged_kw:
        wrong.append("a bound is above its value")
    return [f"{depot.name or depot.place}: {what}" for what in wrong]


def _digest(days: BusDays) -> str:
    numbers = days.depot, days.out_s, days.back_s, days.km, days.kwh
    return digest_of(*days.id, *numbers, np.array([(x.stop, x.from_s, x.to_s) for some in days.top_ups for x in some]))
