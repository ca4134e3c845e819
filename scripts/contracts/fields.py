"""The four fields of labelled agreements through REST, from their text layer or as scans."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from scripts.contracts import labelled, service
from scripts.contracts.kept import Heard, Kept, Row
from scripts.contracts.labelled import Labelled
from scripts.contracts.report import Report
from scripts.lib.measuring import Figure
from scripts.reader.agreements import KEYS

_MIDDLING: Final = (4, 6)  # pages of an agreement of about five
_SHOWN: Final = 4  # kinds of mistake in the table

Document = Callable[[Labelled], bytes]


def measured(
    title: str,
    goal: float | None,
    url: str,
    kept: Kept,
    papers: Sequence[Labelled],
    document: Document,
    told: Heard,
    *,
    described: bool = True,
) -> Report:
    """Asks about every agreement that was not asked about before, and marks all answers."""
    by_name = {paper.name: paper for paper in papers}
    schema = labelled.schema(described=described)

    def make(name: str) -> Row:
        return row(service.ask(url, document(by_name[name]), name, labelled.ASK, schema))

    rows = kept.rows(by_name, make, told)
    answers = [labelled.given(one["text"]) for one in rows]
    marks = labelled.marked(papers, answers)
    wrong = list(labelled.mistakes(papers, answers))
    kinds = Counter(f"{one.key}: {one.kind}" for one in wrong)
    unread = [one["name"] for one in rows if one["pages"] != one["pages_read"]]
    whole, how = marks["all"], f"{len(papers)} agreements, REST, JSON schema"
    return Report(
        (
            Figure(f"{title}: micro F1", whole["f1"], "%", goal, at_least=True, how=how),
            *(
                Figure(
                    f"{title}: F1 of {key}",
                    marks[key]["f1"],
                    "%",
                    how=f"precision {marks[key]['precision']}, recall {marks[key]['recall']}",
                )
                for key in KEYS
            ),
            Figure(f"{title}: agreements not read whole", len(unread), "", 0),
            Figure(
                f"{title}: answer, agreement of 4 to 6 pages",
                _median(rows),
                "s",
                how="median seconds of the caller's waiting; see part speed for a quiet machine",
            ),
        ),
        {
            "marks": marks,
            "kinds of mistakes": dict(kinds.most_common()),
            "mistakes": [asdict(one) for one in wrong],
            "not read whole": unread,
        },
    )


def row(answer: service.Answer) -> Row:
    """What is kept of an answer about a single file."""
    return {
        "text": answer.text,
        "seconds": answer.seconds,
        "first_token": answer.first_token,
        "finish": answer.finish,
        "prompt_tokens": answer.prompt_tokens,
        "cached_tokens": answer.cached_tokens,
        "pages": len(answer.pages),
        "pages_read": sum(page["method"] is not None for page in answer.pages),
        "methods": sorted({str(page["method"]) for page in answer.pages}),
    }


def _median(rows: Sequence[dict[str, Any]]) -> float | None:
    low, high = _MIDDLING
    taken = [one["seconds"] for one in rows if low <= one["pages"] <= high]
    return round(statistics.median(taken), 1) if taken else None
