"""Questions in plain words about a contract of ours: summaries, dates, risks, duties, single facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from scripts.reader.asking.asked import Told
from scripts.reader.contracts import Contract
from scripts.reader.facts import KINDS, Fact
from scripts.reader.writing.paragraphs import Said

_KEY_CLAUSES = (
    "Summarise the {n} key clauses.|Summarise the {n} most important clauses with page numbers.|"
    "What are the {n} key clauses of this contract? Give page references.|"
    "Summarize {n} key terms of this agreement.|List the {n} main points of the contract.|"
    "Summarise the {n} key clauses of this contract, one line for each."
)
_KEY_CLAUSES_ZH = "请总结这份合同中的{n}个关键条款。|请总结这份合同中的{n}个关键条款|总结合同的{n}个要点，并注明页码。|请概括{n}条最重要的条款。|列出这份合同的{n}个主要条款|请总结这份合同中的{n}个关键条款，每条一行。"
_REFER = (
    "",
    "",
    "End every sentence with the page that says so, as in [p. 3]. Say only what the text says.",
    "Give the page after each sentence.",
)
_REFER_ZH = (
    "",
    "",
    "每句话末尾注明出处页码，例如 [第3页]。只写原文中有的内容。",
    "请在每句后标明页码。",
)
_OVERVIEW = (
    "Summarise this document.|Give me an executive summary of this contract.|"
    "What is this contract about?|Summarize the agreement in a few sentences.|"
    "Write a short summary with page references.|"
    "Write an executive summary of this contract in at most six sentences: who, what for, since when "
    "and how long, for how much, how it ends."
)
_OVERVIEW_ZH = "请总结这份合同。|请概括本合同的主要内容。|这份合同讲了什么？|写一个简短的合同摘要，注明页码。|请用几句话总结这份文件|请用不超过六句话写出这份合同的摘要：当事人、目的、起止时间、金额、如何终止。"
_DATES = "Which dates and deadlines does the contract have?|List all dates and deadlines with page numbers.|List every date, period and deadline of this contract with what it is for, one a line."
_DATES_ZH = "合同中有哪些日期和期限？|列出所有日期和期限，并注明页码。|请列出这份合同中的所有日期、期限和截止时间及其含义，每项一行。"
_RISKS = "Which risks and liabilities does the contract contain?|What should I watch out for in this contract?|List the clauses of this contract that may become a risk, and for whom, one a line."
_RISKS_ZH = "合同中有哪些风险和责任？|这份合同有什么需要注意的风险？|请列出这份合同中可能带来风险的条款以及对谁不利，每项一行。"
_DUTIES = "What must each party do?|List the duties of both parties.|List what each party must do, one line for each duty, beginning with the party's name."
_DUTIES_ZH = (
    "双方各有哪些义务？|请按当事人列出各方的义务，每项一行，以当事人名称开头。|列出双方的主要义务"
)
_NONE = "The document does not say."
_NONE_ZH = "文件中没有说明。"
_NUMBERS = {2: ("two", "两"), 3: ("three", "三"), 4: ("four", "四"), 5: ("five", "五")}
_RISKY = ("penalty", "liability_cap", "late_interest", "non_compete_period", "insurance", "auto_renewal",
          "termination_notice", "retention", "guarantor", "arbitration", "force_majeure", "assignment_allowed")  # fmt: skip
_WEIGHTY = ("price", "rent", "loan_amount", "salary", "monthly_fee", "royalty", "interest_rate", "term",
            "termination_notice", "deposit", "confidentiality_period", "services", "goods", "software",
            "delivery_date", "payment_period", "jurisdiction", "liability_cap", "penalty", "position")  # fmt: skip
_OPENING = ("party", "party_a", "party_b", "effective_date")


def tell(chance: Random, made: Contract) -> Told:
    """A question in plain words about a contract of ours, now and then in the other language.

    What answers stands in the order of the document, as a reader comes upon it.
    """
    zh = made.language == "zh"
    said = {key: one for key, one in made.said.items() if one.brief}
    if chance.random() < 0.12:
        abroad = {key: replace(one, brief=one.abroad) for key, one in said.items() if one.abroad}
        if len(abroad) > 3:
            zh, said = not zh, abroad
    otherwise = _NONE_ZH if zh else _NONE
    refer = chance.choice(_REFER_ZH if zh else _REFER)

    def worded(wordings: tuple[str, str], count: int = 3) -> str:
        asked = chance.choice(wordings[zh].split("|")).format(n=_NUMBERS[count][zh])
        return f"{asked}\n{refer}" if refer else asked

    def ordered(chosen: Sequence[Said]) -> tuple[Said, ...]:
        kept = {one.key for one in chosen}
        return tuple(one for one in said.values() if one.key in kept)

    own = [one for key, one in said.items() if key.startswith("trade_")]
    weighty = [*own, *(said[key] for key in _WEIGHTY if key in said)]
    weighty += [one for one in said.values() if one not in weighty and one.key != "party"]
    form = chance.random()
    if form < 0.35:
        number = chance.choice((2, 3, 3, 3, 3, 4, 5))
        question = worded((_KEY_CLAUSES, _KEY_CLAUSES_ZH), number)
        return Told(question, ordered(weighty[:number]), True, otherwise)
    if form < 0.5:
        first = [said[key] for key in ("party", "effective_date") if key in said]
        opening = f"这是一份{made.title}。" if zh else f"This is a {made.title}."
        opening = opening if zh == (made.language == "zh") else ""
        told = (*first, *ordered(weighty[:3]))
        return Told(worded((_OVERVIEW, _OVERVIEW_ZH)), told, False, otherwise, opening)
    if form < 0.6:
        dated = [one for one in said.values() if one.kind in ("date", "duration")]
        return Told(worded((_DATES, _DATES_ZH)), ordered(dated[:6]), True, otherwise)
    if form < 0.67:
        risky = [said[key] for key in _RISKY if key in said]
        return Told(worded((_RISKS, _RISKS_ZH)), ordered(risky[:5]), True, otherwise)
    if form < 0.75 and zh == (made.language == "zh"):
        return Told(worded((_DUTIES, _DUTIES_ZH)), _duties(made, said), True, otherwise)
    if form < 0.82 and made.absent and zh == (made.language == "zh"):
        fact = chance.choice(made.absent)
        return Told(_question(chance, fact, made), (), False, otherwise)
    key = chance.choice(list(said))
    fact = made.fact(key)
    return Told(_question(chance, fact, made, zh=zh), (said[key],), False, otherwise)


def _duties(made: Contract, said: Mapping[str, Said]) -> tuple[Said, ...]:
    """Up to six clauses about what a party does, those of the same party together."""
    zh = made.language == "zh"
    found: list[tuple[int, Said]] = []
    for one in said.values():
        places = [one.sentence.find(name) for name in made.called]
        if one.key in _OPENING or max(places) < 0:
            continue
        who = min((place, number) for number, place in enumerate(places) if place >= 0)[1]
        name = made.called[who]
        bare = one.sentence.removeprefix("The ").removeprefix("the ")
        brief = bare if bare.startswith(name) else f"{name}{'：' if zh else ': '}{one.brief}"
        found.append((who, replace(one, brief=brief)))
    return tuple(one for _, one in sorted(found[:6], key=lambda pair: pair[0]))


def _question(chance: Random, fact: Fact, made: Contract, *, zh: bool | None = None) -> str:
    zh = made.language == "zh" if zh is None else zh
    wording = fact.asked(zh=zh)
    role_a, role_b = made.roles
    if zh != (made.language == "zh"):
        english, chinese, *_ = KINDS[made.kind]
        role_a, role_b = chinese if zh else english
    asked = chance.choice(wording.ask.split("|")).format(a=role_a, b=role_b)
    if zh:
        return asked if asked.endswith(("？", "?")) else f"{asked}？"
    if asked.endswith("?"):
        return asked
    subject = asked[:1].lower() + asked[1:]
    if subject.startswith("whether"):
        return f"Please tell me {subject}."
    return chance.choice(
        (f"What is stated about this: {subject}?", f"{asked}?", f"Please find: {subject}")
    )
