"""The monitor's page, from the fake backend's figures."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from frontend import state
from tests.fakes.backend import FakeBackend
from tests.fakes.waiting import wait_until
from tests.frontend.views.conftest import Opener


def shown(page: AppTest) -> str:
    return "\n".join(str(element.proto.body) for element in page.get("html"))


def open_monitor(open_page: Opener, **query: str) -> AppTest:
    open_page()  # so that the house stands, and its watch listens
    wait_until(lambda: len(state.house().watch.samples()) > 0)
    return open_page(view="monitor", **query)


def test_figures_of_the_moment(open_page: Opener, backend: FakeBackend) -> None:
    backend.owners += ["local", "local", "ann"]
    page = open_monitor(open_page)
    text = shown(page)
    assert "<b>42.0</b>" in text  # tokens a second
    assert "<b>1.0 MB</b>" in text  # resident memory
    assert "8.6 GB left on the machine" in text
    assert "19 of 20 within" in text
    assert "this page" in text  # the owner `local`, with two requests
    assert "ann" in text
    for layer, share in (("pages read", "17%"), ("prompt tokens", "30%"), ("whole answers", "33%")):
        assert f"{layer}</th>" in text
        assert share in text


def test_in_chinese(open_page: Opener) -> None:
    text = shown(open_monitor(open_page, lang="zh"))
    for word in ("正在计算", "缓存命中率", "各归属者用量", "首词元（半数）"):
        assert word in text


def test_without_figures_it_says_so(open_page: Opener, backend: FakeBackend) -> None:
    backend.stop()
    page = open_page(view="monitor")
    assert "The first figures come in a moment." in page.info[0].value
    backend.start()
