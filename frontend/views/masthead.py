"""What the page is used for: asking about files, or tables of many documents."""

from __future__ import annotations

import streamlit as st

from frontend import work_state
from frontend.i18n import Phrases
from frontend.work_state import View


def show_uses(say: Phrases) -> None:
    st.session_state["view"] = work_state.view().value
    st.segmented_control(
        say("app.use"),
        [view.value for view in View],
        format_func=lambda view: say(f"view.{view}"),
        required=True,
        key="view",
        on_change=_turn,
        label_visibility="collapsed",
        width="stretch",
    )


def _turn() -> None:
    work_state.turn_to(View(st.session_state["view"]))
