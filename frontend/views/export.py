"""The open conversation as a file to take away."""

from __future__ import annotations

from functools import partial

import streamlit as st

from frontend import transcript
from frontend.i18n import Phrases
from frontend.state import Desk


def show(desk: Desk, say: Phrases) -> None:
    """A small menu beside the title; nothing as long as nothing was said."""
    if desk.kept is None or not desk.messages:
        return
    conversation, messages, files = desk.kept, desk.messages, desk.attachments
    with st.popover(say("export.title"), icon=":material/download:", type="tertiary", key="export"):
        st.download_button(
            say("export.markdown"),
            partial(transcript.markdown, conversation, messages, files, say),
            transcript.filename(conversation, "md"),
            "text/markdown",
            key="export-markdown",
            icon=":material/description:",
            on_click="ignore",
            width="stretch",
        )
        st.download_button(
            say("export.json"),
            partial(transcript.as_json, conversation, messages, files, desk.earlier),
            transcript.filename(conversation, "json"),
            "application/json",
            key="export-json",
            icon=":material/data_object:",
            on_click="ignore",
            width="stretch",
        )
