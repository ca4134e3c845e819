"""The log: JSON lines that hold no word of a prompt."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from backend import logs


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_failure_is_told_without_the_words_at_hand(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("info")
    prompt = "my secret contract"

    try:
        raise RuntimeError(len(prompt))
    except RuntimeError:
        structlog.get_logger("test").exception("it broke", request="r1")
        logging.getLogger("library").exception("it broke there")

    lines = capsys.readouterr().err.splitlines()
    ours, theirs = (json.loads(line) for line in lines)
    assert (ours["event"], ours["request"]) == ("it broke", "r1")
    assert theirs["event"] == "it broke there"
    assert ours["exception"][0]["exc_type"] == "RuntimeError"
    assert not any("secret" in line for line in lines)


def test_what_is_below_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("warning")

    structlog.get_logger("test").info("chatter")

    assert capsys.readouterr().err == ""
