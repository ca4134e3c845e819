"""The progress bar: one changing line on a terminal, few lines in a log."""

from __future__ import annotations

import io

from frontend.workflows.progress import Progress


class Terminal(io.StringIO):
    """A stream that lines can be overwritten on."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_one_line_changes_and_vanishes() -> None:
    terminal = Terminal()
    with Progress(terminal) as progress:
        progress.tell(1, 4, "files")
        progress.tell(1, 4, "files")
        progress.tell(4, 4, "files")
    told = terminal.getvalue()
    assert told.count("1/4 files") == 1
    assert "[######------------------] 1/4 files" in told
    assert "\n" not in told
    assert told.endswith("\r\x1b[K")


def test_elsewhere_the_end_is_a_line_and_steps_in_between_are_few() -> None:
    log = io.StringIO()
    with Progress(log) as progress:
        for done in range(1, 101):
            progress.tell(done, 100, "files")
    assert log.getvalue().splitlines() == [
        "[------------------------] 1/100 files",
        "[########################] 100/100 files",
    ]


def test_quiet_says_nothing() -> None:
    log = io.StringIO()
    with Progress(log, quiet=True) as progress:
        progress.tell(1, 1, "files")
    assert log.getvalue() == ""
