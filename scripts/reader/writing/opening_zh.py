"""How a Chinese contract begins: title, parties, date, and why it is concluded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from scripts.reader import chance as names
from scripts.reader.values import Value
from scripts.reader.writing import paragraphs, parties
from scripts.reader.writing.frame import Frame
from scripts.reader.writing.paragraphs import Paragraph, Said


@dataclass(frozen=True)
class _Party:
    """One party as the beginning names it."""

    letter: str  # a or b: whose role it has
    label: str
    name: Value


def opening(
    chance: Random, frame: Frame, both: tuple[Value, Value], day: Value, number: str
) -> list[Paragraph]:
    """The paragraphs before the first clause. `both` are the parties, in the order of their
    roles."""
    labels = _labels(chance, frame)
    made = [Paragraph(frame.title)]
    if chance.random() < 0.4:
        line = chance.choice((f"合同编号：{number}", f"编号：{number}"))
        made.append(paragraphs.line("contract_number", "text", number, line))
    order = [_Party(*each) for each in zip("ab", labels, both, strict=True)]
    if frame.a == "乙方" or (frame.a != "甲方" and chance.random() < 0.4):
        order.reverse()
    colon = chance.choice(("：", "：", ": "))
    form = chance.random()
    if form < 0.12:
        made.append(_side_by_side(chance, frame, both, order, colon))
    elif form < 0.8:
        made += _one_by_one(chance, frame, both, order, colon)
    else:
        made.append(_in_a_sentence(chance, frame, both, order))
    text = _dated(chance, day.written, colon)
    if text:
        made.append(Paragraph(text, [(text.find(day.written), _effective(day, text))]))
    if chance.random() < 0.7:
        made.append(Paragraph(_recital(chance)))
    return made


def _labels(chance: Random, frame: Frame) -> tuple[str, str]:
    """What stands before the parties' names; the clauses' name for them is in it."""
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
        for name, role in zip((frame.a, frame.b), frame.roles, strict=True)
    ]
    return labels[0], labels[1]


def _side_by_side(
    chance: Random, frame: Frame, both: tuple[Value, Value], order: Sequence[_Party], colon: str
) -> Paragraph:
    gap = chance.choice(("　　", "　　　　", "  ", "；"))
    text = gap.join(f"{one.label}{colon}{one.name.written}" for one in order)
    return Paragraph(text, parties.named(frame, both, _listed(order), text))


def _one_by_one(
    chance: Random, frame: Frame, both: tuple[Value, Value], order: Sequence[_Party], colon: str
) -> list[Paragraph]:
    """Each party on a line of its own, and what else is told of it below."""
    lines = {one.letter: f"{one.label}{colon}{one.name.written}" for one in order}
    made: list[Paragraph] = []
    for one in order:
        paragraph = Paragraph(lines[one.letter])
        if not made:
            apart = (lines["a"], lines["b"])
            paragraph.facts += parties.named(frame, both, _listed(order), paragraph.text, apart)
        made += [paragraph, *_details(chance, one, colon)]
    return made


def _details(chance: Random, party: _Party, colon: str) -> list[Paragraph]:
    made: list[Paragraph] = []
    if chance.random() < 0.4:
        where = names.address_zh(chance)
        line = f"{chance.choice(('地址', '住所', '住所地', '联系地址'))}{colon}{where}"
        made.append(paragraphs.line(f"address_{party.letter}", "place", where, line))
    if len(party.name.written) > 4 and chance.random() < 0.5:  # a company
        head = names.person_zh(chance)
        line = f"法定代表人{colon}{head}"
        made.append(paragraphs.line(f"head_{party.letter}", "person", head, line))
    if chance.random() < 0.2:
        made.append(Paragraph(f"联系电话{colon}1{chance.randint(3 * 10**9, 10**10 - 1)}"))
    if chance.random() < 0.15:
        code = f"{chance.randint(10**16, 10**17 - 1)}{chance.choice('ABCEGJX')}"
        made.append(Paragraph(f"统一社会信用代码{colon}9{code}"))
    return made


def _in_a_sentence(
    chance: Random, frame: Frame, both: tuple[Value, Value], order: Sequence[_Party]
) -> Paragraph:
    called = chance.choice(("以下简称", "下称", "以下称", "简称"))
    concluded = chance.choice(("签订", "订立", "协商订立", "签署"))
    first, second = order
    text = chance.choice(
        (
            f"本{frame.title}由{first.name.written}（{called}“{first.label}”）与"
            f"{second.name.written}（{called}“{second.label}”）{concluded}。",
            f"{first.name.written}作为{first.label}，{second.name.written}作为{second.label}，"
            f"经协商{concluded}本{frame.title}。",
            f"{first.label}{first.name.written}与{second.label}{second.name.written}"
            f"就下列事项达成一致：",
        )
    )
    return Paragraph(text, parties.named(frame, both, _listed(order), text))


def _listed(order: Sequence[_Party]) -> tuple[Value, Value]:
    first, second = order
    return first.name, second.name


def _dated(chance: Random, written: str, colon: str) -> str:
    """What tells the day from which it holds; empty if nothing does."""
    form = chance.random()
    if form < 0.3:
        return f"{chance.choice(('签订日期', '签约日期', '日期', '合同签订时间'))}{colon}{written}"
    if form < 0.6:
        return chance.choice(
            (
                f"双方于{written}就以下事项达成协议，并自该日起生效。",
                f"双方在自愿的基础上，于{written}签署本合同，条款如下。",
                f"本合同由双方于{written}签订于{chance.choice(names.CITIES_ZH)}。",
            )
        )
    if form < 0.9:
        return chance.choice(
            (f"本合同自{written}起生效。", f"本合同经双方盖章，于{written}开始生效。")
        )
    return ""


def _effective(day: Value, sentence: str) -> Said:
    return Said(
        "effective_date",
        "date",
        day,
        sentence=sentence,
        brief=f"合同自{day.written}生效。",
        abroad=f"It takes effect on {day.normal}.",
    )


def _recital(chance: Random) -> str:
    return chance.choice(
        (
            "根据《中华人民共和国民法典》及有关法律规定，双方经平等协商，订立本合同。",
            "双方本着平等自愿、诚实信用的原则，达成如下协议：",
            "为明确双方的权利义务，经友好协商，签订本合同，以资共同遵守。",
        )
    )
