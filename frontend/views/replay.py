"""Replaying an answer: the button, how far it is, and whether the same text came out."""

from __future__ import annotations

from html import escape

import streamlit as st

from frontend import state
from frontend.components import markdown
from frontend.history.records import Message, Replay
from frontend.i18n import Phrases
from frontend.replays import hindrance, parting
from frontend.state import Desk

LOOK_EVERY = 0.3  # seconds


def show_button(message: Message, desk: Desk, say: Phrases) -> None:
    """Offers the replay; where none can be had, says why."""
    if message.receipt is None:
        return
    loaded = desk.beat.status.model if desk.beat.serves and desk.beat.status else None
    why = hindrance(desk.messages, desk.attachments, message, loaded.id if loaded else None)
    st.button(
        say("replay.start"),
        key=f"replay-{message.id}",
        icon=":material/history:",
        type="tertiary",
        help=say("replay.help") if why is None else say(f"replay.not.{why.value}"),
        disabled=why is not None,
        on_click=state.keeping(_start),
        args=(desk, message, say),
    )


def show(message: Message, say: Phrases) -> None:
    """How the replay goes, or went."""
    run = state.services().reruns.find(message.id)
    if run is not None and run.failure is not None:
        reason = say.error(run.failure.code or run.failure.kind, run.failure.message)
        st.warning(markdown.literal(say("replay.failed", reason=reason)))
    elif run is not None:
        _running(message.id, say)
    elif message.replay is not None:
        _outcome(message, message.replay, say)


def _start(desk: Desk, message: Message, say: Phrases) -> None:
    if not state.replay(desk, message):
        st.toast(say("replay.too_many"), icon=":material/hourglass_top:")


@st.fragment(run_every=LOOK_EVERY)
def _running(answer: str, say: Phrases) -> None:
    run = state.services().reruns.find(answer)
    if run is None or run.done.is_set():
        st.rerun()
    st.html(
        f'<div class="phase" role="status" data-testid="replaying"><i></i>'
        f"{escape(say('replay.running', n=run.tokens))}</div>"
    )


def _outcome(message: Message, replay: Replay, say: Phrases) -> None:
    with st.container(key=f"replayed-{message.id}"):
        if replay.same:
            told = say("replay.same", n=replay.tokens, seconds=replay.seconds)
            st.caption(f":green[:material/check_circle:] {told}")
            return
        if replay.text == message.text:
            st.caption(f":orange[:material/difference:] {say('replay.other_thoughts')}")
            return
        told = say("replay.different", n=parting(message.text, replay.text))
        st.caption(f":orange[:material/difference:] {told}")
        with st.expander(say("replay.whole")):
            st.markdown(markdown.safe(replay.text))
