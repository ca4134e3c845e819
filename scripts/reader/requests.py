"""Questions about a contract and the answers that are right: fields as JSON, summaries, plain words."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from scripts.reader.contracts import Contract
from scripts.reader.facts import FACTS, KINDS, Fact, Wording
from scripts.reader.particulars import particular
from scripts.reader.synonyms import renamed
from scripts.reader.trades import trades
from scripts.reader.values import Value
from scripts.reader.writing.paragraphs import Said

_BY_KEY = {
    fact.key: fact
    for fact in (
        *FACTS,
        *(fact for each in ("en", "zh") for trade in trades(each).values() for fact in trade.facts),
    )
}


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


# A request that carries the list of its fields itself, and asks for names as they are written.
LISTED = (
    "Find these facts in the contract and answer with one JSON object. Copy names and numbers as the "
    "contract has them. What the contract does not say is null (an empty list for a list).",
    "Read the contract and return one JSON object with these values. Leave null what is not in it.",
    "Collect the following from the document. Names stay as they are written; null for what is missing.",
)
LISTED_ZH = (
    "请在合同中找出以下信息，用一个 JSON 对象回答。名称和数字照合同原文抄写。合同没有写明的填 null（列表则为空列表）。",
    "阅读合同，把下列各项填入一个 JSON 对象，没有约定的填 null。",
    "请逐项提取，名称保持原样，缺少的填 null。",
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
    is_own = made.kind in trades(made.language)  # a trade's fields have names in one language
    names_zh = doc_zh if is_own else asks_zh and chance.random() < 0.75
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
    wanted = chance.sample(keys, min(len(keys), chance.choice((1, 2, 3, 4, 4, 6, 7, 8, 8, 10))))
    if "party" in keys and "party" not in wanted and chance.random() < 0.35:
        wanted.append("party")
    # Readers of Chinese said null too often of what stood there in other words.
    most = chance.choice((0, 0, 0, 1, 1, 2) if doc_zh else (0, 0, 1, 1, 2, 3))
    unsaid = chance.sample(made.absent, min(len(made.absent), most))
    if chance.random() < 0.25:  # something that only other contracts speak of
        unsaid.append(_foreign(chance, made))
    made.particulars |= {fact.key: fact for fact in unsaid}
    missing = [fact.key for fact in unsaid if fact.key not in made.said]
    for place, key in enumerate(("party_a", "party_b")):
        if made.who[place] and key in keys and key not in wanted and chance.random() < 0.3:
            wanted.append(key)
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
        if not verbatim and chance.random() < 0.5:
            instruction = chance.choice(LISTED_ZH if asks_zh else LISTED)
        instruction = "\n".join([instruction, *listed]).strip()
    whole: dict[str, Any] = {"type": "object", "properties": schema}
    if not style.optional:
        whole["required"] = list(schema)
    return Asked(instruction, whole, answer, held, absent)


def _foreign(chance: Random, made: Contract) -> Fact:
    """A fact of another kind of contract."""
    others = [
        fact
        for trade in trades(made.language).values()
        if trade.key != made.kind
        for fact in trade.facts
        if fact.kind != "date"  # which may well be another name for one that is stated
    ]
    return chance.choice(others)


def _fact(key: str, made: Contract) -> Fact:
    return _SPECIAL.get(key) or made.particulars.get(key) or _BY_KEY[key]


def _naming(chance: Random, fact: Fact, style: _Style, made: Contract) -> tuple[str, str]:
    wording = _wording(fact, zh=style.zh)
    name = chance.choice(wording.names.split("|"))
    if style.zh and "{" not in name and chance.random() < 0.3:
        name = renamed(chance, fact.kind, name)
    told = chance.choice(wording.ask.split("|")) if chance.random() < style.describes else ""
    role_a, role_b = made.roles
    if not style.zh and made.language == "zh" and made.kind in KINDS:
        role_a, role_b = KINDS[made.kind][0]
    if fact.key in ("party_a", "party_b") and style.zh == (made.language == "zh"):
        place = 0 if fact.key == "party_a" else 1
        if told and made.who[place] and chance.random() < 0.7:
            told = chance.choice(made.who[place].split("|"))
        if made.called[place] != made.roles[place] and chance.random() < 0.25:
            name = made.called[place]
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


def _wording(fact: Fact, *, zh: bool) -> Wording:
    """In the language that is asked in, if it has words for the fact."""
    wanted, other = (fact.zh, fact.en) if zh else (fact.en, fact.zh)
    return wanted if wanted.names else other


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
    return (_among(said.value.written, said.sentence),)


def _among(written: str, sentence: str) -> str:
    """A value too short to be told from others, with the letters beside it."""
    place = sentence.find(written)
    if len(written) > 5 or place < 0:
        return written
    return sentence[max(0, place - 8) : place + len(written) + 8].strip()


def typed(chance: Random, fact: Fact, value: Value | None) -> tuple[dict[str, Any], Any, Any]:
    """(the schema, the right value, what stands for none) of a fact that stands alone."""
    style = _Style(False, "snake", 1.0, verbatim=False, nullable=True, optional=False, parts=())
    said = None if value is None else Said(fact.key, fact.kind, value)
    right, kind, blank = _plain(chance, fact, said, style)
    assert kind is not None
    return kind, right, blank


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
        options = _wording(fact, zh=style.zh).choices.split("|")
        if chance.random() < 0.6:
            right = options[said.choice] if said else None
            return right, {"enum": [*chance.sample(options, len(options)), None]}, None
        return _text(value.written if value else None, style)
    if fact.kind == "number" and chance.random() < 0.8:
        return _number(chance, value)
    if fact.kind == "percent" and chance.random() < 0.4:
        return _number(chance, value)
    if fact.kind == "money" and chance.random() < 0.45:
        return _number(chance, value)
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


def _number(chance: Random, value: Value | None) -> tuple[float | int | None, dict[str, Any], None]:
    number: float | int | None = value.number if value else None
    is_whole = number is None or number == int(number)
    if number is not None and is_whole:
        number = int(number)
    name = "integer" if is_whole and chance.random() < 0.6 else "number"
    return number, {"type": [name, "null"]}, None


# Summaries and questions in plain words.

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
        lines = [f"{said.brief} {reference(said)}" for said in seen]
        if self.numbered and len(lines) > 1:
            return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))
        opening = f"{self.opening} " if self.opening and self.opening.isascii() else self.opening
        return opening + (" " if lines[0].isascii() else "").join(lines)


def reference(said: Said) -> str:
    """The page of a sentence, in the sentence's language."""
    is_chinese = any("\u4e00" <= character <= "\u9fff" for character in said.brief)
    return f"[第{said.page}页]" if is_chinese else f"[p. {said.page}]"


def _rests_on(said: Said) -> tuple[str, ...]:
    if said.listed:
        return tuple(value.written for value in said.listed)
    return (said.value.written,) if said.value else (said.sentence,)


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
    fact = _fact(key, made)
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
    wording = _wording(fact, zh=zh)
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
