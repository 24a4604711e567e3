"""What goes in and out: the answers, the requests, and the problems a malformed request is told about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag, TypeAdapter, ValidationError

from network import EDITS, InputError, Problem, Scenario
from optimise import STOP_TARGETS, Target, parse_target
from service.congestion_schemas import Congestion
from service.diversion_schemas import Replaced
from service.files import BAD_JSON, read_json
from service.green_schemas import Carbon, GreenChange, GreenShare, Number
from service.models import Answer, Asked
from service.outturn_schemas import Reported
from service.pivot_schemas import Pivoted

Figures = dict[str, Number]

GREEN_SHARE_DEFINITION: Final = (
    "Green trips are trips on foot, by cycle, by e-bike, by bus and by rail; the share is of all trips of a day. "
    "The official wording leaves open whether e-bikes count, so the share is given both ways."
)


class CityRef(Answer):
    """A city that has been built."""

    id: str
    name: str
    digest: str = Field(description="sha256 of everything the city holds: equal digests, equal answers")


class Default(Answer):
    """A value that stood in for data the city does not have."""

    key: str
    value: str
    unit: str
    source: str


class MetricInfo(Answer):
    """What a figure is: its unit, which way is better, and its names."""

    unit: str
    better: Literal["more", "less", "none"]
    label_en: str
    label_zh: str


class Reading(Answer):
    """One way to read a target: the figure that is held against it, and the verdict."""

    metric: str
    label_en: str
    label_zh: str
    unit: str
    value: Number
    gap: Number = Field(description="what is missing, in the metric's unit; 0 where the target is met")
    met: bool | None = Field(description="null where there is no verdict")


class TargetRow(Answer):
    """One row of the policy targets, and how the city stands."""

    id: str
    status: Literal["computed", "tracked by hand", "not yet modelled"]
    applies: bool = Field(description="whether the row speaks of an area this city answers for")
    document: str
    document_status: Literal["issued", "draft"]
    text_en: str
    text_zh: str
    comparison: str
    required: str = Field(description="the number as the text has it, with its unit")
    year: int | None
    area: str
    target: Number = Field(description="the number in the unit of the readings, null where the text sets none")
    readings: list[Reading] = Field(
        description="the figures held against it; several where the text can be read several ways"
    )
    reported: Reported | None = Field(
        default=None, description="what is reported for the area, beside what the model gives; null where nothing is"
    )
    green_shares: list[GreenShare] = Field(
        default=[], description="of a row on the green-trip share: by every definition, the official one marked"
    )
    note: str


class CityAnswer(Answer):
    """A city as it is."""

    city: CityRef
    areas: list[str]
    sizes: dict[str, int]
    metrics: Figures
    units: dict[str, MetricInfo]
    green_share_definition: str = GREEN_SHARE_DEFINITION
    green_shares: list[GreenShare] = Field(description="the green-trip share by every definition, side by side")
    carbon: Carbon
    defaults: list[Default]
    attribution: list[str]


class WhatIfAnswer(Answer):
    """The city as it is, as it would be, and the difference."""

    city: CityRef
    changed_digest: str
    scenario_digest: str
    base: Figures
    changed: Figures
    difference: Figures = Field(description="changed minus base; exactly 0 where nothing changes")
    units: dict[str, MetricInfo]
    green_share_definition: str = GREEN_SHARE_DEFINITION
    green_shares: list[GreenChange] = Field(description="the green-trip share by every definition, side by side")
    carbon_base: Carbon
    carbon_changed: Carbon
    pivot: Pivoted | None = Field(default=None, description="what becomes of counted shares, if given")
    replaced: Replaced | None = Field(default=None, description="which trips replaced which, if asked for")
    congestion: Congestion | None = Field(default=None, description="how demand and traffic agreed, if asked for")
    targets: list[TargetRow] = Field(description="the policy targets this city is held against, after the change")
    defaults: list[Default]
    attribution: list[str]


class TargetIn(Asked):
    """A bound on a metric, in the metric's unit."""

    metric: str
    op: Literal["at_least", "at_most"]
    value: float
    year: int | None = None
    area: str | None = None
    id: str = ""


TEXT, OBJECT, ONE, EACH = "text", "object", "one", "each"
"""Tags of what may be given as text or an object, once or for each; no place in a body is called so."""
TargetLike = Annotated[
    Annotated[str, Tag(TEXT)] | Annotated[TargetIn, Tag(OBJECT)],
    Discriminator(lambda x: TEXT if isinstance(x, str) else OBJECT),
]


class PlanRequest(Asked):
    """What every proposal may be asked with."""

    targets: list[TargetLike] = Field(
        default=[], max_length=100, description='targets, as text ("charging_served_share>=0.8") or as objects'
    )
    seconds: float | None = Field(
        default=None,
        gt=0,
        le=3600,
        description="wall-clock limit of the solver; without it the run ends at the same point on every machine",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1)

    def must_agree(self) -> None:
        """Raises InputError for what can be known to be wrong before a city is looked at."""
        self.parsed_targets()

    def parsed_targets(self) -> list[Target]:
        """Raises InputError with every target that cannot be read or names no metric."""
        found, problems = [], []
        for given in self.targets:
            try:
                found.append(parse_target(given) if isinstance(given, str) else Target(**given.model_dump()))
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(problems)
        return found


class Circle(Asked):
    """What lies within a straight line of a point."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    radius_m: float = Field(gt=0, le=100_000)


class StopsRequest(PlanRequest):
    """Which rail stations and entrances are to have a bus stop, and where none may stand."""

    targets: list[TargetLike] = Field(
        default=[TargetIn(**target.to_dict()) for target in STOP_TARGETS],
        max_length=100,
        description="targets of at least a share for rail_station_bus_share and rail_entrance_bus_share; by default "
        "those of the policy. Others are judged only",
    )
    exclude_streets: list[str] = Field(
        default=[], max_length=1000, description="streets, by way id or name, on which no stop may stand"
    )
    exclude_circles: list[Circle] = Field(default=[], max_length=1000, description="where no stop may stand")
    moves: bool = Field(default=True, description="whether existing stops may be moved")
    relax: bool = Field(
        default=False, description="where a target cannot be met, come as near to it as can be, rather than not at all"
    )


class ParkRideRequest(PlanRequest):
    """What racks and parking spaces at rail stations may cost."""

    budget_cny: float = Field(ge=0.01, le=1e12, description="money the plan may spend, in CNY")
    kinds: list[Literal["racks", "spaces"]] = Field(
        default=["racks", "spaces"], min_length=1, max_length=2, description="what may be built"
    )


class LoopsRequest(PlanRequest):
    """Whom feeder loops are to serve, from where, and with what."""

    vehicles: int | None = Field(
        default=None, ge=0, le=10_000, description="small buses there are; this or vehicle_hours has to be given"
    )
    vehicle_hours: float | None = Field(
        default=None, ge=0, le=240_000, description="hours a day that small buses may be in service, all together"
    )
    area: str | None = Field(
        default=None, max_length=200, description="name of the area whose people are to have a stop; else all"
    )
    starts: list[str] = Field(
        default=[],
        max_length=1000,
        description="stations and stops, by id or name, that loops begin and end at; else every rail station",
    )
    radius_m: float = Field(default=300.0, gt=0, le=5000, description="a stop counts within so long a walk")
    exclude_streets: list[str] = Field(
        default=[], max_length=1000, description="streets, by way id or name, that loops may not use"
    )
    exclude_circles: list[Circle] = Field(default=[], max_length=1000, description="where no stop may stand")


class ProposalAnswer(Answer):
    """A plan with its proof, the scenario that replays it, and what it does to the city."""

    plan: dict[str, Any]
    scenario: dict[str, Any] = Field(description="the plan as the body of a what-if")
    verdicts: list[dict[str, Any]]
    what_if: WhatIfAnswer = Field(description="equal to the answer to `scenario`")


class Progress(Answer):
    """Where a job's solver stands, in the plan's `value_unit`: never a percentage, since nobody knows one."""

    elapsed_s: Number = None
    limit_s: Number = None
    incumbent: Number = None
    bound: Number = None
    gap: Number = None


class Link(Answer):
    href: str
    rel: str
    type: str = "application/json"
    title: str = ""


class JobStatus(Answer):
    """The statusInfo of OGC API - Processes 1, with the progress of a solver."""

    jobID: str  # noqa: N815 - the standard's name
    processID: str  # noqa: N815
    type: Literal["process"] = "process"
    status: Literal["accepted", "running", "successful", "failed", "dismissed"]
    message: str
    created: datetime
    started: datetime | None
    updated: datetime
    finished: datetime | None
    solver_progress: Progress = Field(
        description="instead of the standard's optional percentage, which nobody can know"
    )
    links: list[Link]


class ProblemItem(Answer):
    where: str
    what: str
    hint: str


class ProblemDocument(Answer):
    """RFC 9457 problem details; `errors` lists every problem with its place and a remedy."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ProblemItem]


@cache
def scenarios() -> TypeAdapter[Scenario]:
    """Reads and writes scenarios; built when it is first asked for, like every schema."""
    return TypeAdapter(Scenario)


def read_scenario(file: Path) -> Scenario:
    """The scenario of a JSON file, or that of a plan.json. Raises InputError naming line, column and field."""
    record = read_json(file)
    if isinstance(record, dict) and {"plan", "scenario"} <= record.keys():
        record = record["scenario"]
    try:
        return scenarios().validate_python(record)
    except ValidationError as error:
        raise InputError(problems_of(error.errors(), file.name)) from None


def scenario_json(scenario: Scenario) -> dict[str, Any]:
    """A scenario as the JSON body that says the same."""
    return dict(scenarios().dump_python(scenario, mode="json"))


def problems_of(errors: Iterable[Mapping[str, Any]], root: str = "body", text: Any = None) -> list[Problem]:
    """Pydantic's error rows as problems that name the field (`edits[0].plugs`) and, where it helps, the known ones.

    `root` is what holds the fields, if that has a name; `text`, where it is known, turns the position of a JSON error
    into line and column.
    """
    return [_problem(e, root, text) for e in errors]


_FIELDS: Final = {edit.type: ", ".join(f.name for f in fields(edit)) for edit in EDITS}
_EXTRA: Final = ("extra_forbidden", "unexpected_keyword_argument")
_NO_OBJECT: Final = ("dataclass_type", "dict_type", "model_attributes_type", "model_type")
_MOST_SHOWN: Final = 40
"""Letters of a value that is shown back."""


def _problem(error: Mapping[str, Any], root: str, text: Any) -> Problem:
    loc = [x for x in error["loc"] if x not in {"body", TEXT, OBJECT, ONE, EACH, *_FIELDS}]
    root = "" if "query" in error["loc"][:1] else root
    what, hint = _shown(error)
    tag = next((x for x in error["loc"] if x in _FIELDS), None)
    path = "".join(f"[{x}]" if isinstance(x, int) else f".{x}" for x in loc).lstrip(".")
    if error["type"] in _EXTRA:
        what, hint = "is not a known field", f"{tag} has {_FIELDS[tag]}" if tag else "remove it"
    elif error["type"] == "json_invalid":
        path = _line_and_column(text, error["loc"][-1])
        what, hint = f"is not valid JSON: {error['ctx']['error']}", BAD_JSON
    elif error["type"] == "union_tag_invalid":
        what, hint = f"{error['ctx']['tag']!r} is not a type of edit", f"use one of {', '.join(_FIELDS)}"
    elif error["type"] == "union_tag_not_found":
        what, hint = "says no type", f"give type: one of {', '.join(_FIELDS)}"
    elif error["type"] == "missing":
        what, hint = "is missing", f"{tag} has {_FIELDS[tag]}" if tag else "give it"
    elif error["type"] in _NO_OBJECT and not path:
        sent = "send an object, with the header Content-Type: application/json"
        what, hint = "is not a JSON object", sent if root == "body" else 'write {"edits": [...]}'
    return Problem(", ".join(filter(None, (root, path))), what, hint)


def _shown(error: Mapping[str, Any]) -> tuple[str, str]:
    """What a field holds, where that can be shown, and what it should be."""
    message, given = str(error["msg"]), error.get("input")
    if not message.startswith("Input should"):
        return message, ""
    should = "it should be an object" if error["type"] in _NO_OBJECT else message.replace("Input", "it", 1)
    if isinstance(given, list | tuple | dict):
        return "is an object" if isinstance(given, dict) else "is a list", should
    text = repr(given[:_MOST_SHOWN] if isinstance(given, str) else given)
    text = text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 1]}…"
    return f"is {text}", should


def _line_and_column(text: Any, position: Any) -> str:
    if not isinstance(text, str) or not isinstance(position, int):
        return ""
    return f"line {text.count(chr(10), 0, position) + 1}, column {position - text.rfind(chr(10), 0, position)}"
