"""Days in the shared car parks of a city, as an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import numpy as np

from network import REPLAY_SURE, City, InputError, ParkingReplay, Problem, parked_cars, replay_parking
from service.engine import Engine, attribution, scenario_digest
from service.replay_schemas import DayType, ParkingReplayAnswer, ParkingReplayRequest, ReplayedLot
from service.schemas import CityRef, Default


def parking_replay(
    engine: Engine, city_id: str, asked: ParkingReplayRequest, report: Callable[[int, int], None] | None = None
) -> ParkingReplayAnswer:
    """The answer; `report` hears how many car parks are done, and of how many.

    Raises UnknownId for the city, ScenarioError, and InputError where too many cars come.
    """
    base = engine.loaded(city_id)
    city, most = asked.scenario.apply(base), engine.settings.replay_most_cars
    if (cars := parked_cars(city, asked.days)) > most:
        what = f"{cars:,.0f} cars in {asked.days} days are above {most:,}"
        raise InputError(Problem("days", what, "ask for fewer days, or raise LUXING_REPLAY_MOST_CARS"))
    how: dict[str, Any] = {"seed": asked.seed, "mixed": asked.mixed}
    found = replay_parking(city, days=asked.days, told=report, **how)
    return ParkingReplayAnswer(
        city=CityRef(id=base.id, name=base.name, digest=base.digest),
        changed_digest=city.digest,
        scenario_digest=scenario_digest(asked.scenario),
        promised=found.promised,
        standard_errors=REPLAY_SURE,
        clashes=found.clashes,
        kept=bool(found.kept.all()) and not found.clashes,
        lots=_lots(city, found),
        defaults=[Default(**row) for row in city.provenance.defaults()],
        attribution=attribution(city),
        **how,
    )


def _lots(city: City, found: ParkingReplay) -> list[ReplayedLot]:
    days: tuple[DayType, ...] = get_args(DayType)
    shared = city.lots.shared.max(axis=2)
    return [
        ReplayedLot(
            lot=str(city.lots.id[lot]),
            name=str(city.lots.name[lot]),
            day=days[day],
            shared_spaces=int(shared[lot, day]),
            days=int(found.days[r]),
            share=found.share[r].tolist(),
            error=found.error[r].tolist(),
            expected=found.expected[r].tolist(),
            permit_share=found.permit_share[r].tolist(),
            after=np.flatnonzero(found.after[r]).tolist(),
            worst_after=int(np.where(found.after[r], found.share[r], -1.0).argmax()) if found.after[r].any() else None,
            any_share=float(found.any_share[r]),
            most_share=float(found.most_share[r]),
            kept=bool(found.kept[r]),
        )
        for r, (lot, day) in enumerate(zip(found.lot.tolist(), found.day.tolist(), strict=True))
    ]
