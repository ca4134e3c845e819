"""Forgetting a document for good: asked once more, done, and told what was erased."""

from __future__ import annotations

import streamlit as st

from frontend import state, work_state
from frontend.components import consent, dialogs, highlight, markdown, places
from frontend.history.database import StorageUnavailable
from frontend.i18n import Phrases
from frontend.shelf import Erased
from frontend.state import Desk


def ask(sha256: str, filename: str, desk: Desk, say: Phrases) -> None:
    """Opens the dialog that asks once more."""
    title, icon = say("forget.title"), ":material/delete_forever:"
    dialogs.show(title, _sure, sha256, filename, desk, say, icon=icon)


def show_outcome(say: Phrases) -> None:
    """Tells what was erased, until that is closed."""
    told = st.session_state.get("forgotten")
    if told is not None:
        name, erased = told
        options = {"icon": ":material/task_alt:", "on_dismiss": _close}
        dialogs.show(say("forget.done"), _outcome, name, erased, say, **options)


def _sure(sha256: str, filename: str, desk: Desk, say: Phrases) -> None:
    st.write(say("forget.sure", name=markdown.literal(filename)))
    if chats := state.services().shelf.shown_in(sha256):
        st.write(say("forget.in", n=len(chats)))
    if consent.asked(say("forget.now"), "forget-now", say):
        try:
            with st.spinner(say("forget.title")):
                erased = state.forget(sha256)
        except StorageUnavailable:
            st.error(say("history.not_kept"))
            return
        highlight.forget()
        places.forget()
        st.session_state["forgotten"] = (filename, erased)
        if state.services().history.conversation(state.owner(), desk.id) is None:
            state.open_conversation(None)
        job = work_state.job()
        if job is not None and state.services().bench.sheet(job) is None:
            work_state.open_job(None)
        st.rerun()


def _outcome(name: str, erased: Erased, say: Phrases) -> None:
    st.write(say("forget.erased", name=markdown.literal(name)))
    st.markdown("\n".join(f"- {line}" for line in lines(erased, say)))
    if erased.file is None:
        st.warning(say("forget.away"))
    if st.button(say("forget.close"), key="forget-close"):
        _close()
        st.rerun()


def lines(erased: Erased, say: Phrases) -> list[str]:
    """What went, as a list; what there was nothing of is left out."""
    file, rows = erased.file, erased.rows
    told = []
    if file is not None and file.existed:
        told.append(
            say("forget.bytes", size=say.size(file.bytes))
            if file.bytes
            else say("forget.bytes_shared")
        )
        told += [
            said
            for n, said in (
                (file.pages, say("forget.pages", n=file.pages)),
                (file.embeddings, say("forget.embeddings", n=file.embeddings)),
                (file.answers, say("forget.answers", n=file.answers)),
                (file.generations, say("forget.generations", n=file.generations)),
            )
            if n
        ]
    return told + [
        said
        for n, said in (
            (rows.messages, say("forget.messages", n=rows.messages)),
            (rows.conversations, say("forget.conversations", n=rows.conversations)),
            (rows.rows, say("forget.rows", n=rows.rows)),
            (rows.tables, say("forget.tables", n=rows.tables)),
        )
        if n
    ]


def _close() -> None:
    st.session_state.pop("forgotten", None)
