"""POST /v1/tokenize, and what a model's card tells."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.backend import FakeBackend
from tests.fakes.web import Answered, Web


def post(web: Web, **over: Any) -> Answered:
    body = {"model": "fake-model", "prompt": "hi", **over}
    headers = {"Content-Type": "application/json"}
    return web.send("POST", "/v1/tokenize", json.dumps(body).encode(), headers)


def test_the_tokens_of_a_text(web: Web) -> None:
    assert post(web).json == {
        "object": "tokens",
        "model": "fake-model",
        "count": 2,
        "max_model_len": 8192,
        "tokens": [104, 105],
    }
    assert post(web, prompt="").json["tokens"] == []


@pytest.mark.parametrize(
    ("over", "status", "param"),
    [
        ({"prompt": None}, 400, "prompt"),
        ({"prompt": 5}, 400, "prompt"),
        ({"prompt": "x" * 1_000_001}, 400, "prompt"),
        ({"model": None}, 400, "model"),
        ({"model": "other"}, 404, "model"),
    ],
)
def test_what_is_wrong_is_named(web: Web, over: dict[str, Any], status: int, param: str) -> None:
    answered = post(web, **over)
    assert (answered.status, answered.error["param"]) == (status, param)


def test_a_card_tells_what_can_be_asked_and_within_which_limits(
    web: Web, backend: FakeBackend
) -> None:
    backend.calls_tools = backend.sees_images = True
    card = web.get("/v1/models/fake-model").json
    assert card["capabilities"] == {"vision": True, "reasoning": False, "tools": True}
    assert card["input_modalities"] == ["text", "image", "file"]
    limits = card["limits"]
    assert (limits["images"], limits["image_pixels"], limits["answers"]) == (50, 40_000_000, 8)
    assert (limits["file_pages"], limits["body_bytes"]) == (500, 72 << 20)
    assert card["defaults"]["temperature"] == 0
