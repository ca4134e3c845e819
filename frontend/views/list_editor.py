"""A list of fields is written: what to find, what kind of value, in which form."""

from __future__ import annotations

import streamlit as st

from frontend import draft_state, state
from frontend.components import dialogs, markdown
from frontend.draft_state import head_key, key
from frontend.i18n import LANGUAGES, Phrases
from frontend.workflows.field_draft import Draft, Row
from frontend.workflows.fields import LONGEST_QUESTION, FieldsInvalid, Kind, Language

LONGEST_NAME = 60


def show(named: str, say: Phrases) -> None:
    draft = draft_state.draft(named, say)
    with st.container(key="list-form"):
        _head(draft, say)
        for row in draft.rows:
            with st.container(key=f"field-{row.id}", border=True):
                _field(row, draft, say)
        st.button(say("list.add"), key="add-field", icon=":material/add:", on_click=draft_state.add)
        _mistakes(None, say)
        _actions(named, draft, say)


def _head(draft: Draft, say: Phrases) -> None:
    left, right = st.columns([2, 1])
    with left:
        st.text_input(
            say("list.title"),
            draft.title,
            max_chars=draft_state.LONGEST_TITLE,
            key=head_key("list-title"),
        )
    with right:
        st.segmented_control(
            say("list.language"),
            list(LANGUAGES),
            format_func=lambda one: LANGUAGES[one],
            default=draft.language.value,
            required=True,
            key=head_key("list-language"),
        )
    if draft_state.name_is_taken():
        st.error(say("list.taken"))


def _field(row: Row, draft: Draft, say: Phrases) -> None:
    name, kind, form, more = st.columns([2, 1.1, 1.5, 0.3], vertical_alignment="bottom")
    with name:
        st.text_input(
            say("list.field"), row.title, max_chars=LONGEST_NAME, key=key(row.id, "title")
        )
    with kind:
        st.selectbox(
            say("list.kind"),
            [one.value for one in Kind],
            index=list(Kind).index(row.kind),
            format_func=lambda one: say(f"kind.{one}"),
            key=key(row.id, "kind"),
        )
    with form:
        _form(row, say)
    with more:
        _order(row, draft, say)
    st.text_input(
        say("list.question"),
        row.question,
        max_chars=LONGEST_QUESTION,
        key=key(row.id, "question"),
    )
    with st.container(key=f"flags-{row.id}", horizontal=True, vertical_alignment="bottom"):
        st.checkbox(say("list.required"), row.required, key=key(row.id, "required"))
        if row.kind not in (Kind.PARTIES, Kind.YES_NO):
            st.checkbox(say("list.many"), row.many, key=key(row.id, "many"))
        st.text_input(
            say("list.cues"),
            row.cues,
            key=key(row.id, "cues"),
            help=say("list.cues_help"),
        )
    _mistakes([one.id for one in draft.rows].index(row.id), say)


def _form(row: Row, say: Phrases) -> None:
    """What there is to choose from, or how the values are to be written."""
    if row.kind is Kind.CHOICE:
        st.text_input(
            say("list.choices"),
            row.choices,
            key=key(row.id, "choices"),
            placeholder=say("list.choices_hint"),
        )
    elif row.forms:
        st.selectbox(
            say("list.form"),
            [one.value for one in row.forms],
            index=row.forms.index(row.form) if row.form in row.forms else 0,
            format_func=lambda one: say(f"form.{one}"),
            key=key(row.id, f"form-{row.kind.value}"),
        )


def _order(row: Row, draft: Draft, say: Phrases) -> None:
    options = ["delete"]
    if row is not draft.rows[-1]:
        options.insert(0, "down")
    if row is not draft.rows[0]:
        options.insert(0, "up")
    choice = st.menu_button(
        "",
        options,
        key=f"order-{row.id}",
        icon=":material/more_horiz:",
        type="tertiary",
        help=say("list.order"),
        format_func=lambda option: say(f"list.{option}"),
    )
    if choice == "delete":
        draft_state.drop(row.id)
        st.rerun()
    elif choice is not None:
        draft_state.move(row.id, -1 if choice == "up" else 1)
        st.rerun()


def _mistakes(field: int | None, say: Phrases) -> None:
    for one in draft_state.mistakes(field):
        st.error(say(f"mistake.{one.problem.value}"))


def _actions(named: str, draft: Draft, say: Phrases) -> None:
    with st.container(key="list-actions", horizontal=True, vertical_alignment="center"):
        st.button(
            say("list.save"),
            key="save-list",
            type="primary",
            icon=":material/save:",
            on_click=state.keeping(draft_state.save),
            args=(named,),
        )
        st.button(
            say("list.close"),
            key="close-list",
            on_click=draft_state.open_list,
            args=(None, draft.language),
        )
        _file(draft, say)
        if draft_state.is_own(named) and st.button(
            say("list.delete_list"), key="delete-list", icon=":material/delete:", type="tertiary"
        ):
            dialogs.show(say("list.delete_list"), _delete, named, say)


def _file(draft: Draft, say: Phrases) -> None:
    """The list as JSON, to be taken away or brought along."""
    with st.popover("JSON", key="list-json", icon=":material/data_object:"):
        try:
            content = draft.finished().to_json()
        except FieldsInvalid:
            content = ""
        st.download_button(
            say("list.export"),
            content,
            f"{draft.title or 'fields'}.json",
            "application/json",
            key="export-list",
            on_click="ignore",
            disabled=not content,
            width="stretch",
        )
        given = st.file_uploader(say("list.import"), type="json", key="list-import")
        if given is not None and st.session_state.get("list_imported") != given.file_id:
            st.session_state["list_imported"] = given.file_id
            try:
                draft_state.take_in(draft_state.read_file(given.getvalue()))
            except FieldsInvalid as wrong:
                st.error(markdown.literal(str(wrong)))
            else:
                st.rerun()


def _delete(named: str, say: Phrases) -> None:
    st.write(say("list.delete_sure"))
    if st.button(
        say("list.delete_list"),
        type="primary",
        key="delete-list-now",
        on_click=state.keeping(draft_state.delete),
        args=(named,),
    ):
        st.rerun()


def show_choice(named: str, language: Language, say: Phrases) -> None:
    """Beside a chosen list: to change it, or to begin a new one."""
    is_own = draft_state.is_own(f"{named}.")
    with st.container(key="list-choice", horizontal=True):
        st.button(
            say("list.change" if is_own else "list.make_own"),
            key="change-list",
            type="tertiary",
            icon=":material/edit:",
            on_click=draft_state.open_list,
            args=(named, language),
        )
        st.button(
            say("list.new"),
            key="new-list",
            type="tertiary",
            icon=":material/add:",
            on_click=draft_state.open_list,
            args=(draft_state.NEW, language),
        )
