"""One table from exception to HTTP answer (RFC 9457 problem+json); endpoints hold no `try`."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict
from typing import Final, NamedTuple

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from network import CityError, InputError, Problem, ScenarioError, UnknownId
from service.jobs import JobFailed, ResultGone, ResultNotReady
from service.schemas import problems_of

MEDIA_TYPE: Final = "application/problem+json"


class NotReady(CityError):
    """The service is not ready for work yet."""


class Kind(NamedTuple):
    """How one class of exception is answered."""

    slug: str
    title: str
    status: int


TABLE: Final[dict[type[Exception], Kind]] = {
    UnknownId: Kind("unknown-id", "No such thing", 404),
    ScenarioError: Kind("scenario", "The scenario does not fit this city", 422),
    InputError: Kind("input", "An input cannot be used", 422),
    RequestValidationError: Kind("validation", "The request is not understood", 422),
    NotReady: Kind("not-ready", "Not ready yet", 503),
    ResultNotReady: Kind("result-not-ready", "The job has no result yet", 404),
    ResultGone: Kind("result-gone", "The job was dismissed", 410),
    JobFailed: Kind("job-failed", "The job failed", 500),
    HTTPException: Kind("http", "", 0),
    Exception: Kind("internal", "Something went wrong in the service", 500),
}
"""Exception -> answer. HTTPException carries its own status and title."""

_INTERNAL: Final = Problem("service", "unexpected error", "the service's log has the details")


def install(app: FastAPI) -> None:
    """Let every exception of the table be answered by it."""
    for kind in TABLE:
        app.add_exception_handler(kind, _answer)


def _answer(_request: Request, error: Exception) -> Response:
    kind = next(TABLE[c] for c in type(error).__mro__ if c in TABLE)
    if isinstance(error, HTTPException):
        kind = Kind(kind.slug, error.detail, error.status_code)
        return problem_response(kind, (), headers=dict(error.headers or {}))
    if isinstance(error, CityError):
        return problem_response(kind, error.problems)
    if isinstance(error, RequestValidationError):
        return problem_response(kind, problems_of(error.errors(), text=error.body))
    logging.getLogger(__name__).error("unexpected error", exc_info=error)
    return problem_response(kind, [_INTERNAL])


def problem_response(kind: Kind, problems: Iterable[Problem], headers: dict[str, str] | None = None) -> Response:
    """The problem document of some problems."""
    errors = [asdict(p) for p in problems]
    detail = "; ".join(f"{e['where']}: {e['what']}" for e in errors) or kind.title
    document = {"type": f"/problems/{kind.slug}", "title": kind.title, "status": kind.status, "detail": detail}
    content = json.dumps({**document, "errors": errors})
    return Response(content, kind.status, headers=headers, media_type=MEDIA_TYPE)
