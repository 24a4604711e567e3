"""One route for each kind of proposal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Body, Response
from fastapi.exceptions import RequestValidationError

from network import InputError, UnknownId
from service.endpoints import CityId, EngineOf, JobsOf, refusals, router
from service.proposals import KINDS, Kind
from service.schemas import JobStatus, PlanRequest

proposals = router(prefix="/v1/cities", tags=["cities"], responses=refusals(UnknownId, RequestValidationError))


def _route(kind: Kind) -> Callable[..., JobStatus]:
    def propose(
        city_id: CityId, engine: EngineOf, jobs: JobsOf, response: Response, proposal: PlanRequest
    ) -> JobStatus:
        proposal.must_agree()
        engine.require(city_id)
        job_id = jobs.submit(kind.name, city_id, proposal.model_dump(mode="json"))
        response.headers["Location"] = f"/v1/jobs/{job_id}"
        return jobs.status(job_id)

    body: Any = Annotated[kind.request, Body(openapi_examples=dict(kind.examples))]
    propose.__annotations__["proposal"] = body
    return propose


for _kind in KINDS.values():
    proposals.add_api_route(
        f"/{{city_id}}/proposals/{_kind.name}",
        _route(_kind),
        methods=["POST"],
        name=f"propose_{_kind.name}",
        summary=_kind.summary,
        description=_kind.about,
        status_code=201,
        responses={201: {"headers": {"Location": {"schema": {"type": "string"}}}}, **refusals(InputError)},
    )
