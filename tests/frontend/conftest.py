"""What several tests of the front end begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from frontend.history.history import History


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A history of its own, in a file."""
    history = History(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    yield history
    history.close()
