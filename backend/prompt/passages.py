"""Passages of a document and how well each answers a question: BM25 and a contract's own cues."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from backend.media.media import PageText

Count = Callable[[str], int]

AIM = 72  # tokens after which a passage is closed at the next line
MOST_CHARACTERS = 360  # a longer line is cut at a sentence, else at a space, else anywhere

_K1, _B = 1.2, 0.75
_TOPIC_WEIGHT = 0.5  # of a full cue score, beside a BM25 score scaled to 1

_WORD = re.compile(r"[a-z0-9]+|[\u3400-\u9fff\uf900-\ufaff]+")
_SENTENCE_END = re.compile(r"[.;:!?]\s+|[。；：！？]\s*")
_SUFFIXES = re.compile(
    r"(?<=...)(ations|ation|ating|ated|ates|ate|ments|ment|ings|ing|ity|ies|ied|ed|es|ly|s|y)$"
)
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a about all also an and any are as at be been but by can could did do does document "
        "each file for from give had has have her his how i if in into is it its list me my no "
        "not of on one or our page pdf please say says shall she should so some summarise "
        "summarize summary tell than that the their them then there these they this those three "
        "to two us was we were what when where which who whom why will with would you your",
    )
)


@dataclass(frozen=True)
class Passage:
    """Neighbouring lines of one page."""

    page: int  # from 1
    text: str
    tokens: int


@dataclass(frozen=True)
class Topic:
    """A thing that contracts are asked about, and where it stands in them."""

    asked: re.Pattern[str]
    told: re.Pattern[str]


def _topic(asked: str, told: str) -> Topic:
    return Topic(re.compile(asked, re.IGNORECASE), re.compile(told, re.IGNORECASE))


TOPICS = (
    _topic(
        r"\bpart(y|ies)\b|\bwho\b|\bbetween\b|signator|counterpart|甲方|乙方|双方|当事人|签约|谁",
        r"by and (between|among)|\bbetween\b|\bamong\b|hereinafter|\((the |each,? a )?[\"“”]|"
        r"\b(inc|llc|l\.l\.c|corp|corporation|ltd|l\.p)\b|甲方|乙方|以下简称",
    ),
    _topic(
        r"\bdated?\b|\bwhen\b|\bstart|\bbegin|\beffective\b|commence|\bsign(ed|ing)?\b|"
        r"日期|生效|何时|什么时候|签订|签署",
        r"\beffective\b|\bdated\b|\bas of\b|entered into|\bday of\b|\bdate first\b|"
        r"生效|签订|签署|\d{4}\s*年",
    ),
    _topic(
        r"\blaws?\b|govern|jurisdiction|\bcourts?\b|\bvenue\b|\bstate\b|法律|管辖|法院|适用法|准据",
        r"govern(ed|ing)|\blaws? of\b|\bstate of\b|jurisdiction|\bvenue\b|\bcourts? of\b|"
        r"适用.{0,8}法律|管辖|法院|仲裁",
    ),
    _topic(
        r"\bterm\b|how long|duration|expir|\byears?\b|\bmonths?\b|period|surviv|"
        r"期限|多久|多长|有效期|到期",
        r"\bterm\b|\byears?\b|\bmonths?\b|expir|surviv|period of|anniversary|期限|有效期|届满|个月",
    ),
    _topic(
        r"terminat|\bcancel|\bend(s|ed|ing)?\b|终止|解除|取消",
        r"terminat|\bcancel|written notice|终止|解除",
    ),
    _topic(
        r"confiden|secre|disclos|\bnda\b|保密|机密|披露",
        r"confidential information|shall not disclose|non-?public|proprietary|trade secret|"
        r"保密信息|保密义务|披露",
    ),
    _topic(
        r"\bpay|payment|price|\bfees?\b|amount|\bcost|invoice|how much|付款|价格|费用|金额|多少钱",
        r"\bpay(s|able|ment|ments)?\b|[$€£¥]|\busd\b|invoice|\bfees?\b|price|付款|价款|费用|人民币|金额",
    ),
    _topic(
        r"remed|breach|damage|liab|injunct|indemn|penalt|违约|赔偿|责任",
        r"remed(y|ies)|breach|damages|injuncti|indemnif|equitable relief|liabilit|违约|赔偿",
    ),
    _topic(
        r"return|destr(oy|uction)|归还|销毁",
        r"\breturn(ed)?\b|destroy|destruction|归还|销毁",
    ),
)


def split(page: PageText, count: Count) -> Iterator[Passage]:
    """The page's words as passages, in order; nothing is left out or said twice."""
    lines: list[str] = []
    tokens = 0
    for line in _lines(page.text):
        lines.append(line)
        tokens += count(line + "\n")
        if tokens >= AIM:
            yield Passage(page.number, "\n".join(lines), tokens)
            lines, tokens = [], 0
    if lines:
        yield Passage(page.number, "\n".join(lines), tokens)


def scores(passages: Sequence[Passage], question: str) -> list[float]:
    """How well each passage answers the question, best near 1 to 3."""
    wanted = frozenset(terms(question))
    lexical = _bm25([terms(passage.text) for passage in passages], wanted)
    best = max(lexical, default=0.0)
    topics = asked_topics(question)
    weight = _TOPIC_WEIGHT if topics else _TOPIC_WEIGHT / 2
    return [
        (score / best if best else 0.0)
        + weight * sum(cue_score(topic, passage) for topic in topics or TOPICS)
        for score, passage in zip(lexical, passages, strict=True)
    ]


def within(passages: Sequence[Passage], places: range, budget: float) -> list[int]:
    """The first of the places, in their order, whose passages have no more tokens together."""
    taken: list[int] = []
    for place in places:
        budget -= passages[place].tokens
        if budget < 0:
            break
        taken.append(place)
    return taken


def asked_topics(question: str) -> tuple[Topic, ...]:
    """The topics that the question touches."""
    return tuple(topic for topic in TOPICS if topic.asked.search(question))


def cue_score(topic: Topic, passage: Passage) -> float:
    """0 to 1: how many different cues of the topic the passage holds."""
    found = {match.group().lower() for match in topic.told.finditer(passage.text)}
    return min(len(found), 3) / 3


def terms(text: str) -> list[str]:
    """The words that count: stems without common words, and pairs of CJK characters."""
    found: list[str] = []
    for match in _WORD.finditer(text.lower()):
        word = match.group()
        if not word.isascii():
            found.extend(word[place : place + 2] for place in range(max(1, len(word) - 1)))
        elif word not in _COMMON:
            found.append(_stem(word))
    return found


def _stem(word: str) -> str:
    return _SUFFIXES.sub("", word).removesuffix("e")


def _bm25(documents: Sequence[list[str]], wanted: frozenset[str]) -> list[float]:
    counts = [Counter(document) for document in documents]
    mean = sum(map(len, documents)) / max(1, len(documents)) or 1.0
    rarity = {}
    for term in wanted:
        holders = sum(term in counted for counted in counts)
        rarity[term] = math.log(1 + (len(documents) - holders + 0.5) / (holders + 0.5))
    return [
        sum(
            rarity[term]
            * counted[term]
            * (_K1 + 1)
            / (counted[term] + _K1 * (1 - _B + _B * len(document) / mean))
            for term in wanted
            if term in counted
        )
        for document, counted in zip(documents, counts, strict=True)
    ]


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        line = line.strip()
        while len(line) > MOST_CHARACTERS:
            cut = _cut(line)
            yield line[:cut].rstrip()
            line = line[cut:].lstrip()
        if line:
            yield line


def _cut(line: str) -> int:
    """Where to cut a long line: after its last sentence that fits, else at a space, else hard."""
    ends = [match.end() for match in _SENTENCE_END.finditer(line, 0, MOST_CHARACTERS)]
    if ends and ends[-1] >= MOST_CHARACTERS // 4:
        return ends[-1]
    space = line.rfind(" ", MOST_CHARACTERS // 4, MOST_CHARACTERS)
    return space if space > 0 else MOST_CHARACTERS
