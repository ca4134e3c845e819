"""A finding in words."""

from __future__ import annotations

from typing import Final

from frontend.diagnosis.findings import Finding, Grade
from frontend.i18n import Phrases

_BYTES: Final = frozenset({"used", "most", "free", "left", "taken", "document", "image"})


def sentence(finding: Finding, say: Phrases) -> str:
    """What was found."""
    values: dict[str, object] = {
        name: say.size(int(value)) if name in _BYTES else value
        for name, value in finding.values.items()
    }
    return say(f"finding.{finding.name}", **values).strip()


def remedy(finding: Finding, say: Phrases) -> str | None:
    """What helps; None where nothing is wrong."""
    return None if finding.grade is Grade.GOOD else say(f"remedy.{finding.name}")
