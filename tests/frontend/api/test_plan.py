"""POST /v1/plan: the cost of a request, in the shape that docs/api.md describes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fakes.asking import picture, png, text, url, user
from tests.fakes.backend import FakeBackend, Refusal
from tests.fakes.web import Answered, Web

PNG = png(size=(56, 28))


def plan(web: Web, **over: Any) -> Answered:
    body = {"model": "fake-model", "messages": user(text("Which law?"), picture(url(PNG))), **over}
    return web.send(
        "POST", "/v1/plan", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )


def test_a_plan_tells_everything(web: Web, backend: FakeBackend) -> None:
    answered = plan(web, temperature=0, max_tokens=50)

    assert answered.status == 200
    assert answered.headers["content-type"] == "application/json"
    told = answered.json
    (page,) = told.pop("pages")
    assert len(page.pop("sha256")) == 64
    assert page == {
        "file": None,
        "page": 1,
        "method": "vision",
        "words": 0,
        "tokens": 300,
        "width": 560,
        "height": 420,
        "reason": "A picture.",
        "hidden_words": 0,
    }
    assert told == {
        "object": "plan",
        "model": "fake-model",
        "fits": True,
        "route": "multimodal",
        "route_reason": "The question comes with files.",
        "context_length": 8192,
        "prompt_tokens": 900,
        "cached_tokens": 64,
        "image_tokens": 300,
        "cached_image_tokens": 200,
        "max_tokens": 7292,
        "first_token_seconds": 1.5,
        "answer_cached": False,
        "parts": [{"message": 0, "part": 1, "tokens": 300}],
        "proposal": "Look less closely.",
        "proposals": [
            {
                "kind": "lower_detail",
                "sentence": "Look less closely.",
                "prompt_tokens": 700,
                "detail": "low",
                "pages": [],
                "requests": 1,
                "max_tokens": None,
            },
            {
                "kind": "map_reduce",
                "sentence": "Ask in groups.",
                "prompt_tokens": 500,
                "detail": None,
                "pages": [4],
                "requests": 3,
                "max_tokens": None,
            },
        ],
    }


def test_the_request_that_is_planned_is_the_one_that_would_be_answered(
    web: Web, backend: FakeBackend
) -> None:
    asked: dict[str, Any] = {
        "temperature": 0.5,
        "max_tokens": 9,
        "messages": user(text("Hi"), picture(url(PNG))),
    }
    plan(web, **asked)
    web.chat(**asked)

    (planned,), (answered,) = backend.planned, backend.requests
    planned.request_id = answered.request_id
    assert planned == answered


@pytest.mark.parametrize(
    ("over", "status", "param"),
    [
        ({"messages": []}, 400, "messages"),
        ({"temperature": "warm"}, 400, "temperature"),
        ({"messages": user(picture("data:image/png;base64,!"))}, 400,
         "messages[0].content[0].image_url.url"),
        ({"model": "nobody"}, 404, "model"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_as_a_chat_request_s_mistakes_are(
    web: Web, over: dict[str, Any], status: int, param: str
) -> None:
    answered = plan(web, **over)

    assert answered.status == status
    assert answered.error["param"] == param
    chat = web.chat(**{"messages": user(text("Hi")), **over})
    assert (chat.status, chat.error["code"]) == (status, answered.error["code"])


def test_a_backend_that_is_not_ready_is_told(web: Web, backend: FakeBackend) -> None:
    backend.refusals.append(Refusal("unavailable", "Soon.", "backend_unavailable", retry_after=2))
    answered = plan(web)

    assert (answered.status, answered.headers["retry-after"]) == (503, "2")


def test_planning_needs_a_key_where_answers_do(backend: FakeBackend) -> None:
    with Web(backend.address, api_keys=("secret",), backend_token="token") as web:
        assert plan(web).status == 401
