"""The HTTP face of days of shared bikes."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Body
from fastapi.exceptions import RequestValidationError

from network import InputError, ScenarioError, UnknownId
from service.bike_replay_schemas import BikeReplayAnswer, BikeReplayRequest
from service.endpoints import CityId, EngineOf, refusals, router
from service.replay_bikes import bike_replay

_POINT: Final = {
    "type": "add_bike_point", "id": "north gate", "lon": 120.6242, "lat": 31.3038, "spaces": 30, "bikes": 15,
}  # fmt: skip
_EXAMPLES: Final[dict[str, Any]] = {
    "a point": {
        "summary": "One more point, and three vans that work four hours each night",
        "value": {"edits": [_POINT], "vans": 3, "van_hours": 4.0},
    },
    "how many bikes": {
        "summary": "From how many bikes on more stop helping, on days off",
        "value": {"edits": [_POINT], "day": "weekend", "days": 50, "saturation": True},
    },
}

bike_days = router(
    prefix="/v1/cities", tags=["bikes"],
    responses=refusals(UnknownId, InputError, ScenarioError, RequestValidationError),
)  # fmt: skip


@bike_days.post("/{city_id}/bike-replay", summary="Days of shared bikes: who finds no bike, and who no place")
def replayed(
    city_id: CityId, engine: EngineOf, request: Annotated[BikeReplayRequest, Body(openapi_examples=_EXAMPLES)]
) -> BikeReplayAnswer:
    """The same riders come to the points of the city and of what a scenario or plan makes of it, each without and with
    vans. How many riders there may be is LUXING_REPLAY_MOST_RIDERS.
    """
    engine.check_edits(request.scenario)
    return bike_replay(engine, city_id, request)
