"""Two versions: pages matched by content, changed clauses with both quotes, fields carried over."""

from __future__ import annotations

from typing import Any

from frontend.workflows import comparison
from frontend.workflows.extraction import Plan, extract
from frontend.workflows.fields import Field, FieldList, Kind, Language
from frontend.workflows.findings import Extraction, State
from frontend.workflows.page_pairs import PagePair, changed_pages, matched_pages
from frontend.workflows.revision import Revision, changed_fields, extract_revision
from frontend.workflows.versions import Change, changed_clauses, marked
from tests.fakes.contracts import AGREEMENT, CHINESE, paper
from tests.fakes.reader import FakeReader, document

FIRST, SECOND, THIRD = AGREEMENT
LONGER = SECOND.replace("three (3) years", "five (5) years")
COVER = "Cover letter\nPlease find the amended agreement enclosed and sign it."


def test_pages_are_matched_wherever_they_moved() -> None:
    pairs = matched_pages(paper(FIRST, SECOND, THIRD), paper(COVER, FIRST, LONGER, THIRD))
    assert pairs == (
        PagePair(None, 1, False),
        PagePair(1, 2, True),
        PagePair(2, 3, False),
        PagePair(3, 4, True),
    )
    assert changed_pages(pairs) == (1, 3)


def test_a_page_that_went_is_told() -> None:
    pairs = matched_pages(paper(FIRST, SECOND, THIRD), paper(FIRST, THIRD))
    assert PagePair(2, None, False) in pairs
    assert changed_pages(pairs) == ()


def test_a_page_set_anew_with_the_same_words_is_the_same() -> None:
    wider = " ".join(SECOND.split())
    assert changed_pages(matched_pages(paper(SECOND), paper(wider))) == ()


def test_a_changed_clause_comes_with_both_quotes_and_the_words_that_differ() -> None:
    (change,) = changed_clauses(paper(FIRST, SECOND), paper(COVER, FIRST, LONGER))[1:]
    assert change.change is Change.CHANGED
    assert change.old is not None
    assert change.new is not None
    assert "three (3) years" in change.old.text
    assert "five (5) years" in change.new.text
    assert (change.old.page, change.new.page) == (2, 3)
    assert {box.page for box in change.new.boxes} == {3}
    assert [(edit.old, edit.new) for edit in change.edits] == [("three (3)", "five (5)")]


def test_clauses_that_came_and_went() -> None:
    gone = SECOND.replace("3. Governing Law.", "3. Escrow. A deposit is held by a notary.\n4. Law.")
    changes = changed_clauses(paper(SECOND), paper(gone))
    added = [one for one in changes if one.change is Change.ADDED]
    assert [one.new.text for one in added if one.new] == [
        "3. Escrow. A deposit is held by a notary."
    ]
    back = changed_clauses(paper(gone), paper(SECOND))
    assert [one.change for one in back if one.old and "Escrow" in one.old.text] == [Change.REMOVED]


def test_a_clause_that_only_moved_has_not_changed() -> None:
    one = "1. Alpha pays the rent each month.\n2. Beta keeps the roof in repair.\n3. Both are glad."
    other = (
        "1. Beta keeps the roof in repair.\n2. Alpha pays the rent each month.\n3. Both are glad."
    )
    assert changed_clauses(paper(one), paper(other)) == ()


def test_chinese_clauses_are_cut_at_their_numbers() -> None:
    old = "第一条 甲方每月支付租金。\n第二条 租期为三年。\n第三条 乙方负责维修。"
    new = old.replace("三年", "五年")
    (change,) = changed_clauses(paper(old), paper(new))
    assert change.old is not None
    assert change.old.text == "第二条租期为三年。"
    assert [(edit.old, edit.new) for edit in change.edits] == [("三", "五")]


def test_the_same_contract_has_no_changes() -> None:
    assert changed_clauses(paper(*AGREEMENT), paper(*AGREEMENT)) == ()
    assert changed_clauses(paper(*CHINESE), paper(*CHINESE)) == ()


FIELDS = FieldList(
    "t",
    "T",
    Language.ENGLISH,
    (
        Field("effective_date", "When?", Kind.DATE),
        Field("party", "Who?", Kind.PARTIES),
        Field("term", "How long?", Kind.DURATION, cues=("term",)),
    ),
)
BEFORE: dict[str, Any] = {
    "effective_date": "2019-03-14",
    "party": ["Larkspur Robotics Inc.", "Tamarind Foods Ltd."],
    "term": "3 years",
}
NOTHING: dict[str, Any] = {"effective_date": None, "party": [], "term": None}


def revise(*pages: str, said: dict[str, Any]) -> tuple[Revision, Extraction, FakeReader]:
    fake = FakeReader(lambda _: BEFORE)
    old = document(fake, *AGREEMENT)
    before = extract(fake, "local", old, FIELDS, Plan())
    fake.asked.clear()
    fake.reply = lambda _: said
    new = document(fake, *pages)
    return extract_revision(fake, "local", before, old, new, FIELDS, Plan()), before, fake


def test_only_the_changed_page_is_asked_about_and_the_rest_is_carried_over() -> None:
    revision, before, fake = revise(COVER, FIRST, LONGER, THIRD, said=NOTHING | {"term": "5 years"})
    assert revision.asked == (1, 3)
    (asked,) = fake.asked
    assert asked.files[0].pages == (1, 3)
    after = revision.extraction
    assert [finding.state for finding in after.findings] == [State.FOUND] * 3
    date, party, term = after.findings
    assert (date.values[0].page, term.values[0].page) == (2, 3), "located in the new version"
    assert party.shown == "Larkspur Robotics Inc.; Tamarind Foods Ltd."
    assert after.coverage.line() == "4/4 pages read"
    (change,) = changed_fields(before, after, FIELDS)
    assert (change.field.name, change.old.shown, change.new.shown) == ("term", "3 years", "5 years")
    assert "three (3)" in change.old.values[0].quote
    assert "five (5)" in change.new.values[0].quote


def test_what_stood_on_a_changed_page_is_not_carried_over() -> None:
    other = SECOND.replace("This Agreement remains in force for", "The warranty lasts for")
    revision, _, _ = revise(FIRST, other, THIRD, said=NOTHING)
    assert [finding.state for finding in revision.extraction.findings] == [
        State.FOUND,
        State.FOUND,
        State.NOT_STATED,
    ]


def test_a_version_without_changes_is_not_asked_about_at_all() -> None:
    revision, before, fake = revise(*AGREEMENT, said=NOTHING)
    assert fake.asked == []
    assert changed_fields(before, revision.extraction, FIELDS) == ()
    assert revision.extraction.coverage.read == 3


def test_a_comparison_survives_json() -> None:
    fake = FakeReader(lambda _: NOTHING)
    old, new = document(fake, FIRST, SECOND), document(fake, COVER, FIRST, LONGER)
    compared = comparison.compare(old, new)
    assert compared.changed_pages == (1, 3)
    assert len(compared.clauses) == 2
    assert comparison.read(compared.to_json()) == compared


def test_the_words_that_differ_are_marked_in_both_texts() -> None:
    old, new = marked("It lasts three (3) years, no more.", "It lasts five (5) years.")
    assert "".join(text for text, _ in old) == "It lasts three (3) years, no more."
    assert "".join(text for text, _ in new) == "It lasts five (5) years."
    assert [text for text, differs in old if differs] == ["three (3) years, no more."]
    assert [text for text, differs in new if differs] == ["five (5) years."]
    assert marked("期限三年", "期限五年") == (
        (("期限", False), ("三", True), ("年", False)),
        (("期限", False), ("五", True), ("年", False)),
    )
    assert marked("", "New.") == ((), (("New.", True),))
