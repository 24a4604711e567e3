"""The HTTP face of charging: days at the plugs, and stations for swapped batteries and hydrogen."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Body
from fastapi.exceptions import RequestValidationError

from network import InputError, ScenarioError, UnknownId
from service.endpoints import CityId, EngineOf, refusals, router
from service.replay_schemas import ChargingReplayAnswer, ChargingReplayRequest
from service.swapping import SwappingAnswer, swapping

_EXAMPLES: Final[dict[str, Any]] = {
    "more plugs": {
        "summary": "Ten more fast plugs at a car park, and then 400 days",
        "value": {"edits": [{"type": "add_chargers", "place": "place/1", "plugs": 10}], "days": 400},
    },
}

charging = router(
    prefix="/v1/cities",
    tags=["charging"],
    responses=refusals(UnknownId, InputError, ScenarioError, RequestValidationError),
)


@charging.post("/{city_id}/charging-replay", summary="Days at the plugs: who waits where and when")
def charging_replay(
    city_id: CityId, engine: EngineOf, request: Annotated[ChargingReplayRequest, Body(openapi_examples=_EXAMPLES)]
) -> ChargingReplayAnswer:
    """Drivers come at random to the plugs of the city, or of what a scenario or plan makes of it, and wait in line; the
    same seed draws the same days. How many drivers there may be is the setting LUXING_REPLAY_MOST_DRIVERS.
    """
    engine.check_edits(request.scenario)
    return engine.charging_replay(city_id, request)


@charging.get("/{city_id}/swapping", summary="How many swap and hydrogen stations the fleet needs")
def stations(city_id: CityId, engine: EngineOf) -> SwappingAnswer:
    """Swaps and kilograms a day of the city as it is, and the fewest stations of each class that give them."""
    return swapping(engine, city_id)
