"""Summaries: whole documents, and references that the pages support."""

from __future__ import annotations

import re

import pytest

from frontend.workflows.extraction import Plan
from frontend.workflows.fields import Language
from frontend.workflows.references import References, claimed_pages
from frontend.workflows.summary import Summarised, Summary, checked, summarise
from frontend.workflows.timeline import timeline
from tests.fakes.contracts import AGREEMENT, CHINESE, paper
from tests.fakes.reader import FakeReader, Reply, document

NDA = References(paper(*AGREEMENT))


def run(
    reply: Reply,
    *pages: str,
    about: Summarised = Summarised.CLAUSES,
    language: Language = Language.ENGLISH,
    plan: Plan | None = None,
) -> tuple[Summary, FakeReader]:
    fake = FakeReader(reply)
    paper = document(fake, *(pages or AGREEMENT))
    return summarise(fake, "local", paper, about, language, plan or Plan()), fake


@pytest.mark.parametrize(
    ("text", "plain", "pages"),
    [
        ("It lasts. [p. 3]", "It lasts.", (3,)),
        ("It lasts [pp. 3, 5].", "It lasts.", (3, 5)),
        ("It lasts (pages 3-5)", "It lasts", (3, 4, 5)),
        ("期限三年[第2页]。", "期限三年。", (2,)),
        ("期限三年（第 2、3 页）", "期限三年", (2, 3)),
        ("It cites [3] and (a).", "It cites [3] and (a).", ()),
    ],
)
def test_references_are_read_in_many_spellings(
    text: str, plain: str, pages: tuple[int, ...]
) -> None:
    assert claimed_pages(text) == (plain, pages)


def test_a_reference_that_the_page_supports_is_kept() -> None:
    said = "The agreement is governed by the laws of New York. [p. 2]"
    sentences, tally = checked(said, NDA)
    assert [(one.text, one.pages) for one in sentences] == [
        ("The agreement is governed by the laws of New York.", (2,))
    ]
    assert (tally.kept, tally.dropped, tally.added, tally.unsupported) == (1, 0, 0, 0)


def test_a_reference_to_the_wrong_page_is_dropped_and_the_right_one_found() -> None:
    sentences, tally = checked("- Governed by the laws of the State of New York [p. 3]", NDA)
    assert sentences[0].pages == (2,)
    assert (tally.kept, tally.dropped, tally.added) == (0, 1, 1)


def test_a_sentence_without_support_has_no_reference() -> None:
    sentences, tally = checked("The tenant pays a deposit for the garage [p. 1].", NDA)
    assert sentences[0].pages == ()
    assert (tally.dropped, tally.unsupported) == (1, 1)


def test_a_number_that_the_page_does_not_have_is_no_support() -> None:
    sentences, _ = checked("This Agreement remains in force for nine (9) years. [p. 2]", NDA)
    assert sentences[0].pages == ()


@pytest.mark.parametrize(
    ("said", "pages"),
    [
        ("有效期为3年，自2024年5月3日起。", (1,)),
        ("违约金为人民币100万元。", (2,)),
        ("违约金为人民币200万元。", ()),
    ],
)
def test_numbers_may_be_written_in_figures(said: str, pages: tuple[int, ...]) -> None:
    sentences, _ = checked(said, References(paper(*CHINESE)))
    assert sentences[0].pages == pages


def test_a_name_that_the_page_does_not_have_is_no_support() -> None:
    said = (
        "This Agreement is governed by the laws of the State of Ontario, Kingdom of Bavaria. [p. 2]"
    )
    sentences, _ = checked(said, NDA)
    assert sentences[0].pages == ()


def test_lines_that_were_only_wrapped_are_one_point_and_repetitions_are_dropped() -> None:
    said = (
        "- This Agreement remains in force for\n  three (3) years from the Effective Date. [p. 2]\n"
        "- This Agreement remains in force for three (3) years from the Effective Date. [p. 2]\n"
        "The parties signed\nthis Agreement."
    )
    sentences, tally = checked(said, NDA)
    assert [one.text for one in sentences] == [
        "This Agreement remains in force for three (3) years from the Effective Date.",
        "The parties signed this Agreement.",
    ]
    assert tally.kept == 1


def test_sentences_of_a_line_share_the_reference_at_its_end() -> None:
    said = (
        "1. The agreement remains in force for three (3) years. "
        "Larkspur may end it on thirty (30) days' notice. [p. 2]"
    )
    sentences, tally = checked(said, NDA)
    assert [(one.begins_point, one.pages) for one in sentences] == [(True, (2,)), (False, (2,))]
    assert tally.dropped == 0


def test_headings_need_no_support() -> None:
    sentences, tally = checked("## Key clauses\n**Term:**\n- In force for three (3) years.", NDA)
    assert [one.is_heading for one in sentences] == [True, True, False]
    assert tally.unsupported == 0


def test_a_short_document_is_asked_about_as_a_file() -> None:
    found, fake = run(lambda _: "- Governed by the laws of the State of New York. [p. 2]")
    assert found.text() == "- Governed by the laws of the State of New York. [p. 2]"
    assert found.coverage.line() == "3/3 pages read"
    (asked,) = fake.asked
    assert asked.files
    assert asked.schema is None
    assert "three key clauses" in asked.instruction


def test_a_long_document_is_read_window_by_window_and_summed_up() -> None:
    def reply(prompt: str) -> str:
        if "notes on all parts" in prompt:
            return "\n".join(re.findall(r"^note .*$", prompt, re.MULTILINE))
        number = re.findall(r"\[Page (\d)\]", prompt)[-1]
        return {
            "1": "note Larkspur Robotics, Inc. is a Delaware corporation. [p. 1]",
            "2": "note Governed by the laws of the State of New York. [p. 2]",
            "3": "note Parties have signed this Agreement in witness whereof. [p. 3]",
        }[number]

    seen: list[tuple[int, int]] = []
    fake = FakeReader(reply)
    found = summarise(
        fake,
        "local",
        document(fake, *AGREEMENT),
        Summarised.RISKS,
        Language.ENGLISH,
        Plan(window_tokens=130),
        done=lambda asked, of: seen.append((asked, of)),
    )
    assert len(fake.asked) == found.requests == len(seen) >= 3
    assert seen[-1][0] == seen[-1][1]
    assert {page for one in found.sentences for page in one.pages} >= {2, 3}
    assert all("risk" in asked.instruction for asked in fake.asked)


def test_notes_too_long_for_one_request_are_summed_up_in_rounds() -> None:
    pages = [f"Section {number}. " + "words of it\n" * 30 for number in range(1, 9)]
    rounds: list[str] = []

    def reply(prompt: str) -> str:
        rounds.append("notes" if "notes on all parts" in prompt else "window")
        return "short" if len(rounds) > 12 else "a note of some length about it\n" * 7

    run(reply, *pages, plan=Plan(window_tokens=150))
    assert rounds[:8] == ["window"] * 8
    assert rounds.count("notes") >= 2


def test_chinese_is_asked_and_answered_in_chinese() -> None:
    found, fake = run(
        lambda _: (
            "1. 有效期：本协议自二〇二四年五月三日起生效，有效期为三年。[第1页]\n"
            "2. 违约责任：违约方应支付违约金人民币壹佰万元整。[第1页]\n"
            "3. 适用法律：适用中华人民共和国法律。"
        ),
        *CHINESE,
        language=Language.CHINESE,
    )
    assert [one.pages for one in found.sentences] == [(1,), (2,), (2,)]
    assert (found.tally.kept, found.tally.dropped, found.tally.added) == (1, 1, 2)
    assert found.text().splitlines()[0].endswith("[第1页]")
    assert "请总结这份合同中的三个关键条款" in fake.asked[0].instruction


def test_the_timeline_lists_dates_in_order_and_periods_with_their_sentences() -> None:
    moments = timeline(paper(*AGREEMENT))
    assert [moment.normal for moment in moments if moment.is_date] == ["2018-01-05", "2019-03-14"]
    periods = {moment.normal: moment for moment in moments if not moment.is_date}
    assert set(periods) == {"5 years", "3 years", "30 days", "10 business days"}
    assert periods["30 days"].page == 2
    assert "written notice" in periods["30 days"].quote
    assert [box.page for box in periods["10 business days"].boxes] == [3]
