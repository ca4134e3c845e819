"""How fields are asked of a document: the passages that may hold them, and the words to ask with.

Training and serving lay their prompts out here, so that the model meets what it was trained on.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from backend.prompt.clues import CLUES
from backend.prompt.fields import Field
from backend.prompt.passages import Passage, cue_score, terms, within

# Tokens of a document in one prompt. Of 186 values that 51 agreements hold, 1,000 leave out 10,
# 1,600 one and 2,400 none, but reading those takes half as long again.
READING = 1_600

# Shares of the budget. Who, when and between whom stand at the beginning; the end may hold the
# signatures. Between them every field has its own passages, so that no field is crowded out.
OPENING = 0.15
HEAD = 0.30
TAIL = 0.08
ROUNDS = 3  # passages of a field before the end's share and the best of the rest

ASK = "Answer with JSON, these fields in this order:"
ASK_ZH = "请用JSON回答，依次包含以下字段："
DEFAULT = "Read these fields from the document."
DEFAULT_ZH = "请从文件中提取以下字段。"

_CJK = re.compile(r"[\u3400-\u9fff]")
_CLOSED = re.compile(r"[.;:!?。；：！？]\W*$")
_CUE_WEIGHT = 1.2  # of a field's cues, beside a lexical score scaled to 1
_SATURATION, _LENGTH = 1.2, 0.75  # BM25's k1 and b


def question(instruction: str, asked: Sequence[Field]) -> str:
    """What stands after the document: the user's words, then the fields."""
    listing = "\n".join(field.line for field in asked)
    is_chinese = _CJK.search(instruction or listing) is not None
    instruction = instruction.strip() or (DEFAULT_ZH if is_chinese else DEFAULT)
    return f"{instruction}\n\n{ASK_ZH if is_chinese else ASK}\n{listing}"


def preference(passages: Sequence[Passage], asked: Sequence[Field], budget: int) -> list[int]:
    """Every passage's place, the most wanted first."""
    ranked = _Ranking(passages, asked)
    order: dict[int, None] = dict.fromkeys(range(min(1, len(passages))))

    def add(places: Sequence[int]) -> None:
        order.update(dict.fromkeys(places))

    add(within(passages, range(len(passages)), budget * OPENING))
    best = [ranked.best(field) for field in range(len(asked))]
    add([places[0] for places in best if places])
    add([beside for places in best if places for beside in _sentence(passages, places[0])])
    add(within(passages, range(len(passages)), budget * HEAD))
    for number in range(1, ROUNDS):
        add([places[number] for places in best if len(places) > number])
        if number == 1:
            add(within(passages, range(len(passages) - 1, -1, -1), budget * TAIL))
    add(ranked.overall())
    return list(order)


class _Ranking:
    """How well every passage answers every field."""

    def __init__(self, passages: Sequence[Passage], asked: Sequence[Field]) -> None:
        counts = [Counter(terms(passage.text)) for passage in passages]
        mean = sum(counted.total() for counted in counts) / max(1, len(counts)) or 1.0
        holders = Counter(term for counted in counts for term in counted)
        self._scores = [
            self._of(field, passages, counts, mean, holders) for field in asked
        ]  # by field and passage

    @staticmethod
    def _of(
        field: Field,
        passages: Sequence[Passage],
        counts: Sequence[Counter[str]],
        mean: float,
        holders: Counter[str],
    ) -> list[float]:
        wanted = [term for term in dict.fromkeys(terms(field.query)) if term in holders]
        rarity = {
            term: math.log(1 + (len(passages) - holders[term] + 0.5) / (holders[term] + 0.5))
            for term in wanted
        }
        lexical = [
            sum(
                rarity[term]
                * counted[term]
                * (_SATURATION + 1)
                / (counted[term] + _SATURATION * (1 - _LENGTH + _LENGTH * counted.total() / mean))
                for term in wanted
                if term in counted
            )
            for counted in counts
        ]
        most = max(lexical, default=0.0) or 1.0
        clues = [clue for clue in CLUES if clue.asked.search(field.query)]
        return [
            score / most
            + _CUE_WEIGHT * sum(cue_score(clue, passage) for clue in clues) / max(1, len(clues))
            for score, passage in zip(lexical, passages, strict=True)
        ]

    def best(self, field: int) -> list[int]:
        """Places that say something of a field, the best first."""
        scores = self._scores[field]
        places = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
        return [place for place in places[:ROUNDS] if scores[place] > 0]

    def overall(self) -> list[int]:
        """Every place, by what it says of all fields together."""
        if not self._scores:
            return []
        total = [sum(column) for column in zip(*self._scores, strict=True)]
        return sorted(range(len(total)), key=lambda place: (-total[place], place))


def _sentence(passages: Sequence[Passage], place: int) -> list[int]:
    """The neighbours that a passage's first and last sentence reach into."""
    beside = []
    if place + 1 < len(passages) and not _CLOSED.search(passages[place].text):
        beside.append(place + 1)
    if place > 0 and not _CLOSED.search(passages[place - 1].text):
        beside.append(place - 1)
    return beside
