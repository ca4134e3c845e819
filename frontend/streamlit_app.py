"""The page: files and a conversation about them, or tables of what many documents say."""

from __future__ import annotations

import streamlit as st

from frontend import address, state, work_state
from frontend.components import dialogs, style
from frontend.history.database import StorageUnavailable
from frontend.views import (
    chat,
    conversations,
    diagnosis,
    documents,
    files,
    jobs,
    masthead,
    monitor,
    parameters,
    sign_in,
    status,
)
from frontend.work_state import View

address.listen()
say = state.phrases()
st.set_page_config(
    page_title=say("app.name"), page_icon="📑", layout="wide", initial_sidebar_state="auto"
)
try:
    settings = state.house().settings
    visitor = state.visitor()
    if visitor is None:
        style.apply(say, None)
        sign_in.show(settings, say)
        st.stop()
    desk = state.desk()
except StorageUnavailable:
    st.error(say("history.cannot_open"), icon=":material/save:")
    st.button(say("history.again"), key="open-history")
    st.stop()
style.apply(say, state.services().pulse.limits)
dialogs.begin()

with st.sidebar:
    masthead.show_name(say)
    masthead.show_uses(say)
    masthead.show_place(say)

follow = None
view = work_state.view()
if view is View.MONITOR:
    monitor.show(desk, say)
elif view is View.HELP:
    diagnosis.show(desk, say)
elif view is View.DOCUMENTS:
    with st.sidebar:
        jobs.show(say)
    documents.show(desk, say)
else:
    middle, right = st.columns([3.4, 1], gap="medium")
    with right, st.container(key="panel"):
        parameters.show(desk, say)
    desk = chat.take_question(desk)
    with st.sidebar:
        conversations.show_new(say)
        files.show(desk, say)
        conversations.show(desk, say)
    with middle:
        status.show(desk, say)
        follow = chat.show(desk, say)

with st.sidebar:
    sign_in.show_visitor(visitor, settings, say)
if follow is not None:
    follow()
