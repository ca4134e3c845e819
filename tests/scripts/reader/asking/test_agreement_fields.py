"""Requests about labelled agreements have right answers."""

from __future__ import annotations

import json
from random import Random

from scripts.reader.asides import with_asides
from scripts.reader.asking import agreement_fields
from tests.fakes.agreement import ONE


def test_the_right_answer_holds_only_what_is_in_sight() -> None:
    for seed in range(30):
        asked = agreement_fields.ask(Random(seed), ONE)
        blind = json.loads(asked.right(lambda _: False))
        for value in blind.values():
            assert value in (
                None,
                "",
                [],
                {"value": None, "quote": None},
                {"value": "", "quote": None},
            )


def test_what_was_added_is_asked_for_and_answered_if_it_was_said() -> None:
    said = 0
    for seed in range(30):
        chance = Random(seed)
        other, asides = with_asides(chance, ONE)
        asked = agreement_fields.ask(chance, other, asides)
        for aside in asides:
            assert asked.answer[aside.name] == (
                aside.field.right if aside.written else aside.field.blank
            )
            assert all(written in "".join(other.pages) for written in aside.written)
            said += bool(aside.written)
    assert said > 10
