"""A list of fields while it is written, and where it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from frontend.history.history import History
from frontend.history.review import Review
from frontend.workflows import field_draft, presets
from frontend.workflows.field_draft import Draft, Row, draft_of, key_of
from frontend.workflows.field_lists import FieldLists, NameTaken
from frontend.workflows.fields import FieldsInvalid, Form, Kind, Language, Problem, read


@pytest.fixture
def lists(tmp_path: Path) -> Iterator[FieldLists]:
    history = History(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    yield FieldLists(Review(history.database), "local")
    history.close()


def written(*rows: Row) -> Draft:
    return Draft("Our terms", Language.ENGLISH, rows)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("name", presets.NAMES)
def test_every_preset_can_be_taken_as_a_beginning_and_stays_what_it_is(
    name: str, language: Language
) -> None:
    preset = presets.preset(name, language)
    assert preset is not None
    assert draft_of(preset).finished() == preset


def test_names_are_made_from_what_people_read() -> None:
    assert key_of("Notice  period (days)") == "notice_period_days"
    assert key_of("通知期限") == "通知期限"
    assert key_of("3rd party") == "f_3rd_party"
    assert key_of("!?") == ""
    assert key_of("Term", {"term"}) == "term_2"
    fields = written(
        Row(1, "Fee", question="How much?"), Row(2, "fee", question="How much more?")
    ).finished()
    assert [field.name for field in fields.fields] == ["fee", "fee_2"]
    assert [field.heading for field in fields.fields] == ["Fee", "fee"]


def test_what_belongs_to_another_type_is_left_out() -> None:
    row = Row(1, "Assignable", "", "May it be assigned?", Kind.CHOICE, "yes， no、maybe", many=True)
    draft = written(row)
    assert draft.finished().fields[0].choices == ("yes", "no", "maybe")
    changed = draft.with_row(replace(row, kind=Kind.YES_NO)).finished().fields[0]
    assert (changed.choices, changed.many, changed.form) == ((), False, None)


def test_rows_come_go_and_move() -> None:
    draft = field_draft.empty("", Language.CHINESE).added().added()
    assert [row.id for row in draft.rows] == [1, 2, 3]
    draft = draft.moved(3, -1).without(1)
    assert [row.id for row in draft.rows] == [3, 2]
    assert [row.id for row in draft.moved(3, -1).rows] == [3, 2]
    assert [row.id for row in draft.added().rows] == [3, 2, 4]


def test_everything_that_is_wrong_is_told_at_its_place() -> None:
    rows = (Row(1, "Law"), Row(2, "", question="?"), Row(3, "X", question="?", kind=Kind.CHOICE))
    with pytest.raises(FieldsInvalid) as wrong:
        written(*rows).finished()
    told = [(one.field, one.problem) for one in wrong.value.mistakes]
    assert told == [(0, Problem.QUESTION), (1, Problem.NAME), (2, Problem.NO_CHOICES)]
    with pytest.raises(FieldsInvalid) as nameless:
        replace(written(), title=" ").finished()
    assert nameless.value.mistakes[0].problem is Problem.TITLE


def test_own_lists_are_kept_found_renamed_and_dropped(lists: FieldLists) -> None:
    row = Row(1, "Rent", question="How much?", kind=Kind.MONEY, form=Form.AMOUNT)
    ours = written(row).finished()
    lists.save(ours)
    assert lists.own() == (ours,)
    assert lists.offered(Language.ENGLISH)[0] == ours
    assert lists.find("our_terms", Language.ENGLISH) == ours
    assert lists.find("our TERMS", Language.CHINESE) == ours
    assert read(ours.to_json()) == ours
    renamed = replace(written(row), title="Rents").finished()
    lists.save(renamed, instead_of=ours.name)
    assert lists.own() == (renamed,)
    lists.forget("rents")
    assert lists.own() == ()


def test_one_list_does_not_replace_another_by_its_name(lists: FieldLists) -> None:
    ours = written(Row(1, "Rent", question="How much?")).finished()
    other = replace(written(Row(1, "Fee", question="How much?")), title="Other").finished()
    lists.save(ours)
    lists.save(other)
    with pytest.raises(NameTaken):
        lists.save(replace(other, name=ours.name), instead_of=other.name)
    assert set(lists.own()) == {ours, other}
