"""Eyes of a tiny random model, and settings that must stand before torch is imported."""

from __future__ import annotations

import os
from typing import Any

import pytest

from backend.prompt.sight import Sight
from tests.fakes import checkpoints

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(
    scope="session", params=[name for name in checkpoints.ARCHITECTURES if "glm" in name]
)
def model(request: pytest.FixtureRequest) -> Any:
    """transformers' model of each architecture that sees."""
    return checkpoints.build(request.param)


@pytest.fixture(scope="session")
def sight(tmp_path_factory: pytest.TempPathFactory) -> Sight:
    """How all of them look."""
    folder = tmp_path_factory.mktemp("sight")
    checkpoints.save("glm46v", folder)
    return Sight.from_folder(folder, "1")
