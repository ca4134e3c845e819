"""What the page is used for: asking about files, or tables of many documents."""

from __future__ import annotations

import streamlit as st

from frontend import work_state
from frontend.i18n import Phrases
from frontend.work_state import WORK_VIEWS, View


def show_uses(say: Phrases) -> None:
    shown = work_state.view()
    st.session_state["view"] = shown.value if shown in WORK_VIEWS else None
    st.segmented_control(
        say("app.use"),
        [view.value for view in WORK_VIEWS],
        format_func=lambda view: say(f"view.{view}"),
        required=shown in WORK_VIEWS,
        key="view",
        on_change=_turn,
        label_visibility="collapsed",
        width="stretch",
    )


def show_place(say: Phrases) -> None:
    """How the place is doing, and what helps when it is not well."""
    with st.container(key="place", horizontal=True, gap="small"):
        for view, icon in ((View.MONITOR, "monitoring"), (View.HELP, "help")):
            here = "here" if work_state.view() is view else "there"
            st.button(
                say(f"view.{view.value}"),
                key=f"place-{here}-{view.value}",
                icon=f":material/{icon}:",
                type="tertiary",
                on_click=work_state.turn_to,
                args=(view,),
            )


def _turn() -> None:
    chosen = st.session_state["view"]
    if chosen is not None:
        work_state.turn_to(View(chosen))
