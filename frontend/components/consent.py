"""The end of a dialog that asks whether something is to be done for good: do it, or leave it."""

from __future__ import annotations

import streamlit as st

from frontend.i18n import Phrases


def asked(deed: str, key: str, say: Phrases) -> bool:
    """Two buttons; whether the deed was agreed to just now. The other one closes the dialog."""
    with st.container(key="consent", horizontal=True, gap="small"):
        is_agreed = st.button(deed, key=key, type="primary")
        if st.button(say("question.cancel"), key="leave-it"):
            st.rerun()
    return is_agreed
