"""OpenTelemetry traces over the whole system: one tree from HTTP over gRPC to the engine."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from scripts.lib import papers
from scripts.lib.system import System
from tests.fakes.collector import Collector
from tests.fakes.waiting import wait_until

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
WORDS = "kestrel-velvet-anvil"
NAME = "magpie-quartz-ledger.pdf"
KEY = "heron-copper-lantern"
GENERATE = "inference.v1.Inference/Generate"
POST = "POST /v1/chat/completions"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as started:
        yield started


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[System]:
    chosen = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "API_KEYS": KEY,
        "BACKEND_TOKEN": f"{KEY}-of-the-backend",
    }
    with System(tmp_path_factory.mktemp("traced"), chosen) as started:
        started.wait_until_ready()
        yield started


def ask(system: System, **over: Any) -> httpx.Response:
    pdf = base64.b64encode(papers.pdf([f"The word is {WORDS}. {papers.AGREEMENT}"])).decode()
    file = {"filename": NAME, "file_data": f"data:application/pdf;base64,{pdf}"}
    content = [{"type": "file", "file": file}, {"type": "text", "text": f"What is {WORDS}?"}]
    return httpx.post(
        f"{system.url}/v1/chat/completions",
        json={
            "model": "embedded",
            "messages": [{"role": "user", "content": content}],
            "max_tokens": 6,
            **over,
        },
        headers={
            "Authorization": f"Bearer {KEY}",
            "Traceparent": f"00-{TRACE}-{PARENT}-01",
            "X-Request-Id": "traced-request",
        },
        timeout=60,
    )


def attributes(span: Any) -> dict[str, Any]:
    return {
        one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in span.attributes
    }


def test_one_trace_holds_every_stage_and_nothing_of_what_was_said(
    traced: System, collector: Collector
) -> None:
    assert ask(traced, stream=True).status_code == 200
    wait_until(lambda: bool(collector.named(POST) and collector.named("decode")))
    (request,) = collector.named(POST)
    (generate,) = collector.named(GENERATE)
    stages = {name: collector.named(name) for name in ("read", "queue", "prefill", "decode")}
    assert all(len(spans) == 1 for spans in stages.values())

    assert request.parent_span_id.hex() == PARENT
    assert generate.parent_span_id == request.span_id
    inside = [spans[0] for spans in stages.values()]
    assert {span.parent_span_id for span in inside} == {generate.span_id}
    assert {span.trace_id.hex() for span in (request, generate, *inside)} == {TRACE}
    for before, after in itertools.pairwise(inside):
        assert before.start_time_unix_nano <= after.start_time_unix_nano
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in inside)

    about = attributes(request)
    assert about["http.response.status_code"] == 200
    assert about["glm_flash.request_id"] == "traced-request"
    computed = attributes(generate)
    assert computed["gen_ai.usage.input_tokens"] > computed["gen_ai.usage.output_tokens"] > 0
    assert attributes(stages["decode"][0])["glm_flash.tokens"] == 6
    services = {service for service, _ in collector.spans}
    assert services == {"glm-flash-web-frontend", "glm-flash-web-backend"}
    for canary in (WORDS, NAME, NAME.removesuffix(".pdf"), KEY, "Larkspur"):
        assert canary.encode() not in collector.bytes


def test_a_refusal_is_told_by_its_code(traced: System, collector: Collector) -> None:
    long = [{"role": "user", "content": f"{WORDS} " * 9000}]
    before = len(collector.named(GENERATE))
    assert ask(traced, messages=long).status_code == 400
    wait_until(lambda: len(collector.named(GENERATE)) > before)
    failed = collector.named(GENERATE)[-1]
    assert attributes(failed)["error.type"] == "context_length_exceeded"
    assert WORDS.encode() not in collector.bytes


def test_an_answer_given_again_has_no_stages_of_the_engine(
    traced: System, collector: Collector
) -> None:
    chosen: dict[str, Any] = {"temperature": 0, "max_tokens": 4}
    assert ask(traced, **chosen).status_code == 200
    wait_until(lambda: len(collector.named("decode")) == 2)
    assert ask(traced, **chosen).json()["glm_flash"]["answer_cached"]
    assert ask(traced, **{**chosen, "use_answer_cache": False}).status_code == 200
    wait_until(lambda: len(collector.named("decode")) == 3)
    assert len(collector.named("prefill")) == 3


def test_a_collector_that_is_away_holds_nobody_up(tmp_path: Path) -> None:
    nowhere = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    with System(tmp_path, nowhere) as started:
        started.wait_until_ready()
        assert ask(started).status_code == 200
        assert started.end("frontend") == 0
        assert started.end("backend") == 0
