"""Asking over REST, whole and streamed, of the real web process before a backend that echoes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scripts.contracts import service
from tests.fakes.asking import PDF
from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with FakeBackend() as fake:
        yield fake


@pytest.mark.parametrize("streamed", [False, True])
def test_a_file_and_words_are_asked_about(backend: FakeBackend, streamed: bool) -> None:
    with Web(backend.address) as web:
        found = service.ask(web.url, PDF, "a.pdf", "Who?", streamed=streamed, model=backend.model)

    assert found.text == "You said: Who?"
    assert found.finish == "stop"
    assert [page["page"] for page in found.pages] == [1, 2]
    assert (found.first_token is not None) is streamed


def test_a_refusal_says_why(backend: FakeBackend) -> None:
    with Web(backend.address) as web, pytest.raises(RuntimeError, match="model_not_found"):
        service.ask(web.url, PDF, "a.pdf", "Who?", model="nobody")
