"""One answer of a conversation that has ended: what it says, its receipt, what can be done."""

from __future__ import annotations

import streamlit as st

from frontend import state
from frontend.components import copy_button, markdown, pictures, places, receipt
from frontend.history.earlier import EarlierAnswer
from frontend.history.records import Attachment, Message, State
from frontend.i18n import Phrases
from frontend.messages import Box, FinishReason
from frontend.state import Desk
from frontend.views import preview, replay
from frontend.workflows.references import claimed_pages

PICTURE_SIDE = 1600  # pixels
MOST_CITED = 12  # pages


def show(message: Message, desk: Desk, say: Phrases) -> None:
    with st.chat_message("assistant", avatar=":material/article:"):
        if message.reasoning:
            with st.expander(say("chat.reasoning"), icon=":material/psychology:"):
                st.markdown(markdown.safe(message.reasoning))
        if message.text:
            st.markdown(markdown.safe(message.text))
        if message.receipt is not None and message.receipt.boxes:
            _places(message.id, message.receipt.boxes, desk.attachments, say)
        _cited(message, desk, say)
        _ending(message, say)
        if message.receipt is not None:
            st.html(receipt.details(message.receipt, message.parameters, say))
        _actions(message, desk, say)
        replay.show(message, say)
        _earlier(desk.earlier.get(message.id, ()), say)


def _places(
    answer: str, boxes: tuple[Box, ...], attachments: tuple[Attachment, ...], say: Phrases
) -> None:
    """The pictures and pages that the answer points into, with the places drawn."""
    files = {file.sha256: file for file in attachments if not file.removed}
    for sha256, page in dict.fromkeys((box.sha256, box.page) for box in boxes):
        file = files.get(sha256)
        image = None if file is None else preview.picture(file, page, PICTURE_SIDE)
        if file is None or image is None:
            continue
        here = [box for box in boxes if (box.sha256, box.page) == (sha256, page)]
        legend = " · ".join(
            say("answer.place", n=number, label=box.label).strip()
            for number, box in enumerate(here, start=1)
        )
        with st.container(key=f"places-{file.id}-{page}-{answer}", gap="small"):
            pictures.show(
                places.drawn(image, [_edges(box, file) for box in here]),
                f"{say('answer.places')}: {legend}",
            )
            st.caption(markdown.literal(f"{legend} — {say('answer.places_note')}"))


def _cited(message: Message, desk: Desk, say: Phrases) -> None:
    """The pages that the answer names, each to be looked at; only where one document is meant."""
    before = [one.id for one in desk.messages[: desk.messages.index(message)]]
    sent = {file.sha256: file for file in desk.attachments if file.message in before}
    documents = [file for file in sent.values() if file.kind == "document"]
    if len(documents) != 1 or documents[0].removed:
        return
    (file,) = documents
    named = dict.fromkeys(claimed_pages(message.text)[1])
    pages = [page for page in named if 1 <= page <= file.pages]
    if not pages:
        return
    with st.container(key=f"cited-{message.id}", horizontal=True, gap="small"):
        for page in pages[:MOST_CITED]:
            if st.button(
                say("answer.page", n=page),
                key=f"look-page-{message.id}-{page}",
                icon=":material/find_in_page:",
                help=say("answer.open", name=markdown.literal(file.filename)),
            ):
                preview.show(file, say, page=page)


def _edges(box: Box, file: Attachment) -> tuple[float, float, float, float]:
    """As fractions: places in pictures come in pixels, those in pages are fractions already."""
    across, down = (file.width, file.height) if file.kind == "image" else (1, 1)
    return box.left / across, box.top / down, box.right / across, box.bottom / down


def _ending(message: Message, say: Phrases) -> None:
    """Says so if the answer did not end by itself."""
    reason = message.receipt.reason if message.receipt else ""
    if message.receipt and message.receipt.warning:
        st.warning(markdown.literal(message.receipt.warning))
    if message.state is State.LOST:
        st.warning(say("chat.lost" if message.text else "chat.lost_empty"))
    elif message.state is State.FAILED:
        text = markdown.literal(say.error(message.error_code, message.error))
        st.error(f"{text} {say('chat.kept')}" if message.text else text)
    elif reason == FinishReason.DEADLINE.value:
        st.warning(say("chat.deadline"))
    elif reason == FinishReason.CANCELLED.value and not message.text:
        st.caption(say("chat.stopped_empty"))
    elif not message.text:
        st.caption(say("chat.empty_answer"))


def _actions(message: Message, desk: Desk, say: Phrases) -> None:
    with st.container(
        key=f"actions-{message.id}", horizontal=True, vertical_alignment="center", gap=None
    ):
        if message.text:
            copy_button.show(message.text, f"copy-{message.id}", say)
        if message is desk.messages[-1]:
            unfinished = _wants_again(message)
            st.button(
                say("chat.again") if unfinished else say("answer.regenerate"),
                key="again",
                icon=":material/refresh:",
                type="secondary" if unfinished else "tertiary",
                help=None if unfinished else say("answer.regenerate"),
                disabled=not desk.beat.serves,
                on_click=state.keeping(state.ask_again),
                args=(desk, message.id),
            )
        replay.show_button(message, desk, say)


def _earlier(answers: tuple[EarlierAnswer, ...], say: Phrases) -> None:
    """What was said before the answer was had anew."""
    if not answers:
        return
    with st.expander(say("answer.earlier", n=len(answers)), icon=":material/history:"):
        for number, one in enumerate(answers):
            if number:
                st.divider()
            st.markdown(markdown.safe(one.text))
            if one.receipt is not None:
                st.html(receipt.details(one.receipt, one.parameters, say))


def _wants_again(message: Message) -> bool:
    ended = FinishReason.STOP.value, FinishReason.LENGTH.value
    return message.receipt is None or message.receipt.reason not in ended
