"""A fake backend and the REST interface in front of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with FakeBackend() as fake:
        yield fake


@pytest.fixture
def web(backend: FakeBackend) -> Iterator[Web]:
    with Web(backend.address) as running:
        yield running
