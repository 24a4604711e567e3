"""What the routers of the API share: what endpoints are given, and the problems they may answer."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request

from service import errors
from service.engine import Engine
from service.jobs import Jobs
from service.models import build_schemas
from service.schemas import ProblemDocument


def router(**options: Any) -> APIRouter:
    """A router of FastAPI for endpoints whose schemas are declared by now.

    They are built first: threads that answer must not build one at the same time, and FastAPI takes built ones only.
    """
    build_schemas()
    return APIRouter(**options)


def refusals(*kinds: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries of the problems an endpoint may answer."""
    listed = [errors.TABLE[kind] for kind in kinds]
    return {kind.status: {"description": kind.title, "model": ProblemDocument} for kind in listed}


def _engine(request: Request) -> Engine:
    engine: Engine = request.app.state.engine
    return engine


def _jobs(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


EngineOf = Annotated[Engine, Depends(_engine)]
JobsOf = Annotated[Jobs, Depends(_jobs)]
CityId = Annotated[str, Path(description="id of a built city, as in /v1/cities")]
JobId = Annotated[str, Path(description="id of a job, from the Location of its proposal")]
