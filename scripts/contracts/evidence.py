"""Fields through contract work, and every value that it found in the text held against the PDF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from frontend.cli.desk import OWNER
from frontend.client.blocking import Client
from frontend.workflows import findings, presets
from frontend.workflows.client_reader import ClientReader
from frontend.workflows.document import read_document
from frontend.workflows.evidence import Exactness
from frontend.workflows.extraction import extract
from frontend.workflows.fields import FieldList, Language
from frontend.workflows.findings import Extraction, State
from frontend.workflows.plans import plan_for
from scripts.contracts import proof
from scripts.contracts.kept import Heard, Kept, Row
from scripts.contracts.labelled import Labelled
from scripts.contracts.report import Report
from scripts.lib.measuring import Figure
from scripts.reader.agreements import KEYS

_NDA = presets.preset("nda", Language.ENGLISH)
assert _NDA is not None
PRESET: Final = _NDA
FOUR: Final = FieldList(
    "four",
    "Four fields",
    Language.ENGLISH,
    tuple(field for field in PRESET.fields if field.name in KEYS),
)


def measured(
    title: str,
    client: Client,
    kept: Kept,
    asked: FieldList,
    papers: Sequence[Labelled],
    told: Heard,
) -> Report:
    """Extracts from every agreement that was not asked about before, and proves all values."""
    by_name = {paper.name: paper for paper in papers}
    reader = ClientReader(client)
    plan = plan_for(client.status().model)

    def make(name: str) -> Row:
        file = reader.put(OWNER, by_name[name].path.read_bytes(), name)
        document = read_document(reader, OWNER, file, name)
        return {"extraction": extract(reader, OWNER, document, asked, plan).to_json()}

    rows = kept.rows(by_name, make, told)
    found = [findings.read(row["extraction"]) for row in rows]
    states = Counter(one.state for extraction in found for one in extraction.findings)
    proved, doubted = 0, []
    for paper, extraction in zip(papers, found, strict=True):
        for doubt in _doubts(paper, extraction, asked):
            proved += 1
            if doubt["doubts"]:
                doubted.append(doubt)
    share = 100 * (proved - len(doubted)) / max(1, proved)
    pages = sum(one.coverage.pages for one in found)
    return Report(
        (
            Figure(
                f"{title}: values found that stand on their page",
                share,
                "%",
                100,
                at_least=True,
                how=f"{proved} values of {len(papers)} agreements, held against the PDFs",
            ),
            *(
                Figure(f"{title}: fields {state.value.replace('_', ' ')}", states[state], "")
                for state in State
            ),
            Figure(
                f"{title}: pages read",
                100 * sum(one.coverage.read for one in found) / max(1, pages),
                "%",
                100,
                at_least=True,
                how=f"of {pages}",
            ),
        ),
        {
            "values": proved,
            "doubted": doubted,
            "states": {state.value: states[state] for state in State},
            "states by field": {
                field.name: dict(
                    Counter(
                        one.state.value
                        for extraction in found
                        for one in extraction.findings
                        if one.field == field.name
                    )
                )
                for field in asked.fields
            },
            "answers asked for again": sum(one.retries for one in found),
        },
    )


def _doubts(paper: Labelled, extraction: Extraction, asked: FieldList) -> list[Row]:
    """Every value that is said to stand in the text, with what speaks against it."""
    kinds = {field.name: field.kind for field in asked.fields}
    with proof.Pages(paper.path) as pages:
        return [
            {
                "file": paper.name,
                "field": one.field,
                "page": value.page,
                "doubts": [asdict(doubt) for doubt in proof.doubts(value, kinds[one.field], pages)],
            }
            for one in extraction.findings
            for value in one.values
            if one.state in (State.FOUND, State.CONFLICT) and value.exactness is Exactness.VERBATIM
        ]
