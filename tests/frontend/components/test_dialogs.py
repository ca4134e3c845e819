"""Whether a dialog may be open."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def script() -> None:
    import streamlit as st

    from frontend.components import dialogs

    def inside(word: str) -> None:
        st.caption(word)
        st.button("again", key="again")

    dialogs.begin()
    if st.button("open", key="open"):
        dialogs.show("A question", inside, "sure?")
    st.text(f"may be open: {dialogs.may_be_open()}")


def test_it_may_be_open_until_the_page_is_drawn_without_it() -> None:
    page = AppTest.from_function(script).run()
    assert page.text[0].value == "may be open: False"
    page.button(key="open").click().run()
    assert page.caption[0].value == "sure?"
    assert page.text[0].value == "may be open: True"
    page.run()
    assert not page.caption
    assert page.text[0].value == "may be open: False"
