"""Where a browser session is, in the address of its page: a refresh and a link lead back there.

The browser tells its address with every request for a run, but learns that a run has changed it
only when what the run draws has arrived. Until then it asks with the old one, be it by a timer, and
a page that believed it would turn back. So the session remembers where it is, and asks the browser
only at its beginning and when somebody goes back or forward.
"""

from __future__ import annotations

from typing import Any, Final

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

_KEPT: Final = "address"


def listen() -> None:
    """Goes where the browser was sent, if it was, else puts its address right.

    To be called first in every run of the page.
    """
    context = get_script_run_ctx()
    goes_back = context is not None and context.is_history_navigation  # or forward
    if goes_back or _KEPT not in st.session_state:
        st.session_state[_KEPT] = st.query_params.to_dict()
    elif st.query_params.to_dict() != _kept():
        st.query_params.from_dict(_kept())


def get(name: str) -> str | None:
    """What is said under a name."""
    return _kept().get(name)


def change(**said: str | None) -> None:
    """Says something else under some names; None: nothing. One step for who goes back later."""
    before = _kept()
    after = {name: value for name, value in {**before, **said}.items() if value is not None}
    if after != before:
        st.session_state[_KEPT] = after
        st.query_params.from_dict(after)


def _kept() -> dict[str, str]:
    kept: Any = st.session_state.get(_KEPT)
    return st.query_params.to_dict() if kept is None else dict(kept)
