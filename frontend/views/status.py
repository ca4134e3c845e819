"""The line above what is open: its title and how the backend is."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from frontend import state
from frontend.components.markdown import literal
from frontend.i18n import Phrases
from frontend.messages import Phase
from frontend.pulse import Beat
from frontend.state import Desk
from frontend.views import export

LOOK_EVERY = 4.0  # seconds; every open page asks that often
LOOK_SOON = 1.5  # seconds, while the backend is away or starts


def show(desk: Desk, say: Phrases) -> None:
    show_head(desk.kept.title if desk.kept else say("chat.new"), desk, say, export.show)


def show_head(
    title: str, desk: Desk, say: Phrases, more: Callable[[Desk, Phrases], None] | None = None
) -> None:
    """The line with any title, and what `more` puts beside it."""
    with st.container(
        key="head", horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"
    ):
        st.html(f'<h1 class="title" title="{escape(title)}">{escape(title)}</h1>')
        if more is not None:
            more(desk, say)
        every = LOOK_EVERY if desk.beat.serves else LOOK_SOON
        st.fragment(run_every=every)(_badge)(desk, say)
    with st.container(key="notices"):  # always, so that what is below keeps its place on the page
        _notices(desk, say)


def _badge(desk: Desk, say: Phrases) -> None:
    """Looks at the backend again and again; the page is drawn anew only when something changed."""
    beat = state.services().pulse.now()
    colour, text = _state(beat, desk, say)
    st.html(
        f'<div class="backend {colour}" role="status" data-testid="backend-status">'
        f"<i></i>{escape(text)}</div>"
    )
    if state.is_stale(desk):
        st.rerun()


def _state(beat: Beat, desk: Desk, say: Phrases) -> tuple[str, str]:
    if beat.status is None:
        return "red", say("status.away")
    phase = beat.status.phase
    if phase is not Phase.READY:
        return ("red" if phase is Phase.FAILED else "amber"), say(f"phase.{phase.value}")
    if beat.ahead and not state.busy(desk):
        return "amber", say("status.busy", n=beat.ahead)
    return "green", say("status.online")


def _notices(desk: Desk, say: Phrases) -> None:
    """What stands in the way of asking, in one sentence."""
    beat = desk.beat
    if st.session_state.pop("not_kept", False):
        st.error(say("history.not_kept"), icon=":material/save:")
    elif not desk.stores:
        st.warning(say("history.cannot_keep"), icon=":material/save:")
    aside = state.services().history.set_aside
    if aside is not None:
        st.warning(say("history.set_aside", name=aside.name), icon=":material/healing:")
    if beat.status is None:
        st.error(say("status.away_long"), icon=":material/cloud_off:")
    elif beat.status.phase is Phase.FAILED:
        detail = beat.status.detail or say("status.no_detail")
        st.error(literal(say("status.failed_long", detail=detail)), icon=":material/error:")
    elif beat.status.phase is not Phase.READY:
        detail = beat.status.detail if say.language == "en" else ""
        st.info(literal(f"{say(f'phase.{beat.status.phase.value}_long')} {detail}".rstrip()))
