"""The page's check: each way of breaking a page is found by its name."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from frontend.diagnosis import page
from frontend.diagnosis.findings import Check, Finding, Grade
from frontend.diagnosis.place import Place
from frontend.diagnosis.wording import remedy, sentence
from frontend.i18n import Phrases
from tests.fakes.site import INDEX, Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as running:
        yield running


def look(site: Site, path: str = "") -> tuple[Finding, ...]:
    found = page.look(Place("127.0.0.1", site.port, path, "desk.example"))
    for one in found:
        assert one.check is Check.PAGE
        for language in ("en", "zh"):
            say = Phrases(language)
            assert sentence(one, say)
            assert (remedy(one, say) is None) == (one.grade is Grade.GOOD)
    return found


def names(found: tuple[Finding, ...]) -> list[str]:
    return [one.name for one in found]


def test_a_page_that_works(site: Site) -> None:
    (found,) = look(site)
    assert (found.name, found.grade) == ("page_good", Grade.GOOD)


def test_connection_refused(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = taken.getsockname()[1]
    found = page.look(Place("127.0.0.1", free, "", "desk.example"))
    assert names(found) == ["page_refused"]
    assert found[0].values["address"] == f"127.0.0.1:{free}"


def test_somebody_who_says_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = page.look(Place("127.0.0.1", silent.getsockname()[1], "", "desk.example"))
    assert names(found) == ["page_unreachable"]


def test_a_name_that_is_not_known(site: Site) -> None:
    site.answers["/"] = (400, "application/json", '{"error": {"code": "invalid_host"}}')
    (found,) = look(site)
    assert (found.name, found.values["host"]) == ("page_host", "desk.example")


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_proxy_without_a_page(site: Site, status: int) -> None:
    site.answers["/"] = (status, "text/html", "<html>Bad Gateway</html>")
    assert names(look(site)) == ["page_gateway"]


def test_a_sign_in_before_the_page(site: Site) -> None:
    site.answers["/"] = (302, "text/html", "")
    site.leads_to = "https://id.example/login"
    (found,) = look(site)
    assert (found.name, found.grade) == ("page_elsewhere", Grade.POOR)
    assert found.values["where"] == "id.example"


@pytest.mark.parametrize(
    "answer", [(404, "text/plain", "Not Found"), (200, "application/json", "{}")]
)
def test_somebody_elses_page(site: Site, answer: tuple[int, str, str]) -> None:
    site.answers["/"] = answer
    assert names(look(site)) == ["page_not_served"]


@pytest.mark.parametrize(
    "answer",
    [
        (404, "text/plain", "?"),
        (200, "text/html", INDEX),  # a proxy that answers everything with the page
        (502, "text/javascript", ""),
    ],
)
def test_a_blank_page(site: Site, answer: tuple[int, str, str]) -> None:
    site.answers["/static/page.js"] = answer
    (found,) = look(site)
    assert found.name == "page_assets"
    assert dict(found.values) == {"n": 1, "path": "/static/page.js"}


@pytest.mark.parametrize("status", [400, 403, 404, 200])
def test_a_proxy_that_knows_no_websocket(site: Site, status: int) -> None:
    site.answers["/_stcore/stream"] = (status, "text/plain", "")
    (found,) = look(site)
    assert (found.name, found.values["status"]) == ("page_websocket", status)


def test_under_a_path(site: Site) -> None:
    site.answers = {f"/desk{path}": answer for path, answer in site.answers.items()}
    assert names(look(site, "/desk")) == ["page_good"]
    assert names(look(site)) == ["page_not_served"]
