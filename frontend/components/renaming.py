"""What a dialog asks for a new name with."""

from __future__ import annotations

import streamlit as st

from frontend.i18n import Phrases

LONGEST_TITLE = 80  # characters


def asked(title: str, say: Phrases) -> str | None:
    """The name that was just given in place of `title`, on one line; None until then."""
    with st.form("rename", border=False, enter_to_submit=True):
        given = st.text_input(
            say("conversations.name"), title, max_chars=LONGEST_TITLE, key="new-title"
        )
        is_sent = st.form_submit_button(say("conversations.save"), type="primary")
    return (" ".join((given or "").split()) or None) if is_sent else None
