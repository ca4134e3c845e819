"""A request that was at work each time the backend died is not tried a third time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backend.errors import Kind, Quarantined
from backend.prompt.prompt import (
    Form,
    Message,
    Prompt,
    ResponseFormat,
    Role,
    Sampling,
    TextPart,
)
from backend.quarantine import Quarantine

POISON = Prompt("1", "me", "", (Message(Role.USER, (TextPart("poison"),)),))
OTHER = replace(POISON, messages=(Message(Role.USER, (TextPart("other"),)),))


def is_refused(quarantine: Quarantine, prompt: Prompt) -> bool:
    try:
        quarantine.check(prompt)
    except Quarantined as refusal:
        return (refusal.kind, refusal.code) == (Kind.INTERNAL, "request_quarantined")
    return False


def die(folder: Path, *prompts: Prompt) -> None:
    """A process that ends while it computes these."""
    quarantine = Quarantine(folder)
    for prompt in prompts:
        quarantine.suspect(prompt).begin()


def test_two_deaths_are_too_many(tmp_path: Path) -> None:
    die(tmp_path / "suspects", POISON)
    assert not is_refused(Quarantine(tmp_path / "suspects"), POISON)
    die(tmp_path / "suspects", POISON, OTHER)
    quarantine = Quarantine(tmp_path / "suspects")
    assert is_refused(quarantine, POISON)
    assert not is_refused(quarantine, OTHER)
    assert not is_refused(quarantine, replace(POISON, owner="another"))
    assert is_refused(Quarantine(tmp_path / "suspects"), POISON), "a start changes nothing"


def test_the_same_words_are_the_same_request_however_they_are_asked(tmp_path: Path) -> None:
    for _ in range(2):
        die(tmp_path, POISON)
    quarantine = Quarantine(tmp_path)
    again = replace(POISON, request_id="2", sampling=Sampling(temperature=1.0), detached=True)
    assert is_refused(quarantine, again)
    held = replace(POISON, response_format=ResponseFormat(Form.JSON))
    assert not is_refused(quarantine, held), "a form is part of what was asked"


def test_what_had_ended_by_then_is_no_suspect(tmp_path: Path) -> None:
    for _ in range(2):
        quarantine = Quarantine(tmp_path)
        for answered in (True, False):
            suspect = quarantine.suspect(POISON)
            suspect.begin()
            suspect.end(answered=answered)
        quarantine.suspect(OTHER).end(answered=False)  # it waited, and was never computed
        with quarantine.suspect(OTHER).at_work():
            pass
    assert list(tmp_path.iterdir()) == []


def test_one_of_two_that_ends_leaves_the_other_suspected(tmp_path: Path) -> None:
    for _ in range(2):
        quarantine = Quarantine(tmp_path)
        first, second = quarantine.suspect(POISON), quarantine.suspect(POISON)
        first.begin()
        second.begin()
        first.end(answered=False)
    assert is_refused(Quarantine(tmp_path), POISON)


def test_what_is_at_work_in_a_thread_is_suspected(tmp_path: Path) -> None:
    for _ in range(2):
        work = Quarantine(tmp_path).suspect(POISON).at_work()
        work.__enter__()
    assert is_refused(Quarantine(tmp_path), POISON)


def test_an_answer_ends_all_suspicion(tmp_path: Path) -> None:
    die(tmp_path, POISON)
    answered = Quarantine(tmp_path).suspect(POISON)
    answered.begin()
    answered.end(answered=True)
    die(tmp_path, POISON)
    assert not is_refused(Quarantine(tmp_path), POISON)


@pytest.mark.parametrize("later", [601.0, -86_400.0])
def test_time_heals_and_a_clock_that_jumps_back_does_too(tmp_path: Path, later: float) -> None:
    now = [1_000_000.0]
    for _ in range(2):
        Quarantine(tmp_path, lambda: now[0]).suspect(POISON).begin()
    quarantine = Quarantine(tmp_path, lambda: now[0])
    assert is_refused(quarantine, POISON)
    now[0] += later
    assert not is_refused(quarantine, POISON)


def test_old_deaths_are_forgotten_at_a_start(tmp_path: Path) -> None:
    die(tmp_path, POISON)
    Quarantine(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert not is_refused(Quarantine(tmp_path, lambda: 1e12), POISON)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"two", b"\xff\xfe"])
def test_a_damaged_mark_counts_once_and_keeps_nobody_from_serving(
    tmp_path: Path, content: bytes
) -> None:
    die(tmp_path, POISON)
    Quarantine(tmp_path)
    (kept,) = tmp_path.glob("*.died")
    kept.write_bytes(content)
    assert not is_refused(Quarantine(tmp_path), POISON)
    die(tmp_path, POISON)
    assert is_refused(Quarantine(tmp_path), POISON)


def test_a_folder_that_cannot_be_written_is_no_reason_not_to_serve(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    quarantine = Quarantine(tmp_path / "file" / "suspects")
    suspect = quarantine.suspect(POISON)
    suspect.begin()
    suspect.end(answered=True)
    assert not is_refused(quarantine, POISON)
