"""The real system with the embedded model, started once and shared by every test that only asks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from openai import OpenAI

from frontend.client.blocking import Client
from scripts.lib.system import System, models_folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here computes with the embedded model."""
    here = Path(__file__).parent
    fetched = any((models_folder() / "embedded").glob("*/model.safetensors"))
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.model)
            if not fetched:
                item.add_marker(pytest.mark.skip("no embedded model: run scripts/fetch_models"))


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A running system that no test may harm."""
    with System(tmp_path_factory.mktemp("system")) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def openai(system: System) -> Iterator[OpenAI]:
    """The official client, unchanged."""
    with OpenAI(base_url=f"{system.url}/v1", api_key="unused", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture
def backend(system: System) -> Iterator[Client]:
    """The page's own client, straight to the backend."""
    client = Client(system.address)
    yield client
    client.close()
