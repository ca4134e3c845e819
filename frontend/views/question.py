"""One question of a conversation: its files, its text, and putting it differently."""

from __future__ import annotations

from html import escape

import streamlit as st

from frontend import state
from frontend.components import markdown, pictures
from frontend.history.history import StillAnswering
from frontend.history.records import Attachment, Message
from frontend.i18n import Phrases
from frontend.state import Desk
from frontend.views import preview

LONGEST = 20_000  # characters
PICTURE_SIDE = 480  # pixels
LISTED = 6  # files shown with a button each; more are told as words


def show(message: Message, desk: Desk, say: Phrases) -> None:
    sent = [file for file in desk.attachments if file.message == message.id]
    with st.chat_message("user", avatar=":material/person:"):
        if sent:
            _files(sent, say)
        if st.session_state.get("editing") == message.id:
            _editor(message, desk, say)
            return
        with st.container(key=f"asked-{message.id}", horizontal=True, gap="small"):
            st.markdown(markdown.literal(message.text))
            st.button(
                say("question.edit"),
                key=f"edit-{message.id}",
                icon=":material/edit:",
                type="tertiary",
                help=say("question.edit"),
                disabled=desk.running is not None or not desk.beat.serves,
                on_click=_edit,
                args=(message.id,),
            )


def _files(sent: list[Attachment], say: Phrases) -> None:
    """What went with the question; a click shows it large."""
    here = [file for file in sent if not file.removed][:LISTED]
    images = [file for file in here if file.kind == "image"]
    if images:
        with st.container(key=f"pictures-{sent[0].id}", horizontal=True, gap="small"):
            for file in images:
                shown = preview.picture(file, 1, PICTURE_SIDE)
                if shown is not None:
                    pictures.show(shown, file.filename, 200)
    with st.container(key=f"sent-{sent[0].id}", horizontal=True, gap="small"):
        for file in here:
            icon = "image" if file.kind == "image" else "description"
            if st.button(
                markdown.literal(f"{file.filename} · {_about(file, say)}"),
                key=f"look-{file.id}",
                icon=f":material/{icon}:",
                help=say("answer.open", name=markdown.literal(file.filename)),
            ):
                preview.show(file, say)
        rest = [file for file in sent if file not in here]
        if rest:
            st.html(f'<div class="sent">{"".join(_chip(file, say) for file in rest)}</div>')


def _about(file: Attachment, say: Phrases) -> str:
    return say("files.pages", n=file.pages) if file.kind == "document" else say("files.picture")


def _chip(file: Attachment, say: Phrases) -> str:
    about = say("files.removed") if file.removed else _about(file, say)
    kind = "gone" if file.removed else ""
    return f'<span class="{kind}"><b>{escape(file.filename)}</b> {escape(about)}</span>'


def _editor(message: Message, desk: Desk, say: Phrases) -> None:
    order = [one.id for one in desk.messages]
    later = len(order) - order.index(message.id) - 2  # its own answer is replaced anyway
    with st.form(f"editor-{message.id}", border=False):
        text = st.text_area(
            say("question.edit"),
            message.text,
            key=f"edited-{message.id}",
            max_chars=LONGEST,
            label_visibility="collapsed",
        )
        if later > 0:
            st.caption(say("question.later", n=later))
        with st.container(horizontal=True, gap="small"):
            sent = st.form_submit_button(say("question.send"), type="primary")
            cancelled = st.form_submit_button(say("question.cancel"))
    if cancelled or (sent and not (text or "").strip()):
        _edit(None)
        st.rerun()
    if sent:
        try:
            state.keeping(state.revise)(desk, message.id, (text or "").strip())
        except StillAnswering:
            st.toast(say("chat.still_answering"), icon=":material/hourglass_top:")
            return
        _edit(None)
        st.rerun()


def _edit(question: str | None) -> None:
    st.session_state["editing"] = question
