"""The command `doctor`: every check of this installation, with what was found and what helps."""

from __future__ import annotations

import argparse
from typing import Any, Final

from frontend.cli.desk import CannotDo, as_json
from frontend.client.blocking import Client
from frontend.diagnosis import place, wording
from frontend.diagnosis.examination import examine
from frontend.diagnosis.findings import Finding, Grade
from frontend.i18n import Phrases
from frontend.settings import load

_SIGNS: Final = {Grade.GOOD: "ok  ", Grade.POOR: "look", Grade.BAD: "FAIL"}


def doctor(asked: argparse.Namespace) -> int:
    """How many findings say that something does not work."""
    settings, say = load(), Phrases(asked.language)
    try:
        where = place.of_url(asked.url) if asked.url else place.of_settings(settings, asked.host)
    except place.NoAddress as mistake:
        raise CannotDo(str(mistake)) from None
    client = Client(settings.backend_address, settings.backend_token, ca=settings.backend_tls_ca)
    try:
        findings = examine(client, settings, where)
    finally:
        client.close()
    if asked.json:
        print(as_json([_as_values(one, say) for one in findings]))
    else:
        for one in findings:
            _tell(one, say)
    return sum(one.grade is Grade.BAD for one in findings)


def _tell(finding: Finding, say: Phrases) -> None:
    print(f"{_SIGNS[finding.grade]}  {finding.check.value:8}{wording.sentence(finding, say)}")
    helps = wording.remedy(finding, say)
    if helps is not None:
        print(f"{'':14}→ {helps}")


def _as_values(finding: Finding, say: Phrases) -> dict[str, Any]:
    return {
        "check": finding.check.value,
        "grade": finding.grade.value,
        "name": finding.name,
        "finding": wording.sentence(finding, say),
        "remedy": wording.remedy(finding, say),
        "values": dict(finding.values),
    }
