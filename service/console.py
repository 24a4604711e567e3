"""What the command line shows: tables, progress, problems."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from network import METRICS, City, Problem, units
from network.io import STAGES
from optimise import (
    BikesProposal,
    ChargerProposal,
    DepotProposal,
    LoopProposal,
    ParkRideProposal,
    Plan,
    PlanYear,
    Progress,
    SharingProposal,
    SpacesProposal,
    StopProposal,
    Verdict,
)
from service.console_depots import show_depots
from service.console_dispatch import show_dispatch
from service.console_sharing import show_sharing
from service.console_spaces import show_spaces
from service.outturn_schemas import Reported
from service.proposals import AnyProposal
from service.report.numbers import NO_CHANGE, NOTHING, difference, digits_for, number, percent, plan_value, quantity
from service.report.tables import site_rows
from service.schemas import MetricInfo, TargetRow, WhatIfAnswer

_SITES_SHOWN = 20
_ALSO_SHOWN = 3
_SHOWN = (
    "green_trip_share", "green_trip_share_without_ebike", "walk_trip_share", "cycle_trip_share", "ebike_trip_share",
    "transit_trip_share", "car_trip_share", "bike_ride_trip_share", "park_ride_trip_share", "mode_guide_share",
    "trips_per_day", "car_km_per_day", "co2_t_per_day",
    "co2_tank_to_wheel_t_per_day", "charging_demand_kwh", "charging_served_kwh",
    "charging_served_share", "charging_within_reach_share", "charging_mean_walk_m", "public_plugs",
    "public_charging_sites", "public_plugs_cny",
)  # fmt: skip


_ALWAYS = ("green_trip_share", "green_trip_share_without_ebike")


def show_problems(console: Console, problems: Iterable[Problem]) -> None:
    """One bullet per problem: where, what, and what to do; one for all of a kind where they are many."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for problem in problems:
        kinds.setdefault((problem.what, problem.hint), []).append(problem.where)
    for (what, hint), places in kinds.items():
        told = places if len(places) <= _ALSO_SHOWN else places[:1]
        for where in told:
            console.print(f"[red]•[/red] [bold]{escape(where)}[/bold]: {escape(what)}", highlight=False)
        if others := places[len(told) :]:
            rest = f"; and {number(len(others) - _ALSO_SHOWN)} more" if len(others) > _ALSO_SHOWN else ""
            console.print(f"  the same at {escape('; '.join(others[:_ALSO_SHOWN]))}{rest}", highlight=False)
        if hint:
            console.print(f"  → {escape(hint)}", highlight=False)


def show_figures(console: Console, answer: WhatIfAnswer) -> None:
    """Green shares and whatever changes: before, after, and the difference."""
    table = Table("", "now", "what if", "difference", "unit", title=f"{answer.city.name}")
    for column in table.columns[1:4]:
        column.justify = "right"
    names = [n for n in _SHOWN if n in answer.units] + [n for n in answer.units if n not in _SHOWN]
    rows = {n: _figure(answer.units[n], answer.base[n], answer.changed[n], answer.difference[n]) for n in names}
    moved = {name for name in names if answer.base[name] != answer.changed[name] and NO_CHANGE not in rows[name][3]}
    told = [name for name in names if name in _ALWAYS or name in moved]
    for name in told:
        table.add_row(*rows[name])
    console.print(table)
    if len(told) < len(names):
        console.print(f"{len(names) - len(told)} other figures stay as they are; --json tells all", highlight=False)


def _figure(info: MetricInfo, before: float | None, after: float | None, change: float | None) -> tuple[str, ...]:
    digits = digits_for(before, after)
    shown = difference(change, info.unit, digits)
    style = {"more": 1.0, "less": -1.0, "none": 0.0}[info.better] * (change or 0.0)
    colour = "green" if style > 0 else "red" if style < 0 else "default"
    unit = "%, points" if info.unit == "share" else info.unit
    values = quantity(before, info.unit, digits), quantity(after, info.unit, digits)
    return info.label_en, *values, f"[{colour}]{shown}[/{colour}]", unit


def show_targets(console: Console, rows: Iterable[TargetRow], *, chinese: bool = False) -> None:
    """Every row of the policy targets, none left out."""
    table = Table("id", "target", "required", "status", "result", show_lines=True)
    for row in rows:
        text = row.text_zh if chinese else row.text_en
        draft = " (draft)" if row.document_status == "draft" else ""
        year = f", by {row.year}" if row.year else ""
        status = row.status if row.applies else f"{row.status}; other area: {row.area}"
        table.add_row(row.id, escape(text + draft), escape(row.required + year), status, _result(row, chinese=chinese))
    console.print(table)


def _result(row: TargetRow, *, chinese: bool) -> str:
    """One paragraph per reading, with its name where there are several."""
    lines = []
    for reading in row.readings:
        line = NOTHING if reading.value is None else _in_unit(reading.value, reading.unit)
        if reading.met is not None:
            line += f", {_verdict(reading.met)}" + (
                "" if reading.met else f", gap {_in_unit(reading.gap, reading.unit, points=True)}"
            )
        name = reading.label_zh if chinese else reading.label_en
        lines.append(f"{escape(name)}: {line}" if len(row.readings) > 1 else line)
    if row.reported is not None:
        lines.append(_reported(row.reported, chinese=chinese))
    return "\n".join(lines) or NOTHING


def _reported(told: Reported, *, chinese: bool) -> str:
    """What somebody reports, in per cent of the number."""
    line = f"{'上报' if chinese else 'reported'} {told.year}: {_in_unit(told.value, told.unit)}"
    if told.percent is not None:
        line += f", {told.percent:.0f} %"
    return line if told.met is None else f"{line}, {_verdict(told.met)}"


def show_verdicts(console: Console, verdicts: Iterable[Verdict]) -> None:
    """How the targets of a proposal fared."""
    for verdict in verdicts:
        note = f" — {verdict.note}" if verdict.note else ""
        value = NOTHING if verdict.value is None else f"{verdict.value:.6g}"
        console.print(
            f"  {_verdict(verdict.met)}  {escape(f'{verdict.target}: reached {value}{note}')}", highlight=False
        )


def show_proposal(console: Console, city: City, proposal: AnyProposal) -> None:
    """The sites or stops of a plan and what it comes to, or why there is none."""
    if isinstance(proposal, ParkRideProposal):
        _show_park_ride(console, city, proposal)
        return
    if isinstance(proposal, DepotProposal):
        show_depots(console, city, proposal)
        return
    plan = proposal.plan
    if plan.status == "infeasible":
        console.print(f"[red]No plan for {escape(city.name)} can do all of this:[/red]")
        for reason in plan.reasons:
            console.print(f"[red]•[/red] {escape(reason)}", highlight=False)
        return
    if isinstance(proposal, SharingProposal):
        show_sharing(console, city, proposal)
    elif isinstance(proposal, SpacesProposal):
        show_spaces(console, city, proposal)
    elif isinstance(proposal, BikesProposal):
        show_dispatch(console, city, proposal)
    elif isinstance(proposal, LoopProposal):
        _show_loops(console, city, proposal)
    elif isinstance(proposal, StopProposal):
        _show_stops(console, city, proposal)
    else:
        _show_chargers(console, city, proposal)


def _show_chargers(console: Console, city: City, proposal: ChargerProposal) -> None:
    plan = proposal.plan
    if plan.sites:
        _show_sites(console, city, proposal)
    elif plan.objective == "cost":
        console.print(f"The targets need no new plug in {escape(city.name)}")
    else:
        console.print(f"{number(plan.budget_cny)} CNY buy no plug that would help {escape(city.name)}")
    for reason in plan.reasons:
        console.print(f"• {escape(reason)}", highlight=False)
    total = Table(show_header=False)
    for label, value in _totals(proposal):
        total.add_row(label, escape(value))
    console.print(total)


def _show_sites(console: Console, city: City, proposal: ChargerProposal) -> None:
    rows, title = site_rows(city, proposal), f"Chargers for {escape(city.name)}"
    sites = Table("place", "name", "kind", "plugs there", "new plugs", "cost, CNY", title=title)
    sites.columns[0].overflow = "fold"  # an id that is cut short names nothing
    sites.columns[3].justify = sites.columns[5].justify = "right"
    for row in rows[:_SITES_SHOWN]:
        new = row.built_in(len(proposal.plan.years))
        figures = str(row.plugs_existing), new, number(row.cost_cny)
        sites.add_row(escape(row.id), escape(row.name or NOTHING), escape(row.kind), *figures)
    console.print(sites)
    if len(rows) > _SITES_SHOWN:
        console.print(f"and {len(rows) - _SITES_SHOWN} more: all of them are in sites.csv", style="dim")


def _show_stops(console: Console, city: City, proposal: StopProposal) -> None:
    plan, before, after = proposal.plan, proposal.base.metrics, proposal.changed.metrics
    if plan.places:
        stops = Table("", "stop", "name", "street", "lines", "cost, CNY", title=f"Bus stops for {escape(city.name)}")
        stops.columns[1].overflow = "fold"
        for place in plan.places:
            figures = str(len(place.lines)), number(place.cost_cny)
            stops.add_row(place.action, escape(place.stop), escape(place.name), escape(place.street), *figures)
        console.print(stops)
    else:
        console.print(f"The targets need no change of stops in {escape(city.name)}")
    total = Table(show_header=False)
    added = sum(place.action == "add" for place in plan.places)
    shown = ("rail_station_bus_share", "rail_entrance_bus_share", "green_trip_share", "green_trip_share_without_ebike")
    rows = [
        ("Stops to add and to move", f"{added} and {len(plan.places) - added}"),
        ("Cost", f"{number(plan.cost_cny)} CNY"),
        ("No plan costs less than", f"{number(plan.bound / units.FEN_PER_CNY)} CNY"),
        *((METRICS[name].label_en, f"{percent(before[name])} → {percent(after[name])}") for name in shown),
        ("Verified", "; ".join(plan.verified)),
    ]
    for label, value in rows:
        total.add_row(label, escape(value))
    console.print(total)


def _show_loops(console: Console, city: City, proposal: LoopProposal) -> None:
    plan, before, after = proposal.plan, proposal.base.metrics, proposal.changed.metrics
    title = f"Feeder loops for {escape(city.name)}"
    loops = Table("loop", "from", "stops", "min", "vehicles", "every, min", "people", "CNY a day", title=title)
    for line in plan.loops:
        figures = f"{line.cycle_min:.1f}", str(line.vehicles), f"{line.headway_min:.1f}", number(line.people)
        calls = str(len(line.stops) - 1)
        loops.add_row(escape(line.line), escape(line.start_name), calls, *figures, number(line.cost_cny))
    if plan.loops:
        console.print(loops)
    for reason in plan.reasons:
        console.print(f"• {escape(reason)}", highlight=False)
    total = Table(show_header=False)
    for label, value in (
        ("People who get a stop", f"{number(plan.people)} of {number(plan.without_stop)} without one"),
        ("No choice among the candidates reaches more than", number(plan.bound)),
        ("Vehicles, vehicle-hours a day", f"{plan.vehicles}, {number(plan.vehicle_hours)}"),
        ("Cost a day", f"{number(plan.cost_cny)} CNY"),
        *((METRICS[name].label_en, f"{percent(before[name])} → {percent(after[name])}") for name in _ALWAYS),
        ("Verified", "; ".join(plan.verified)),
    ):
        total.add_row(label, escape(value))
    console.print(total)


def _show_park_ride(console: Console, city: City, proposal: ParkRideProposal) -> None:
    plan, before, after = proposal.plan, proposal.base.metrics, proposal.changed.metrics
    title = f"Racks and parking spaces at the stations of {escape(city.name)}"
    built = Table("station", "name", "kind", "there", "new", "room for", "cost, CNY", title=title)
    built.columns[0].overflow = "fold"
    for column in built.columns[3:]:
        column.justify = "right"
    for place in plan.places[:_SITES_SHOWN]:
        figures = str(place.existing), str(place.added), percent(place.availability), number(place.cost_cny)
        built.add_row(escape(place.station), escape(place.name or NOTHING), place.kind, *figures)
    if plan.places:
        console.print(built)
    else:
        console.print(f"{number(plan.budget_cny)} CNY build nothing that would win trips from car and taxi")
    if len(plan.places) > _SITES_SHOWN:
        console.print(f"and {len(plan.places) - _SITES_SHOWN} more: all of them are in stations.csv", style="dim")
    total = Table(show_header=False)
    shown = ("green_trip_share", "green_trip_share_without_ebike", "bike_ride_trip_share", "park_ride_trip_share")
    for label, value in (
        ("Cost", f"{number(plan.cost_cny)} of {number(plan.budget_cny)} CNY"),
        ("Trips a day won from car and taxi, promised", number(plan.promised_trips)),
        ("Trips a day won from car and taxi, simulated", number(plan.replayed_trips)),
        ("No plan promises more than", number(plan.bound / units.TENTHS)),
        ("Gap", f"{plan.gap:.3%}, {'proven optimal' if plan.status == 'optimal' else 'not proven optimal'}"),
        *((METRICS[name].label_en, f"{percent(before[name])} → {percent(after[name])}") for name in shown),
        ("Verified", "; ".join(plan.verified)),
    ):
        total.add_row(label, escape(value))
    console.print(total)


def _totals(proposal: ChargerProposal) -> list[tuple[str, str]]:
    plan, before, after = proposal.plan, proposal.base.metrics, proposal.changed.metrics

    def shares(name: str) -> str:
        return f"{percent(before[name])} → {percent(after[name])}"

    return [
        ("Sites chosen", number(len({site.place for site in plan.sites}))),
        ("New plugs", number(plan.new_plugs)),
        ("Cost", f"{number(plan.cost_cny)} of {number(plan.budget_cny)} CNY"),
        ("Public charging demand served", shares("charging_served_share")),
        ("Slow, and fast", f"{shares('charging_slow_served_share')}, {shares('charging_fast_served_share')}"),
        *_by_year(plan),
        ("Objective", f"{plan_value(plan.value, plan.objective)}, {plan.objective}"),
        ("Bound", plan_value(plan.bound, plan.objective)),
        ("Gap", f"{plan.gap:.3%}, {'proven optimal' if plan.status == 'optimal' else 'not proven optimal'}"),
        ("Green-trip share, e-bikes counted", shares("green_trip_share")),
        ("Green-trip share, e-bikes not counted", shares("green_trip_share_without_ebike")),
        ("Verified", "; ".join(plan.verified)),
    ]


def _by_year(plan: Plan) -> list[tuple[str, str]]:
    """What each year spends and serves, where there are several."""
    if len(plan.years) < 2:
        return []
    return [
        (str(y.year), f"{number(y.spent_cny)} CNY spent, {number(y.plugs)} plugs, {_served(y)}") for y in plan.years
    ]


def _served(year: PlanYear) -> str:
    share = percent(year.served_kwh / year.wanted_kwh if year.wanted_kwh else None)
    return f"{share} of {number(year.wanted_kwh)} kWh a day"


def show_provenance(console: Console, city: str, defaults: Iterable[Mapping[str, str]], credit: Iterable[str]) -> None:
    """How many defaults stood in for missing data, by part of the city, and whose data this is."""
    parts = Counter(row["key"].partition(".")[0] for row in defaults)
    if parts:
        told = ", ".join(f"{part} {count}" for part, count in parts.items())
        console.print(
            f"{parts.total()} inputs are defaults that stand in for data of this city ({escape(told)}); "
            f"values and sources: luxing defaults {city}",
            style="dim",
            highlight=False,
        )
    show_attribution(console, credit)


def show_attribution(console: Console, credit: Iterable[str]) -> None:
    """Whose data this is."""
    for text in credit:
        console.print(escape(text), style="dim", highlight=False)


def show_defaults(console: Console, defaults: Iterable[Mapping[str, str]]) -> None:
    """Every default with value, unit and source."""
    table = Table("input", "value", "unit", "source", show_lines=True)
    for row in defaults:
        table.add_row(*(escape(row[name]) for name in ("key", "value", "unit", "source")))
    console.print(table)


@contextmanager
def solving(console: Console, limit_s: float | None) -> Iterator[Callable[[Progress], None]]:
    """A line with elapsed and limit, incumbent, bound and gap while a solver runs."""
    of = "" if limit_s is None else f" of {limit_s:g} s"
    columns = SpinnerColumn(), TimeElapsedColumn(), TextColumn(of), TextColumn("{task.description}")
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starts")

        def listen(progress: Progress) -> None:
            known = [
                ("best", None if progress.objective is None else f"{progress.objective:,}"),
                ("bound", None if progress.bound is None else f"{progress.bound:,}"),
                ("gap", None if progress.gap is None else f"{progress.gap:.2%}"),
            ]
            text = " · ".join(f"{name} {value}" for name, value in known if value is not None)
            bar.update(task, description=f"{progress.solver} · {text}")

        yield listen


@contextmanager
def building(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """A line with the stage of a build."""
    columns = SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}")
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starts", total=len(STAGES))

        def listen(stage: str, done: int, of: int) -> None:
            bar.update(task, completed=done, description=f"{stage} ({min(done + 1, of)} of {of})")

        yield listen


def _in_unit(value: float | None, unit: str, *, points: bool = False) -> str:
    if value is None:
        return NOTHING
    if points and unit == "share":
        return f"{number(100 * value, 1)} points"
    return quantity(value, unit, digits_for(value))


def _verdict(met: bool | None) -> str:  # noqa: FBT001 - three answers: yes, no, none
    return NOTHING if met is None else "[green]met[/green]" if met else "[red]not met[/red]"
