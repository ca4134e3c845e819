"""How an English contract begins: title, parties, date, and why it is concluded."""

from __future__ import annotations

from random import Random

from scripts.reader import chance as names
from scripts.reader.values import Value
from scripts.reader.writing import paragraphs, parties
from scripts.reader.writing.frame import Frame
from scripts.reader.writing.paragraphs import Paragraph, Said


def opening(
    chance: Random, frame: Frame, both: tuple[Value, Value], day: Value, number: str
) -> list[Paragraph]:
    """The paragraphs before the first clause. `both` are the parties, in the order of their
    roles."""
    title = frame.title
    shown = title.upper() if chance.random() < 0.6 else title
    described = _described(chance, frame, both)
    places = (0, 1) if chance.random() < 0.5 else (1, 0)
    pair = " and ".join(described[place] for place in places)
    text = _concluded(chance, title, pair, day.written)
    is_dated = chance.random() < 0.9
    if not is_dated:
        text = f"This {title} is made by and between {pair}."
    head = [Paragraph(shown)]
    if chance.random() < 0.25:
        head.insert(0, Paragraph(f"Exhibit {chance.randint(2, 99)}.{chance.randint(1, 30)}"))
    if chance.random() < 0.25:
        line = chance.choice((f"Contract No. {number}", f"Agreement number: {number}"))
        head.append(paragraphs.line("contract_number", "text", number, line))
    sentence = " ".join(text.split())
    listed = (both[places[0]], both[places[1]])
    concluded = Paragraph(text, parties.named(frame, both, listed, sentence))
    if is_dated:
        concluded.facts.append((max(0, text.find(day.written)), _effective(day, sentence)))
    recital = _recital(chance)
    return [*head, concluded, *([Paragraph(recital)] if recital else [])]


def _described(chance: Random, frame: Frame, both: tuple[Value, Value]) -> list[str]:
    """Each party with where it sits and what it is called from now on."""
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
        for _ in both
    ]
    the = "the " if chance.random() < 0.6 else ""
    quote = chance.choice(('"{}"', "“{}”"))
    called = [f" ({the}{quote.format(role)})" for role in frame.roles]
    if chance.random() < 0.15:
        called = [f", hereinafter referred to as {quote.format(role)}," for role in frame.roles]
    return [
        f"{party.written}{seat}{name}"
        for party, seat, name in zip(both, where, called, strict=True)
    ]


def _concluded(chance: Random, title: str, pair: str, written: str) -> str:
    """The sentence that names the parties and the day."""
    bare = _bare(written)
    on = "" if bare != written else "on "  # a day that is spelt out needs no preposition
    text = chance.choice(
        (
            f"This {title} (the “Agreement”) is made and entered into as of {written} "
            f"by and between {pair}.",
            f"THIS {title.upper()} is dated {written} and is between {pair}.",
            f"This Agreement is effective as of {written} (the “Effective Date”), between {pair}.",
            f"This {title} is entered into {on}{written}, by and between {pair}.",
            f"This Agreement is made {on}{written}\nBETWEEN:\n{pair}.",
            f"{pair} have agreed, {on}{written}, as follows.",
            f"The undersigned, {pair}, conclude this {title}, dated {bare}.",
            f"Agreement of {bare} between {pair}.",
            f"Parties: (1) {pair.replace(' and ', '; and (2) ', 1)}. Signed {written}."
            if "&" not in pair and pair.count(" and ") == 1
            else f"Between {pair}, made {written}.",
        )
    )
    if chance.random() < 0.12:  # a list of parties, and the date elsewhere
        return f"Date: {written}. Parties: {pair}. The parties agree as follows."
    return text


def _bare(written: str) -> str:
    return written.removeprefix("the ").removeprefix("this ")


def _effective(day: Value, sentence: str) -> Said:
    return Said(
        "effective_date",
        "date",
        day,
        sentence=sentence,
        brief=f"It takes effect on {_bare(day.written)}.",
        abroad=f"合同自{day.normal}生效。",
    )


def _recital(chance: Random) -> str:
    return chance.choice(
        (
            "",
            "WHEREAS, the parties wish to set out the terms of their cooperation; NOW, THEREFORE, "
            "the parties agree as follows:",
            "In consideration of the mutual promises below, the parties agree as follows.",
            "The parties intend to be legally bound and agree as set forth herein.",
        )
    )
