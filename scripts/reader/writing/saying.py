"""A fact said: the sentence that holds its value, and what a summary makes of it."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from scripts.reader import values
from scripts.reader.facts import KINDS, Fact
from scripts.reader.values import Value
from scripts.reader.writing import filling
from scripts.reader.writing.frame import Frame
from scripts.reader.writing.paragraphs import Said, capital


def say(chance: Random, fact: Fact, frame: Frame) -> Said:
    """A fact with a value by chance, as a clause of the contract says it."""
    wording = fact.wording(frame.language)
    if fact.kind == "flag":
        return _flag(chance, fact, frame)
    if fact.kind != "choice":
        return say_value(chance, fact, filling.value(chance, fact, frame.language), frame)
    choices = wording.choices.split("|")
    choice = chance.randrange(len(choices))
    value = Value(choices[choice], choices[choice])
    return replace(say_value(chance, fact, value, frame), choice=choice)


def say_value(chance: Random, fact: Fact, value: Value, frame: Frame) -> Said:
    """A fact with that value."""
    wording = fact.wording(frame.language)
    sentence = chance.choice(wording.says.split("|"))
    sentence = sentence.format(v=value.written, a=frame.a, b=frame.b)
    if not frame.zh:
        sentence = capital(sentence)
        if sentence.startswith(capital(value.written)):
            value = replace(value, written=capital(value.written))
    brief = capital(wording.brief.format(v=value.figures, a=frame.a, b=frame.b))
    said = Said(fact.key, fact.kind, value, sentence=sentence, brief=brief)
    return replace(said, abroad=_abroad(fact, said, frame))


def _flag(chance: Random, fact: Fact, frame: Frame) -> Said:
    wording = fact.wording(frame.language)
    truth = chance.random() < 0.5
    sentence = chance.choice((wording.says if truth else wording.denies).split("|"))
    sentence = sentence.format(a=frame.a, b=frame.b)
    brief = (wording.brief if truth else wording.briefly_not).format(a=frame.a, b=frame.b)
    said = Said(fact.key, "flag", None, truth=truth, sentence=sentence, brief=capital(brief))
    return replace(said, abroad=_abroad(fact, said, frame))


def _abroad(fact: Fact, said: Said, frame: Frame) -> str:
    """A summary's sentence in the other language; empty where the value would be foreign."""
    language = "en" if frame.zh else "zh"
    wording = fact.wording(language)
    if not wording.names or frame.kind not in KINDS:
        return ""
    english, chinese, *_ = KINDS[frame.kind]
    a, b = english if frame.zh else chinese
    if said.value is None:
        text = wording.brief if said.truth else wording.briefly_not
        return capital(text.format(a=a, b=b))
    if fact.kind == "duration":
        shown = values.length(language, said.value)
    elif fact.kind in ("date", "percent", "number", "person", "company"):
        shown = said.value.normal
    elif fact.kind == "money":
        shown = said.value.figures
    else:
        return ""
    return capital(wording.brief.format(v=shown, a=a, b=b)) if shown else ""
