"""How a contract ends: who signs it."""

from __future__ import annotations

from random import Random

from scripts.reader import chance as names
from scripts.reader import values
from scripts.reader.writing.frame import Frame
from scripts.reader.writing.paragraphs import Paragraph

_POSTS = (
    "President",
    "Chief Executive Officer",
    "Vice President",
    "General Counsel",
    "Secretary",
    "Director",
    "Chief Financial Officer",
)


def closing(chance: Random, frame: Frame) -> list[Paragraph]:
    """The paragraphs after the last clause; now and then there are none."""
    if chance.random() < 0.25:
        return []
    lines = _signed_zh(chance, frame) if frame.zh else _signed_en(chance, frame)
    return [Paragraph(line) for line in lines]


def _signed_zh(chance: Random, frame: Frame) -> list[str]:
    day = values.dated(chance, values.any_date(chance), "zh").written
    first, second = ("甲方", "乙方") if "甲" in frame.a + frame.b else (frame.a, frame.b)
    lines = [
        f"{first}（盖章）：　　　　　　　　{second}（盖章）：",
        "授权代表（签字）：　　　　　　　授权代表（签字）：",
    ]
    if chance.random() < 0.5:
        lines.insert(0, "（以下无正文，为签署页）")
    if chance.random() < 0.3:
        lines.append(f"签署日期：{day}")
    return lines


def _signed_en(chance: Random, frame: Frame) -> list[str]:
    people = [names.person(chance) for _ in frame.roles]
    posts = chance.sample(_POSTS, 2)
    lines = [
        "IN WITNESS WHEREOF, the parties have executed this Agreement as of the date first "
        "above written."
    ]
    for role, person, post in zip(frame.roles, people, posts, strict=True):
        lines += [f"{role.upper()}:", f"By: /s/ {person}", f"Name: {person}", f"Title: {post}"]
    return lines
