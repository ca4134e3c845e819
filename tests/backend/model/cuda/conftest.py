"""Where the tests of these rooms run: on a GPU, or in Triton's interpreter if asked for."""

from __future__ import annotations

import os

import pytest
import torch

pytest.importorskip("triton", reason="needs Triton, which comes with torch for CUDA")

_INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
if not torch.cuda.is_available() and not _INTERPRETED:
    pytest.skip("needs a GPU, or TRITON_INTERPRET=1", allow_module_level=True)


@pytest.fixture
def device() -> torch.device:
    return torch.device("cpu" if _INTERPRETED else "cuda")
