"""Days at the plugs of a city, as an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from network import REPLAY_TOLERANCE, ChargingReplay, InputError, Problem, charging_sessions, replay_charging
from service.proposals import Base
from service.replay_schemas import Charger, ChargingReplayAnswer, ChargingReplayRequest, ReplayedQueue


def charging_replay(
    day: Base,
    asked: ChargingReplayRequest,
    most_drivers: int,
    report: Callable[[int, int], None] | None = None,
    **common: Any,
) -> ChargingReplayAnswer:
    """The answer; `common` is what every answer says. Raises InputError where more drivers come than that."""
    drivers = float(charging_sessions(day.city, day.outcome)[2].sum()) * asked.days
    if drivers > most_drivers:
        what = f"{drivers:,.0f} drivers in {asked.days} days are above {most_drivers:,}"
        raise InputError(Problem("days", what, "ask for fewer days, or raise LUXING_REPLAY_MOST_DRIVERS"))
    how: dict[str, Any] = {"seed": asked.seed, "energy_cv": asked.energy_cv}
    found = replay_charging(day.city, day.outcome, days=asked.days, told=report, **how)
    return ChargingReplayAnswer(
        changed_digest=day.city.digest,
        wait_min=float(day.city.charging.wait_min),
        tolerance=REPLAY_TOLERANCE,
        drivers_per_day=float(found.queues.rate_per_h.sum()),
        kept=bool(found.kept.all()),
        queues=_queues(day.city.places.id.tolist(), found),
        **how,
        **common,
    )


def _queues(places: list[str], found: ChargingReplay) -> list[ReplayedQueue]:
    chargers: tuple[Charger, ...] = get_args(Charger)
    waits = found.waits
    return [
        ReplayedQueue(
            place=places[found.place[q]],
            charger=chargers[found.charger[q]],
            plugs=int(found.queues.plugs[q]),
            days=int(waits.days[q]),
            drivers=waits.drivers[q].tolist(),
            late_share=waits.late_share[q].tolist(),
            error=waits.error[q].tolist(),
            most_share=float(found.most_share[q]),
            worst_hour=int(waits.late_share[q].argmax()),
            kept=bool(found.kept[q].all()),
        )
        for q in range(len(found.place))
    ]
