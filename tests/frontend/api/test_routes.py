"""The other URLs: models, health, readiness, figures, and those that are none."""

from __future__ import annotations

import re
import time

import pytest
from prometheus_client.parser import text_string_to_metric_families

from protos import inference_pb2
from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web


def test_models(web: Web, backend: FakeBackend) -> None:
    backend.model = "vendor/model-1"
    (card,) = web.get("/v1/models").json["data"]
    assert (card["id"], card["object"], card["max_model_len"]) == ("vendor/model-1", "model", 8192)
    assert card["input_modalities"] == ["text", "image", "file"]
    for path in ("/v1/models/vendor%2Fmodel-1", "/v1/models/vendor/model-1"):
        assert web.get(path).json == card
    missing = web.get("/v1/models/gpt-4o")
    assert (missing.status, missing.error["code"]) == (404, "model_not_found")


def test_models_while_loading(web: Web, backend: FakeBackend) -> None:
    backend.phase = inference_pb2.PHASE_LOADING
    assert web.get("/v1/models").status == 503


def test_health_and_readiness(web: Web, backend: FakeBackend) -> None:
    assert web.get("/health").json == {"status": "ok"}
    assert web.get("/ready").json["phase"] == "ready"
    backend.phase = inference_pb2.PHASE_WARMING
    warming = web.get("/ready")
    assert (warming.status, warming.json["phase"]) == (503, "warming")
    backend.stop()
    before = time.monotonic()
    away = web.get("/ready")
    assert (away.status, away.json["phase"]) == (503, "unreachable")
    assert web.get("/health").status == 200
    assert web.get("/metrics").status == 200
    assert time.monotonic() - before < 20


def test_figures(web: Web, backend: FakeBackend) -> None:
    web.chat()
    web.get("/v1/models/nope")
    answered = web.get("/metrics")
    assert answered.headers["content-type"].startswith("text/plain")
    families = {
        family.name: family for family in text_string_to_metric_families(answered.content.decode())
    }
    assert all(family.type != "unknown" for family in families.values())
    counted = {
        tuple(sample.labels.values()): sample.value
        for sample in families["glm_flash_web_requests"].samples
        if sample.name.endswith("_total")
    }
    assert counted["/v1/chat/completions", "200"] == 1
    assert counted["/v1/models", "404"] == 1
    tokens = {s.labels["kind"]: s.value for s in families["glm_flash_web_tokens"].samples
              if s.name.endswith("_total")}  # fmt: skip
    assert tokens == {"prompt": 2, "completion": 4, "cached": 0, "reasoning": 0, "image": 0}
    assert families["glm_flash_web_requests_running"].samples[0].value == 0
    assert families["glm_flash_backend_up"].samples[0].value == 1
    assert families["glm_flash_backend_tokens_per_second"].samples[0].value == 42
    assert families["glm_flash_backend_requests_running"].type == "gauge"
    names = set(re.findall(r"^([a-z_]+)(?:\{| )", answered.content.decode(), re.MULTILINE))
    typed = set(re.findall(r"^# TYPE ([a-z_]+) ", answered.content.decode(), re.MULTILINE))
    assert all(any(name.startswith(family) for family in typed) for name in names)


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/chat/completions", "POST"),
        ("BODY", "/v1/chat/completions", "POST"),
        ("RENDER", "/v1/chat/completions", "POST"),
        ("GET", "/v1/plan", "POST"),
        ("POST", "/v1/models", "GET, HEAD"),
        ("DELETE", "/v1/models/x", "GET, HEAD"),
        ("POST", "/health", "GET, HEAD"),
        ("PUT", "/metrics", "GET, HEAD"),
    ],
)
def test_wrong_methods(web: Web, method: str, path: str, allow: str) -> None:
    answered = web.send(method, path)
    assert (answered.status, answered.headers["allow"]) == (405, allow)
    assert answered.error["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", ["/v1", "/v1/", "/v1/nope", "/v1/plans", "/v1/files", "/v1/chat/"])
def test_unknown_urls(web: Web, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answered = web.send(method, path)
        assert answered.status == 404
        assert (answered.error["type"], answered.error["code"]) == (
            "not_found_error",
            "unknown_url",
        )
