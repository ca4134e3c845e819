"""Sentences of ours put between those of an agreement, to be asked after besides its labels."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from scripts.reader.agreements import Agreement
from scripts.reader.asking.fields import Field, field_alone
from scripts.reader.particulars import particular
from scripts.reader.writing.paragraphs import capital


@dataclass(frozen=True)
class Aside:
    """Something said in an agreement that its labels know nothing of."""

    name: str
    question: str
    field: Field
    written: tuple[str, ...]  # where it is said; nothing if it is not


def with_asides(chance: Random, agreement: Agreement) -> tuple[Agreement, tuple[Aside, ...]]:
    """Puts sentences of ours between an agreement's own, and asks after some that are not there."""
    pages, asides = list(agreement.pages), []
    for number in range(chance.choice((1, 1, 2, 3))):
        fact, value = particular(chance, "en", number)
        is_said = chance.random() < 0.7
        if is_said:
            says = chance.choice(fact.en.says.split("|"))
            sentence = says.format(v=value.written, a="the Recipient", b="the Company")
            page = chance.randrange(len(pages))
            lines = pages[page].split("\n")
            place = chance.randint(0, len(lines))
            pages[page] = "\n".join([*lines[:place], capital(sentence), *lines[place:]])
        asides.append(
            Aside(
                fact.en.names,
                field=field_alone(chance, fact, value if is_said else None),
                question=chance.choice(fact.en.ask.split("|")),
                written=(value.written,) if is_said else (),
            )
        )
    return Agreement(agreement.name, tuple(pages), agreement.labels), tuple(asides)
