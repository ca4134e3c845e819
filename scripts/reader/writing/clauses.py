"""The clauses of a contract: numbered or not, with headings or none, among sentences of no value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from scripts.reader import chance as names
from scripts.reader import values
from scripts.reader.facts import FILLER_EN, FILLER_ZH, Fact
from scripts.reader.particulars import particular
from scripts.reader.writing.frame import Frame
from scripts.reader.writing.paragraphs import Paragraph, Said, capital
from scripts.reader.writing.saying import say, say_value


@dataclass(frozen=True)
class _Style:
    """How one contract puts its clauses."""

    fillers: list[str]  # sentences of no value that are left
    clutter: float  # of them beside each fact
    has_headings: bool
    numbering: int
    runs_on: float  # chance that a clause says one thing more

    @classmethod
    def of(cls, chance: Random, frame: Frame) -> _Style:
        """A style by chance."""
        lines = FILLER_ZH if frame.zh else FILLER_EN
        fillers = [line.format(a=frame.a, b=frame.b) for line in lines]
        chance.shuffle(fillers)
        return cls(
            fillers,
            clutter=chance.choice((0.2, 0.6, 1.2, 2.0, 3.0)),
            # A heading often is the name that is asked for; Chinese lessons leaned on it too much.
            has_headings=chance.random() < (0.4 if frame.zh else 0.75),
            numbering=chance.randrange(5),
            runs_on=chance.choice((0.0, 0.2, 0.5)),
        )


def clauses(chance: Random, frame: Frame, facts: Sequence[Fact]) -> list[Paragraph]:
    """Paragraphs that say the facts, in an order by chance."""
    order = list(facts)
    chance.shuffle(order)
    style = _Style.of(chance, frame)
    made: list[Paragraph] = []
    for number, fact in enumerate(order, start=1):
        said = say(chance, fact, frame)
        if made and made[-1].facts and chance.random() < style.runs_on:
            _run_on(chance, frame, made[-1], said)
            continue
        made += _clause(chance, frame, style, number, fact, said)
        if chance.random() < 0.12 * style.clutter:
            made.append(Paragraph(capital(_distraction(chance, frame))))
    return made


def _clause(
    chance: Random, frame: Frame, style: _Style, number: int, fact: Fact, said: Said
) -> list[Paragraph]:
    """A fact with its heading and some of the fillers; the heading may stand by itself."""
    joint = frame.joint
    before: list[str] = []
    after: list[str] = []
    for _ in range(int(style.clutter + chance.random())):
        if not style.fillers:
            break
        (before if chance.random() < 0.4 else after).append(capital(style.fillers.pop()))
    heading = chance.choice(fact.wording(frame.language).heading.split("|"))
    lead = _numbered(frame, number, style.numbering, heading if style.has_headings else "")
    stands_alone = bool(lead) and chance.random() < 0.3 and not before
    opening = joint.join(part for part in (lead, *before) if part and not stands_alone)
    text = joint.join(part for part in (opening, _sentence(frame, said), *after) if part)
    clause = _holding(text, len(opening) + (len(joint) if opening else 0), said)
    return [Paragraph(lead), clause] if stands_alone else [clause]


def _sentence(frame: Frame, said: Said) -> str:
    """The sentence as a paragraph begins with it."""
    return said.sentence if frame.zh else capital(said.sentence)


def _holding(text: str, start: int, said: Said) -> Paragraph:
    """A paragraph that says something from `start` on."""
    return Paragraph(text, [(_place(text, start, said), said)])


def _place(text: str, start: int, said: Said) -> int:
    """Where a value stands in a text, or what is said without one; not before `start`."""
    place = text.find(said.value.written, start) if said.value else start
    return max(start, place)


def _run_on(chance: Random, frame: Frame, paragraph: Paragraph, said: Said) -> None:
    """Says something more in a paragraph."""
    if frame.zh and paragraph.text.endswith("。") and chance.random() < 0.4:
        paragraph.text = f"{paragraph.text[:-1]}；"
    start = len(paragraph.text) + len(frame.joint)
    paragraph.text += frame.joint + _sentence(frame, said)
    paragraph.facts.append((_place(paragraph.text, start, said), said))


def particulars(chance: Random, frame: Frame) -> tuple[list[Paragraph], dict[str, Fact]]:
    """Paragraphs of one to three sentences, each with a value of its own, and their facts by
    key."""
    made: list[Paragraph] = []
    facts: dict[str, Fact] = {}
    named: set[str] = set()
    for _ in range(chance.choice((0, 1, 2, 3, 4))):
        paragraph = Paragraph("")
        for _ in range(chance.randint(1, 3)):
            fact, value = particular(chance, frame.language, len(facts))
            name = fact.wording(frame.language).names
            if name in named:
                continue
            named.add(name)
            said = say_value(chance, fact, value, frame)
            joint = frame.joint if paragraph.text else ""
            start = len(paragraph.text) + len(joint)
            paragraph.text += joint + said.sentence
            paragraph.facts.append((paragraph.text.find(value.written, start), said))
            facts[fact.key] = fact
        if paragraph.text:
            made.append(paragraph)
    return made, facts


def _numbered(frame: Frame, number: int, numbering: int, heading: str) -> str:
    """What leads a clause: its number and its heading, as far as it has them."""
    if frame.zh:
        lead = (
            f"第{values.words_zh(number)}条　",
            f"{values.words_zh(number)}、",
            f"{number}. ",
            f"{number}、",
            "",
        )[numbering]
        return f"{lead}{heading}{'　' if heading and numbering == 0 else '：' if heading else ''}"
    lead = (f"{number}.", f"Section {number}.", f"{number})", f"ARTICLE {number}.", "")[numbering]
    return " ".join(part for part in (lead, f"{heading}." if heading else "") if part)


def _distraction(chance: Random, frame: Frame) -> str:
    """A sentence with a value that answers no field."""
    days = values.duration(chance, frame.language, "day", chance.randint(2, 60)).written
    sum_ = values.money(chance, frame.language, 50, 90000).written
    if frame.zh:
        return chance.choice(
            (
                f"收到异议后，{frame.b}应在{days}内书面答复。",
                f"因通知迟延造成的费用不超过{sum_}的部分由{frame.a}承担。",
                f"发现问题的一方应于{days}内告知对方。",
                f"单笔不足{sum_}的费用无需事先批准。",
            )
        )
    return chance.choice(
        (
            f"objections must be raised within {days} after they become known.",
            f"expenses below {sum_} need no prior approval.",
            f"the parties shall meet within {days} to discuss any open question.",
            f"{frame.b} may be reimbursed for travel costs of up to {sum_} on presentation of receipts.",
            f"the founder of {names.company(chance)} introduced the parties to each other.",
        )
    )
