"""Keys of widgets that show what is decided elsewhere, such as by the address.

A value that is set in a widget reaches the browser once or never, and what the browser asks for
until then says the old one, as if it had been chosen. So a widget is told by its default what it
shows, and what is to show something else is another widget, with another key.
"""

from __future__ import annotations

import streamlit as st


def key(name: str, group: str) -> str:
    """The key of a widget that is made anew together with the others of its group."""
    return f"{name}-{_turn(group)}"


def renew(group: str) -> None:
    """Has other widgets drawn instead of those of a group."""
    st.session_state[f"{group}-turn"] = _turn(group) + 1


def choice(name: str, shown: str | None) -> str:
    """The key of a choice; it is made anew to show something else than was clicked."""
    if st.session_state.get(key(name, name), shown) != shown:
        renew(name)
    return key(name, name)


def _turn(group: str) -> int:
    return int(st.session_state.get(f"{group}-turn", 0))
