"""Days of shared bikes in a city, without and with a scenario, without and with vans, as an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from network import (
    NO_VANS,
    POINT_COUNTS,
    RIDE_COUNTS,
    SATURATION_RUNS,
    BikeFlows,
    BikeReplay,
    BikeVans,
    City,
    FlowRows,
    InputError,
    Problem,
    flows_at,
    model_flows,
    replay_bikes,
    saturation,
    van_leg_s,
)
from network.io import Parameters, city_ids, read_spec
from service.bike_replay_schemas import (
    BikeReplayAnswer,
    BikeReplayRequest,
    ReplayedDays,
    ReplayedHours,
    ReplayedPoint,
    SaturationCurve,
)
from service.bike_schemas import flow_rows
from service.engine import Engine, attribution, scenario_digest
from service.proposals import Base
from service.schemas import CityRef, Default

Report = Callable[[int, int], None]
PointsOf = Literal["city", "scenario"]
_HOURLY = "wanted", "lost", "returned", "blocked"


def bike_replay(
    engine: Engine, city_id: str, asked: BikeReplayRequest, *, flows: FlowRows | None = None,
    report: Report | None = None,
) -> BikeReplayAnswer:  # fmt: skip
    """The answer; `flows` are read from a file, `report` hears of steps done and of all.

    Riders are those of the city as it is, whatever else the scenario changes. Raises UnknownId for the city,
    ScenarioError, and InputError where there are no points, and where too many riders come.
    """
    base = engine.base(city_id)
    cities = _cities(base, asked)
    city, parameters = [*cities.values()][-1], _parameters(engine, city_id)
    found = _flows(base, asked, flows, 2 * len(cities), engine.settings.replay_most_riders)
    hours = parameters.number("bikes.shift_h") if asked.van_hours is None else asked.van_hours
    vans = {of: _vans(parameters, one, asked.vans, hours) for of, one in cities.items()}
    rows = dict.fromkeys((of, some) for of in cities for some in (NO_VANS, vans[of]))
    told = []
    for of, some in rows:
        if some == NO_VANS or len(cities[of].bike_points.id):
            told.append(_days(cities[of], found, asked, points_of=of, vans=some))
        if report:
            report(len(told), len(rows) + asked.saturation)
    curve = _curve(city, found, asked, [*vans.values()][-1]) if asked.saturation else None
    return BikeReplayAnswer(
        city=CityRef(id=base.city.id, name=base.city.name, digest=base.city.digest),
        changed_digest=city.digest,
        scenario_digest=scenario_digest(asked.scenario),
        van_hours=hours,
        flows=found.source,
        rows=told,
        saturation=curve,
        defaults=[Default(**row) for row in city.provenance.defaults()] + _defaults(parameters),
        attribution=attribution(city),
        **{name: getattr(asked, name) for name in ("days", "seed", "day", "vans", "fleet")},
    )


def _cities(base: Base, asked: BikeReplayRequest) -> dict[PointsOf, City]:
    """As it is, and after the scenario if there is one. Raises InputError where there are no points in the end."""
    cities: dict[PointsOf, City] = {"city": base.city}
    if asked.edits:
        cities["scenario"] = asked.scenario.apply(base.city)
    if not any(len(city.bike_points.id) for city in cities.values()):
        hint = f"plan some with luxing propose {base.city.id} bikes, or give a scenario with add_bike_point"
        raise InputError(Problem("bike points", f"there are none in {base.city.name}", hint))
    return cities


def _flows(base: Base, asked: BikeReplayRequest, given: FlowRows | None, rows: int, most: int) -> BikeFlows:
    """Of the table, else of the request, else of the model. Raises InputError where they are too many for the rows."""
    table = given or (flow_rows(asked.flows) if asked.flows else None)
    flows = table or model_flows(base.city, base.outcome)
    runs = rows + SATURATION_RUNS * asked.saturation
    riders = max(float(x.sum(axis=(1, 2)).max()) for x in (flows.pickups, flows.returns)) * asked.days * runs
    if riders > most:
        what = f"{riders:,.0f} riders in {asked.days} days, {runs} times, are above {most:,}"
        raise InputError(Problem("days", what, "ask for fewer days, or raise LUXING_REPLAY_MOST_RIDERS"))
    return flows if isinstance(flows, BikeFlows) else flows_at(base.city, flows)


def _parameters(engine: Engine, city_id: str) -> Parameters:
    data = engine.settings.data_folder
    return Parameters.load(data, read_spec(data, city_id).parameters if city_id in city_ids(data) else None)


def _vans(parameters: Parameters, city: City, vans: int | None, hours: float) -> BikeVans | None:
    """None where all bikes are put back."""
    if not vans:
        return vans if vans is None else NO_VANS
    return BikeVans(
        vans=vans,
        hours=hours,
        van_bikes=int(parameters.number("bikes.van_bikes")),
        stop_s=parameters.number("bikes.stop_s"),
        bike_s=parameters.number("bikes.bike_s"),
        leg_s=van_leg_s(city),
    )


def _defaults(parameters: Parameters) -> list[Default]:
    rows = [row for row in parameters.provenance() if row[4]]
    return [Default(key=row[0], value=row[1], unit=row[2], source=row[3]) for row in rows]


def _days(
    city: City, flows: BikeFlows, asked: BikeReplayRequest, *, points_of: PointsOf,
    vans: BikeVans | None,
) -> ReplayedDays:  # fmt: skip
    fleet = asked.fleet if len(city.bike_points.id) else None
    how: dict[str, Any] = {"days": asked.days, "seed": asked.seed, "day": asked.day, "fleet": fleet}
    found = replay_bikes(city, flows, vans=vans, **how)
    hourly = {name: found.counts[RIDE_COUNTS.index(name)].tolist() for name in _HOURLY}
    return ReplayedDays(
        points_of=points_of,
        vans=vans != NO_VANS,
        places=int(city.bike_points.spaces.sum()),
        fleet=found.fleet,
        outside=float(found.outside[0]),
        most_outside=float(found.outside[1]),
        moved=found.moved,
        stops=found.stops,
        held_share=found.held if len(found.held_share) else None,
        hours=ReplayedHours(**hourly),
        points=_points(city, found),
        **{name: found.a_day(name) for name in RIDE_COUNTS},
        **{f"{name}_error": float(found.error[RIDE_COUNTS.index(name)]) for name in ("lost", "blocked")},
    )


def _points(city: City, found: BikeReplay) -> list[ReplayedPoint]:
    points, shares = city.bike_points, (found.empty_share, found.full_share, found.held_share)
    counts = {name: found.points[POINT_COUNTS.index(name)].tolist() for name in ("taken", "left", "lost", "blocked")}
    return [
        ReplayedPoint(
            id=str(points.id[q]),
            name=str(points.name[q]),
            spaces=int(points.spaces[q]),
            empty_share=float(shares[0][q]),
            full_share=float(shares[1][q]),
            held_share=float(shares[2][q]),
            **{name: values[q] for name, values in counts.items()},
        )
        for q in range(len(points.id))
    ]


def _curve(city: City, flows: BikeFlows, asked: BikeReplayRequest, vans: BikeVans | None) -> SaturationCurve:
    found = saturation(city, flows, days=asked.days, seed=asked.seed, day=asked.day, vans=vans)
    return SaturationCurve(
        fleets=found.fleets.tolist(),
        lost=found.lost.tolist(),
        blocked=found.blocked.tolist(),
        places=found.places,
        helps_per_bike=found.helps_per_bike,
        bikes=found.bikes,
    )
