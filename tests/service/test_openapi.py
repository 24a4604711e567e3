"""Whatever a stranger sends by our own description, the answer is one of those described, and never a defect."""

from __future__ import annotations

import schemathesis
from homes import CITY, a_home
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from service.api import create_app

FEW = settings(max_examples=12, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def test_every_answer_is_as_described(tmp_path):
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(a_home(tmp_path)))
    seen = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        seen.add(operation.label)
        if "/proposals/" in operation.label:  # each would be a job
            continue

        @FEW
        @given(operation.as_strategy())
        def check(case):
            if "city_id" in (case.path_parameters or {}):
                case.path_parameters["city_id"] = CITY
            case.call_and_validate(excluded_checks=[positive_data_acceptance])  # the ids are made up

        check()
    assert "POST /v1/cities/{city_id}/what-if" in seen
