"""Where the tests of these rooms run: on a GPU, or in Triton's interpreter if asked for."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest
import torch

# They need neither GPU nor Triton.
_ANYWHERE = {"test_quantised.py", "test_recording.py", "test_weights.py"}
_INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"


def _missing() -> str | None:
    if find_spec("triton") is None:
        return "needs Triton, which comes with torch for CUDA"
    if not torch.cuda.is_available() and not _INTERPRETED:
        return "needs a GPU, or TRITON_INTERPRET=1"
    return None


class _Skipped(pytest.Module):
    """A test module that could not even be imported here."""

    def collect(self) -> NoReturn:
        pytest.skip(_missing() or "", allow_module_level=True)


def pytest_pycollect_makemodule(
    module_path: Path, parent: pytest.Collector
) -> pytest.Module | None:
    if _missing() is None or module_path.name in _ANYWHERE:
        return None
    return _Skipped.from_parent(parent, path=module_path)


@pytest.fixture
def device() -> torch.device:
    return torch.device("cpu" if _INTERPRETED else "cuda")
