"""The HTTP face of bikes: vans that balance them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body
from fastapi.exceptions import RequestValidationError

from network import InputError, UnknownId
from service.endpoints import CityId, EngineOf, refusals
from service.rebalancing import RebalancingAnswer, RebalancingRequest, rebalancing

_EXAMPLES: Final[dict[str, Any]] = {
    "one van": {
        "summary": "A van of 20 bikes for two hours",
        "value": {
            "depot_lon": 120.622,
            "depot_lat": 31.302,
            "hours": 2.0,
            "van_bikes": 20,
            "stations": [
                {"id": "a", "lon": 120.624, "lat": 31.304, "bikes": 18, "wanted": 10, "docks": 20},
                {"id": "b", "lon": 120.626, "lat": 31.301, "bikes": 1, "wanted": 8},
            ],
        },
    },
}
bikes = APIRouter(
    prefix="/v1/cities", tags=["bikes"], responses=refusals(UnknownId, InputError, RequestValidationError)
)


@bikes.post("/{city_id}/rebalancing", summary="Routes of vans that balance bikes")
def balance(
    city_id: CityId, engine: EngineOf, request: Annotated[RebalancingRequest, Body(openapi_examples=_EXAMPLES)]
) -> RebalancingAnswer:
    """Each van leaves the depot, picks up where there are too many bikes, brings them where there are too few, and is
    back in time. The bound says how much less any routes could drive; stations that are not worth their way are named.
    """
    return rebalancing(engine, city_id, request)
