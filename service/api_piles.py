"""The HTTP face of the piles of a whole city; not tied to a city."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Body
from fastapi.exceptions import RequestValidationError

from network import InputError
from service.endpoints import EngineOf, refusals, router
from service.pile_schemas import PilesAnswer, PilesRequest
from service.piles import districts_of_list
from service.piles import piles as split

_EXAMPLES: Final[dict[str, Any]] = {
    "three districts": {
        "summary": "50,000 piles, one district with a plan of its own",
        "value": {
            "total": 50000,
            "districts": [
                {"name": "姑苏", "residents": 924083, "jobs": 520000, "home_access": 0.3, "least": {"public": 4000}},
                {"name": "相城", "residents": 891055, "jobs": 430000},
                {"name": "吴江", "residents": 1545023, "jobs": 800000, "most": {"public": 3500}},
            ],
        },
    }
}

piles = router(prefix="/v1", tags=["piles"], responses=refusals(InputError, RequestValidationError))


@piles.post("/piles", summary="Piles of a whole city by kind and district")
def split_piles(engine: EngineOf, request: Annotated[PilesRequest, Body(openapi_examples=_EXAMPLES)]) -> PilesAnswer:
    """Private, public and dedicated piles for each district: whole numbers that add up to the totals, none below what a
    district plans (`least`), none above what it allows (`most`). Where that cannot be, `reasons` say why.
    """
    return split(engine.settings.data_folder, districts_of_list(request), request)
