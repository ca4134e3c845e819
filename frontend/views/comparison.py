"""What changed between two versions: fields and clauses, both quoted, each opening its page."""

from __future__ import annotations

from html import escape

import streamlit as st

from frontend import work_state
from frontend.components import changes
from frontend.components.changes import Shown, Side
from frontend.i18n import Phrases
from frontend.workbench import Sheet, Versions
from frontend.workflows.fields import Language
from frontend.workflows.findings import Finding
from frontend.workflows.revision import FieldChange
from frontend.workflows.versions import ClauseChange, Passage, marked

LONGEST_HEADING = 70  # characters


def show(sheet: Sheet, versions: Versions, say: Phrases) -> None:
    compared = versions.comparison
    if compared is None:
        if sheet.is_open:
            st.html(f'<div class="phase" role="status"><i></i>{say("compare.reading")}</div>')
        return
    language = Language(say.language)
    told = [
        say("compare.pages", n=compared.new.pages, changed=len(compared.changed_pages)),
        say("compare.clauses", n=len(compared.clauses)),
        f"{say('compare.old')} {compared.old.line(language)}",
        f"{say('compare.new')} {compared.new.line(language)}",
    ]
    st.html(f'<div class="progress"><span>{"</span><span>".join(map(escape, told))}</span></div>')
    fields = sheet.changed_fields
    if fields:
        st.html(f"<h2>{say('compare.fields')}</h2>")
        touched = changes.show("changed-fields", [_field(one, say) for one in fields])
        if touched is not None:
            place, side = touched
            work_state.look_at(versions.file(side), fields[place].field.name)
            st.rerun()
    st.html(f"<h2>{say('compare.in_clauses')}</h2>")
    if not compared.clauses:
        st.caption(say("compare.same"))
    shown = [
        _clause(one, place, versions, sheet, say) for place, one in enumerate(compared.clauses)
    ]
    touched = changes.show("changed-clauses", shown)
    if touched is not None:
        place, side = touched
        work_state.look_at_change(versions.file(side), place)
        st.rerun()


def _field(one: FieldChange, say: Phrases) -> Shown:
    return Shown(
        one.field.heading,
        say("compare.changed"),
        _finding(one.old, say),
        _finding(one.new, say),
    )


def _finding(finding: Finding, say: Phrases) -> Side:
    """A field of one version: its value, and the sentence that it stands in."""
    place = next((value for value in finding.values if value.page is not None), None)
    word = finding.shown or say("mark.not_stated")
    if place is None or place.page is None:
        return Side((), "" if not finding.shown else say("mark.unverified"), word)
    return Side(((place.quote, False),), say("compare.page", page=place.page), word)


def _clause(one: ClauseChange, place: int, versions: Versions, sheet: Sheet, say: Phrases) -> Shown:
    old, new = marked(one.old.text if one.old else "", one.new.text if one.new else "")
    known = one.new or one.old
    heading = known.text if known else ""
    if len(heading) > LONGEST_HEADING:
        heading = heading[:LONGEST_HEADING].rsplit(" ", 1)[0] + "…"
    opened = work_state.opened(sheet)[0] if work_state.change() == place else None
    return Shown(
        heading,
        say(f"compare.{one.change.value}"),
        _side(one.old, old, say, is_open=opened == versions.old),
        _side(one.new, new, say, is_open=opened == versions.new),
    )


def _side(
    passage: Passage | None, text: tuple[tuple[str, bool], ...], say: Phrases, *, is_open: bool
) -> Side | None:
    if passage is None:
        return None
    return Side(text, say("compare.page", page=passage.page), is_open=is_open)
