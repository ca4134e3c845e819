"""An answer while it is written: drawn as it grows, by few and long runs of the page's script.

Every run that the browser asks for costs a thread, messages both ways and the page's settings,
several times what a look at the answer costs. So one run of the fragment goes on looking for a
while, and the first is the tail of the run that drew the whole page. What other fragments wait for
meanwhile is the runs' length: dialogs are clicked in, and so runs are short while one may be open.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from frontend import outbox, state
from frontend.components import dialogs, markdown
from frontend.history.records import Message, State
from frontend.i18n import Phrases
from frontend.jobs import Progress, Stage

RUN_SECONDS = 3.0  # for which one run looks; a click outside of dialogs ends it at the next look
SHORT_RUN_SECONDS = 1.0  # while a dialog may be open
ASK_EVERY = 1.0  # seconds between two requests for a run; one that is under way is not ended
LOOK_EVERY = 0.25  # seconds between two looks, and more for each character that is shown again
_PER_CHARACTER = 20e-6
PHASE_EVERY = 0.5  # seconds between two counts of tokens, unless the stage changes
_REST = 2.0  # times as long as a look took, so that many pages slow down rather than pile up
_SPREAD = (0.75, 1.25)  # of pauses, so that many pages do not look all at once


def show(message: Message, names: Mapping[str, str], say: Phrases) -> Callable[[], None]:
    """Draws an answer as far as it is. What is returned goes on drawing for a while and is to be
    called when the rest of the page is complete; `names` are those of the files, by hash."""
    first: list[_Places] = []  # of the run that draws the whole page

    @st.fragment(run_every=ASK_EVERY)
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
    until = time.monotonic() + (SHORT_RUN_SECONDS if dialogs.may_be_open() else RUN_SECONDS)
    took = 0.0
    while (now := time.monotonic()) < until:
        pause = max(LOOK_EVERY + places.length * _PER_CHARACTER, _REST * took)
        time.sleep(min(pause * random.uniform(*_SPREAD), until - now))  # noqa: S311  # no secret
        st.session_state.get("address")  # a click ends this run here, also if nothing is new
        began = time.monotonic()
        _look(message, places)
        outbox.wait_until_sent()
        took = time.monotonic() - began


def _look(message: Message, places: _Places) -> None:
    """Draws what is new; once the answer has ended, the page is drawn from history."""
    job = state.follow(message)
    if job is not None:
        places.draw(job.progress(), job.seconds())
        return
    kept = state.latest(message)
    if kept is not None and kept.state is State.RUNNING:
        places.draw(Progress(text=kept.text, reasoning=kept.reasoning), 0)
        return
    if kept is not None:  # its last words are seen before the page is drawn, which takes longer
        places.draw_words(kept.text, kept.reasoning)
        outbox.wait_until_sent()
    st.rerun()


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
        before = self._shown
        self.draw_words(progress.text, progress.reasoning)
        self._shown = progress
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

    def draw_words(self, text: str, reasoning: str) -> None:
        """Draws what was said so far, and leaves what stands below it."""
        before = self._shown
        self._shown = replace(before, text=text, reasoning=reasoning)
        self._draw_reasoning(before, self._shown)
        if text != before.text:
            self._text.markdown(markdown.safe(text))

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
