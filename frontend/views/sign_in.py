"""What stands there before somebody has signed in, and who has, with the way out."""

from __future__ import annotations

from html import escape

import streamlit as st

from frontend import account
from frontend.i18n import Phrases
from frontend.settings import Settings
from frontend.views import masthead
from frontend.visitors import Visitor


def show(settings: Settings, say: Phrases) -> None:
    """The whole page, for somebody who is not known or may not come in."""
    with st.container(key="sign-in", horizontal_alignment="center"):
        st.html(f'<h1 class="title">{escape(say("app.name"))}</h1>')
        if settings.trusted_user_header:
            st.markdown(say("sign_in.by_proxy"))
        elif account.claims():
            st.markdown(say("sign_in.not_allowed"))
            st.button(say("sign_in.out"), key="sign-out", on_click=st.logout)
        else:
            st.markdown(say("sign_in.hint"))
            st.button(
                say("sign_in.in"),
                key="sign-in-now",
                type="primary",
                icon=":material/login:",
                on_click=st.login,
            )
        masthead.show_language(say)


def show_visitor(visitor: Visitor, settings: Settings, say: Phrases) -> None:
    """At the foot of the sidebar; nothing where nobody signs in."""
    if not settings.signs_in:
        return
    with st.container(
        key="visitor",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        owner = say("sign_in.owner", owner=visitor.owner)
        st.html(
            f'<div class="visitor" title="{escape(owner)}" data-owner="{escape(visitor.owner)}">'
            f"{escape(visitor.name)}</div>"
        )
        if settings.oidc_secrets is not None:
            st.button(
                say("sign_in.out"),
                key="sign-out",
                type="tertiary",
                icon=":material/logout:",
                on_click=st.logout,
            )
