"""Choices that show what is decided elsewhere, such as by the address."""

from __future__ import annotations

import streamlit as st


def key(name: str, shown: str | None) -> str:
    """The key under which a choice is drawn, with what it shows as its default.

    A value that is set in a widget reaches the browser once or never, and what the browser asks for
    until then says the old one, as if it had been chosen. So a choice that is to show something
    else than was clicked becomes another widget.
    """
    turn = st.session_state.setdefault(f"{name}-turn", 0)
    if st.session_state.get(f"{name}-{turn}", shown) != shown:
        turn = st.session_state[f"{name}-turn"] = turn + 1
    return f"{name}-{turn}"
