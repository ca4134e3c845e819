"""What several tests of the front end begin with."""

from __future__ import annotations

import sys
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


@pytest.fixture(autouse=True)
def _same_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that a test runs takes the place of `__main__`, and new processes would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])
