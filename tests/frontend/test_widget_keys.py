"""What a choice shows reaches the browser as what it is, and is not taken for a click there."""

from __future__ import annotations

from typing import Any

from streamlit.testing.v1 import AppTest


def page() -> None:
    import streamlit as st

    from frontend import widget_keys

    def choose(key: str) -> None:
        if st.session_state[key] != "never":
            st.session_state["wanted"] = st.session_state[key]

    wanted = st.session_state.get("wanted", "ask")
    key = widget_keys.choice("view", wanted)
    options = ["ask", "documents", "never"]
    st.segmented_control("View", options, default=wanted, key=key, on_change=choose, args=(key,))


def drawn(script: AppTest) -> tuple[Any, Any]:
    """Under which key, and what it shows."""
    (choice,) = script.button_group
    value: Any = choice.value
    assert choice.proto.default == [["ask", "documents", "never"].index(value)]
    assert not choice.proto.set_value  # which would take back a click that is on its way
    return choice.key, value


def test_a_click_keeps_the_choice_where_it_is() -> None:
    script = AppTest.from_function(page).run()
    assert drawn(script) == ("view-0", "ask")
    script.button_group[0].set_value("documents").run()
    assert script.session_state["wanted"] == "documents"
    assert drawn(script) == ("view-0", "documents")


def test_what_is_decided_elsewhere_is_another_choice() -> None:
    script = AppTest.from_function(page).run()
    script.session_state["wanted"] = "documents"
    script.run()
    assert drawn(script) == ("view-1", "documents")
    script.run()
    assert drawn(script) == ("view-1", "documents")


def test_a_click_that_is_not_followed_is_taken_back() -> None:
    script = AppTest.from_function(page).run()
    script.button_group[0].set_value("never").run()
    assert drawn(script) == ("view-1", "ask")
