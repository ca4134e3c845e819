"""The description of the interface, and the interface held to it with made-up requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from frontend.api.openapi import DOCUMENT
from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web

EXAMPLES = 6  # of each operation, good and bad ones each
CHECKS: Any = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
DESCRIBED: Any = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [found.ok() for found in DESCRIBED.get_all_operations()]


@pytest.fixture(scope="module")
def service() -> Iterator[Web]:
    with FakeBackend() as fake:
        fake.calls_tools = True
        with Web(fake.address) as web:
            yield web


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: f"{one.method} {one.path}")
def test_made_up_requests_are_answered_as_described(operation: Any, service: Web) -> None:
    kinds = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

    @settings(
        max_examples=2 * EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of(*kinds))
    def held(case: Any) -> None:
        if isinstance(case.body, dict) and isinstance(case.body.get("model"), str):
            case.body["model"] = "fake-model"  # else nothing would come of most
        case.call_and_validate(base_url=service.url, checks=CHECKS)

    held()


def test_every_route_is_described(web: Web) -> None:
    told = web.get("/v1/openapi.json").json
    assert told == DOCUMENT
    served = {path.replace(":path}", "}") for path in web.api.paths}
    assert served - {"/metrics", "/v1/openapi.json"} == set(told["paths"])
