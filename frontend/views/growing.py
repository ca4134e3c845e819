"""An answer while it is written: drawn as it grows, by few and long runs of the page's script.

Every run that the browser asks for costs a thread, a message each way and the page's settings,
several times what a look at the answer costs. So one run of the fragment goes on looking until the
browser asks for the next, and the first is the tail of the run that drew the whole page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from frontend import outbox, state
from frontend.components import markdown
from frontend.history.records import Message
from frontend.i18n import Phrases
from frontend.jobs import Progress, Stage

RUN_SECONDS = 1.0  # for which one run looks; other fragments, such as dialogs, wait no longer
LOOK_EVERY = 0.2  # seconds between two looks, and more for each character that is shown again
_PER_CHARACTER = 20e-6
PHASE_EVERY = 0.5  # seconds between two counts of tokens, unless the stage changes
_REST = 4.0  # times as long as a look took, so that many pages slow down rather than pile up


def show(message: Message, names: Mapping[str, str], say: Phrases) -> Callable[[], None]:
    """Draws an answer as far as it is. What is returned goes on drawing for a while and is to be
    called when the rest of the page is complete; `names` are those of the files, by hash."""
    first: list[_Places] = []  # of the run that draws the whole page

    @st.fragment(run_every=RUN_SECONDS)
    def growing() -> None:
        places = _Places(names, say)
        _look(message, places)
        if first:
            _follow(message, places)
        else:
            first.append(places)

    growing()
    return lambda: _follow(message, first[0])


def _follow(message: Message, places: _Places) -> None:
    until = time.monotonic() + RUN_SECONDS
    took = 0.0
    while (now := time.monotonic()) < until:
        time.sleep(min(max(LOOK_EVERY + places.length * _PER_CHARACTER, _REST * took), until - now))
        st.session_state.get("view")  # a click ends this run here, also if nothing is new
        began = time.monotonic()
        _look(message, places)
        outbox.wait_until_sent()
        took = time.monotonic() - began


def _look(message: Message, places: _Places) -> None:
    """Draws what is new; once the answer has ended, the page is drawn from history."""
    job = state.follow(message)
    if job is None and state.has_ended(message):
        st.rerun()
    if job is None:
        places.draw(Progress(text=message.text, reasoning=message.reasoning), 0)
    else:
        places.draw(job.progress(), job.seconds())


class _Places:
    """The parts of an answer, one below the other; what stays the same is not sent again."""

    def __init__(self, names: Mapping[str, str], say: Phrases) -> None:
        self._names = names
        self._say = say
        self._reasoning, self._text, self._note, self._phase = (st.empty() for _ in range(4))
        self._thoughts: DeltaGenerator | None = None  # inside what can be folded
        self._shown = Progress()
        self._counted_at = 0.0  # time.monotonic() when the phase was drawn

    @property
    def length(self) -> int:
        """How many characters are shown."""
        return len(self._shown.text) + len(self._shown.reasoning)

    def draw(self, progress: Progress, seconds: int) -> None:
        """Draws it as it is after so many seconds."""
        before, self._shown = self._shown, progress
        self._draw_reasoning(before, progress)
        if progress.text != before.text:
            self._text.markdown(markdown.safe(progress.text))
        if progress.is_saved != before.is_saved:
            if progress.is_saved:
                self._note.empty()
            else:
                self._note.warning(self._say("chat.not_saved"), icon=":material/save:")
        now = time.monotonic()
        if progress.stage is not before.stage or now - self._counted_at >= PHASE_EVERY:
            self._counted_at = now
            self._phase.html(
                '<div class="phase" role="status" data-testid="phase"'
                f' data-stage="{progress.stage.value}">'
                f"<i></i>{escape(phase(progress, self._names, self._say))}"
                f"<span>{escape(self._say('chat.seconds', n=seconds))}</span></div>"
            )

    def _draw_reasoning(self, before: Progress, progress: Progress) -> None:
        """What is thought stays open until the answer itself begins."""
        if not progress.reasoning:
            if self._thoughts is not None:  # it was the answer
                self._reasoning.empty()
                self._thoughts = None
            return
        is_folded = bool(progress.text)
        if self._thoughts is None or is_folded != bool(before.text):
            self._thoughts = self._reasoning.expander(
                self._say("chat.reasoning"), icon=":material/psychology:", expanded=not is_folded
            ).empty()
        elif progress.reasoning == before.reasoning:
            return
        self._thoughts.markdown(markdown.safe(progress.reasoning))


def phase(progress: Progress, names: Mapping[str, str], say: Phrases) -> str:
    """What an answer waits for or does, in a few words."""
    match progress.stage:
        case Stage.QUEUED:
            return say("stage.queued", n=progress.ahead)
        case Stage.READING if progress.pages > 1:
            return say(
                "stage.reading",
                name=names.get(progress.sha256, say("files.one")),
                page=progress.page,
                pages=progress.pages,
            )
        case Stage.READING:
            return say("stage.reading_one", name=names.get(progress.sha256, say("files.one")))
        case (Stage.THINKING | Stage.WRITING) as stage:
            told = say(f"stage.{stage.value}", n=progress.tokens)
            if progress.speed is None:
                return told
            return f"{told} · {say('receipt.speed', speed=progress.speed)}"
        case stage:
            return say(f"stage.{stage.value}")
