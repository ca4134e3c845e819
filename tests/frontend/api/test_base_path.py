"""Paths under a base: taken off for the API, given back for the page, elsewhere nothing."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from frontend.api.base_path import Inside, Outside


async def say_path(request: Request) -> PlainTextResponse:
    raw = request.scope["raw_path"].decode()
    return PlainTextResponse(f"{request.scope['path']} {raw}")


PAGE = Starlette(routes=[Route("/{path:path}", say_path)])


def client(base: str, *, page: bool) -> TestClient:
    """What the page, or what the API, gets to see."""
    return TestClient(Outside(Inside(PAGE, base) if page else PAGE, base), follow_redirects=False)


def test_the_api_sees_no_base() -> None:
    seen = client("/desk", page=False)
    assert seen.get("/desk/v1/models").text == "/v1/models /v1/models"
    assert seen.get("/desk/").text == "/ /"
    assert seen.get("/v1/models").text == "/v1/models /v1/models", "probes need no base"
    assert seen.get("/desktop/v1").text == "/desktop/v1 /desktop/v1"


def test_the_page_sees_its_base() -> None:
    seen = client("/a/desk", page=True)
    assert seen.get("/a/desk/").text == "/a/desk/ /a/desk/"
    assert (
        seen.get("/a/desk/static/x%20y.js").text == "/a/desk/static/x y.js /a/desk/static/x%20y.js"
    )


@pytest.mark.parametrize("path", ["/", "/a/desk"])
def test_the_page_is_found(path: str) -> None:
    answered = client("/a/desk", page=True).get(path)
    assert (answered.status_code, answered.headers["location"]) == (307, "/a/desk/")


@pytest.mark.parametrize("path", ["/static/x.js", "/_stcore/stream", "/a", "/a/desktop"])
def test_elsewhere_is_nothing(path: str) -> None:
    assert client("/a/desk", page=True).get(path).status_code == 404


def test_without_a_base_nothing_changes() -> None:
    assert client("", page=True).get("/static/x.js").text == "/static/x.js /static/x.js"
    assert client("", page=True).get("/").text == "/ /"
