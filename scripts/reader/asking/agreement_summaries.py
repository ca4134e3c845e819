"""Questions in plain words about a labelled agreement, and the sentences that answer them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from scripts.reader.agreements import Agreement
from scripts.reader.asking.asked import Told
from scripts.reader.finding import known
from scripts.reader.writing.paragraphs import Said

_QUESTIONS = {
    "effective_date": "When does the agreement take effect?|What is the effective date?|What date is the agreement?",
    "jurisdiction": "Which law governs?|What is the governing law?|Which state's law applies?",
    "party": "Who are the parties?|Between whom is this agreement?",
    "term": "How long does it last?|What is the term?|How long do the obligations last?",
}
_QUESTIONS_ZH = {
    "effective_date": "协议何时生效？|这份协议的日期是哪天？",
    "jurisdiction": "适用哪里的法律？|管辖法律是什么？",
    "party": "协议双方是谁？|有哪些当事人？",
    "term": "协议有效期多长？|保密义务持续多久？",
}
_OVERVIEWS = (
    "Summarise this document.|Give me a short summary with page references.|"
    "Summarise the key points of this agreement.|Summarise the three key clauses.|"
    "Summarise the three key clauses of this contract, one line for each."
)
_OVERVIEWS_ZH = "请总结这份合同中的三个关键条款|请总结这份文件，注明页码。|请总结这份合同中的三个关键条款，每条一行。|概括这份协议的要点"


def tell(chance: Random, agreement: Agreement) -> Told:
    """A question in plain words about a labelled agreement, now and then in Chinese."""
    zh = chance.random() < 0.3
    otherwise = "文件中没有说明。" if zh else "The document does not say."
    said = {}
    for key, located in known(agreement).items():
        kept = [value for value in located if value is not None]
        if not kept:
            continue
        names = [" ".join(value.written.split()) for value in kept]
        page = next(
            (number for number, text in enumerate(agreement.pages, 1) if kept[0].written in text), 1
        )
        said[key] = Said(
            key, "", kept[0], listed=tuple(kept), sentence=kept[0].written, page=page,
            brief=_brief(key, names, kept[0].normal, zh=zh),
        )  # fmt: skip
    if said and chance.random() < 0.6:
        key = chance.choice(list(said))
        question = chance.choice((_QUESTIONS_ZH if zh else _QUESTIONS)[key].split("|"))
        return Told(question, (said[key],), False, otherwise)
    question = chance.choice((_OVERVIEWS_ZH if zh else _OVERVIEWS).split("|"))
    order = ("party", "effective_date", "term", "jurisdiction")
    told = [said[key] for key in order if key in said]
    is_counted = "three" in question or "三" in question
    told = told[1:] if is_counted and len(told) > 3 else told
    opening = "这是一份保密协议。" if zh else "This is a confidentiality agreement."
    return Told(question, tuple(told), is_counted, otherwise, "" if is_counted else opening)


def _brief(key: str, names: Sequence[str], normal: str, *, zh: bool) -> str:
    """A summary's sentence on a label; names and dates as they are written."""
    if zh:
        length = re.sub(r" years?", "年", re.sub(r" months?", "个月", normal))
        return {
            "effective_date": f"协议自{normal}生效。",
            "jurisdiction": f"协议适用{normal}法律。",
            "party": f"协议当事人为{'和'.join(names)}。",
            "term": f"协议期限为{length}。",
        }[key]
    listed = " and ".join(names)
    sentence = {
        "effective_date": f"It takes effect on {listed}.",
        "jurisdiction": f"The law of {normal} applies.",
        "party": f"The parties are {listed}." if len(names) > 1 else f"{listed} is a party.",
        "term": f"The term is {listed}.",
    }[key]
    return sentence.replace("..", ".")
