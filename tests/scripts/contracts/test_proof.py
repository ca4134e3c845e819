"""The proof of evidence: it lets through what stands on the page, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from frontend.messages import Word
from frontend.workflows.evidence import locate
from frontend.workflows.fields import Field, Kind
from frontend.workflows.findings import Value
from frontend.workflows.normal import normal
from frontend.workflows.paper import Box, Paper, Sheet
from scripts.contracts import proof
from scripts.lib import papers

PAGES = (
    "CONFIDENTIALITY AGREEMENT\nmade as of March 14, 2019 by\nLarkspur Robotics, Inc. and others",
    "It lasts for three (3) years.\nGoverned by the laws of New York.",
)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[proof.Pages]:
    path = tmp_path / "agreement.pdf"
    path.write_bytes(papers.pdf(PAGES))
    with proof.Pages(path) as opened:
        yield opened


def paper() -> Paper:
    """The words and boxes of the pages, as `papers.pdf` sets them: lines of 15 points."""
    sheets = []
    for number, text in enumerate(PAGES, start=1):
        words = []
        for line, row in enumerate(text.splitlines()):
            top = (792 - 740 + 15 * line - 11) / 792
            words += [Word(word, 0.1, top, 0.9, top + 14 / 792, line) for word in row.split()]
        sheets.append(Sheet(number, tuple(words)))
    return Paper(sheets)


def found(said: str, kind: Kind) -> Value:
    """A value with the evidence that contract work finds for it."""
    field = Field("field", "What?", kind)
    evidence = locate(said, field, paper())
    assert evidence.place is not None
    place = evidence.place
    return Value(
        said, normal(said, field), evidence.exactness, evidence.score, place.page,
        evidence.pages, place.text, place.quote, place.boxes,
    )  # fmt: skip


def whys(value: Value, kind: Kind, pages: proof.Pages) -> list[str]:
    return [doubt.why for doubt in proof.doubts(value, kind, pages)]


@pytest.mark.parametrize(
    ("said", "kind", "page"),
    [
        ("2019-03-14", Kind.DATE, 1),
        ("Larkspur Robotics Inc.", Kind.PARTIES, 1),
        ("3 years", Kind.DURATION, 2),
        ("36 months", Kind.DURATION, 2),
        ("New York", Kind.TEXT, 2),
    ],
)
def test_what_stands_on_its_page_is_proved(
    said: str, kind: Kind, page: int, pages: proof.Pages
) -> None:
    value = found(said, kind)

    assert value.page == page
    assert whys(value, kind, pages) == []


@pytest.mark.parametrize("page", [1, 3])
def test_a_wrong_page_is_caught(page: int, pages: proof.Pages) -> None:
    value = found("New York", Kind.TEXT)

    assert "the page does not say it" in whys(replace(value, page=page), Kind.TEXT, pages)


def test_words_that_mean_something_else_are_caught(pages: proof.Pages) -> None:
    date, term = found("2019-03-14", Kind.DATE), found("3 years", Kind.DURATION)

    assert whys(replace(date, normal="2019-03-15"), Kind.DATE, pages) == [
        "the words say something else"
    ]
    assert whys(replace(term, normal="2 years"), Kind.DURATION, pages) == [
        "the words say something else"
    ]


def test_a_box_elsewhere_is_caught(pages: proof.Pages) -> None:
    value = replace(found("New York", Kind.TEXT), boxes=(Box(2, 0.1, 0.5, 0.9, 0.6),))

    assert whys(value, Kind.TEXT, pages) == ["the boxes hold other words"]


def test_a_value_without_a_page_is_caught(pages: proof.Pages) -> None:
    assert whys(replace(found("New York", Kind.TEXT), page=None), Kind.TEXT, pages) == ["no page"]


def test_words_may_run_from_one_page_to_the_next(tmp_path: Path) -> None:
    path = tmp_path / "agreement.pdf"
    path.write_bytes(papers.pdf(["signed by Larkspur\n4", "Robotics Inc. and others"]))
    boxes = (Box(1, 0.1, 0.05, 0.9, 0.067), Box(2, 0.1, 0.05, 0.9, 0.067))
    value = replace(
        found("Larkspur Robotics Inc.", Kind.PARTIES), text="Larkspur Robotics Inc.", boxes=boxes
    )
    with proof.Pages(path) as opened:
        assert whys(value, Kind.PARTIES, opened) == []
        assert "the page does not say it" in whys(replace(value, page=2), Kind.PARTIES, opened)
