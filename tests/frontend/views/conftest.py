"""The page without a browser, against the fake backend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from frontend import pulse
from tests.fakes.backend import FakeBackend
from tests.fakes.waiting import PATIENCE

SCRIPT = Path(__file__).resolve().parents[3] / "frontend" / "streamlit_app.py"

Opener = Callable[..., AppTest]


def keyed(widgets: Iterable[Any], name: str) -> Any:
    """The widget of that name; its key also says how often it was made anew."""
    (found,) = (one for one in widgets if str(one.key).rpartition("-")[0] == name)
    return found


def turn(page: AppTest, **said: str | None) -> None:
    """Turns the page to another address, as a click on what a component draws does."""
    kept = {**page.session_state["address"], **said}
    page.session_state["address"] = {k: v for k, v in kept.items() if v is not None}
    page.run()
    assert not page.exception


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with FakeBackend(answer="The parties are ACME and Example.") as backend:
        yield backend


@pytest.fixture
def open_page(
    backend: FakeBackend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Opener]:
    """Opens the page with the given address; every test has a history of its own."""
    monkeypatch.setenv("BACKEND_ADDRESS", backend.address)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("API_KEYS", raising=False)
    monkeypatch.setattr(pulse, "FIRST_WAIT", 10.0)  # the first look knows, however busy the machine
    st.cache_resource.clear()

    def open_it(**query: str) -> AppTest:
        page = AppTest.from_file(SCRIPT, default_timeout=PATIENCE)
        for name, value in query.items():
            page.query_params[name] = value
        page.run()
        assert not page.exception
        return page

    yield open_it
    st.cache_resource.clear()
