"""The HTTP face of corridors between cities; not tied to a city."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Body
from fastapi.exceptions import RequestValidationError

from network import InputError
from optimise import CorridorPlan
from service.corridor_schemas import CorridorRequest
from service.corridors import case_of_lists
from service.endpoints import EngineOf, refusals, router

_CORRIDORS: Final[dict[str, Any]] = {
    "one motorway": {
        "summary": "A station or two between two cities 300 km apart",
        "value": {
            "nodes": [
                {"id": "east", "lon": 121.0, "lat": 31.3, "kind": "city"},
                {"id": "reed", "lon": 120.0, "lat": 31.5, "kind": "service_area"},
                {"id": "hill", "lon": 119.2, "lat": 31.8, "kind": "service_area", "grid_kw": 2000},
                {"id": "west", "lon": 118.2, "lat": 32.0, "kind": "city"},
            ],
            "links": [
                {"from": "east", "to": "reed", "length_km": 105},
                {"from": "reed", "to": "hill", "length_km": 90},
                {"from": "hill", "to": "west", "length_km": 105},
            ],
            "flows": [{"origin": "east", "destination": "west", "vehicles_per_day": 120}],
            "sites": 2,
            "temperature_c": -5,
        },
    }
}

corridors = router(prefix="/v1", tags=["corridors"], responses=refusals(InputError, RequestValidationError))


@corridors.post("/corridors", summary="Which service areas of a corridor get chargers")
def plan_corridor(
    engine: EngineOf, request: Annotated[CorridorRequest, Body(openapi_examples=_CORRIDORS)]
) -> CorridorPlan:
    """Stations with their plugs so that most electric vehicles get through on a cold day, with a proven bound; what
    each station is worth; and where those run dry that do not get through. Give `sites`, `budget_cny` or both.
    """
    return case_of_lists(engine.settings.data_folder, request).planned(request)
