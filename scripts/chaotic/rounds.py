"""Kills a process that writes to a history, again and again, and reads what is left."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from frontend.history.history import History
from frontend.messages import Role
from scripts.lib.system import ROOT

_OWNER: Final = "local"
# Says what is acknowledged after it is, as the page shows it.
_WRITER: Final = """
import sys
from frontend.history.history import History
from frontend.history.records import State
history, chat = History(sys.argv[1]), sys.argv[2]
for turn in range(10_000):
    answer = history.ask("local", chat, f"q{turn}", turn_key=f"{chat} {turn}", parameters={})
    print(f"asked {turn}", flush=True)
    history.save(answer, text="a", reasoning="", heard=1, receipt=None)
    history.close_answer(answer, State.FINISHED, text=f"a{turn}", reasoning="", heard=2)
    print(f"closed {turn}", flush=True)
"""


class Lost(Exception):
    """The history is otherwise than was acknowledged."""


def kill_rounds(folder: Path, rounds: int, chance: random.Random) -> int:
    """Writes and kills so many times into one history; how many turns were acknowledged.

    Raises Lost at the first acknowledged turn that is missing, double or out of order.
    """
    url = f"sqlite:///{folder / 'rounds.sqlite3'}"
    said = {f"round-{number}": _killed(url, number, chance) for number in range(rounds)}
    _check(url, said)
    return sum(len(asked) for asked, _ in said.values())


def _killed(url: str, number: int, chance: random.Random) -> tuple[list[int], list[int]]:
    """One round: the turns whose question, and those whose answer, was acknowledged."""
    chat = f"round-{number}"
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, url, chat], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    lines = []
    last = chance.randint(1, 40)
    for line in writer.stdout:
        lines.append(line)
        if len(lines) == last:
            time.sleep(chance.uniform(0, 0.01))  # anywhere in what it does next
            writer.send_signal(signal.SIGKILL)
    writer.stdout.close()
    writer.wait()
    words = [line.split() for line in lines if line.endswith("\n")]
    told = tuple(
        [int(turn) for what, turn in words if what == kind] for kind in ("asked", "closed")
    )
    _check(url, {chat: (told[0], told[1])})
    return told[0], told[1]


def _check(url: str, said: dict[str, tuple[list[int], list[int]]]) -> None:
    history = History(url)
    try:
        if history.set_aside is not None:
            raise Lost("the database was damaged")
        for chat, (asked, closed) in said.items():
            messages = history.messages(_OWNER, chat)
            questions = [one.text for one in messages if one.role is Role.USER]
            answers = [one.text for one in messages if one.role is Role.ASSISTANT]
            # What was not acknowledged any more may be there, once.
            is_whole = questions[: len(asked)] == [f"q{turn}" for turn in asked]
            is_single = len(set(questions)) == len(questions) <= len(asked) + 1
            is_answered = answers[: len(closed)] == [f"a{turn}" for turn in closed]
            if not (is_whole and is_single and is_answered):
                raise Lost(f"{chat}: {len(asked)} questions, {len(closed)} answers acknowledged")
    finally:
        history.close()
