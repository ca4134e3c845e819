"""The page: files on the left, the conversation in the middle, parameters on the right."""

from __future__ import annotations

import streamlit as st

from frontend import state
from frontend.components import style
from frontend.views import chat, conversations, files, parameters, status

say = state.phrases()
st.set_page_config(
    page_title=say("app.name"), page_icon="📑", layout="wide", initial_sidebar_state="auto"
)
desk = state.desk()
style.apply(say, desk.beat.status)

with st.sidebar:
    conversations.show_masthead(say)
    files.show(desk, say)
    conversations.show(desk, say)

middle, right = st.columns([3.4, 1], gap="medium")
with right, st.container(key="panel"):
    parameters.show(desk, say)
with middle:
    status.show(desk, say)
    chat.show(desk, say)
