"""Conversations as the page has them: turns asked and answered through jobs into a history."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Final

from frontend.client.blocking import Client
from frontend.history.history import History
from frontend.history.records import State
from frontend.jobs import Jobs
from frontend.messages import Question, Role, Sampling, TextPart, Turn

OWNER: Final = "local"
ANSWER_SECONDS: Final = 420.0  # a job has its own patience; after this it counts as hung


class Conversation:
    """Asks one turn after the other in a thread of its own, and notes what was acknowledged."""

    def __init__(self, name: str, client: Client, history: History) -> None:
        self.name = name
        self.acknowledged: list[str] = []
        self.hung = 0
        self._client = client
        self._history = history
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._converse, name=name)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Asks nothing more. `join` waits for the last answer."""
        self._stop.set()

    def join(self) -> None:
        """Returns once the last answer has ended."""
        self._thread.join()

    def _converse(self) -> None:
        jobs = Jobs(self._client, self._history, OWNER)
        while not self._stop.is_set():
            number = len(self.acknowledged)
            text = f"{self.name} {number}: what comes next?"
            answer = self._history.ask(OWNER, self.name, text, turn_key=text, parameters={})
            assert answer is not None, "each turn is asked once"
            self.acknowledged.append(text)
            kept = self._history.answer(answer)
            assert kept is not None
            assert kept.request_id is not None
            turns = (Turn(Role.USER, (TextPart(text),)),)
            sampling = Sampling(temperature=0.0, max_tokens=32)
            job = jobs.start(
                kept, Question(kept.request_id, turns, sampling=sampling, detached=True)
            )
            assert job is not None
            if not job.done.wait(ANSWER_SECONDS):
                self.hung += 1
                return
            self._stop.wait(1.0)


def wrong(history: History, conversation: Conversation) -> list[str]:
    """What the history says otherwise than was acknowledged; empty if it is intact."""
    messages = history.messages(OWNER, conversation.name)
    asked = [one.text for one in messages if one.role is Role.USER]
    found = [] if asked == conversation.acknowledged else [f"{conversation.name}: other turns"]
    running = sum(one.state is State.RUNNING for one in messages)
    return found + [f"{conversation.name}: {running} answers have no end"] * bool(running)


def ends(history: History, conversations: list[Conversation]) -> Counter[str]:
    """How the answers ended."""
    return Counter(
        one.state.value
        for conversation in conversations
        for one in history.messages(OWNER, conversation.name)
        if one.role is Role.ASSISTANT
    )


def history_in(folder: Path) -> History:
    """A history of its own."""
    return History(f"sqlite:///{folder / 'chaos.sqlite3'}")
