"""The benchmark's own tab speaks to the page as a browser does."""

from __future__ import annotations

from pathlib import Path

from scripts.lib import page_streams


def test_every_tab_sees_the_whole_of_a_long_answer(tmp_path: Path) -> None:
    seconds, busy = page_streams.streamed(tmp_path / "few", tabs=2, tokens=600, pace=400.0)
    assert len(seconds) == 2
    assert min(seconds) >= 600 / 400.0
    assert busy > 0
