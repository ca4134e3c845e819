"""What a browser session is looking at, and the services that all sessions share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec

import streamlit as st

from frontend import account, address, presets, settings, widget_keys
from frontend.account import NotSignedIn
from frontend.history.database import StorageUnavailable
from frontend.history.earlier import EarlierAnswer
from frontend.history.records import Attachment, Conversation, Message, State, new_id
from frontend.i18n import LANGUAGES, Phrases, guess
from frontend.jobs import Job
from frontend.presets import Parameters
from frontend.pulse import Beat
from frontend.replays import same_question
from frontend.services import House, Services
from frontend.shelf import Erased
from frontend.turns import question
from frontend.visitors import Visitor

Arguments = ParamSpec("Arguments")


@st.cache_resource(show_spinner=False, on_release=lambda shared: shared.close())
def house() -> House:
    """What all sessions share."""
    return House(settings.load())


def visitor() -> Visitor | None:
    """Who is looking; None if nobody signed in who may."""
    return account.visitor(house().settings)


def owner() -> str:
    """Whose files and history the page shows. Raises NotSignedIn."""
    found = visitor()
    if found is None:
        raise NotSignedIn
    return found.owner


def services() -> Services:
    """What belongs to the one who is looking. Raises NotSignedIn."""
    return house().of(owner())


@dataclass(frozen=True)
class Desk:
    """The conversation that is open, which the history may not know yet, and how the backend is.

    Taken once for a whole drawing of the page, so that its parts agree.
    """

    id: str
    beat: Beat
    kept: Conversation | None
    messages: tuple[Message, ...]
    attachments: tuple[Attachment, ...]
    missing: bool  # the address names a conversation that is not there
    stores: bool = True  # whether the history keeps what is written now
    earlier: Mapping[str, tuple[EarlierAnswer, ...]] = field(default_factory=dict)  # by answer

    @property
    def files(self) -> tuple[Attachment, ...]:
        """What the next question is about."""
        return tuple(file for file in self.attachments if not file.removed)

    @property
    def running(self) -> Message | None:
        """The answer being written, if one is."""
        last = self.messages[-1] if self.messages else None
        return last if last is not None and last.state is State.RUNNING else None


def phrases() -> Phrases:
    """The phrase book in the language of the address, or else of the browser."""
    asked = address.get("lang")
    language = asked if asked in LANGUAGES else guess(st.context.locale)
    return Phrases(language)


def desk() -> Desk:
    """What the address names, or an empty conversation."""
    history, beat = services().history, services().pulse.now()
    named = address.get("chat")
    if named is None:
        fresh = st.session_state.setdefault("fresh", new_id())
        return Desk(fresh, beat, None, (), (), missing=False, stores=history.stores)
    kept = history.conversation(owner(), named)
    if kept is None:
        return Desk(named, beat, None, (), (), missing=True, stores=history.stores)
    messages, files = history.messages(owner(), named), history.attachments(owner(), named)
    earlier = services().earlier.of(owner(), named)
    return Desk(named, beat, kept, messages, files, False, history.stores, earlier)


def open_conversation(conversation: str | None) -> None:
    """Turns the page to a conversation; None to a new one."""
    address.change(chat=conversation)
    if conversation is None:
        st.session_state["fresh"] = new_id()
    st.session_state.pop("upload_problems", None)


def keep_open(conversation: str) -> None:
    """Puts a conversation that was just begun into the address."""
    address.change(chat=conversation)
    st.session_state.pop("fresh", None)


def parameters() -> Parameters:
    """What the next question is asked with."""
    chosen = st.session_state.get("parameters")
    return chosen if isinstance(chosen, Parameters) else Parameters()


def load_parameters(desk: Desk) -> Parameters:
    """The panel's values: the open conversation's when it has just been opened."""
    card = services().pulse.card
    if card is None:
        return parameters()
    known = st.session_state.get("parameters") if _same_model(card.id) else None
    start = known if isinstance(known, Parameters) else presets.defaults(card)
    if st.session_state.get("parameters_of") != desk.id or known is None:
        kept = {} if desk.kept is None else desk.kept.parameters
        start = presets.restored(kept, start, card)
        st.session_state["parameters_of"] = desk.id
        if kept or known is None:  # a new conversation goes on with what the panel shows
            set_parameters(start)
    return start


def set_parameters(values: Parameters) -> None:
    """Has the panel show these values, whatever its widgets say."""
    st.session_state["parameters"] = values
    widget_keys.renew("parameters")


def _same_model(model: str) -> bool:
    chosen = st.session_state.get("parameters")
    return isinstance(chosen, Parameters) and chosen.model == model


def ask(desk: Desk, text: str) -> None:
    """Keeps a question and begins its answer.

    Raises StillAnswering if one is being written, StorageUnavailable if it cannot be kept.
    """
    shared = services()
    chosen = parameters()
    key = st.session_state.setdefault("turn_key", new_id())
    answer = shared.history.ask(owner(), desk.id, text, turn_key=key, parameters=chosen.values())
    st.session_state["turn_key"] = new_id()
    keep_open(desk.id)
    if answer is not None:
        _begin(desk.id, answer, chosen)


def ask_again(desk: Desk, answer: str) -> None:
    """Has the last answer written anew."""
    shared = services()
    chosen = parameters()
    if shared.history.ask_again(owner(), answer, parameters=chosen.values()):
        _begin(desk.id, answer, chosen)


def revise(desk: Desk, question: str, text: str) -> None:
    """Has a question put differently answered. Raises StillAnswering if one is being written."""
    shared = services()
    chosen = parameters()
    answer = shared.history.revise(
        owner(), question, text, turn_key=new_id(), parameters=chosen.values()
    )
    if answer is not None:
        _begin(desk.id, answer, chosen)


def replay(desk: Desk, answer: Message) -> bool:
    """Has an answer computed once more, to be compared; False if too many are."""
    asked = same_question(desk.messages, desk.attachments, answer)
    return services().reruns.start(answer, asked)


def forget(sha256: str) -> Erased:
    """Stops what is being written in sight of a file, then erases all there is of it."""
    shared = services()
    for conversation in shared.shelf.shown_in(sha256):
        shared.jobs.stop_conversation(shared.history.messages(owner(), conversation))
    return shared.shelf.forget(sha256)


def follow(answer: Message) -> Job | None:
    """The job that writes an answer; None once it has ended, or while too many others run."""
    return services().jobs.follow(answer)


def latest(answer: Message) -> Message | None:
    """An answer as the history has it; None if it has it no longer."""
    return services().history.answer(answer.id)


def busy(desk: Desk) -> bool:
    """Whether this conversation's answer is being written in this process."""
    return desk.running is not None and services().jobs.find(desk.running.id) is not None


def is_stale(desk: Desk) -> bool:
    """Whether the backend or, in another tab, the conversation has changed since it was drawn."""
    drawn = 0.0 if desk.kept is None else desk.kept.updated_at
    history = services().history
    changed = history.stamp(owner(), desk.id) != drawn or history.stores != desk.stores
    return changed or services().pulse.now().face != desk.beat.face


def keeping(change: Callable[Arguments, object]) -> Callable[Arguments, None]:
    """What a button does to the history; nothing at all while nothing can be kept.

    The page, drawn next, says that it cannot.
    """

    @wraps(change)
    def kept(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        try:
            change(*args, **kwargs)
        except StorageUnavailable:
            st.session_state["not_kept"] = True

    return kept


def delete(conversation: str) -> None:
    """Stops, deletes and erases."""
    shared = services()
    shared.jobs.stop_conversation(shared.history.messages(owner(), conversation))
    shared.history.delete(owner(), conversation)
    shared.shelf.erase_removed()


def _begin(conversation: str, answer: str, chosen: Parameters) -> None:
    shared = services()
    messages = shared.history.messages(owner(), conversation)
    attachments = shared.history.attachments(owner(), conversation)
    empty = next(message for message in messages if message.id == answer)
    shared.jobs.start(empty, question(messages, attachments, empty, chosen))
