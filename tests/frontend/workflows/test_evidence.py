"""Evidence: what is in the document is found where it stands, what is not is not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pypdfium2
import pytest

from frontend.messages import Word
from frontend.workflows.evidence import Exactness, Place, locate, locate_quote
from frontend.workflows.fields import Field, Kind
from frontend.workflows.paper import Paper, Sheet
from tests.fakes.contracts import AGREEMENT, CHINESE, LINE_HEIGHT, paper
from tests.fakes.growth import keeps_up

SHARED = Path(__file__).parents[3].parent / "shared" / "data" / "nda"
DATE = Field("effective_date", "When?", Kind.DATE, cues=("effective", "as of"))
LAW = Field("jurisdiction", "Which law?", cues=("laws of", "governed"))
PARTY = Field("party", "Who?", Kind.PARTIES, cues=("between",))
TERM = Field("term", "How long?", Kind.DURATION, cues=("term", "remains in force"))
FEE = Field("fee", "How much?", Kind.MONEY)
NDA = paper(*AGREEMENT, "There is no more.")
ZH = paper(*CHINESE)


@pytest.mark.parametrize(
    ("value", "field", "page", "text"),
    [
        ("2019-03-14", DATE, 1, "March 14, 2019"),
        ("New York", LAW, 2, "New York"),
        ("Larkspur Robotics Inc.", PARTY, 1, "Larkspur Robotics, Inc"),
        ("Tamarind Foods Ltd.", PARTY, 1, "Tamarind Foods Limited"),
        ("3 years", TERM, 2, "three (3) years"),
        ("three years", TERM, 2, "three (3) years"),
        ("USD 1000.00", FEE, 2, "USD 1,000.00"),
    ],
)
def test_a_value_in_normal_form_is_found_in_its_spelling(
    value: str, field: Field, page: int, text: str
) -> None:
    found = locate(value, field, NDA)
    assert found.exactness is Exactness.VERBATIM
    assert found.place is not None
    assert (found.place.page, found.place.text) == (page, text)
    assert text in found.place.quote


@pytest.mark.parametrize(
    ("value", "field", "page", "text"),
    [
        ("2024-05-03", DATE, 1, "二〇二四年五月三日"),
        ("3 years", TERM, 1, "三年"),
        ("CNY 1000000.00", FEE, 2, "人民币壹佰万元整"),
        ("上海云帆贸易有限公司", PARTY, 1, "上海云帆贸易有限公司"),
        ("中华人民共和国", LAW, 2, "中华人民共和国"),
    ],
)
def test_chinese_values_are_found_too(value: str, field: Field, page: int, text: str) -> None:
    found = locate(value, field, ZH)
    assert found.exactness is Exactness.VERBATIM
    assert found.place is not None
    assert (found.place.page, found.place.text) == (page, text)


def test_the_box_of_a_part_of_a_chinese_line_is_that_part() -> None:
    place = locate("上海云帆贸易有限公司", PARTY, ZH).place
    assert place is not None
    (box,) = place.boxes
    assert box.left == pytest.approx(0.05 + 3 * 0.01)  # after the three characters before it
    assert box.right == pytest.approx(0.05 + 13 * 0.01)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("2019-03-15", DATE),
        ("Texas", LAW),
        ("York New", LAW),
        ("or", LAW),  # only inside of words
        ("Tamarind Motors Inc.", PARTY),
        ("30 years", TERM),
        ("USD 1001.00", FEE),
        ("1,00", LAW),  # only a part of a number
        ("000.00", LAW),
        ("", LAW),
        ("no", LAW),  # it stands somewhere in any text
    ],
)
def test_what_is_not_there_is_not_found(value: str, field: Field) -> None:
    assert locate(value, field, NDA).exactness is Exactness.ABSENT


def test_of_several_places_the_one_among_its_cues_is_shown() -> None:
    twice = paper("A New York company and others.", "Governed by the laws of New York.", "New York")
    found = locate("New York", LAW, twice)
    assert found.place is not None
    assert found.place.page == 2
    assert found.pages == (1, 2, 3)


def test_a_quote_runs_over_lines_and_hyphens_with_a_box_for_each_line() -> None:
    found = locate_quote("keep the other’s information secret", NDA)
    assert found.exactness is Exactness.VERBATIM
    assert found.place is not None
    first, second = found.place.boxes
    assert second.top - first.top == pytest.approx(LINE_HEIGHT)
    assert (first.page, second.page) == (1, 1)


def test_a_quote_runs_over_a_page_break_and_its_page_number() -> None:
    found = locate_quote("Fees of USD 1,000.00 are due to the other Party within ten", NDA)
    assert found.exactness is Exactness.VERBATIM
    assert found.place is not None
    assert [box.page for box in found.place.boxes] == [2, 2, 3]


@pytest.mark.parametrize(
    "read",
    [
        "Larkspur Robotlcs, lnc.",
        "Larkspur Robotics lnc",
        "Larkspur  Ro botics, Inc,",
        "Larkspur Robotiqs, Inc.",
        "Larkspur Robotics, Inc. ",
    ],
)
def test_what_recognition_gets_wrong_is_near(read: str) -> None:
    scan = paper(f"between {read} and another")
    found = locate("Larkspur Robotics Inc.", PARTY, scan)
    assert found.exactness is not Exactness.ABSENT
    assert found.place is not None
    assert found.place.text.startswith("Larkspur")


def test_the_pairs_that_recognition_mixes_up_are_tolerated() -> None:
    found = locate("Modern Farming Ltd.", PARTY, paper("with Modem Farrning Ltd. of Leeds"))
    assert found.exactness is Exactness.NEAR
    assert found.place is not None
    assert found.place.text == "Modem Farrning Ltd"


def test_a_misread_date_is_near_and_another_date_is_absent() -> None:
    scan = paper("made as of March l4, 2O19 by")
    assert locate("2019-03-14", DATE, scan).exactness is Exactness.NEAR
    assert locate("2019-03-17", DATE, scan).exactness is Exactness.ABSENT
    assert locate("2013-03-14", DATE, scan).exactness is Exactness.ABSENT


@pytest.mark.parametrize(
    ("value", "kind", "text", "exactness"),
    [
        ("39900", Kind.TEXT, "39,900", Exactness.VERBATIM),
        ("39900", Kind.MONEY, "USD 39,900.00", Exactness.NEAR),
        ("7.5%", Kind.TEXT, "7.5 per cent", Exactness.VERBATIM),
        ("24%", Kind.TEXT, "百分之二十四", Exactness.VERBATIM),
    ],
)
def test_numbers_are_found_however_they_are_written(
    value: str, kind: Kind, text: str, exactness: Exactness
) -> None:
    found = locate(value, Field("f", "How much?", kind), paper(f"It is {text} in all."))
    assert found.exactness is exactness
    assert found.place is not None
    assert found.place.text == text


def test_an_ambiguous_date_is_only_near() -> None:
    assert locate("2021-03-04", DATE, paper("on 03/04/2021")).exactness is Exactness.NEAR


def test_twelve_months_are_near_to_one_year() -> None:
    found = locate("1 year", TERM, paper("for twelve (12) months"))
    assert found.exactness is Exactness.NEAR


def test_a_quote_that_loses_a_not_or_changes_a_number_is_not_found() -> None:
    page = paper("The Party shall not disclose it to any third person for 5 years after the end.")
    said = "The Party shall disclose it to any third person for 5 years after the end."
    assert locate_quote(said, page).exactness is Exactness.ABSENT
    said = "The Party shall not disclose it to any third person for 6 years after the end."
    assert locate_quote(said, page).exactness is Exactness.ABSENT
    said = "The Party shal not disclose it to any thrid person for 5 years after the end."
    assert locate_quote(said, page).exactness is Exactness.NEAR


def test_a_quote_says_which_of_two_places_is_meant() -> None:
    page = paper("The term is two years.\nThe warranty is two years.")
    quote = locate_quote("The warranty is two years", page).place
    assert isinstance(quote, Place)
    plain, told = locate("2 years", TERM, page), locate("2 years", TERM, page, near=quote)
    assert plain.place is not None
    assert told.place is not None
    assert plain.place.quote.startswith("The term")
    assert told.place.quote == "The warranty is two years."


def test_a_sentence_is_quoted_whole() -> None:
    place = locate("3 years", TERM, NDA).place
    assert place is not None
    assert place.quote == (
        "This Agreement remains in force for three (3) years from the Effective Date."
    )


def test_a_quote_that_is_cut_is_cut_between_words() -> None:
    place = locate(
        "3 years", TERM, paper("and further " * 60 + "three (3) years" + " and so on" * 60)
    )
    assert place.place is not None
    quote = place.place.quote
    assert quote.startswith(("…and", "…further"))
    assert quote.endswith(("and…", "so…", "on…"))
    assert len(quote) < 330


def test_the_search_of_a_contract_grows_with_its_length_alone() -> None:
    filler = "The Receiving Party shall use reasonable care in all of its other affairs.\n" * 42
    papers = {pages: paper(*[filler] * pages, *AGREEMENT, *[filler] * pages) for pages in (3, 24)}
    for long in papers.values():
        long.skeleton.blurred.letters, long.dates, long.durations  # noqa: B018 - built once
    said = "Fees of USD 1,000.00 are due to the othcr Party within tcn (10) businass days"
    assert keeps_up(lambda pages: locate_quote(said, papers[pages]), 3)
    assert locate_quote(said, papers[24]).exactness is Exactness.NEAR
    assert locate("Nobody At All Inc.", PARTY, papers[24]).exactness is Exactness.ABSENT


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not there")
def test_nearly_every_label_of_real_agreements_is_located() -> None:
    fields = {field.name: field for field in (DATE, LAW, PARTY, TERM)}
    found: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    for row in (SHARED / "labels.jsonl").read_text().splitlines()[::16]:
        content = json.loads(row)
        document = Paper(_sheets(SHARED / "pdf" / content["file"]))
        for name, values in content["labels"].items():
            for value in values:
                labels[name] += 1
                found[name] += locate(value, fields[name], document).exactness is (
                    Exactness.VERBATIM
                )
    assert found["jurisdiction"] == labels["jurisdiction"]
    assert found["party"] >= 0.9 * labels["party"]
    assert found.total() >= 0.9 * labels.total()


def _sheets(path: Path) -> list[Sheet]:
    """The words of a PDF's text layer, without places."""
    document = pypdfium2.PdfDocument(path)
    sheets = []
    for number, page in enumerate(document, start=1):
        text = page.get_textpage().get_text_range()
        words = [
            Word(word, 0.1, line / 1000, 0.2, (line + 1) / 1000, line)
            for line, row in enumerate(text.splitlines())
            for word in row.replace("\ufffe", "-").split()
        ]
        sheets.append(Sheet(number, tuple(words)))
    document.close()
    return sheets
