"""The name of the place and its language, and what the page is used for."""

from __future__ import annotations

import streamlit as st

from frontend import address, widget_keys, work_state
from frontend.i18n import LANGUAGES, Phrases
from frontend.work_state import WORK_VIEWS, View


def show_name(say: Phrases) -> None:
    with st.container(
        key="masthead",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        st.html(f'<div class="name">{say("app.name")}</div>')
        show_language(say)


def show_language(say: Phrases) -> None:
    """Turns the page to the other language."""
    other = next(language for language in LANGUAGES if language != say.language)
    st.button(
        LANGUAGES[other],
        key="language",
        type="tertiary",
        help=say("app.language"),
        on_click=_speak,
        args=(other,),
    )


def _speak(language: str) -> None:
    address.change(lang=language)


def show_uses(say: Phrases) -> None:
    shown = work_state.view()
    chosen = shown.value if shown in WORK_VIEWS else None
    key = widget_keys.choice("view", chosen)
    st.segmented_control(
        say("app.use"),
        [view.value for view in WORK_VIEWS],
        format_func=lambda view: say(f"view.{view}"),
        default=chosen,
        required=chosen is not None,
        key=key,
        on_change=_turn,
        args=(key,),
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


def _turn(key: str) -> None:
    chosen = st.session_state[key]
    if chosen is not None:
        work_state.turn_to(View(chosen))
