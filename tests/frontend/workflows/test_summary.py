"""Summaries: whole documents, and references that the pages support."""

from __future__ import annotations

import re

import pytest

from frontend.workflows.extraction import Plan
from frontend.workflows.fields import Language
from frontend.workflows.references import References, claimed_pages
from frontend.workflows.sentences import checked
from frontend.workflows.summarising import summarise
from frontend.workflows.summary import Summarised, Summary, read
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
        ("A breach costs USD 1,000.00.", ()),
        ("Fees of 1,000.00 USD are due.", (2,)),
        ("The fees are 3% of it.", ()),
        ("The fees are 5% of it.", (1,)),
        ("The salary rises by 5%.", ()),
    ],
)
def test_a_number_needs_something_of_its_sentence_beside_it(
    said: str, pages: tuple[int, ...]
) -> None:
    first, second, _ = AGREEMENT
    references = References(paper("The fees are five percent of the 3 prices.", f"{first}{second}"))
    sentences, _ = checked(said, references)
    assert sentences[0].pages == pages


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
    first, heading, *words = found.text().splitlines()
    assert first == "- Governed by the laws of the State of New York. [p. 2]"
    assert heading == "In the contract's own words"
    assert len(words) == 2  # to make it three
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
        Summarised.EXECUTIVE,
        Language.ENGLISH,
        Plan(window_tokens=130),
        done=lambda asked, of: seen.append((asked, of)),
    )
    assert len(fake.asked) == found.requests == len(seen) >= 3
    assert seen[-1][0] == seen[-1][1]
    assert {page for one in found.sentences for page in one.pages} >= {2, 3}
    assert all("executive summary" in asked.instruction for asked in fake.asked)


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


def lines(found: Summary) -> list[str]:
    return found.text().splitlines()


def test_a_sentence_that_stands_shows_where_it_stands() -> None:
    (one,), _ = checked("The agreement takes effect on 2019-03-14.", NDA)
    assert one.pages == (1,)
    assert "made effective as of March 14, 2019" in one.quote
    assert {box.page for box in one.boxes} == {1}


def test_a_document_of_one_page_supports_sentences_as_well() -> None:
    first, second, third = AGREEMENT
    one_page = References(paper(f"{first}\n{second}\n{third}"))
    for said, pages in (
        ("The agreement lasts 3 years.", (1,)),
        ("The law of New York applies.", (1,)),
        ("The agreement lasts 9 years.", ()),
        ("The salary is USD 1,000.00 a month.", ()),
    ):
        (sentence,), _ = checked(said, one_page)
        assert sentence.pages == pages, said


def test_dates_come_from_the_words_and_no_model_is_asked() -> None:
    found, fake = run(lambda _: "never", about=Summarised.DATES)
    assert fake.asked == []
    assert found.requests == 0
    told = lines(found)
    assert told[0] == "Dates"
    assert told[1].startswith("- 2018-01-05: “The Parties signed a letter")
    assert told[1].endswith("already.” [p. 1]")
    assert told[3] == "Periods and deadlines"
    assert all(one.is_verified and one.is_quoted and one.boxes for one in found.statements)


def test_duties_are_quoted_by_party_where_the_model_tells_none() -> None:
    found, fake = run(
        lambda _: "- The law of New York applies. [p. 1]", about=Summarised.OBLIGATIONS
    )
    assert len(fake.asked) == 1
    assert lines(found)[0] == "Each Party"
    assert lines(found)[1].startswith("- “Each Party shall keep the other's")
    assert "New York" not in found.text()


def test_duties_that_the_model_tells_and_the_pages_support_are_enough() -> None:
    said = (
        "- Each Party shall keep information secret for five (5) years. [p. 1]\n"
        "- Each Party must not disclose it. [p. 1]\n"
        "- The other Party must pay the fees of USD 1,000.00. [p. 2]"
    )
    found, _ = run(lambda _: said, about=Summarised.OBLIGATIONS)
    assert [one.is_quoted for one in found.sentences] == [False] * 3


def test_chinese_duties_and_risks_are_quoted() -> None:
    duties, _ = run(
        lambda _: "文件中没有说明。",
        *CHINESE,
        about=Summarised.OBLIGATIONS,
        language=Language.CHINESE,
    )
    assert lines(duties) == [
        "双方",
        "- “双方应对披露的全部资料严格保密，未经对方书面同意不得向第三方披露。” [第1页]",
        "违约方",
        "- “违约方应向守约方支付违约金人民币壹佰万元整。” [第2页]",
    ]
    risks, _ = run(lambda _: "无", *CHINESE, about=Summarised.RISKS, language=Language.CHINESE)
    assert "- 违约金：“违约方应向守约方支付违约金人民币壹佰万元整。” [第2页]" in lines(risks)


def test_what_no_page_supports_is_marked_and_the_words_make_up_for_it() -> None:
    found, _ = run(lambda _: "- Cats are nice.\n- The term is three (3) years. [p. 2]")
    assert lines(found)[0] == "- Cats are nice. [not verified]"
    assert [one.is_verified for one in found.statements].count(True) == 3
    assert found.tally.unsupported == 1


def test_a_model_that_says_nothing_leaves_it_to_the_words() -> None:
    found, _ = run(lambda _: "The document does not say.")
    assert [line.split(":")[0] for line in lines(found)] == [
        "- Confidentiality",
        "- Term",
        "- Termination",
    ]
    assert found == read(found.to_json())


def test_a_small_model_is_asked_about_groups_of_pages_and_code_puts_them_together() -> None:
    def reply(prompt: str) -> str:
        told = {
            "MUTUAL": "It takes effect on 2019-03-14. [p. 1]",
            "Governing": "The term is three (3) years. [p. 2]\nThe law of New York applies.",
            "WITNESS": "Cats are nice. [p. 3]\nThe law of Ohio applies.\n"
            "Payment is due within ten (10) business days.",
        }
        return "\n".join(said for word, said in told.items() if word in prompt)

    fake = FakeReader(reply, together=1)
    paper = document(fake, *AGREEMENT)
    seen: list[tuple[int, int]] = []
    found = summarise(
        fake,
        "local",
        paper,
        Summarised.CLAUSES,
        Language.ENGLISH,
        Plan(),
        done=lambda asked, of: seen.append((asked, of)),
    )
    assert [asked.files[0].pages for asked in fake.asked] == [(1,), (2,), (3,)]
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert lines(found) == [
        "- The term is three (3) years. [p. 2]",
        "- The law of New York applies. [p. 2]",
        "- Payment is due within ten (10) business days. [p. 3]",
    ]


def test_a_small_model_is_asked_briefly() -> None:
    _, fake = run(lambda _: "It lasts.")
    assert fake.asked[0].instruction == "Summarise the three key clauses."
    _, fake = run(lambda _: "It lasts.", plan=Plan(window_tokens=9_000))
    assert "End every sentence with the page" in fake.asked[0].instruction


def test_the_timeline_lists_dates_in_order_and_periods_with_their_sentences() -> None:
    moments = timeline(paper(*AGREEMENT))
    assert [moment.normal for moment in moments if moment.is_date] == ["2018-01-05", "2019-03-14"]
    periods = {moment.normal: moment for moment in moments if not moment.is_date}
    assert set(periods) == {"5 years", "3 years", "30 days", "10 business days"}
    assert periods["30 days"].page == 2
    assert "written notice" in periods["30 days"].quote
    assert [box.page for box in periods["10 business days"].boxes] == [3]
