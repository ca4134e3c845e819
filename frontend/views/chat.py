"""The conversation: what was said, what is being written, and where to ask."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from frontend import state
from frontend.components import markdown, receipt
from frontend.history.database import StorageUnavailable
from frontend.history.history import StillAnswering
from frontend.history.records import Attachment, Message, State
from frontend.i18n import Phrases
from frontend.jobs import Progress, Stage
from frontend.messages import FinishReason, Role
from frontend.presets import STARTERS
from frontend.state import Desk

LOOK_EVERY = 0.12  # seconds between two looks at an answer being written
LONGEST_QUESTION = 20_000  # characters


def show(desk: Desk, say: Phrases) -> None:
    with st.container(height=600, key="history", autoscroll=True, border=False):
        for message in desk.messages:
            if message.role is Role.USER:
                _question(message, desk.attachments, say)
            elif message.state is State.RUNNING:
                _being_written(message, desk, say)
            else:
                _answer(message, desk, say)
        if not desk.messages:
            _beginning(desk, say)
    with st.container(key="composer"):
        _composer(desk, say)


def _question(message: Message, attachments: Sequence[Attachment], say: Phrases) -> None:
    sent = [file for file in attachments if file.message == message.id]
    with st.chat_message("user", avatar=":material/person:"):
        if sent:
            st.html(f'<div class="sent">{"".join(_chip(file, say) for file in sent)}</div>')
        st.markdown(markdown.literal(message.text))


def _chip(file: Attachment, say: Phrases) -> str:
    about = say("files.pages", n=file.pages) if file.kind == "document" else say("files.picture")
    if file.removed:
        about = say("files.removed")
    kind = "gone" if file.removed else ""
    return f'<span class="{kind}"><b>{escape(file.filename)}</b> {escape(about)}</span>'


def _answer(message: Message, desk: Desk, say: Phrases) -> None:
    with st.chat_message("assistant", avatar=":material/article:"):
        if message.reasoning:
            with st.expander(say("chat.reasoning"), icon=":material/psychology:"):
                st.markdown(markdown.safe(message.reasoning))
        if message.text:
            st.markdown(markdown.safe(message.text))
        _ending(message, say)
        if message.receipt is not None:
            note = markdown.literal(message.receipt.route_reason)
            with st.container(key=f"receipt-{message.id}"):
                st.caption(
                    markdown.literal(receipt.caption(message.receipt, say)),
                    help=note if message.receipt.route_reason else None,
                )
        if message is desk.messages[-1] and _wants_again(message):
            st.button(
                say("chat.again"),
                key="again",
                icon=":material/refresh:",
                disabled=not desk.beat.serves,
                on_click=state.keeping(state.ask_again),
                args=(desk, message.id),
            )


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


def _wants_again(message: Message) -> bool:
    ended = FinishReason.STOP.value, FinishReason.LENGTH.value
    return message.receipt is None or message.receipt.reason not in ended


def _being_written(message: Message, desk: Desk, say: Phrases) -> None:
    with st.chat_message("assistant", avatar=":material/article:"):
        _growing(message, {file.sha256: file.filename for file in desk.attachments}, say)


@st.fragment(run_every=LOOK_EVERY)
def _growing(message: Message, names: dict[str, str], say: Phrases) -> None:
    """Shows the answer as far as it is; once it has ended, the page is drawn from history."""
    job = state.follow(message)
    if job is None and state.has_ended(message):
        st.rerun()
    progress = job.progress() if job else Progress(text=message.text, reasoning=message.reasoning)
    if progress.reasoning:
        with st.expander(
            say("chat.reasoning"), icon=":material/psychology:", expanded=not progress.text
        ):
            st.markdown(markdown.safe(progress.reasoning))
    else:
        st.empty()
    if progress.text:
        st.markdown(markdown.safe(progress.text))
    else:
        st.empty()
    if progress.is_saved:
        st.empty()
    else:
        st.warning(say("chat.not_saved"), icon=":material/save:")
    st.html(
        f'<div class="phase" role="status" data-testid="phase" data-stage="{progress.stage.value}">'
        f"<i></i>{escape(_phase(progress, names, say))}"
        f"<span>{escape(say('chat.seconds', n=job.seconds() if job else 0))}</span></div>"
    )


def _phase(progress: Progress, names: dict[str, str], say: Phrases) -> str:
    match progress.stage:
        case Stage.QUEUED:
            return say("stage.queued", n=progress.ahead)
        case Stage.READING if progress.pages > 1:
            return say(
                "stage.reading",
                name=names.get(progress.sha256, say("files.one")),
                page=progress.page,
                pages=progress.pages,
            )
        case Stage.READING:
            return say("stage.reading_one", name=names.get(progress.sha256, say("files.one")))
        case (Stage.THINKING | Stage.WRITING) as stage:
            told = say(f"stage.{stage.value}", n=progress.tokens)
            if progress.speed is None:
                return told
            return f"{told} · {say('receipt.speed', speed=progress.speed)}"
        case stage:
            return say(f"stage.{stage.value}")


def _beginning(desk: Desk, say: Phrases) -> None:
    with st.container(key="beginning", horizontal_alignment="center"):
        if desk.missing:
            st.markdown(f"### {say('chat.missing')}")
            st.button(say("chat.new"), key="start", on_click=state.open_conversation, args=(None,))
            return
        st.markdown(f"### {say('chat.welcome')}")
        if not desk.files:
            st.caption(say("chat.hint"))
            return
        st.caption(say("chat.hint_files", n=len(desk.files)))
        for starter in STARTERS:
            st.button(
                say(starter),
                key=starter.replace(".", "-"),
                disabled=not desk.beat.serves,
                on_click=_ask,
                args=(desk, say(starter)),
            )


def _composer(desk: Desk, say: Phrases) -> None:
    reason = "" if desk.beat.serves else say("chat.cannot_ask")
    if desk.missing:
        reason = say("chat.missing")
    if (unsent := st.session_state.pop("unsent", None)) is not None:
        st.session_state["question"] = unsent
        if desk.running is not None:
            st.toast(say("chat.still_answering"), icon=":material/hourglass_top:")
    text = st.chat_input(
        reason or say("chat.ask_files" if desk.files else "chat.ask"),
        key="question",
        max_chars=LONGEST_QUESTION,
        disabled=bool(reason),
    )
    running = desk.running
    if running is not None:
        _stop(running, say)
    if text and text.strip():
        _ask(desk, text.strip())
        st.rerun()


@st.fragment
def _stop(message: Message, say: Phrases) -> None:
    with st.container(key="stop"):
        if st.button(say("chat.stop"), icon=":material/stop:", key="stop-button", type="primary"):
            job = state.services().jobs.find(message.id)
            if job is not None:
                job.stop()


def _ask(desk: Desk, text: str) -> None:
    try:
        state.ask(desk, text)
    except (StillAnswering, StorageUnavailable) as refusal:
        st.session_state["unsent"] = text  # it goes back into the input
        st.session_state["not_kept"] = isinstance(refusal, StorageUnavailable)
