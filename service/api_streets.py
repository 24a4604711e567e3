"""The HTTP face of the streets: ways, areas within minutes, nearest places, matrices."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Body
from fastapi.exceptions import RequestValidationError

from network import InputError, ScenarioError, UnknownId
from service.endpoints import CityId, EngineOf, refusals, router
from service.street_schemas import (
    AccessAnswer,
    AccessRequest,
    IsochroneAnswer,
    IsochroneRequest,
    MatrixAnswer,
    MatrixRequest,
    NearestAnswer,
    NearestRequest,
    RouteAnswer,
    RouteRequest,
)

_ROUTES: Final[dict[str, Any]] = {
    "two points": {
        "summary": "By cycle between a point and a zone",
        "value": {"mode": "cycle", "from": {"lon": 120.621, "lat": 31.301}, "to": "zone/20"},
    },
    "with a street closed": {
        "summary": "By car to a place, with a street closed before",
        "value": {
            "mode": "drive",
            "from": "zone/0",
            "to": "place/3",
            "edits": [{"type": "close_street", "street": "East Street 2", "modes": ["drive"]}],
        },
    },
    "by bus and rail": {
        "summary": "By transit from zone to zone, leaving at a quarter past eight",
        "value": {"mode": "transit", "from": "zone/0", "to": "zone/20", "depart": "08:15"},
    },
    "by bike to the stop": {
        "summary": "By transit, by bike to the first stop",
        "value": {"mode": "transit", "from": "zone/0", "to": "zone/20", "access": "cycle"},
    },
}
_ISOCHRONES: Final[dict[str, Any]] = {
    "a walk": {
        "summary": "Within 5, 10 and 15 minutes on foot",
        "value": {"mode": "walk", "from": "place/1", "minutes": [5, 10, 15]},
    },
    "by car from a point": {
        "summary": "Within 3 minutes by car, drawn close to the streets",
        "value": {"mode": "drive", "from": {"lon": 120.622, "lat": 31.302}, "minutes": [3], "beside_m": 20},
    },
}
_NEAREST: Final[dict[str, Any]] = {
    "car parks": {
        "summary": "The three car parks that are quickest to reach by car",
        "value": {"mode": "drive", "from": "zone/7", "kind": "parking", "k": 3},
    }
}
_MATRICES: Final[dict[str, Any]] = {
    "walks": {
        "summary": "From two zones to a place and a point on foot",
        "value": {
            "mode": "walk",
            "origins": ["zone/0", "zone/1"],
            "destinations": ["place/2", {"lon": 120.624, "lat": 31.304}],
        },
    },
    "by bus and rail": {
        "summary": "By transit, with fares and parts of the times, also where one has little luck",
        "value": {
            "mode": "transit",
            "origins": ["zone/0"],
            "destinations": ["zone/20", "zone/24"],
            "parts": True,
            "percentiles": [90],
        },
    },
}
_ACCESS: Final[dict[str, Any]] = {
    "15-minute circle": {
        "summary": "Jobs within 10 and 15 minutes on foot",
        "value": {"mode": "walk", "of": "jobs", "minutes": [10, 15]},
    },
    "a line more often": {
        "summary": "Residents within half an hour by transit, with a line every five minutes",
        "value": {
            "mode": "transit",
            "of": "residents",
            "minutes": [30],
            "edits": [{"type": "set_headway", "line": "Line 1", "headway_min": 5}],
        },
    },
}

streets = router(
    prefix="/v1/cities",
    tags=["streets"],
    responses=refusals(UnknownId, InputError, ScenarioError, RequestValidationError),
)


@streets.post("/{city_id}/routes", summary="The quickest way between two points")
def route(
    city_id: CityId, engine: EngineOf, request: Annotated[RouteRequest, Body(openapi_examples=_ROUTES)]
) -> RouteAnswer:
    """Time, length, line and streets. Where there is no way that is the answer: null, not an error.

    By transit the journey of the median departure of the window, or of `depart`: its walks, waits, rides and fare.
    """
    return engine.route(city_id, request)


@streets.post("/{city_id}/isochrones", summary="What can be reached within some minutes")
def isochrones(
    city_id: CityId, engine: EngineOf, request: Annotated[IsochroneRequest, Body(openapi_examples=_ISOCHRONES)]
) -> IsochroneAnswer:
    """A GeoJSON feature collection with an area for each limit, and what lies in it.

    By transit what is reached at the median departure of the window, on foot alone where that is quicker.
    """
    return engine.isochrones(city_id, request)


@streets.post("/{city_id}/nearest", summary="The places that are quickest to reach")
def nearest(
    city_id: CityId, engine: EngineOf, request: Annotated[NearestRequest, Body(openapi_examples=_NEAREST)]
) -> NearestAnswer:
    """Fewer places than asked for where no more can be reached."""
    return engine.nearest(city_id, request)


@streets.post("/{city_id}/matrix", summary="Times and lengths from all origins to all destinations")
def matrix(
    city_id: CityId, engine: EngineOf, request: Annotated[MatrixRequest, Body(openapi_examples=_MATRICES)]
) -> MatrixAnswer:
    """How large a matrix may be is the setting LUXING_MATRIX_MOST_CELLS."""
    return engine.matrix(city_id, request)


@streets.post("/{city_id}/access", summary="How much lies within minutes of every zone")
def access(
    city_id: CityId, engine: EngineOf, request: Annotated[AccessRequest, Body(openapi_examples=_ACCESS)]
) -> AccessAnswer:
    """Residents, jobs, students, visitors or places within each limit, after the edits and in the city as it is.

    By transit at the median departure of the window, on foot alone where that is quicker.
    """
    return engine.access(city_id, request)
