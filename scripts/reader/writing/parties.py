"""Who concludes a contract: parties by chance, and what the beginning says of them."""

from __future__ import annotations

from random import Random

from scripts.reader import chance as names
from scripts.reader import values
from scripts.reader.values import Value
from scripts.reader.writing.frame import Frame
from scripts.reader.writing.paragraphs import Said

_OFTEN_PEOPLE = ("lease", "loan", "consulting", "nda", "agency")


def party(chance: Random, frame: Frame, place: int) -> Value:
    """The name of the first party (`place` 0) or the second: of a company, or of a person."""
    is_person = frame.kind == "employment" and place == 1
    is_person = is_person or (frame.kind in _OFTEN_PEOPLE and chance.random() < 0.3)
    if frame.zh:
        name = names.person_zh(chance) if is_person else names.company_zh(chance)
        return Value(name, name)
    name = names.person(chance) if is_person else names.company(chance)
    return Value(name, values.plain_name(name))


def named(
    frame: Frame,
    parties: tuple[Value, Value],
    listed: tuple[Value, Value],
    sentence: str,
    apart: tuple[str, str] | None = None,
) -> list[tuple[int, Said]]:
    """What a paragraph says that names the parties, in the order of `listed`; where each has a
    sentence of its own, these are `apart`."""
    first, second = listed
    if frame.zh:
        brief = f"合同双方为{first.normal}和{second.normal}。"
        abroad = f"The parties are {first.written} and {second.written}."
    else:
        brief = f"The parties are {first.written} and {second.written}".rstrip(".") + "."
        abroad = f"合同双方为{first.written}和{second.written}。"
    a, b = apart or (sentence, sentence)
    both = Said(
        "party", "parties", None, listed=listed, sentence=sentence, brief=brief, abroad=abroad
    )
    return [
        (0, both),
        (0, Said("party_a", "company", parties[0], sentence=a)),
        (0, Said("party_b", "company", parties[1], sentence=b)),
    ]
