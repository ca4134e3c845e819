"""The list of fields that a browser session is writing; the address says which one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import streamlit as st

from frontend import address, state, widget_keys
from frontend.i18n import Phrases
from frontend.workflows import field_draft, fields
from frontend.workflows.field_draft import Draft, Row
from frontend.workflows.field_lists import NameTaken
from frontend.workflows.fields import FieldList, FieldsInvalid, Form, Kind, Language, Mistake

NEW: Final = "-"  # in the address, of a list that begins empty
LONGEST_TITLE: Final = 80
_TEXTS: Final = ("title", "question", "choices", "cues")
_FLAGS: Final = ("required", "many")


def opened() -> str | None:
    """The list that the address names, with its language; None if none is being written."""
    return address.get("list")


def open_list(named: str | None, language: Language) -> None:
    """Turns the page to a list of fields to be written (`NEW`: an empty one); None closes it."""
    forget()
    address.change(list=None if named is None else f"{named}.{language.value}")


def forget() -> None:
    """Nothing of what was written is kept."""
    for name in ("draft", "draft_mistakes", "draft_taken"):
        st.session_state.pop(name, None)
    widget_keys.renew("draft")


def draft(named: str, say: Phrases) -> Draft:
    """The list as far as it is written."""
    kept = st.session_state.get("draft")
    if isinstance(kept, Draft):
        return _keep(_written(kept))
    name, _, spoken = named.rpartition(".")
    language = Language(spoken) if spoken in {one.value for one in Language} else Language.ENGLISH
    lists = state.services().bench.lists
    found = None if name == NEW else lists.find(name, language)
    if found is None:
        return _keep(field_draft.empty("", language))
    if lists.is_own(found.name):
        return _keep(field_draft.draft_of(found))
    copy = replace(field_draft.draft_of(found), name="", title=say("list.copy", title=found.title))
    return _keep(copy)


def is_own(named: str) -> bool:
    """Whether it is a kept list of one's own."""
    return state.services().bench.lists.is_own(named.rpartition(".")[0])


def take_in(wanted: FieldList) -> None:
    """Goes on with a list that came as a file; the name that it is kept under stays."""
    kept = st.session_state.get("draft")
    name = kept.name if isinstance(kept, Draft) else ""
    widget_keys.renew("draft")
    _keep(replace(field_draft.draft_of(wanted), name=name))


def add() -> None:
    """An empty row at the end."""
    _keep(_current().added())


def drop(row: int) -> None:
    """A row less."""
    _keep(_current().without(row))


def move(row: int, step: int) -> None:
    """A row further up or down."""
    _keep(_current().moved(row, step))


def save(named: str) -> None:
    """Keeps the list and goes back; what is wrong with it is told beside it instead."""
    for name in ("draft_mistakes", "draft_taken"):
        st.session_state.pop(name, None)
    lists = state.services().bench.lists
    before = next((one for one in lists.own() if one.name == named.rpartition(".")[0]), None)
    made = _keep(_current())
    is_renamed = before is None or before.title != made.title
    try:
        wanted = replace(made, name="" if is_renamed or before is None else before.name).finished()
        lists.save(wanted, instead_of=None if before is None else before.name)
    except FieldsInvalid as wrong:
        st.session_state["draft_mistakes"] = wrong.mistakes
    except NameTaken:
        st.session_state["draft_taken"] = True
    else:
        open_list(None, wanted.language)
        choose(wanted.name)


def delete(named: str) -> None:
    """Drops the list and goes back."""
    state.services().bench.lists.forget(named.rpartition(".")[0])
    open_list(None, Language.ENGLISH)


def mistakes(field: int | None) -> list[Mistake]:
    """What was wrong with a field, or with the list as a whole, when it was to be saved."""
    kept: tuple[Mistake, ...] = st.session_state.get("draft_mistakes", ())
    return [one for one in kept if one.field == field]


def name_is_taken() -> bool:
    """Whether another list has the name that this one was to be saved under."""
    return bool(st.session_state.get("draft_taken"))


def read_file(content: bytes) -> FieldList:
    """A list of fields as a file. Raises FieldsInvalid."""
    return fields.read(content.decode("utf-8", errors="replace"))


def key(row: int, name: str) -> str:
    """The key of a row's widget."""
    return head_key(f"row-{row}-{name}")


def head_key(name: str) -> str:
    """The key of a widget of the list as a whole. Another list is written in other widgets."""
    return widget_keys.key(name, "draft")


def chosen() -> str | None:
    """The list that a new job is to be begun with, if one was chosen."""
    name = st.session_state.get("fields_chosen")
    return None if name is None else str(name)


def choose(name: str) -> None:
    """Has a new job begin with that list."""
    st.session_state["fields_chosen"] = name


def _current() -> Draft:
    kept = st.session_state.get("draft")
    assert isinstance(kept, Draft)  # it was drawn before anything of it could be pressed
    return _written(kept)


def _keep(made: Draft) -> Draft:
    """Puts a draft into the session."""
    st.session_state["draft"] = made
    return made


def _written(kept: Draft) -> Draft:
    """The draft with what the widgets say."""
    said: Any = st.session_state
    made = replace(
        kept,
        title=str(said.get(head_key("list-title"), kept.title)),
        language=Language(said.get(head_key("list-language")) or kept.language.value),
    )
    for row in kept.rows:
        made = made.with_row(_row(row))
    return made


def _row(row: Row) -> Row:
    said: Any = st.session_state
    values: dict[str, Any] = {
        name: said.get(key(row.id, name), getattr(row, name)) for name in (*_TEXTS, *_FLAGS)
    }
    kind = Kind(said.get(key(row.id, "kind")) or row.kind.value)
    was = row.form.value if row.form is not None and kind is row.kind else None
    form = said.get(key(row.id, f"form-{kind.value}"), was)
    return replace(row, **values, kind=kind, form=None if form is None else Form(form))
