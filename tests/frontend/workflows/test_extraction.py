"""One document and a list of fields: every field ends with a state, and evidence decides it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from frontend.messages import BackendError
from frontend.workflows import findings
from frontend.workflows.extraction import Plan, extract
from frontend.workflows.fields import Field, FieldList, Form, Kind, Language
from frontend.workflows.findings import Extraction, State
from frontend.workflows.halt import Halt, Halted
from frontend.workflows.reader import Answer
from tests.fakes.contracts import AGREEMENT, CHINESE
from tests.fakes.reader import FakeReader, Reply, document

FIELDS = FieldList(
    "test",
    "Test",
    Language.ENGLISH,
    (
        Field("effective_date", "When?", Kind.DATE, cues=("effective",)),
        Field("party", "Who?", Kind.PARTIES),
        Field("term", "How long?", Kind.DURATION),
        Field("mutual", "Both sides?", Kind.YES_NO),
    ),
)
RIGHT: dict[str, Any] = {
    "effective_date": "2019-03-14",
    "party": ["Larkspur Robotics Inc.", "Tamarind Foods Ltd."],
    "term": "three years",
    "mutual": None,
}
NOTHING: dict[str, Any] = {"effective_date": None, "party": [], "term": None, "mutual": None}


def run(
    reply: Reply, *pages: str, plan: Plan | None = None, fields: FieldList = FIELDS, **reader: Any
) -> tuple[Extraction, FakeReader]:
    fake = FakeReader(reply, **reader)
    found = extract(fake, "local", document(fake, *(pages or AGREEMENT)), fields, plan or Plan())
    return found, fake


def states(found: Extraction) -> dict[str, State]:
    return {finding.field: finding.state for finding in found.findings}


def test_a_right_answer_is_found_with_pages_and_quotes() -> None:
    found, fake = run(lambda _: RIGHT)
    assert states(found) == {
        "effective_date": State.FOUND,
        "party": State.FOUND,
        "term": State.FOUND,
        "mutual": State.NOT_STATED,
    }
    term = found.finding("term")
    assert term is not None
    (value,) = term.values
    assert (value.normal, value.said, value.page) == ("3 years", "three years", 2)
    assert "three (3) years" in value.quote
    assert value.boxes[0].page == 2
    assert found.coverage.line() == "3/3 pages read"
    assert found.coverage.line(Language.CHINESE) == "已读 3/3 页"
    (asked,) = fake.asked
    assert asked.files[0].filename == "contract.pdf", "the file goes as it is"
    assert "How long?" in asked.instruction


def test_what_the_pages_do_not_say_is_unverified() -> None:
    found, _ = run(lambda _: RIGHT | {"effective_date": "2020-01-01", "mutual": "yes"})
    assert states(found)["effective_date"] is State.UNVERIFIED
    assert states(found)["mutual"] is State.UNVERIFIED
    finding = found.finding("effective_date")
    assert finding is not None
    assert finding.values[0].shown == "2020-01-01", "it is shown all the same"
    assert finding.values[0].page is None


def test_one_invented_party_makes_the_list_unverified_and_shows_which() -> None:
    found, _ = run(lambda _: RIGHT | {"party": ["Larkspur Robotics Inc.", "Nobody LLC"]})
    finding = found.finding("party")
    assert finding is not None
    assert finding.state is State.UNVERIFIED
    assert [value.page for value in finding.values] == [1, None]


def test_a_yes_is_verified_by_the_passage_it_comes_with() -> None:
    answer: dict[str, Any] = {
        name: {"value": value, "quote": None} for name, value in NOTHING.items()
    }
    answer["mutual"] = {
        "value": "yes",
        "quote": "Each Party shall keep the other's information secret",
    }
    found, fake = run(lambda _: answer, plan=Plan(quotes=True))
    finding = found.finding("mutual")
    assert finding is not None
    assert (finding.state, finding.shown, finding.values[0].page) == (State.FOUND, "yes", 1)
    assert fake.asked[0].schema is not None
    assert "quote" in json.dumps(fake.asked[0].schema)


def test_every_page_is_asked_about_in_windows_and_the_values_are_united() -> None:
    def reply(instruction: str) -> dict[str, Any]:
        answer = dict(NOTHING)
        if "March 14" in instruction:
            answer |= {"effective_date": "2019-03-14", "party": ["Larkspur Robotics Inc."]}
        if "three (3) years" in instruction:
            answer |= {"term": "3 years", "party": ["Larkspur Robotics, Inc."]}
        return answer

    found, fake = run(reply, plan=Plan(window_tokens=110))
    assert found.windows == len(fake.asked) >= 3
    for number in (1, 2, 3):
        assert any(f"[Page {number}]" in asked.instruction for asked in fake.asked)
    assert not any(asked.files for asked in fake.asked)
    finding = found.finding("party")
    assert finding is not None
    assert finding.shown == "Larkspur Robotics Inc.", "twice the same is once"
    assert states(found)["term"] is State.FOUND


def test_windows_that_contradict_each_other_are_a_conflict_with_both_pages() -> None:
    pages = ("The term is two (2) years.\n" * 20, "The term is five (5) years.\n" * 20)
    found, _ = run(
        lambda text: NOTHING | {"term": "5 years" if "five (5)" in text else "2 years"},
        *pages,
        plan=Plan(window_tokens=170),
    )
    finding = found.finding("term")
    assert finding is not None
    assert finding.state is State.CONFLICT
    assert [(value.normal, value.page) for value in finding.values] == [
        ("2 years", 1),
        ("5 years", 2),
    ]


def test_an_invention_of_one_window_is_no_conflict() -> None:
    pages = ("The term is two (2) years.\n" * 20, "Nothing is said here about it.\n" * 20)
    found, _ = run(
        lambda text: NOTHING | {"term": "9 years" if "Nothing is" in text else "2 years"},
        *pages,
        plan=Plan(window_tokens=170),
    )
    assert states(found)["term"] is State.FOUND


def test_noise_is_no_value_and_no_proof_that_a_field_is_not_stated() -> None:
    found, _ = run(lambda _: NOTHING | {"term": ")}]]]]]]]]]]]]]]]]"})
    term = found.finding("term")
    assert term is not None
    assert (term.state, term.values) == (State.UNVERIFIED, ())


def test_a_value_is_written_in_the_form_of_its_field() -> None:
    field = Field("term", "How long?", Kind.DURATION, form=Form.MONTHS)
    fields = FieldList("x", "X", Language.ENGLISH, (field,))
    fake = FakeReader(lambda _: {"term": "three (3) years"})
    found = extract(fake, "local", document(fake, *AGREEMENT), fields, Plan())
    term = found.finding("term")
    assert term is not None
    assert (term.shown, term.state, term.values[0].page) == ("36 months", State.FOUND, 2)


def test_an_answer_that_is_no_json_is_asked_for_again() -> None:
    answers = iter([Answer('{"term": "3 ye', complete=False), Answer("Sure!"), RIGHT])
    found, fake = run(lambda _: next(answers))
    assert states(found)["term"] is State.FOUND
    assert found.retries == 2
    first, second, third = fake.asked
    assert second.max_tokens == 2 * first.max_tokens, "the first was cut off"
    assert third.instruction != first.instruction


def test_talk_around_the_json_is_let_pass() -> None:
    found, _ = run(lambda _: f"Here it is:\n```json\n{json.dumps(RIGHT)}\n```")
    assert states(found)["effective_date"] is State.FOUND
    assert found.retries == 0


def test_a_model_that_never_answers_leaves_every_field_unverified() -> None:
    found, fake = run(lambda _: "I cannot do that.")
    assert set(states(found).values()) == {State.UNVERIFIED}
    assert len(fake.asked) == 3
    assert found.coverage.line() == "0/3 pages read"


def test_silence_of_the_other_windows_is_no_proof_that_a_field_is_not_stated() -> None:
    found, _ = run(
        lambda text: "?" if "[Page 2]" in text else NOTHING, plan=Plan(window_tokens=190)
    )
    assert set(states(found).values()) == {State.UNVERIFIED}
    assert 2 in found.coverage.missed


def test_a_window_that_is_too_long_after_all_is_halved() -> None:
    def reply(instruction: str) -> dict[str, Any] | BackendError:
        if len(instruction) > 800:
            return BackendError("bad_input", "Too long.", code="context_length_exceeded")
        return NOTHING | ({"term": "3 years"} if "three (3) years" in instruction else {})

    found, _ = run(reply, plan=Plan(window_tokens=200))
    assert states(found)["term"] is State.FOUND
    assert found.windows > 3
    assert found.coverage.missed == ()


def test_a_file_that_is_too_long_after_all_goes_in_windows() -> None:
    def reply(instruction: str) -> dict[str, Any] | BackendError:
        if "[Page" not in instruction:
            return BackendError("bad_input", "Too long.", code="context_length_exceeded")
        return RIGHT

    assert states(run(reply)[0])["term"] is State.FOUND


def test_a_refusal_is_the_callers() -> None:
    with pytest.raises(BackendError, match="gone"):
        run(lambda _: BackendError("unavailable", "It is gone."))


def test_a_damaged_page_is_missing_from_the_coverage_only() -> None:
    fake = FakeReader(lambda _: RIGHT)
    ref = fake.add(*AGREEMENT)
    fake.unreadable = frozenset({(ref.sha256, 3)})
    found = extract(fake, "local", document(fake, *AGREEMENT), FIELDS, Plan())
    assert found.coverage.line() == "2/3 pages read"
    assert states(found)["term"] is State.FOUND


def test_a_chinese_contract_is_asked_about_in_chinese() -> None:
    fields = FieldList("t", "测试", Language.CHINESE, FIELDS.fields)
    answer = {
        "effective_date": "2024年5月3日",
        "party": ["北京天元科技有限公司", "上海云帆贸易有限公司"],
        "term": "三年",
        "mutual": None,
    }
    found, fake = run(lambda _: answer, *CHINESE, fields=fields)
    assert states(found)["party"] is State.FOUND
    assert found.findings[0].shown == "2024-05-03"
    assert found.findings[2].shown == "3 years"
    assert "合同" in fake.asked[0].instruction


def test_words_that_the_page_does_not_show_are_told_and_prove_nothing() -> None:
    hidden = " " * 99 + "The law is that of Mars."
    found, _ = run(lambda _: NOTHING | {"term": "nine years"}, f"Plain words.\n{hidden}")
    assert [(one.page, one.text, one.why) for one in found.hidden] == [
        (1, "The law is that of Mars.", "off_page")
    ]
    found, _ = run(lambda _: NOTHING | {"term": "nine years"}, " " * 99 + "for nine years")
    assert states(found)["term"] is State.UNVERIFIED


def test_stopping_ends_it_between_windows() -> None:
    halt = Halt()
    fake = FakeReader(lambda _: NOTHING)
    paper = document(fake, *AGREEMENT)
    with pytest.raises(Halted):
        extract(
            fake,
            "local",
            paper,
            FIELDS,
            Plan(window_tokens=150),
            done=lambda asked, of: halt.stop(),
            halt=halt,
        )
    assert len(fake.asked) == 1


def test_an_extraction_survives_json() -> None:
    found, _ = run(lambda _: RIGHT | {"effective_date": "2020-01-01"})
    assert findings.read(found.to_json()) == found
