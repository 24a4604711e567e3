"""The HTTP face: every answer comes from the engine, every error from the table in `errors`."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from hashlib import sha256
from typing import Annotated, Any, Final, TypeAlias

from fastapi import Body, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi_swagger import patch_fastapi
from pydantic import BaseModel, TypeAdapter

from network import EDITS, InputError, Problem, ScenarioError, UnknownId
from service import errors
from service.api_bike_replay import bike_days
from service.api_bikes import bikes
from service.api_charging import charging
from service.api_corridors import corridors
from service.api_explain import explanations
from service.api_parking_replay import parking_days
from service.api_piles import piles
from service.api_proposals import proposals
from service.api_streets import streets
from service.api_trade_off import trade_offs
from service.endpoints import CityId, EngineOf, JobId, JobsOf, refusals, router
from service.engine import Engine, WhatIfOptions, attribution
from service.first_use import Report, warm_up
from service.jobs import JobFailed, Jobs, ResultGone, ResultNotReady
from service.limits import BodyLimit
from service.pivot_schemas import WhatIfQuery, WhatIfRequest
from service.rebalancing import RebalancingAnswer
from service.schemas import (
    CityAnswer,
    JobStatus,
    Link,
    ProposalAnswer,
    TargetRow,
    WhatIfAnswer,
)
from service.settings import Settings, luxing_version
from service.store import Store
from service.trade_off import TradeOffAnswer

DESCRIPTION: Final = """
Plans the green side of a city's transport. A **what-if** applies an ordered list of edits to a city and answers with
the day before, after, and the difference. A **proposal** is a job: it finds where new public chargers go within a
budget, or the cheapest bus stops to add or move beside rail, and its result carries the scenario that replays it as a
what-if. The **streets** answer too: the quickest
way, what lies within some minutes of a point or of every zone, the nearest places, and matrices of times and lengths,
by street or by bus and rail, each also after edits.

Cities are built with `luxing build`. Every answer names the defaults that stood in for missing data. Errors are problem
documents (RFC 9457) whose `errors` name each place and a remedy.

Map data © OpenStreetMap contributors, available under the
[Open Database License](https://www.openstreetmap.org/copyright); each answer lists the attribution of its city.
"""

_WHAT_IFS: Final = {
    "nothing": {"summary": "The city as it is", "value": {"edits": []}},
    "street and price": {
        "summary": "Close a street to cars and raise the price of parking",
        "value": {
            "name": "quiet street",
            "edits": [
                {"type": "close_street", "street": "East Street 2", "modes": ["drive"]},
                {"type": "set_price", "item": "parking", "cny": 8},
            ],
        },
    },
    "chargers": {
        "summary": "Four plugs at a site",
        "value": {"edits": [{"type": "add_chargers", "place": "place/1", "plugs": 4}]},
    },
}
Found: TypeAlias = ProposalAnswer | RebalancingAnswer | TradeOffAnswer
_FOUND: Final[TypeAdapter[Found]] = TypeAdapter(Found)
_USUAL: Final = refusals(UnknownId, RequestValidationError)

service = router(tags=["service"], responses=_USUAL)
cities = router(prefix="/v1/cities", tags=["cities"], responses=_USUAL)
job_routes = router(prefix="/v1/jobs", tags=["jobs"], responses=_USUAL)


class ServiceInfo(BaseModel):
    name: str
    version: str
    attribution: str
    links: list[Link]


class Health(BaseModel):
    status: str


class CityItem(BaseModel):
    id: str
    links: list[Link]


class CityList(BaseModel):
    cities: list[CityItem]


class TargetList(BaseModel):
    city: str
    targets: list[TargetRow]
    attribution: list[str]


@service.get("/", summary="What this is and where to go on")
def root() -> ServiceInfo:
    links = [
        Link(href="/v1/cities", rel="data", title="cities"),
        Link(href="/openapi.json", rel="service-desc", type="application/vnd.oai.openapi+json;version=3.1"),
        Link(href="/docs", rel="service-doc", type="text/html"),
    ]
    return ServiceInfo(
        name="Luxing 绿行", version=luxing_version(), attribution="© OpenStreetMap contributors, ODbL", links=links
    )


@service.get("/healthz", summary="Whether the process lives")
def healthz() -> Health:
    return Health(status="ok")


@service.get("/readyz", summary="Whether the kernels are loaded", responses=refusals(errors.NotReady))
def readyz(request: Request) -> Health:
    if not request.app.state.warm.is_set():
        raise errors.NotReady(Problem("service", "is still loading its kernels", "ask again in a few seconds"))
    return Health(status="ready")


@service.get("/problems/{slug}", summary="What a type of problem means")
def problem(slug: str) -> dict[str, str | int]:
    for kind in errors.TABLE.values():
        if kind.slug == slug and kind.title:
            return {"type": f"/problems/{slug}", "title": kind.title, "status": kind.status}
    raise UnknownId(
        Problem(f"problem {slug!r}", "is not a type of problem", "see the type of a problem that was answered")
    )


@cities.get("", summary="Cities that have been built")
def list_cities(engine: EngineOf) -> CityList:
    return CityList(cities=[CityItem(id=i, links=_city_links(i)) for i in engine.city_ids()])


@cities.get("/{city_id}", summary="A city as it is", response_model=CityAnswer, responses={304: {}})
def city(city_id: CityId, engine: EngineOf, request: Request) -> Response:
    """Its figures, their units, its digest, and the defaults it rests on. Answers 304 to `If-None-Match`."""
    return _tagged(engine.city(city_id), request)


@cities.get("/{city_id}/targets", summary="How a city stands against the policy targets", response_model=TargetList)
def targets(city_id: CityId, engine: EngineOf, request: Request) -> Response:
    """Every row: computed, tracked by hand, or not yet modelled."""
    credit = attribution(engine.base(city_id).city)
    return _tagged(TargetList(city=city_id, targets=engine.targets(city_id), attribution=credit), request)


@cities.post("/{city_id}/what-if", summary="What if ...", responses=refusals(ScenarioError))
def what_if(
    city_id: CityId,
    engine: EngineOf,
    scenario: Annotated[WhatIfRequest, Body(openapi_examples=_WHAT_IFS)],
    also: Annotated[WhatIfQuery, Query()],
) -> WhatIfAnswer:
    """Apply a list of edits, in order. All problems of all edits are reported at once, and then nothing is applied."""
    asked = WhatIfOptions(replaced=also.replaced, congestion=also.congestion, base_shares=scenario.base_shares)
    return engine.what_if(city_id, scenario, asked)


@job_routes.get("/{job_id}", summary="State of a job")
def job(job_id: JobId, jobs: JobsOf) -> JobStatus:
    return jobs.status(job_id)


@job_routes.get(
    "/{job_id}/results",
    summary="What a job found",
    response_model=Found,
    responses=refusals(InputError, ResultNotReady, ResultGone, JobFailed),
)
def results(job_id: JobId, jobs: JobsOf, request: Request) -> Response:
    """404 while the job is not finished, 410 once it was dismissed; a failed job answers with its problems."""
    return _tagged(_FOUND.validate_python(jobs.result(job_id)), request)


@job_routes.delete("/{job_id}", summary="Stop a job, or forget its result")
def dismiss(job_id: JobId, jobs: JobsOf) -> JobStatus:
    return jobs.dismiss(job_id)


class _App(FastAPI):
    """A FastAPI whose description says that errors are problem documents and that an edit needs its type."""

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        for operation in (op for path in document["paths"].values() for op in path.values()):
            for status, response in operation["responses"].items():
                if status >= "400" and "application/json" in response["content"]:
                    response["content"] = {errors.MEDIA_TYPE: response["content"]["application/json"]}
        for edit in EDITS:
            schema = document["components"]["schemas"][edit.__name__]
            schema["required"] = ["type", *(name for name in schema.get("required", ()) if name != "type")]
        return document


def create_app(settings: Settings, report: Report | None = None) -> FastAPI:
    """The service over one home and one data folder; `report` hears of its warm-up.

    Raises InputError where there is no data folder.
    """
    settings.data_folder  # noqa: B018 - a wrong folder is said at the start, not at the first request

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with closing(Store(settings.database)) as store:
            app.state.jobs = jobs = Jobs(settings, store)
            jobs.start()
            warming = threading.Thread(target=_warm, args=(app, report), name="warm-up")
            warming.start()
            with closing(jobs):
                yield
            warming.join()

    app = _App(
        title="Luxing 绿行",
        version=luxing_version(),
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
    )
    patch_fastapi(app, redirect_from_root_to_docs=False)  # FastAPI's own /docs is blank without the internet
    app.state.engine, app.state.warm = Engine(settings), threading.Event()
    app.add_middleware(BodyLimit, most_bytes=settings.body_most_bytes)
    asked = bike_days, bikes, charging, corridors, explanations, parking_days, piles, proposals, streets, trade_offs
    for routes in (service, cities, *asked, job_routes):
        app.include_router(routes)
    errors.install(app)
    return app


def _warm(app: FastAPI, report: Report | None) -> None:
    """Load the kernels, then say ready."""
    warm_up(report)
    app.state.warm.set()


def _tagged(answer: BaseModel, request: Request) -> Response:
    """The answer with a strong ETag of its bytes, or 304 where the client has these bytes."""
    content = answer.model_dump_json().encode()
    tag = f'"{sha256(content).hexdigest()}"'
    known = {t.strip().removeprefix("W/") for t in request.headers.get("If-None-Match", "").split(",")}
    if known & {tag, "*"}:
        return Response(status_code=304, headers={"ETag": tag})
    return Response(content, media_type="application/json", headers={"ETag": tag})


def _city_links(city_id: str) -> list[Link]:
    own = f"/v1/cities/{city_id}"
    return [
        Link(href=own, rel="self", title="the city as it is"),
        Link(href=f"{own}/targets", rel="related", title="policy targets"),
    ]
