"""How contracts begin: what is said of parties and day stands there as it is said."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from scripts.reader import values
from scripts.reader.values import Value
from scripts.reader.writing import opening_en, opening_zh
from scripts.reader.writing.frame import frame
from scripts.reader.writing.paragraphs import Paragraph

NAMES = {
    "en": (Value("Acme Corp.", "Acme Corp"), Value("Birch LLC", "Birch LLC")),
    "zh": (
        Value("青山机械有限公司", "青山机械有限公司"),
        Value("白水贸易有限公司", "白水贸易有限公司"),
    ),
}
OPENINGS = {"en": opening_en.opening, "zh": opening_zh.opening}


def openings(language: str) -> list[list[Paragraph]]:
    made = []
    for seed in range(60):
        chance = Random(seed)
        day = values.dated(chance, date(2020, 5, 4), language)
        settled = frame(chance, language, "purchase")
        made.append(OPENINGS[language](chance, settled, NAMES[language], day, "C-1234"))
    return made


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_parties_are_named_and_said(language: str) -> None:
    for paragraphs in openings(language):
        text = "\n".join(one.text for one in paragraphs)
        said = {one.key: one for paragraph in paragraphs for _, one in paragraph.facts}
        for key, name in zip(("party_a", "party_b"), NAMES[language], strict=True):
            assert said[key].value == name
            assert name.written in said[key].sentence
            assert name.written in text
        assert set(said["party"].listed) == set(NAMES[language])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_day_is_said_where_it_is_written(language: str) -> None:
    dated = 0
    for paragraphs in openings(language):
        for paragraph in paragraphs:
            for start, said in paragraph.facts:
                if said.key == "effective_date":
                    assert said.value is not None
                    written = said.value.written.removeprefix("the ").removeprefix("this ")
                    assert written in paragraph.text[start:]
                    assert said.value.normal == "2020-05-04"
                    dated += 1
    assert 30 < dated < 60  # some contracts have none


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_number_is_said_if_it_is_shown(language: str) -> None:
    shown = 0
    for paragraphs in openings(language):
        said = {one.key for paragraph in paragraphs for _, one in paragraph.facts}
        is_shown = any("C-1234" in one.text for one in paragraphs)
        assert is_shown == ("contract_number" in said)
        shown += is_shown
    assert 0 < shown < 60
