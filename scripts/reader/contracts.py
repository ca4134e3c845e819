"""Contracts that nobody signed: made by chance from facts, laid out in lines and pages."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from scripts.reader import chance as names
from scripts.reader import values
from scripts.reader.facts import FACTS, FILLER_EN, FILLER_ZH, KINDS, Fact, Wording
from scripts.reader.particulars import particular
from scripts.reader.trades import Trade, taught, trades
from scripts.reader.values import Value

_BANKS = ("First Harbor Bank", "Midland Savings Bank", "Union Trust Bank", "Northern Commerce Bank")
_BANKS_ZH = ("中国工商银行", "中国建设银行", "招商银行", "交通银行", "中国农业银行", "浦发银行")
_LAWS_ZH = ("中华人民共和国",) * 5 + ("香港特别行政区", "新加坡", "中国", "英国", "瑞士")
_MIXED = 0.4  # share of a trade's contracts that say things of other trades besides


@dataclass(frozen=True)
class Said:
    """A value and where it stands."""

    key: str
    kind: str
    value: Value | None  # of kinds with a value
    truth: bool = True  # of a flag
    choice: int = 0  # which of the choices
    listed: tuple[Value, ...] = ()  # of the parties
    sentence: str = ""
    page: int = 1
    brief: str = ""
    abroad: str = ""  # the same in the other language


@dataclass
class Contract:
    """One contract, its pages as lines of text, and what it says."""

    language: str
    kind: str
    title: str
    roles: tuple[str, str]
    called: tuple[str, str] = ("", "")  # what the clauses call the parties
    who: tuple[str, str] = ("", "")  # questions after them, if the kind has its own
    pages: list[str] = field(default_factory=list)
    said: dict[str, Said] = field(default_factory=dict)
    absent: list[Fact] = field(default_factory=list)
    particulars: dict[str, Fact] = field(default_factory=dict)  # facts of this contract alone


@dataclass
class _Paragraph:
    text: str
    facts: list[tuple[int, Said]] = field(default_factory=list)  # where in the text each begins


def contract(
    chance: Random, language: str, *, kinds: Sequence[str] = (), withheld: str = ""
) -> Contract:
    """A new contract. Facts named in `withheld` never occur."""
    kind = chance.choice(list(kinds) or [*KINDS, *trades(language)])
    made = _Maker(chance, language, kind, set(withheld.split()))
    return made.contract


def _names(fact: Fact, language: str) -> set[str]:
    return set(fact.wording(language).names.split("|"))


class _Maker:
    """One contract in the making."""

    def __init__(self, chance: Random, language: str, kind: str, withheld: set[str]) -> None:
        self._chance = chance
        self._zh = language == "zh"
        trade = trades(language).get(kind)
        if trade is None:
            english, chinese, *both = KINDS[kind]
            self._functions = chinese if self._zh else english
            titles = both[self._zh]
        else:
            self._functions, titles = trade.roles, trade.titles
        self._pick_roles(kind)
        self.contract = Contract(
            language,
            kind,
            chance.choice(titles.split("|")),
            self._functions,
            called=(self._a.removeprefix("the "), self._b.removeprefix("the ")),
            who=trade.asks if trade else ("", ""),
        )
        self._day = values.any_date(chance)
        general = [
            fact
            for fact in FACTS
            if fact.key not in withheld and (not fact.kinds or kind in fact.kinds)
        ]
        own = [fact for fact in (trade.facts if trade else ()) if fact.key not in withheld]
        chosen = chance.sample(own, chance.randint(min(3, len(own)), len(own)))
        chosen += chance.sample(
            general, min(len(general), chance.randint(0, 6) if own else chance.randint(4, 16))
        )
        if trade is not None and kind in taught(language) and chance.random() < _MIXED:
            chosen += self._others(chosen, trade)
        fitting = [*general, *own]
        self.contract.absent = [fact for fact in fitting if fact not in chosen]
        body = self._body(chosen)
        for paragraph in self._particulars():
            body.insert(chance.randint(0, len(body)), paragraph)
        paragraphs = [*self._opening(), *body, *self._closing()]
        self._lay_out(paragraphs)

    def _others(self, chosen: Sequence[Fact], trade: Trade) -> list[Fact]:
        """Facts of other trades, so that no field is known by the company that it keeps."""
        language = "zh" if self._zh else "en"
        named = {name for fact in (*chosen, *trade.facts) for name in _names(fact, language)}
        added: list[Fact] = []
        for key in self._chance.sample(taught(language), 4):
            fact = self._chance.choice(trades(language)[key].facts)
            if key != trade.key and named.isdisjoint(_names(fact, language)):
                added.append(fact)
                named |= _names(fact, language)
        return added

    def _pick_roles(self, kind: str) -> None:
        chance = self._chance
        if self._zh:
            plain = chance.random() < 0.65
            self._a, self._b = ("甲方", "乙方") if plain else self._functions
            if plain and chance.random() < 0.5 and kind != "nda":
                self._a, self._b = self._b, self._a
        else:
            article = chance.choice(("the ", "the ", ""))
            self._a, self._b = (f"{article}{role}" for role in self._functions)

    # The beginning and the end.

    def _party(self, place: int) -> Value:
        chance, kind = self._chance, self.contract.kind if hasattr(self, "contract") else ""
        is_person = kind == "employment" and place == 1
        is_person = is_person or (
            kind in ("lease", "loan", "consulting", "nda", "agency") and chance.random() < 0.3
        )
        if self._zh:
            name = names.person_zh(chance) if is_person else names.company_zh(chance)
            return Value(name, name)
        name = names.person(chance) if is_person else names.company(chance)
        return Value(name, values.plain_name(name))

    def _opening(self) -> list[_Paragraph]:
        chance = self._chance
        parties = (self._party(0), self._party(1))
        day = values.dated(chance, self._day, self.contract.language)
        number = f"{chance.choice(('HT', 'No.', 'C', 'AG', 'XS'))}-{chance.randint(1000, 99999)}"
        made = self._opening_zh if self._zh else self._opening_en
        paragraphs = made(parties, day, number)
        return paragraphs

    def _opening_en(
        self, parties: tuple[Value, Value], day: Value, number: str
    ) -> list[_Paragraph]:
        chance = self._chance
        title = self.contract.title
        shown = title.upper() if chance.random() < 0.6 else title
        a, b = parties
        role_a, role_b = self._functions
        where = [
            chance.choice(
                (
                    "",
                    f", a {chance.choice(names.STATES)} corporation",
                    f", a company organized under the laws of {chance.choice(names.STATES)}",
                    f", with its principal office at {names.address(chance)}",
                    f", having its registered address at {names.address(chance)}",
                )
            )
            for _ in parties
        ]
        the = "the " if chance.random() < 0.6 else ""
        quote = chance.choice(('"{}"', "“{}”"))
        called = [f" ({the}{quote.format(role)})" for role in (role_a, role_b)]
        if chance.random() < 0.15:
            called = [
                f", hereinafter referred to as {quote.format(role)}," for role in (role_a, role_b)
            ]
        first, second = (a, b) if chance.random() < 0.5 else (b, a)
        order = (0, 1) if first is a else (1, 0)
        pair = " and ".join(
            f"{parties[place].written}{where[place]}{called[place]}" for place in order
        )
        written = day.written
        bare = written.removeprefix("the ").removeprefix("this ")
        is_spelt = bare != written
        effective = chance.choice(
            (
                f"This {title} (the “Agreement”) is made and entered into as of {written} "
                f"by and between {pair}.",
                f"THIS {title.upper()} is dated {written} and is between {pair}.",
                f"This Agreement is effective as of {written} (the “Effective Date”), between {pair}.",
                f"This {title} is entered into {'' if is_spelt else 'on '}{written}, by and between {pair}.",
                f"This Agreement is made {'' if is_spelt else 'on '}{written}\nBETWEEN:\n{pair}.",
                f"{pair} have agreed, {'' if is_spelt else 'on '}{written}, as follows.",
                f"The undersigned, {pair}, conclude this {title}, dated {bare}.",
                f"Agreement of {bare} between {pair}.",
                f"Parties: (1) {pair.replace(' and ', '; and (2) ', 1)}. Signed {written}."
                if "&" not in pair and pair.count(" and ") == 1
                else f"Between {pair}, made {written}.",
            )
        )
        if chance.random() < 0.12:  # a list of parties, and the date elsewhere
            effective = f"Date: {written}. Parties: {pair}. The parties agree as follows."
        dated = chance.random() < 0.9
        if not dated:
            effective = f"This {title} is made by and between {pair}."
        head = [_Paragraph(shown)]
        if chance.random() < 0.25:
            head.insert(0, _Paragraph(f"Exhibit {chance.randint(2, 99)}.{chance.randint(1, 30)}"))
        if chance.random() < 0.25:
            line = chance.choice((f"Contract No. {number}", f"Agreement number: {number}"))
            head.append(
                _Paragraph(line, [(0, self._plain("contract_number", "text", number, line))])
            )
        paragraph = _Paragraph(effective)
        sentence = " ".join(effective.split())
        brief = f"The parties are {first.written} and {second.written}".rstrip(".") + "."
        paragraph.facts += self._party_facts(parties, (first, second), sentence, brief)
        if dated:
            paragraph.facts.append(
                (
                    max(0, effective.find(written)),
                    Said(
                        "effective_date",
                        "date",
                        day,
                        sentence=sentence,
                        brief=f"It takes effect on {bare}.",
                        abroad=f"合同自{day.normal}生效。",
                    ),
                )
            )
        recital = chance.choice(
            (
                "",
                "WHEREAS, the parties wish to set out the terms of their cooperation; NOW, THEREFORE, "
                "the parties agree as follows:",
                "In consideration of the mutual promises below, the parties agree as follows.",
                "The parties intend to be legally bound and agree as set forth herein.",
            )
        )
        return [*head, paragraph, *([_Paragraph(recital)] if recital else [])]

    def _opening_zh(
        self, parties: tuple[Value, Value], day: Value, number: str
    ) -> list[_Paragraph]:
        chance = self._chance
        title = self.contract.title
        a, b = parties
        label_a, label_b = self._labels_zh()
        lines: list[_Paragraph] = [_Paragraph(title)]
        if chance.random() < 0.4:
            line = chance.choice((f"合同编号：{number}", f"编号：{number}"))
            lines.append(
                _Paragraph(line, [(0, self._plain("contract_number", "text", number, line))])
            )
        pairs = [(label_a, a), (label_b, b)]
        if self._a == "乙方" or (self._a != "甲方" and chance.random() < 0.4):
            pairs.reverse()
        first, second = pairs[0][1], pairs[1][1]
        brief = f"合同双方为{first.normal}和{second.normal}。"
        colon = chance.choice(("：", "：", ": "))
        form = chance.random()
        if form < 0.12:  # side by side
            gap = chance.choice(("　　", "　　　　", "  ", "；"))
            (label, name), (other, second_name) = pairs
            text = f"{label}{colon}{name.written}{gap}{other}{colon}{second_name.written}"
            paragraph = _Paragraph(text)
            paragraph.facts += self._party_facts(parties, (first, second), text, brief)
            lines.append(paragraph)
        elif form < 0.8:
            for place, (label, name) in enumerate(pairs):
                text = f"{label}{colon}{name.written}"
                paragraph = _Paragraph(text)
                if place == 0:
                    sentence = f"{pairs[0][0]}{colon}{first.written}"
                    apart = (f"{label_a}{colon}{a.written}", f"{label_b}{colon}{b.written}")
                    paragraph.facts += self._party_facts(
                        parties, (first, second), sentence, brief, apart
                    )
                lines.append(paragraph)
                which = "a" if name is a else "b"
                if chance.random() < 0.4:
                    where = names.address_zh(chance)
                    line = f"{chance.choice(('地址', '住所', '住所地', '联系地址'))}{colon}{where}"
                    lines.append(
                        _Paragraph(
                            line, [(0, self._plain(f"address_{which}", "place", where, line))]
                        )
                    )
                if len(name.written) > 4 and chance.random() < 0.5:
                    head = names.person_zh(chance)
                    line = f"法定代表人{colon}{head}"
                    lines.append(
                        _Paragraph(line, [(0, self._plain(f"head_{which}", "person", head, line))])
                    )
                if chance.random() < 0.2:
                    lines.append(
                        _Paragraph(f"联系电话{colon}1{chance.randint(3 * 10**9, 10**10 - 1)}")
                    )
                if chance.random() < 0.15:
                    code = f"{chance.randint(10**16, 10**17 - 1)}{chance.choice('ABCEGJX')}"
                    lines.append(_Paragraph(f"统一社会信用代码{colon}9{code}"))
        else:
            called = chance.choice(("以下简称", "下称", "以下称", "简称"))
            said_so = chance.choice(("签订", "订立", "协商订立", "签署"))
            text = chance.choice(
                (
                    f"本{title}由{pairs[0][1].written}（{called}“{pairs[0][0]}”）与"
                    f"{pairs[1][1].written}（{called}“{pairs[1][0]}”）{said_so}。",
                    f"{pairs[0][1].written}作为{pairs[0][0]}，{pairs[1][1].written}作为{pairs[1][0]}，"
                    f"经协商{said_so}本{title}。",
                    f"{pairs[0][0]}{pairs[0][1].written}与{pairs[1][0]}{pairs[1][1].written}"
                    f"就下列事项达成一致：",
                )
            )
            paragraph = _Paragraph(text)
            paragraph.facts += self._party_facts(parties, (first, second), text, brief)
            lines.append(paragraph)
        form = chance.random()
        written = day.written
        if form < 0.3:
            text = (
                f"{chance.choice(('签订日期', '签约日期', '日期', '合同签订时间'))}{colon}{written}"
            )
        elif form < 0.6:
            text = chance.choice(
                (
                    f"双方于{written}就以下事项达成协议，并自该日起生效。",
                    f"双方在自愿的基础上，于{written}签署本合同，条款如下。",
                    f"本合同由双方于{written}签订于{chance.choice(names.CITIES_ZH)}。",
                )
            )
        elif form < 0.9:
            text = chance.choice(
                (f"本合同自{written}起生效。", f"本合同经双方盖章，于{written}开始生效。")
            )
        else:
            text = ""
        if text:
            said = Said(
                "effective_date",
                "date",
                day,
                sentence=text,
                brief=f"合同自{day.written}生效。",
                abroad=f"It takes effect on {day.normal}.",
            )
            lines.append(_Paragraph(text, [(text.find(written), said)]))
        if chance.random() < 0.7:
            lines.append(
                _Paragraph(
                    chance.choice(
                        (
                            "根据《中华人民共和国民法典》及有关法律规定，双方经平等协商，订立本合同。",
                            "双方本着平等自愿、诚实信用的原则，达成如下协议：",
                            "为明确双方的权利义务，经友好协商，签订本合同，以资共同遵守。",
                        )
                    )
                )
            )
        return lines

    def _labels_zh(self) -> tuple[str, str]:
        """What stands before the parties' names; the clauses' name for them is in it."""
        chance = self._chance
        called, roles = (self._a, self._b), self._functions
        short = chance.choice(("以下称", "下称", "以下简称"))
        quotes = chance.choice(("{}", "“{}”"))
        form = chance.random()
        labels = [
            role
            if name == role
            else f"{name}（{role}）"
            if form < 0.5
            else f"{role}（{short}{quotes.format(name)}）"
            if form < 0.85
            else f"{role}（{name}）"
            for name, role in zip(called, roles, strict=True)
        ]
        return labels[0], labels[1]

    def _plain(self, key: str, kind: str, text: str, sentence: str) -> Said:
        return Said(key, kind, Value(text, text), sentence=sentence)

    def _party_facts(
        self,
        parties: tuple[Value, Value],
        listed: tuple[Value, Value],
        sentence: str,
        brief: str,
        apart: tuple[str, str] | None = None,
    ) -> list[tuple[int, Said]]:
        kind = "company"
        a, b = apart or (sentence, sentence)
        both = [one.written for one in listed]
        abroad = (
            f"The parties are {both[0]} and {both[1]}."
            if self._zh
            else f"合同双方为{both[0]}和{both[1]}。"
        )
        party = Said("party", "parties", None, listed=listed, sentence=sentence, brief=brief)
        return [
            (0, replace(party, abroad=abroad)),
            (0, Said("party_a", kind, parties[0], sentence=a)),
            (0, Said("party_b", kind, parties[1], sentence=b)),
        ]

    def _closing(self) -> list[_Paragraph]:
        chance = self._chance
        if chance.random() < 0.25:
            return []
        if self._zh:
            day = values.dated(chance, values.any_date(chance), "zh").written
            first, second = ("甲方", "乙方") if "甲" in self._a + self._b else (self._a, self._b)
            tail = [
                "（以下无正文，为签署页）" if chance.random() < 0.5 else "",
                f"{first}（盖章）：　　　　　　　　{second}（盖章）：",
                "授权代表（签字）：　　　　　　　授权代表（签字）：",
                f"签署日期：{day}"
                if "effective_date" not in self.contract.said and chance.random() < 0.3
                else "",
            ]
        else:
            first, second = self._functions
            people = [names.person(chance) for _ in range(2)]
            posts = chance.sample(
                ("President", "Chief Executive Officer", "Vice President", "General Counsel",
                 "Secretary", "Director", "Chief Financial Officer"), 2,
            )  # fmt: skip
            tail = [
                "IN WITNESS WHEREOF, the parties have executed this Agreement as of the date first "
                "above written.",
                f"{first.upper()}:",
                f"By: /s/ {people[0]}",
                f"Name: {people[0]}",
                f"Title: {posts[0]}",
                f"{second.upper()}:",
                f"By: /s/ {people[1]}",
                f"Name: {people[1]}",
                f"Title: {posts[1]}",
            ]
        return [_Paragraph(line) for line in tail if line]

    # The clauses.

    def _body(self, chosen: list[Fact]) -> list[_Paragraph]:
        chance = self._chance
        chance.shuffle(chosen)
        fillers = [
            line.format(a=self._a, b=self._b) for line in (FILLER_ZH if self._zh else FILLER_EN)
        ]
        chance.shuffle(fillers)
        clutter = chance.choice((0.2, 0.6, 1.2, 2.0, 3.0))  # sentences without value, for each fact
        # A heading often is the name that is asked for; Chinese lessons leaned on it too much.
        headings = chance.random() < (0.4 if self._zh else 0.75)
        style = chance.randrange(5)
        runs_on = chance.choice((0.0, 0.2, 0.5))  # chance that a clause says one thing more
        paragraphs: list[_Paragraph] = []
        for number, fact in enumerate(chosen, start=1):
            said, sentence = self._say(fact)
            if not self._zh:
                sentence = sentence[:1].upper() + sentence[1:]
            if paragraphs and paragraphs[-1].facts and chance.random() < runs_on:
                self._run_on(paragraphs[-1], said, sentence)
                continue
            before: list[str] = []
            after: list[str] = []
            for _ in range(int(clutter + chance.random())):
                if not fillers:
                    break
                (before if chance.random() < 0.4 else after).append(self._capital(fillers.pop()))
            heading = chance.choice(fact.wording(self.contract.language).heading.split("|"))
            lead = self._numbered(number, style, heading if headings else "")
            joint = "" if self._zh else " "
            opening = joint.join([lead, *before]) if lead else joint.join(before)
            own_line = bool(lead) and chance.random() < 0.3
            text = joint.join([part for part in (opening, sentence, *after) if part])
            start = len(opening) + (len(joint) if opening else 0)
            if own_line and not before:
                paragraphs.append(_Paragraph(lead))
                text, start = joint.join([sentence, *after]), 0
            place = text.find(said.value.written, start) if said.value else start
            paragraphs.append(_Paragraph(text, [(max(start, place), said)]))
            if chance.random() < 0.12 * clutter:
                paragraphs.append(_Paragraph(self._capital(self._distraction())))
        return paragraphs

    def _run_on(self, paragraph: _Paragraph, said: Said, sentence: str) -> None:
        """Says something more in a paragraph."""
        if self._zh and paragraph.text.endswith("。") and self._chance.random() < 0.4:
            paragraph.text = f"{paragraph.text[:-1]}；"
        start = len(paragraph.text) + (0 if self._zh else 1)
        paragraph.text += sentence if self._zh else f" {sentence}"
        place = paragraph.text.find(said.value.written, start) if said.value else start
        paragraph.facts.append((max(start, place), said))

    def _particulars(self) -> list[_Paragraph]:
        """Paragraphs of one to three sentences, each with a value of its own."""
        chance, language = self._chance, self.contract.language
        made: list[_Paragraph] = []
        named: set[str] = set()
        for _ in range(chance.choice((0, 1, 2, 3, 4))):
            paragraph = _Paragraph("")
            for _ in range(chance.randint(1, 3)):
                fact, value = particular(chance, language, len(self.contract.particulars))
                wording = fact.wording(language)
                if wording.names in named:
                    continue
                named.add(wording.names)
                said, sentence = self._put(fact, wording, value)
                joint = "" if self._zh or not paragraph.text else " "
                start = len(paragraph.text) + len(joint)
                paragraph.text += joint + sentence
                paragraph.facts.append((paragraph.text.find(value.written, start), said))
                self.contract.particulars[fact.key] = fact
            if paragraph.text:
                made.append(paragraph)
        return made

    @staticmethod
    def _capital(text: str) -> str:
        return text[:1].upper() + text[1:]

    def _numbered(self, number: int, style: int, heading: str) -> str:
        if self._zh:
            lead = (
                f"第{values.words_zh(number)}条　",
                f"{values.words_zh(number)}、",
                f"{number}. ",
                f"{number}、",
                "",
            )[style]
            return f"{lead}{heading}{'　' if heading and style == 0 else '：' if heading else ''}"
        lead = (f"{number}.", f"Section {number}.", f"{number})", f"ARTICLE {number}.", "")[style]
        return " ".join(part for part in (lead, f"{heading}." if heading else "") if part)

    def _distraction(self) -> str:
        """A sentence with a value that answers no field."""
        chance = self._chance
        language = self.contract.language
        days = values.duration(chance, language, "day", chance.randint(2, 60)).written
        sum_ = values.money(chance, language, 50, 90000).written
        if self._zh:
            return chance.choice(
                (
                    f"收到异议后，{self._b}应在{days}内书面答复。",
                    f"因通知迟延造成的费用不超过{sum_}的部分由{self._a}承担。",
                    f"发现问题的一方应于{days}内告知对方。",
                    f"单笔不足{sum_}的费用无需事先批准。",
                )
            )
        return chance.choice(
            (
                f"objections must be raised within {days} after they become known.",
                f"expenses below {sum_} need no prior approval.",
                f"the parties shall meet within {days} to discuss any open question.",
                f"{self._b} may be reimbursed for travel costs of up to {sum_} on presentation of receipts.",
                f"the founder of {names.company(chance)} introduced the parties to each other.",
            )
        )

    def _say(self, fact: Fact) -> tuple[Said, str]:
        """A fact with a value, and the sentence that says it."""
        chance, language = self._chance, self.contract.language
        wording = fact.wording(language)
        if fact.kind == "flag":
            truth = chance.random() < 0.5
            sentence = chance.choice((wording.says if truth else wording.denies).split("|"))
            sentence = sentence.format(a=self._a, b=self._b)
            brief = wording.brief if truth else wording.briefly_not
            brief = self._capital(brief.format(a=self._a, b=self._b))
            said = Said(fact.key, "flag", None, truth=truth, sentence=sentence, brief=brief)
            return replace(said, abroad=self._abroad(fact, said)), sentence
        choice = 0
        if fact.kind == "choice":
            choices = wording.choices.split("|")
            choice = chance.randrange(len(choices))
            value = Value(choices[choice], choices[choice])
        else:
            value = self._value(fact, wording)
        said, sentence = self._put(fact, wording, value)
        return replace(said, choice=choice), sentence

    def _put(self, fact: Fact, wording: Wording, value: Value) -> tuple[Said, str]:
        """A value in a sentence."""
        sentence = self._chance.choice(wording.says.split("|"))
        sentence = sentence.format(v=value.written, a=self._a, b=self._b)
        if not self._zh:
            sentence = self._capital(sentence)
            if sentence.startswith(self._capital(value.written)):
                value = replace(value, written=self._capital(value.written))
        brief = self._capital(wording.brief.format(v=value.figures, a=self._a, b=self._b))
        said = Said(fact.key, fact.kind, value, sentence=sentence, brief=brief)
        return replace(said, abroad=self._abroad(fact, said)), sentence

    def _abroad(self, fact: Fact, said: Said) -> str:
        """A summary's sentence in the other language; empty where the value would be foreign."""
        wording = fact.wording("en" if self._zh else "zh")
        kind = self.contract.kind
        if not wording.names or kind not in KINDS:
            return ""
        roles = dict(zip("ab", KINDS[kind][0 if self._zh else 1], strict=True))
        if said.value is None:
            text = wording.brief if said.truth else wording.briefly_not
            return self._capital(text.format(**roles))
        if fact.kind == "duration":
            shown = values.length("en" if self._zh else "zh", said.value)
        elif fact.kind in ("date", "percent", "number", "person", "company"):
            shown = said.value.normal
        elif fact.kind == "money":
            shown = said.value.figures
        else:
            return ""
        return self._capital(wording.brief.format(v=shown, **roles)) if shown else ""

    def _value(self, fact: Fact, wording: Wording) -> Value:
        chance, language = self._chance, self.contract.language
        if fact.kind == "date":
            return values.dated(chance, values.any_date(chance), language)
        if fact.kind == "money":
            return values.money(chance, language, int(fact.low), int(fact.high))
        if fact.kind == "percent":
            return values.percent(chance, language, fact.low, fact.high)
        if fact.kind == "duration":
            unit = chance.choice(fact.unit.split())
            most = (
                min(fact.high, 20)
                if unit == "year"
                else min(fact.high, 60)
                if unit == "month"
                else fact.high
            )
            number = chance.randint(int(fact.low), int(most))
            if unit == "day":
                number = chance.choice((5, 7, 10, 14, 15, 20, 30, 45, 60, 90, 120, number))
            if unit == "year" and chance.random() < 0.6:
                number = chance.randint(1, 5)
            return values.duration(chance, language, unit, number)
        if fact.kind == "number":
            number = chance.randint(int(fact.low), int(fact.high))
            text = f"{number:,}" if number > 999 and chance.random() < 0.5 else str(number)
            if number < 100 and chance.random() < 0.15:
                text = values.words_zh(number) if self._zh else values.words(number)
            return Value(text, str(number), number)
        if fact.kind == "law":
            return self._law()
        if fact.kind == "court":
            if self._zh:
                who = chance.choice(("", "甲方所在地", "乙方住所地", "合同签订地", "被告住所地"))
                where = f"{chance.choice(names.CITIES_ZH)}市{chance.choice(names.DISTRICTS_ZH)}区"
                name = (
                    f"{who or where}{'有管辖权的' if who and chance.random() < 0.3 else ''}人民法院"
                )
                return Value(name, name)
            where = chance.choice((*names.CITIES, *names.STATES, *names.COUNTRIES))
            return Value(where, where.removeprefix("the "))
        if fact.kind == "place":
            where = names.address_zh(chance) if self._zh else names.address(chance)
            return Value(where, where)
        if fact.kind == "person":
            name = names.person_zh(chance) if self._zh else names.person(chance)
            return Value(name, name)
        if fact.kind == "company":
            if fact.key == "bank":
                name = chance.choice(_BANKS_ZH if self._zh else _BANKS)
                if self._zh:
                    name += f"{chance.choice(names.CITIES_ZH)}{chance.choice(('分行', '支行', '高新支行'))}"
                return Value(name, name)
            name = names.company_zh(chance) if self._zh else names.company(chance)
            return Value(name, name if self._zh else values.plain_name(name))
        text = chance.choice(wording.choices.split("|"))
        text = "".join(str(chance.randint(0, 9)) if one == "#" else one for one in text)
        return Value(text, text)

    def _law(self) -> Value:
        chance = self._chance
        if self._zh:
            name = chance.choice(_LAWS_ZH)
            return Value(name, name)
        if chance.random() < 0.65:
            state = chance.choice(names.STATES)
            form = chance.choice(
                ("the State of {}", "the State of {}", "{}", "the Commonwealth of {}")
            )
            return Value(form.format(state), state)
        country = chance.choice(names.COUNTRIES)
        return Value(country, country.removeprefix("the "))

    # Lines and pages.

    def _lay_out(self, paragraphs: list[_Paragraph]) -> None:
        chance = self._chance
        width = chance.randint(24, 44) if self._zh else chance.randint(58, 105)
        height = chance.randint(22, 52)
        head = self._running(chance)
        pages: list[list[str]] = [[]]
        for paragraph in paragraphs:
            lines = self._wrapped(paragraph.text, width)
            ends, length = [], 0
            for line in lines:
                length += len(line) + (0 if self._zh else 1)
                ends.append(length)
            page_of = []
            for line in lines:
                if len(pages[-1]) >= height:
                    pages.append([])
                pages[-1].append(line)
                page_of.append(len(pages))
            for start, said in paragraph.facts:
                row = next((row for row, end in enumerate(ends) if start < end), len(lines) - 1)
                page = page_of[row] if page_of else 1
                self.contract.said[said.key] = replace(said, page=page)
        for number, lines in enumerate(pages, start=1):
            top, bottom = head(number, len(pages))
            self.contract.pages.append("\n".join([*top, *lines, *bottom]))

    def _wrapped(self, text: str, width: int) -> list[str]:
        if self._zh:
            return [text[at : at + width] for at in range(0, len(text), width)]
        return [line for piece in text.splitlines() for line in textwrap.wrap(piece, width)]

    def _running(self, chance: Random) -> _Running:
        return _Running(chance.randrange(6), self.contract.title, zh=self._zh)


class _Running:
    """What stands at the top and the bottom of every page."""

    def __init__(self, style: int, title: str, *, zh: bool) -> None:
        self._style = style
        self._title = title
        self._zh = zh

    def __call__(self, number: int, pages: int) -> tuple[list[str], list[str]]:
        """The lines above and below page `number`."""
        if self._style == 0:
            return [], [f"第{number}页 共{pages}页" if self._zh else f"Page {number} of {pages}"]
        if self._style == 1:
            return [], [f"- {number} -"]
        if self._style == 2:
            return [self._title], []
        if self._style == 3:
            return [], [str(number)]
        return [], []
