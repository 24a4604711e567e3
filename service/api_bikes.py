"""The HTTP face of bikes: vans that balance them, and what series of stations say."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Body, Response
from fastapi.exceptions import RequestValidationError

from network import InputError, UnknownId
from network.io import Parameters
from service.endpoints import CityId, EngineOf, JobsOf, refusals, router
from service.fit_bikes import FitBikesAnswer, FitBikesRequest, fitted_bikes
from service.rebalancing import RebalancingRequest
from service.schemas import JobStatus

_VANS: Final[dict[str, Any]] = {
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
_SERIES: Final[dict[str, Any]] = {
    "a station": {
        "summary": "Three readings of one station, too few for a check",
        "value": {
            "stations": [{"station_id": "a", "lon": 120.624, "lat": 31.304, "capacity": 12}],
            "readings": [
                {"station_id": "a", "timestamp": "2026-03-02 07:00", "bikes": 9, "free_docks": 3},
                {"station_id": "a", "timestamp": "2026-03-02 08:00", "bikes": 4, "free_docks": 8},
                {"station_id": "a", "timestamp": "2026-03-02 09:00", "bikes": 0, "free_docks": 12},
            ],
            "timezone": "Asia/Shanghai",
            "days_held_out": 0,
        },
    },
}
bikes = router(prefix="/v1", tags=["bikes"], responses=refusals(InputError, RequestValidationError))


@bikes.post(
    "/cities/{city_id}/rebalancing",
    summary="Routes of vans that balance bikes",
    status_code=201,
    responses={201: {"headers": {"Location": {"schema": {"type": "string"}}}}, **refusals(UnknownId)},
)
def balance(
    city_id: CityId,
    engine: EngineOf,
    jobs: JobsOf,
    response: Response,
    request: Annotated[RebalancingRequest, Body(openapi_examples=_VANS)],
) -> JobStatus:
    """Start a job; `Location` says where its state is. Each van leaves the depot, picks up where there are too many
    bikes, brings them where there are too few, and is back in time. The bound says how much less any routes could
    drive; stations that are not worth their way are named.
    """
    engine.require(city_id)
    job_id = jobs.submit("rebalancing", city_id, request.model_dump(mode="json"))
    response.headers["Location"] = f"/v1/jobs/{job_id}"
    return jobs.status(job_id)


@bikes.post("/fit-bikes", summary="Demand at bike stations, and how many bikes they should begin a day with")
def fit(engine: EngineOf, request: Annotated[FitBikesRequest, Body(openapi_examples=_SERIES)]) -> FitBikesAnswer:
    """Demand is corrected for the time that stations were empty or full, and checked on days that it was not fitted to.
    Readings that cannot be true are left out and counted. How long a series may be is LUXING_BODY_MOST_BYTES.
    """
    return fitted_bikes(Parameters.load(engine.settings.data_folder), request)
