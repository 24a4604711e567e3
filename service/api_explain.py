"""The HTTP face of explanations: which edit moved which share, and elasticities."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Body, Query
from fastapi.exceptions import RequestValidationError

from network import InputError, ScenarioError, UnknownId
from service.endpoints import CityId, EngineOf, refusals, router
from service.explain_schemas import ElasticityAnswer, ElasticityRequest, ExplanationAnswer, ExplanationRequest

_EXPLANATIONS: Final[dict[str, Any]] = {
    "parking and headway": {
        "summary": "What dearer parking and what a shorter headway do to the trips by car from a zone",
        "value": {
            "zone": "zone/7",
            "mode": "car",
            "edits": [
                {"type": "set_price", "item": "parking", "cny": 8},
                {"type": "set_headway", "line": "Line 1", "headway_min": 5},
            ],
        },
    },
}

explanations = router(
    prefix="/v1/cities",
    tags=["explanations"],
    responses=refusals(UnknownId, InputError, ScenarioError, RequestValidationError),
)


@explanations.post("/{city_id}/explanations", summary="Which edit moved a share by how much")
def explain(
    city_id: CityId, engine: EngineOf, request: Annotated[ExplanationRequest, Body(openapi_examples=_EXPLANATIONS)]
) -> ExplanationAnswer:
    """Effects of each edit on the shares of residents' trips by mode, in the order given and alone, for a zone or the
    whole city; and on every figure of the city. How many edits there may be is the setting LUXING_EXPLAINED_MOST.
    """
    return engine.explained(city_id, request)


@explanations.get("/{city_id}/elasticities", summary="How trips by each mode answer to prices and times")
def elasticities(city_id: CityId, engine: EngineOf, request: Annotated[ElasticityRequest, Query()]) -> ElasticityAnswer:
    """Own and cross elasticities of the city as it is, beside what studies found. A sign that cannot be is refused,
    with the coefficient that has to be mended.
    """
    return engine.elasticities(city_id, request)
