"""Dialogs, and whether one is open: the page must be quick then.

What is clicked in a dialog draws the dialog alone, and Streamlit lets that wait for the run of the
script that is under way, which a click anywhere else would end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

_OPEN = "dialog_is_open"


def begin() -> None:
    """A whole drawing of the page begins: what it does not show again is closed."""
    st.session_state[_OPEN] = False


def show(title: str, body: Callable[..., None], *args: object, **options: Any) -> None:  # noqa: ANN401  # streamlit's
    """Opens a dialog with what `body` draws from `args`; options as of `st.dialog`."""
    st.session_state[_OPEN] = True
    st.dialog(title, **options)(body)(*args)


def may_be_open() -> bool:
    """Whether one was shown since the page was drawn; nobody tells that it was dismissed."""
    return bool(st.session_state.get(_OPEN))
