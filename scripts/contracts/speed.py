"""How long a caller waits: all fields of an unseen agreement, then a second question about it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any, Final

from frontend.cli.desk import OWNER
from frontend.client.blocking import Client
from scripts.contracts import labelled, service
from scripts.contracts.fields import row
from scripts.contracts.kept import Heard
from scripts.contracts.labelled import Labelled
from scripts.contracts.report import Report
from scripts.lib.measuring import Figure

SECOND: Final = "For how long must the information be kept secret?"
_PAGES: Final = (4, 6)


def measured(
    url: str, client: Client, papers: Sequence[Labelled], runs: int, told: Heard
) -> Report:
    """Nothing of it may be kept: the documents are new to the data folder."""
    low, high = _PAGES
    rows: list[dict[str, Any]] = []
    for paper in papers:
        content = paper.path.read_bytes()
        if not low <= client.put(OWNER, content, paper.name).pages <= high:
            continue
        schema = labelled.schema(described=True)
        fields = row(service.ask(url, content, paper.name, labelled.ASK, schema))
        second = row(service.ask(url, content, paper.name, SECOND, max_tokens=64, streamed=True))
        rows.append({"file": paper.name, "fields": fields, "second": second})
        told(f"{paper.name}: {fields['seconds']} s, then {second['first_token']:.1f} s")
        if len(rows) == runs:
            break
    how = f"{len(rows)} agreements of {low} to {high} pages, one after the other"
    firsts = [one["second"]["first_token"] for one in rows]
    return Report(
        (
            Figure(
                "all four fields, text layer",
                statistics.median(one["fields"]["seconds"] for one in rows),
                "s",
                12,
                how=f"REST, median of {how}",
            ),
            Figure(
                "a second question, first token",
                statistics.median(firsts),
                "s",
                3,
                how="REST, streamed, median of the same",
            ),
            Figure("the same, slowest", max(firsts), "s"),
        ),
        {"runs": rows},
    )
