"""The HTTP face of what more money buys."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Body, Response
from fastapi.exceptions import RequestValidationError

from network import InputError, UnknownId
from service.endpoints import CityId, EngineOf, JobsOf, refusals, router
from service.schemas import JobStatus
from service.trade_off import TradeOffRequest

_EXAMPLES: Final[dict[str, Any]] = {
    "chargers": {
        "summary": "Public chargers for one, two, five and ten million CNY",
        "value": {"kind": "chargers", "budgets_cny": [1e6, 2e6, 5e6, 1e7], "plan": {"seconds": 60}},
    },
    "shared parking": {
        "summary": "Short walks to shared spaces, for two budgets",
        "value": {"kind": "sharing", "budgets_cny": [1e6, 3e6], "plan": {"objective": "walking"}},
    },
}

trade_offs = router(
    prefix="/v1/cities", tags=["cities"], responses=refusals(UnknownId, InputError, RequestValidationError)
)


@trade_offs.post(
    "/{city_id}/trade-off",
    summary="What more money buys",
    status_code=201,
    responses={201: {"headers": {"Location": {"schema": {"type": "string"}}}}},
)
def trade_off_job(
    city_id: CityId,
    engine: EngineOf,
    jobs: JobsOf,
    response: Response,
    request: Annotated[TradeOffRequest, Body(openapi_examples=_EXAMPLES)],
) -> JobStatus:
    """Start a job that makes a plan for each of several budgets; `Location` says where its state is. Its result has a
    row for each budget with value and bound, which mend each other, what each further unit costs, and the plans.
    """
    for budget_cny in request.budgets_cny:
        request.asked(budget_cny)
    engine.require(city_id)
    job_id = jobs.submit("trade-off", city_id, request.model_dump(mode="json"))
    response.headers["Location"] = f"/v1/jobs/{job_id}"
    return jobs.status(job_id)
