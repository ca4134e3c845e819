"""Facts in sentences, in the contract's language and for a summary in the other."""

from __future__ import annotations

from random import Random

from scripts.reader.facts import FACTS
from scripts.reader.values import Value
from scripts.reader.writing.frame import frame
from scripts.reader.writing.saying import say, say_value

BY_KEY = {fact.key: fact for fact in FACTS}


def test_a_value_stands_in_its_sentence_as_it_is_written() -> None:
    for seed in range(40):
        chance = Random(seed)
        said = say(chance, BY_KEY["jurisdiction"], frame(chance, "en", "services"))
        assert said.value is not None
        assert said.value.written in said.sentence
        assert said.value.written.lower() in said.brief.lower()


def test_a_flag_is_said_or_denied() -> None:
    fact = next(fact for fact in FACTS if fact.kind == "flag")
    for seed in range(20):
        said = say(Random(seed), fact, frame(Random(seed), "zh", "services"))
        clauses = fact.zh.says if said.truth else fact.zh.denies
        assert said.value is None
        assert said.sentence[:2] in clauses


def test_a_summary_in_the_other_language_has_the_value_in_that_language() -> None:
    said = say_value(
        Random(1), BY_KEY["term"], Value("2年", "2 years", 2), frame(Random(1), "zh", "services")
    )

    assert said.brief == "合同期限为2年。"
    assert said.abroad == "The agreement lasts 2 years."


def test_what_is_not_to_be_translated_is_not_said_abroad() -> None:
    fact = next(fact for fact in FACTS if fact.kind == "place")
    said = say(Random(2), fact, frame(Random(2), "zh", "lease"))

    assert said.abroad == ""
