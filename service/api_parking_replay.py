"""The HTTP face of days in shared car parks."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Body
from fastapi.exceptions import RequestValidationError

from network import InputError, ScenarioError, UnknownId
from service.endpoints import CityId, EngineOf, refusals, router
from service.replay_parking import parking_replay
from service.replay_schemas import ParkingReplayAnswer, ParkingReplayRequest

_WINDOW: Final = {"type": "share_lot", "lot": "lot/0", "spaces": 10, "start": "18:00", "end": "32:00"}
_EXAMPLES: Final[dict[str, Any]] = {
    "a window": {
        "summary": "Ten spaces open to residents at night, and then 400 days of each type",
        "value": {"edits": [_WINDOW], "days": 400},
    },
}

parking_days = router(
    prefix="/v1/cities",
    tags=["parking"],
    responses=refusals(UnknownId, InputError, ScenarioError, RequestValidationError),
)


@parking_days.post("/{city_id}/parking-replay", summary="Days in shared car parks: do owners find their spaces")
def replayed(
    city_id: CityId, engine: EngineOf, request: Annotated[ParkingReplayRequest, Body(openapi_examples=_EXAMPLES)]
) -> ParkingReplayAnswer:
    """Owners' cars and sharing ones come to the car parks of the city, or of what a scenario or plan makes of it, and
    take a space each; the same seed draws the same days. How many cars there may be is LUXING_REPLAY_MOST_CARS.
    """
    engine.check_edits(request.scenario)
    return parking_replay(engine, city_id, request)
