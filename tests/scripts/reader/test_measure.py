"""An adapter that answers right is said to be right, whatever is measured."""

from __future__ import annotations

import json
from collections.abc import Sequence

from scripts.reader import replies
from scripts.reader.agreements import Agreement, Split
from scripts.reader.lessons import Desk
from scripts.reader.measure import Examiner
from tests.fakes import model

WORDS = model.tokenizer()
DESK = Desk(WORDS, model.template(WORDS), 257)
AGREEMENT = Agreement(
    "a.pdf",
    ("This agreement of June 4, 2005 is between Nike Inc. and Eric Sprunk under Oregon law.",),
    {
        "effective_date": ("2005-06-04",),
        "jurisdiction": ("Oregon",),
        "party": ("Nike Inc.", "Eric Sprunk"),
    },
)
RIGHT = {
    "effective_date": "2005-06-04",
    "jurisdiction": "Oregon",
    "party": ["Nike Inc.", "Eric Sprunk"],
    "term": None,
}


class Parrot(replies.Model):
    """Says the same to all."""

    def __init__(self) -> None:
        pass

    def answers(self, prompts: Sequence[list[int]], most: int) -> list[list[int]]:
        return [WORDS.encode(json.dumps(RIGHT)) for _ in prompts]


def test_right_answers_about_agreements_are_marked_as_right() -> None:
    split = Split(training=[], choosing=[AGREEMENT], validation=[AGREEMENT])
    scans = {"a.pdf": AGREEMENT.pages}
    examiner = Examiner(Parrot(), DESK, split, scans, lambda line: None, few=True)

    examiner.measure_briefly(1, 1)

    for title in ("choosing_agreements", "nda_1600", "nda_scanned"):
        assert examiner.figures[title]["all"]["f1"] == 100.0, title
    assert examiner.figures["choice"] >= 50.0
    assert examiner.figures["exam_zh"]["parsed"] == examiner.figures["exam_zh"]["papers"]
