"""What a check finds: how grave it is, and the name under which its sentence and remedy stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Check(Enum):
    """What is looked at, by the trouble that sends people here."""

    PAGE = "page"  # blank, or refused
    BACKEND = "backend"  # away, 502
    UPLOAD = "upload"  # fails
    MEMORY = "memory"  # runs out
    SPEED = "speed"  # the first token is late


class Grade(Enum):
    """How grave a finding is."""

    GOOD = "good"
    POOR = "poor"  # it works, and will not for long or not well
    BAD = "bad"  # it does not work


@dataclass(frozen=True)
class Finding:
    """One thing found. `name` is a key of the phrase book; what is not good has a remedy there."""

    check: Check
    grade: Grade
    name: str
    values: Mapping[str, str | int | float] = field(default_factory=dict)


def is_well(findings: tuple[Finding, ...]) -> bool:
    """Whether everything works."""
    return all(finding.grade is not Grade.BAD for finding in findings)
