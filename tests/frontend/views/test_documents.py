"""The documents view: a job from the dropped files to the checked and exported table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from frontend.history.forgetting import Forgetting
from frontend.history.history import History
from frontend.history.review import Review
from frontend.history.work import Work
from frontend.workflows.fields import Field, FieldList, Kind, Language
from protos.inference_pb2 import GenerateRequest
from tests.fakes import contracts
from tests.fakes.backend import FakeBackend
from tests.fakes.pdf import Page, paragraph, pdf
from tests.fakes.waiting import wait_until
from tests.frontend.views.conftest import Opener, keyed, turn
from tests.frontend.views.test_page import htmls, texts

ANSWER = {
    "effective_date": ["March 14, 2019", "January 5, 2018"],  # a conflict
    "jurisdiction": "New York",
    "party": ["Larkspur Robotics, Inc.", "Tamarind Foods Limited"],
    "term": "nine years",  # nowhere in the text
    "assignment": None,
}


def contract(name: str) -> tuple[str, bytes, str]:
    """A PDF of as many pages as the agreement, different from every other one."""
    pages = (Page(paragraph(f"{name} {page}")) for page in range(len(contracts.AGREEMENT)))
    return f"{name}.pdf", pdf(*pages), "application/pdf"


FIRST, SECOND = contract("first"), contract("second")
LOCKED = ("locked.pdf", SECOND[1] + b"\n/Encrypt %%EOF", "application/pdf")


@pytest.fixture(autouse=True)
def agreements(backend: FakeBackend) -> None:
    backend.answer = json.dumps(ANSWER)
    for _, data, _ in (FIRST, SECOND):
        backend.page_texts[hashlib.sha256(data).hexdigest()] = contracts.AGREEMENT


def begin(page: AppTest, *files: tuple[str, bytes, str]) -> None:
    page.file_uploader[0].set_value(list(files)).run()
    page.button(key="start-job").click().run()
    assert not page.exception


def until(page: AppTest, true: Callable[[], bool]) -> None:
    """Looks again, as the page's clock would."""
    wait_until(true, look=page.run, why=lambda: f"it never came about: {progress(page)}")
    assert not page.exception


def finished(page: AppTest, files: int) -> None:
    until(page, lambda: f"{files} of {files} files done" in progress(page))


def progress(page: AppTest) -> str:
    return next((html for html in htmls(page) if 'data-testid="progress"' in html), "")


def grid(page: AppTest) -> Any:
    """What the table in the browser is given."""
    table = next(one for one in page.get("bidi_component") if "columns" in one.proto.json)
    return json.loads(table.proto.json)


def cell(page: AppTest, row: int, field: str) -> Any:
    return next(cell for cell in grid(page)["rows"][row]["cells"] if cell["field"] == field)


def look_at(page: AppTest, row: int, field: str) -> None:
    """As the address would after a click."""
    turn(page, file=str(grid(page)["rows"][row]["file"]), field=field)


def test_the_page_has_two_uses_and_the_address_keeps_the_one(open_page: Opener) -> None:
    page = open_page()
    keyed(page.button_group, "view").set_value("documents").run()
    assert page.query_params["view"] == "documents"
    assert "From a pile of contracts to a checked table" in texts(page)
    assert page.button(key="start-job").disabled
    assert "从一叠合同到核对过的表格" in texts(open_page(view="documents", lang="zh"))
    keyed(page.button_group, "view").set_value("ask").run()
    assert "view" not in page.query_params
    assert page.chat_input


def test_a_pile_of_files_becomes_a_table_with_marks(
    open_page: Opener, backend: FakeBackend
) -> None:
    page = open_page(view="documents")
    begin(page, FIRST, SECOND)
    finished(page, 2)
    shown = grid(page)
    assert [row["name"] for row in shown["rows"]] == ["first.pdf", "second.pdf"]
    assert shown["columns"][1]["heading"] == "Effective date"
    found = cell(page, 0, "jurisdiction")
    assert (found["value"], found["symbol"], found["word"]) == ("New York", "✓", "found · p. 2")
    assert cell(page, 0, "effective_date")["word"] == "conflict"
    assert cell(page, 0, "term")["word"] == "unverified"
    assert cell(page, 0, "assignment")["word"] == "not stated"
    again = open_page(view="documents", job=page.query_params["job"], lang="zh")
    assert cell(again, 1, "jurisdiction")["word"] == "已找到 · 第 2 页"
    assert backend.uploads == ["first.pdf", "second.pdf"]


def test_a_value_is_shown_on_its_page_and_judged(open_page: Opener) -> None:
    page = open_page(view="documents")
    begin(page, FIRST)
    finished(page, 1)
    look_at(page, 0, "jurisdiction")
    assert any("governed by the laws of the State of New York" in html for html in htmls(page))
    assert "Page 2 of 3" in texts(page)
    assert page.get("image")
    page.button(key="accept").click().run()
    assert cell(page, 0, "jurisdiction")["word"] == "accepted"
    look_at(page, 0, "term")
    assert "not found on any page" in "".join(one.value for one in page.warning)
    page.text_input[0].set_value("3 years")
    next(one for one in page.button if one.label == "Save").click().run()
    corrected = cell(page, 0, "term")
    assert (corrected["value"], corrected["was"], corrected["word"]) == (
        "3 years",
        "9 years",
        "corrected",
    )
    page.button(key="undo").click().run()
    assert cell(page, 0, "term")["word"] == "unverified"
    page.button(key="reject").click().run()
    assert cell(page, 0, "term")["word"] == "rejected"


def test_filters_show_what_is_left_to_check(open_page: Opener) -> None:
    page = open_page(view="documents")
    begin(page, FIRST)
    finished(page, 1)
    keyed(page.button_group, "filter").set_value("conflicts").run()
    assert page.query_params["show"] == "conflicts"
    assert not cell(page, 0, "effective_date")["other"]
    assert cell(page, 0, "jurisdiction")["other"]
    look_at(page, 0, "effective_date")
    options = [option.replace("\\", "") for option in page.radio[0].options]
    assert options == ["2019-03-14 · p. 1", "2018-01-05 · p. 1"]
    page.radio[0].set_value(1).run()
    page.button(key="accept").click().run()  # the one that is looked at
    assert any("2018-01-05</p>" in html for html in htmls(page))
    assert grid(page)["rows"] == []
    assert "No values contradict each other." in texts(page)
    keyed(page.button_group, "filter").set_value("all").run()
    page.button(key="next-value").click().run()
    assert page.query_params["field"] == "jurisdiction"
    page.button(key="close-evidence").click().run()
    assert "file" not in page.query_params


def test_a_bad_file_is_told_about_and_the_others_go_on(
    open_page: Opener, backend: FakeBackend
) -> None:
    page = open_page(view="documents")
    begin(page, FIRST, LOCKED, SECOND)
    assert "locked.pdf** · The PDF is locked." in texts(page)
    finished(page, 2)
    lost = next(iter(backend.media.values())).ref.sha256
    kept = {key: value for key, value in backend.media.items() if key[1] != lost}
    stored, backend.media = backend.media, kept
    look_at(page, 0, "term")
    turn(page, field=None)
    page.button(key="again-file").click().run()
    finished(page, 2)
    assert grid(page)["rows"][0]["sentence"] == "No such page."
    assert grid(page)["rows"][0]["retry"] == "Try again"
    assert "1 failed" in progress(page)
    backend.media = stored
    page.button(key="again-file").click().run()
    until(page, lambda: bool(grid(page)["rows"][0]["cells"]))


def test_a_job_is_stopped_and_goes_on(open_page: Opener, backend: FakeBackend) -> None:
    backend.start_delay = 30.0
    page = open_page(view="documents")
    begin(page, FIRST)
    page.button(key="stop-job").click().run()
    backend.start_delay = 0.0
    page.button(key="resume-job").click().run()
    finished(page, 1)


def test_an_address_of_a_table_that_is_gone_says_so(open_page: Opener) -> None:
    page = open_page(view="documents", job="gone")
    assert "There is no such table" in page.info[0].value


def test_own_lists_of_fields_are_offered_first(open_page: Opener, tmp_path: Path) -> None:
    open_page()
    history = History(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    own = FieldList("mine", "Our terms", Language.ENGLISH, (Field("term", "How long?", Kind.TEXT),))
    Review(history.database).save_fields("local", own.name, own.to_json())
    page = open_page(view="documents")
    assert keyed(page.selectbox, "work-fields").options[0] == "Our terms"
    assert "1 field" in [expander.label for expander in page.expander]
    begin(page, FIRST)
    finished(page, 1)
    assert [column["heading"] for column in grid(page)["columns"]] == ["File", "term"]
    assert Work(history.database).jobs("local")[0].title == "Our terms"
    history.close()


def test_a_list_of_fields_is_written_saved_renamed_and_deleted(open_page: Opener) -> None:
    page = open_page(view="documents")
    keyed(page.selectbox, "work-fields").set_value("lease").run()
    page.button(key="change-list").click().run()
    assert page.query_params["list"] == "lease.en"
    assert keyed(page.text_input, "list-title").value == "Lease, our own"
    keyed(page.text_input, "list-title").set_value("Our rents")
    keyed(page.selectbox, "row-1-kind").set_value("choice").run()
    page.button(key="save-list").click().run()
    assert [one.value for one in page.error] == ["Give the choices, between commas."]
    keyed(page.text_input, "row-1-choices").set_value("us, them").run()
    page.button(key="add-field").click().run()
    added = max(
        int(str(one.key).split("-")[1]) for one in page.text_input if "question" in str(one.key)
    )
    keyed(page.text_input, f"row-{added}-title").set_value("Pets")
    keyed(page.text_input, f"row-{added}-question").set_value("Are pets allowed?")
    keyed(page.selectbox, f"row-{added}-kind").set_value("yes_no")
    page.button(key="save-list").click().run()
    assert not page.exception
    assert "list" not in page.query_params
    assert keyed(page.selectbox, "work-fields").value == "our_rents"
    page.button(key="change-list").click().run()
    assert keyed(page.text_input, f"row-{added}-title").value == "Pets"
    keyed(page.text_input, "list-title").set_value("Our leases").run()
    page.button(key="save-list").click().run()
    options = keyed(page.selectbox, "work-fields").options
    assert (options[0], "Our rents" in options) == ("Our leases", False)
    page.button(key="change-list").click().run()
    page.button(key="delete-list").click().run()
    page.button(key="delete-list-now").click().run()
    assert "Our leases" not in keyed(page.selectbox, "work-fields").options


def test_a_list_that_is_looked_at_stays_chosen(open_page: Opener) -> None:
    page = open_page(view="documents")
    keyed(page.selectbox, "work-fields").set_value("lease").run()
    page.button(key="change-list").click().run()
    texts = [keyed(page.text_input, name) for name in ("list-title", "row-1-title")]
    assert all(text.value and text.proto.default == text.value for text in texts)
    page.button(key="close-list").click().run()
    assert keyed(page.selectbox, "work-fields").value == "lease"


def test_a_new_list_begins_empty_and_two_lists_have_two_names(open_page: Opener) -> None:
    page = open_page(view="documents", lang="zh")
    for problem in ([], ["已有同名清单。"]):
        page.button(key="new-list").click().run()
        page.button(key="save-list").click().run()
        assert [one.value for one in page.error] == ["请填写清单名称。"]
        keyed(page.text_input, "list-title").set_value("我们的条款")
        keyed(page.text_input, "row-1-title").set_value("通知期限")
        keyed(page.text_input, "row-1-question").set_value("须提前多久通知？")
        page.button(key="save-list").click().run()
        assert [one.value for one in page.error] == problem
    page.button(key="close-list").click().run()
    assert keyed(page.selectbox, "work-fields").options.count("我们的条款") == 1


def test_a_file_is_summed_up_and_its_sentences_open_their_pages(
    open_page: Opener, backend: FakeBackend
) -> None:
    page = open_page(view="documents")
    begin(page, FIRST)
    finished(page, 1)
    backend.answer = "1. Governed by the laws of the State of New York. [p. 1]\n2. Cats are nice."
    turn(page, file=str(grid(page)["rows"][0]["file"]))
    keyed(page.button_group, "summed").set_value("clauses").run()
    assert page.query_params["about"] == "clauses"

    def points() -> Any:
        kept = [one for one in page.get("bidi_component") if "points" in one.proto.json]
        return json.loads(kept[0].proto.json)["points"] if kept else None

    until(page, lambda: points() is not None)
    law, cats, heading, *quoted = points()
    assert (law["text"], law["page"]) == (
        "Governed by the laws of the State of New York.",
        "p. 2",
    )
    assert (cats["page"], cats["doubt"]) == ("", "not verified")
    assert heading["heading"]
    assert all(one["quote"] and one["page"] for one in quoted)
    assert "Page 1 of 3" in texts(page)
    turn(page, point="0")
    assert "Page 2 of 3" in texts(page)
    assert points()[0]["open"]
    keyed(page.button_group, "summed").set_value("dates").run()
    until(page, lambda: points() is not None)
    assert "Read from the contract's words; no model was asked." in texts(page)


def test_two_versions_are_compared_in_fields_and_clauses(
    open_page: Opener, backend: FakeBackend
) -> None:
    first, second, third = contracts.AGREEMENT
    longer = second.replace("three (3) years", "five (5) years")
    newer = hashlib.sha256(SECOND[1]).hexdigest()
    backend.page_texts[newer] = (first, longer, third)

    def answer(request: GenerateRequest) -> str:
        pages = list(request.messages[0].parts[0].media.pages)
        term = "5 years" if pages else "3 years"
        return json.dumps({"term": term, "jurisdiction": "New York", "party": []})

    backend.answer = answer
    page = open_page(view="documents")
    page.button_group(key="work-kind").set_value("versions").run()
    old, new = page.file_uploader
    old.set_value([FIRST])
    new.set_value([SECOND]).run()
    page.button(key="start-job").click().run()
    finished(page, 2)

    def shown(key: str) -> Any:
        kept = (one.proto.json for one in page.get("bidi_component") if key in one.proto.json)
        return json.loads(next(kept))["changes"]

    (term,) = shown('"value": "5 years"')
    assert (term["heading"], term["old"]["value"], term["new"]["page"]) == (
        "Term",
        "3 years",
        "p. 2",
    )
    (clause,) = shown('"kind": "changed", "old": {"text": [["2. Term')
    assert [text for text, differs in clause["old"]["text"] if differs] == ["three (3)"]
    assert [text for text, differs in clause["new"]["text"] if differs] == ["five (5)"]
    assert any("1 of 3 pages changed" in html for html in htmls(page))
    assert any("New version 3/3 pages read" in html for html in htmls(page))
    turn(page, file=str(grid(page)["rows"][1]["file"]), change="0")
    assert "Page 2 of 3" in texts(page)
    assert [request.messages[0].parts[0].media.pages[:] for request in backend.requests] == [
        [],
        [2],
    ]


def test_files_that_are_here_already_can_be_chosen_until_they_are_forgotten(
    open_page: Opener, backend: FakeBackend, tmp_path: Path
) -> None:
    page = open_page()
    page.file_uploader[0].set_value([FIRST, SECOND]).run()  # into a conversation
    turn(page, view="documents")
    (known,) = page.multiselect
    assert known.label == "Files that are here already"
    assert sorted(known.options) == ["first.pdf · 3 pages", "second.pdf · 3 pages"]
    sent = len(backend.uploads)
    known.select(hashlib.sha256(SECOND[1]).hexdigest()).run()
    assert page.button(key="start-job").label == "Read 1 file"
    page.button(key="start-job").click().run()
    finished(page, 1)
    assert [row["name"] for row in grid(page)["rows"]] == ["second.pdf"]
    assert len(backend.uploads) == sent
    history = History(f"sqlite:///{tmp_path / 'history.sqlite3'}")
    Forgetting(history.database).forget("local", hashlib.sha256(FIRST[1]).hexdigest())
    history.close()
    turn(page, job=None)
    assert page.multiselect[0].options == ["second.pdf · 3 pages"]


def test_two_versions_can_be_one_uploaded_and_one_that_is_here(open_page: Opener) -> None:
    page = open_page(view="documents")
    begin(page, FIRST)
    finished(page, 1)
    turn(page, job=None)
    page.segmented_control(key="work-kind").set_value("versions").run()
    assert page.button(key="start-job").disabled
    page.selectbox(key="known-old-1").set_value(hashlib.sha256(FIRST[1]).hexdigest()).run()
    page.file_uploader[1].set_value(SECOND).run()
    assert page.selectbox(key="known-new-1").disabled
    page.button(key="start-job").click().run()
    finished(page, 2)
    assert [row["name"] for row in grid(page)["rows"]] == ["first.pdf", "second.pdf"]
    assert "first.pdf → second.pdf" in " ".join(htmls(page))
