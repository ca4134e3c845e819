"""The conversations there are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

import streamlit as st

from frontend import state
from frontend.ages import age, zone
from frontend.components import consent, dialogs, renaming
from frontend.components.markdown import literal
from frontend.history.records import Conversation
from frontend.i18n import Phrases
from frontend.state import Desk

AT_ONCE = 30  # conversations listed before "older"


def show_new(say: Phrases) -> None:
    st.button(
        say("chat.new"),
        key="new",
        icon=":material/edit_square:",
        width="stretch",
        on_click=state.open_conversation,
        args=(None,),
    )


def show(desk: Desk, say: Phrases) -> None:
    kept = state.services().history.conversations(state.owner())
    if not kept:
        return
    st.html(f"<h2>{say('conversations.title')}</h2>")
    looked_for = st.text_input(
        say("conversations.search"),
        key="search",
        placeholder=say("conversations.search"),
        type="search",
        icon=":material/search:",
        label_visibility="collapsed",
        live=True,
    )
    if looked_for and looked_for.strip():
        _hits(looked_for, desk, say)
        return
    shown = st.session_state.setdefault("conversations_shown", AT_ONCE)
    with st.container(key="conversations", gap=None):
        _list(kept[:shown], desk, say)
    if len(kept) > shown:
        st.button(
            say("conversations.older"),
            key="older",
            type="tertiary",
            on_click=lambda: st.session_state.update(conversations_shown=shown + AT_ONCE),
        )


def _list(kept: Sequence[Conversation], desk: Desk, say: Phrases) -> None:
    """Under headings, unless all of them come under one."""
    now = datetime.now(zone(st.context.timezone))
    groups = [
        (heading, list(group))
        for heading, group in groupby(
            kept, lambda one: "pinned" if one.pinned else age(one.updated_at, now).value
        )
    ]
    for heading, group in groups:
        if len(groups) > 1:
            st.html(f'<h3 class="age">{say(f"conversations.{heading}")}</h3>')
        for conversation in group:
            _row(conversation, desk, say)


def _hits(looked_for: str, desk: Desk, say: Phrases) -> None:
    """Where the words stand."""
    found = state.services().catalogue.search(state.owner(), looked_for)
    if not found:
        st.caption(say("conversations.none"))
    with st.container(key="conversations", gap=None):
        for hit in found:
            _row(hit.conversation, desk, say)
            for where in (hit.filename, hit.excerpt):
                if where and where != hit.conversation.title:
                    st.caption(literal(where))


def _row(conversation: Conversation, desk: Desk, say: Phrases) -> None:
    here = "here" if conversation.id == desk.id else "there"
    with st.container(
        key=f"{here}-{conversation.id}", horizontal=True, vertical_alignment="center", gap=None
    ):
        st.button(
            literal(conversation.title),
            icon=":material/keep:" if conversation.pinned else None,
            key=f"chat-{conversation.id}",
            type="tertiary",
            width="stretch",
            on_click=state.open_conversation,
            args=(conversation.id,),
        )
        choice = st.menu_button(
            say("conversations.menu"),
            ["unpin" if conversation.pinned else "pin", "rename", "delete"],
            key=f"menu-{conversation.id}",
            icon=":material/more_horiz:",
            type="tertiary",
            help=say("conversations.menu"),
            format_func=lambda option: say(f"conversations.{option}"),
            on_click=_pin,  # what is done later in a run is lost if a click ends the run before
            args=(conversation.id,),
        )
    if choice == "rename":
        dialogs.show(say("conversations.rename"), _rename, conversation, say)
    elif choice == "delete":
        dialogs.show(say("conversations.delete"), _delete, conversation, desk, say)


def _pin(conversation: str) -> None:
    """Pins it or takes the pin off, if that was chosen in its menu."""
    choice = st.session_state[f"menu-{conversation}"]
    if choice in ("pin", "unpin"):
        pin = state.keeping(state.services().catalogue.pin)
        pin(state.owner(), conversation, choice == "pin")


def _rename(conversation: Conversation, say: Phrases) -> None:
    title = renaming.asked(conversation.title, say)
    if title is not None:
        state.keeping(state.services().history.rename)(state.owner(), conversation.id, title)
        st.rerun()


def _delete(conversation: Conversation, desk: Desk, say: Phrases) -> None:
    st.write(say("conversations.delete_sure"))
    if consent.asked(say("conversations.delete"), "delete-now", say):
        state.keeping(state.delete)(conversation.id)
        if conversation.id == desk.id:
            state.open_conversation(None)
        st.rerun()
