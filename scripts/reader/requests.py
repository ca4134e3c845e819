"""Questions about a contract and the answers that are right: fields as JSON, summaries, plain words."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from scripts.reader.contracts import Contract, Said
from scripts.reader.facts import FACTS, KINDS, Fact, Wording
from scripts.reader.particulars import particular
from scripts.reader.values import Value

_BY_KEY = {fact.key: fact for fact in FACTS}


def _special(key: str, kind: str, en: tuple[str, str], zh: tuple[str, str]) -> Fact:
    return Fact(key, kind, Wording(*en, "", "", ""), Wording(*zh, "", "", ""))


# What the beginning of a contract says. `{a}` and `{b}` are roles.
_SPECIAL = {
    fact.key: fact
    for fact in (
        _special(
            "party", "parties",
            ("party|parties|contracting_parties|party_names|signatories|parties_to_agreement",
             "The parties to the agreement|Names of all parties|Who are the parties?|Who signed it?"),
            ("合同双方|当事人|签约方|party|合同主体|parties", "合同双方的名称|签约各方|合同当事人是谁"),
        ),
        _special(
            "party_a", "company",
            ("{a}|{a}_name|name_of_{a}", "Name of the {a}|Who is the {a}?"),
            ("{a}|{a}名称|{a}姓名或名称", "{a}是谁|{a}的名称"),
        ),
        _special(
            "party_b", "company",
            ("{b}|{b}_name|name_of_{b}", "Name of the {b}|Who is the {b}?"),
            ("{b}|{b}名称|{b}姓名或名称", "{b}是谁|{b}的名称"),
        ),
        _special(
            "effective_date", "date",
            ("effective_date|date|agreement_date|contract_date|date_of_agreement|dated|signing_date",
             "Date from which the agreement takes effect|Effective date|Date of the agreement|When does it take effect?|When was it signed?"),
            ("生效日期|签订日期|合同日期|签约日期|effective_date|签署日期", "合同何时生效|签订日期|合同签订的日期是哪天"),
        ),
        _special(
            "contract_number", "text",
            ("contract_number|agreement_number|reference|contract_no", "Number of the contract|Contract reference"),
            ("合同编号|编号|contract_number", "合同编号是多少|合同的编号"),
        ),
        _special("address_a", "place", ("{a}_address", "Address of the {a}"), ("{a}地址|{a}住所", "{a}的地址|{a}住所在哪里")),
        _special("address_b", "place", ("{b}_address", "Address of the {b}"), ("{b}地址|{b}住所", "{b}的地址|{b}住所在哪里")),
        _special("head_a", "person", ("{a}_representative", "Legal representative of the {a}"), ("{a}法定代表人|{a}法人代表", "{a}的法定代表人是谁")),
        _special("head_b", "person", ("{b}_representative", "Legal representative of the {b}"), ("{b}法定代表人|{b}法人代表", "{b}的法定代表人是谁")),
    )
}  # fmt: skip

INSTRUCTIONS = (
    "Extract the following information from this contract.|"
    "Read the attached agreement and fill in the fields.|"
    "Please extract these fields.|"
    "What does this document say about the following? Answer in JSON.|"
    "Extract the key terms of the attached agreement.|"
    "Give me the data of this contract as JSON.|"
    "Extract the fields. Use null if something is not stated.|"
    "From the contract above, extract the requested values. Do not invent anything.|"
    "You are a careful paralegal. Pull the requested facts out of the document.|"
    "Fill in the form from the document.|"
    "Find these facts in the agreement:|"
    "Extract the contract's main data. Leave out what the document does not say.|"
    "I need these details from the attached file.|"
    "Return the information requested by the schema.|"
    "Analyse the document and report the fields below.|"
    "Please read this PDF and give me the requested values.|"
    "Read the document and answer in the required format.|"
    "Which values does this agreement have for the fields?||"
).split("|")  # fmt: skip
INSTRUCTIONS_ZH = (
    "请从合同中提取以下信息。|请阅读附件并填写各字段。|提取这份合同的关键信息。|请以JSON格式给出合同要素。|"
    "根据文件内容填写下列字段，没有写明的填null。|请找出合同中的这些内容。|从上述合同中抽取所需字段，不要编造。|"
    "请读取该文件，返回所要求的数据。|提取合同主要条款的数据。|请提取下列字段的值。|阅读合同，回答以下各项。|"
    "你是一名合同审查员，请从文件中提取信息。|"
).split("|")  # fmt: skip
VERBATIM = (
    "Copy every value exactly as it is written in the document.",
    "Quote the values verbatim.",
    "Give each value word for word as in the text.",
    "Values must be verbatim.",
    "Write names, dates and amounts exactly as they stand in the document.",
)
VERBATIM_ZH = (
    "请逐字照抄原文。",
    "各字段按原文填写。",
    "所有值须与原文完全一致。",
    "请直接摘录原文。",
)


@dataclass(frozen=True)
class Asked:
    """An extraction request and the right answer, made for any text that holds these values."""

    instruction: str
    schema: dict[str, Any]
    answer: dict[str, Any]
    held: dict[str, tuple[str, ...]] = field(default_factory=dict)  # what must be in sight
    absent: dict[str, Any] = field(default_factory=dict)  # what to answer if it is not

    @property
    def definition(self) -> str:
        """The schema as the caller sends it."""
        return json.dumps(self.schema, ensure_ascii=False)

    def right(self, sees: Callable[[str], bool]) -> str:
        """The right answer of a reader who sees only a part of the document."""
        answer: dict[str, Any] = {}
        for name, value in self.answer.items():
            wanted = self.held.get(name, ())
            seen = [sees(text) for text in wanted]
            if wanted and isinstance(value, list) and len(value) == len(seen):
                answer[name] = [one for one, is_seen in zip(value, seen, strict=True) if is_seen]
            elif wanted and not all(seen):
                if name in self.absent:
                    answer[name] = self.absent[name]
            else:
                answer[name] = value
        return json.dumps(answer, ensure_ascii=False)


@dataclass(frozen=True)
class _Style:
    """How one request puts its fields."""

    zh: bool  # names and descriptions
    words: str  # how names are joined: snake camel title plain
    describes: float  # chance of a description
    verbatim: bool
    nullable: bool
    optional: bool
    parts: tuple[str, ...]  # of a field that is an object; empty: the value alone


def ask(chance: Random, made: Contract) -> Asked:
    """A request about a contract of ours."""
    doc_zh = made.language == "zh"
    asks_zh = chance.random() < (0.75 if doc_zh else 0.06)
    instruction = chance.choice(INSTRUCTIONS_ZH if asks_zh else INSTRUCTIONS)
    verbatim = chance.random() < 0.15
    if verbatim:
        said = chance.choice(VERBATIM_ZH if asks_zh else VERBATIM)
        instruction = f"{instruction} {said}".strip()
    form = chance.random()
    names_zh = asks_zh and chance.random() < 0.75
    parts: tuple[str, ...] = ()
    if form < 0.12:
        parts = chance.choice((("value", "quote"), ("value", "quote", "page"), ("value", "page")))
    style = _Style(
        zh=names_zh,
        words=chance.choice(("snake", "snake", "snake", "camel", "title", "plain")),
        describes=chance.choice((0.0, 0.5, 1.0, 1.0)),
        verbatim=verbatim,
        nullable=chance.random() < 0.65,
        optional=chance.random() < 0.08,
        parts=parts,
    )
    keys = list(made.said)
    wanted = chance.sample(keys, min(len(keys), chance.choice((1, 2, 3, 4, 4, 5, 6, 8, 10))))
    if "party" in keys and "party" not in wanted and chance.random() < 0.35:
        wanted.append("party")
    missing = [
        fact.key
        for fact in chance.sample(
            made.absent, min(len(made.absent), chance.choice((0, 0, 1, 1, 2, 3)))
        )
    ]
    for number in range(chance.choice((0, 0, 0, 1))):
        fact, _ = particular(chance, made.language, 100 + number)
        if fact.wording(made.language).names not in {
            one.wording(made.language).names for one in made.particulars.values()
        }:
            made.particulars[fact.key] = fact
            missing.append(fact.key)
    order = [*wanted, *missing]
    chance.shuffle(order)
    listed: list[str] | None = [] if chance.random() < 0.15 else None
    schema: dict[str, Any] = {}
    answer: dict[str, Any] = {}
    held: dict[str, tuple[str, ...]] = {}
    absent: dict[str, Any] = {}
    for key in order:
        fact = _fact(key, made)
        name, told = _naming(chance, fact, style, made)
        if name in schema or not name:
            continue
        found = made.said.get(key)
        kind, value, blank, seen = _typed(chance, fact, found, style)
        if kind is None:
            continue
        if told and listed is not None:
            listed.append(f"{name}{'：' if asks_zh else ': '}{told}")
        elif told:
            kind = (
                {**kind, "description": told}
                if chance.random() < 0.8
                else {"description": told, **kind}
            )
        schema[name] = kind
        if style.optional and found is None and not style.parts:
            continue
        answer[name] = value
        if found is not None:
            held[name] = seen
            if not (style.optional and not style.parts):
                absent[name] = blank
    if listed:  # the questions stand in the words of the request, not in the schema
        instruction = "\n".join([instruction, *listed]).strip()
    whole: dict[str, Any] = {"type": "object", "properties": schema}
    if not style.optional:
        whole["required"] = list(schema)
    return Asked(instruction, whole, answer, held, absent)


def _fact(key: str, made: Contract) -> Fact:
    return _SPECIAL.get(key) or made.particulars.get(key) or _BY_KEY[key]


def _naming(chance: Random, fact: Fact, style: _Style, made: Contract) -> tuple[str, str]:
    wording = fact.zh if style.zh else fact.en
    name = chance.choice(wording.names.split("|"))
    told = chance.choice(wording.ask.split("|")) if chance.random() < style.describes else ""
    role_a, role_b = made.roles
    if not style.zh and made.language == "zh":
        role_a, role_b = _english_roles(made)
    if "{" in name:
        name = name.format(a=role_a.lower().replace(" ", "_"), b=role_b.lower().replace(" ", "_"))
    told = told.format(a=role_a, b=role_b)
    if not any("\u4e00" <= character <= "\u9fff" for character in name):
        parts = name.split("_")
        if style.words == "camel":
            name = parts[0] + "".join(part.capitalize() for part in parts[1:])
        elif style.words == "title":
            name = " ".join(part.capitalize() for part in parts)
        elif style.words == "plain":
            name = " ".join(parts)
    return name, told


def _english_roles(made: Contract) -> tuple[str, str]:
    return KINDS[made.kind][0]


def _typed(
    chance: Random, fact: Fact, said: Said | None, style: _Style
) -> tuple[dict[str, Any] | None, Any, Any, tuple[str, ...]]:
    """The field's schema, the right value, what stands for none, and what must be in sight."""
    value, kind, blank = _plain(chance, fact, said, style)
    if kind is None:
        return None, None, None, ()
    seen = _in_sight(fact, said)
    if not style.parts:
        return kind, value, blank, seen
    properties: dict[str, Any] = {}
    right: dict[str, Any] = {}
    none: dict[str, Any] = {}
    for part in style.parts:
        if part == "value":
            properties[part], right[part], none[part] = kind, value, blank
        elif part == "quote":
            properties[part] = {"type": ["string", "null"]}
            right[part], none[part] = said.sentence if said else None, None
        else:
            properties[part] = {"type": ["integer", "null"]}
            right[part], none[part] = said.page if said else None, None
    whole = {"type": "object", "properties": properties, "required": list(properties)}
    return whole, right, none, seen


def _in_sight(fact: Fact, said: Said | None) -> tuple[str, ...]:
    if said is None:
        return ()
    if fact.kind == "parties":
        return tuple(value.written for value in said.listed)
    if said.value is None:
        return (said.sentence,)
    return (said.value.written,)


def _plain(
    chance: Random, fact: Fact, said: Said | None, style: _Style
) -> tuple[Any, dict[str, Any] | None, Any]:
    """(the right value, the schema, what stands for none) of a field without parts."""
    value = said.value if said else None
    if fact.kind == "parties":
        listed = said.listed if said else ()
        found = [one.written if style.verbatim else one.normal for one in listed]
        return found, {"type": "array", "items": {"type": "string"}}, []
    if fact.kind == "flag":
        form = chance.random()
        words = ["是", "否"] if style.zh else ["yes", "no"]
        if form < 0.6:
            return said.truth if said else None, {"type": ["boolean", "null"]}, None
        return (words[0 if said.truth else 1] if said else None), {"enum": [*words, None]}, None
    if fact.kind == "choice":
        options = (fact.zh if style.zh else fact.en).choices.split("|")
        if chance.random() < 0.6:
            right = options[said.choice] if said else None
            return right, {"enum": [*chance.sample(options, len(options)), None]}, None
        return _text(value.written if value else None, style)
    if fact.kind in ("number", "percent") and chance.random() < 0.6:
        return _number(value)
    if fact.kind == "money" and chance.random() < 0.3:
        return _number(value)
    shown = _shown(fact, value, style) if value else None
    if fact.kind == "date" and not style.verbatim and chance.random() < 0.3:
        return shown, {"type": ["string", "null"], "format": "date"}, None
    return _text(shown, style)


def _shown(fact: Fact, value: Value, style: _Style) -> str:
    if style.verbatim:
        return value.written
    if fact.kind == "money":
        return value.figures
    return value.normal


def _text(value: str | None, style: _Style) -> tuple[str | None, dict[str, Any], str | None]:
    if style.nullable:
        return value, {"type": ["string", "null"]}, None
    return value or "", {"type": "string"}, ""


def _number(value: Value | None) -> tuple[float | int | None, dict[str, Any], None]:
    number: float | int | None = value.number if value else None
    is_whole = number is None or number == int(number)
    if number is not None and is_whole:
        number = int(number)
    return number, {"type": ["number" if not is_whole else "integer", "null"]}, None


# Summaries and questions in plain words.

_KEY_CLAUSES = (
    "Summarise the {n} key clauses.|Summarise the {n} most important clauses with page numbers.|"
    "What are the {n} key clauses of this contract? Give page references.|"
    "Summarize {n} key terms of this agreement.|List the {n} main points of the contract."
)
_KEY_CLAUSES_ZH = "请总结这份合同中的{n}个关键条款。|请总结这份合同中的{n}个关键条款|总结合同的{n}个要点，并注明页码。|请概括{n}条最重要的条款。|列出这份合同的{n}个主要条款"
_OVERVIEW = (
    "Summarise this document.|Give me an executive summary of this contract.|"
    "What is this contract about?|Summarize the agreement in a few sentences.|"
    "Write a short summary with page references."
)
_OVERVIEW_ZH = "请总结这份合同。|请概括本合同的主要内容。|这份合同讲了什么？|写一个简短的合同摘要，注明页码。|请用几句话总结这份文件"
_DATES = "Which dates and deadlines does the contract have?|List all dates and deadlines with page numbers."
_DATES_ZH = "合同中有哪些日期和期限？|列出所有日期和期限，并注明页码。"
_RISKS = "Which risks and liabilities does the contract contain?|What should I watch out for in this contract?"
_RISKS_ZH = "合同中有哪些风险和责任？|这份合同有什么需要注意的风险？"
_NONE = "The document does not say."
_NONE_ZH = "文件中没有说明。"
_NUMBERS = {2: ("two", "两"), 3: ("three", "三"), 4: ("four", "四"), 5: ("five", "五")}
_RISKY = ("penalty", "liability_cap", "late_interest", "non_compete_period", "insurance", "auto_renewal",
          "termination_notice", "retention", "guarantor", "arbitration", "force_majeure", "assignment_allowed")  # fmt: skip
_WEIGHTY = ("price", "rent", "loan_amount", "salary", "monthly_fee", "royalty", "interest_rate", "term",
            "termination_notice", "deposit", "confidentiality_period", "services", "goods", "software",
            "delivery_date", "payment_period", "jurisdiction", "liability_cap", "penalty", "position")  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A question in plain words and the sentences that answer it, each with what it rests on."""

    question: str
    sentences: tuple[Said, ...]
    numbered: bool
    otherwise: str  # the answer if nothing of it is in sight
    opening: str = ""

    def right(self, sees: Callable[[str], bool]) -> str:
        """The answer of a reader who sees a part of the document."""
        seen = [said for said in self.sentences if all(sees(text) for text in _rests_on(said))]
        if not seen:
            return self.otherwise
        lines = [f"{said.brief} [p. {said.page}]" for said in seen]
        if self.numbered and len(lines) > 1:
            return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))
        opening = f"{self.opening} " if self.opening and self.opening.isascii() else self.opening
        return opening + (" " if lines[0].isascii() else "").join(lines)


def _rests_on(said: Said) -> tuple[str, ...]:
    if said.listed:
        return tuple(value.written for value in said.listed)
    return (said.value.written,) if said.value else (said.sentence,)


def tell(chance: Random, made: Contract) -> Told:
    """A question in plain words about a contract of ours."""
    zh = made.language == "zh"
    asks_zh = zh  # answers are in the question's language, and briefs in the document's
    otherwise = _NONE_ZH if zh else _NONE
    briefed = {key: said for key, said in made.said.items() if said.brief}
    weighty = [briefed[key] for key in _WEIGHTY if key in briefed]
    others = [said for key, said in briefed.items() if key not in _WEIGHTY and key != "party"]
    form = chance.random()
    if form < 0.35:
        number = chance.choice((2, 3, 3, 3, 3, 4, 5))
        asked = chance.choice((_KEY_CLAUSES_ZH if asks_zh else _KEY_CLAUSES).split("|"))
        question = asked.format(n=_NUMBERS[number][1 if asks_zh else 0])
        return Told(question, _in_order((weighty + others)[:number]), True, otherwise)
    if form < 0.55:
        asked = chance.choice((_OVERVIEW_ZH if asks_zh else _OVERVIEW).split("|"))
        first = [briefed[key] for key in ("party", "effective_date") if key in briefed]
        opening = f"这是一份{made.title}。" if zh else f"This is a {made.title}."
        return Told(asked, (*first, *_in_order((weighty + others)[:3])), False, otherwise, opening)
    if form < 0.63:
        asked = chance.choice((_DATES_ZH if asks_zh else _DATES).split("|"))
        dated = [said for said in briefed.values() if said.kind in ("date", "duration")]
        return Told(asked, _in_order(dated[:6]), True, otherwise)
    if form < 0.7:
        asked = chance.choice((_RISKS_ZH if asks_zh else _RISKS).split("|"))
        risky = [briefed[key] for key in _RISKY if key in briefed]
        return Told(asked, _in_order(risky[:5]), True, otherwise)
    if form < 0.78 and made.absent:
        fact = chance.choice(made.absent)
        return Told(_question(chance, fact, made), (), False, otherwise)
    choices = list(briefed)
    key = chance.choice(choices)
    fact = _fact(key, made)
    return Told(_question(chance, fact, made), (briefed[key],), False, otherwise)


def _in_order(sentences: Sequence[Said]) -> tuple[Said, ...]:
    return tuple(sentences)


def _question(chance: Random, fact: Fact, made: Contract) -> str:
    wording = fact.wording(made.language)
    role_a, role_b = made.roles
    asked = chance.choice(wording.ask.split("|")).format(a=role_a, b=role_b)
    if made.language == "zh":
        return asked if asked.endswith(("？", "?")) else f"{asked}？"
    if asked.endswith("?"):
        return asked
    subject = asked[:1].lower() + asked[1:]
    if subject.startswith("whether"):
        return f"Please tell me {subject}."
    return chance.choice(
        (f"What is stated about this: {subject}?", f"{asked}?", f"Please find: {subject}")
    )
