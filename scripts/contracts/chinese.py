"""Chinese contracts of kinds that training never showed, printed and scanned: fields, summaries."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frontend.cli.desk import OWNER
from frontend.client.blocking import Client
from frontend.messages import BackendError
from frontend.workflows.client_reader import ClientReader
from frontend.workflows.document import read_document
from frontend.workflows.fields import Language
from frontend.workflows.plans import plan_for
from frontend.workflows.skeleton import is_ideograph
from frontend.workflows.summarising import summarise
from frontend.workflows.summary import Summarised
from scripts.contracts import press, service
from scripts.contracts.fields import row
from scripts.contracts.kept import Heard, Kept, Row
from scripts.contracts.report import Report
from scripts.contracts.scan import scanned
from scripts.lib.measuring import Figure
from scripts.reader import exam, marks

SEED: Final = 20_261_127
EACH: Final = 8  # contracts of a kind
SUMMARY: Final = "请总结这份合同中的三个关键条款"
_REFERENCE: Final = re.compile(r"第\s*(\d{1,4})\s*页|\bpp?\.\s*(\d{1,4})")
_CHINESE: Final = 0.6  # of an answer's letters, for names and numbers are what they are


@dataclass(frozen=True)
class Printed:
    """A contract that was printed, and the same as a scan."""

    name: str
    exam: exam.Paper
    pages: int
    document: Path
    scan: Path


def contracts(folder: Path) -> list[Printed]:
    """The set, printed once and kept. Raises press.NoPress."""
    papers = exam.papers(SEED, "zh", EACH)
    folder.mkdir(parents=True, exist_ok=True)
    sheets = [press.sheets("\n".join(paper.pages)) for paper in papers]
    made = [
        Printed(f"{n:02}.pdf", paper, len(pages), folder / f"{n:02}.pdf", folder / f"{n:02}s.pdf")
        for n, (paper, pages) in enumerate(zip(papers, sheets, strict=True))
    ]
    missing = [n for n, one in enumerate(made) if not one.document.exists()]
    for n, content in zip(missing, press.printed([sheets[n] for n in missing]), strict=True):
        made[n].document.write_bytes(content)
    for one in made:
        if not one.scan.exists():
            one.scan.write_bytes(scanned(one.document.read_bytes(), one.name))
    return made


def fields(
    title: str,
    goal: float | None,
    url: str,
    kept: Kept,
    papers: Sequence[Printed],
    told: Heard,
    *,
    as_scans: bool,
) -> Report:
    """The share of fields that are right, contract by contract and kind by kind."""
    by_name = {paper.name: paper for paper in papers}

    def make(name: str) -> Row:
        paper = by_name[name]
        content = (paper.scan if as_scans else paper.document).read_bytes()
        return row(service.ask(url, content, name, paper.exam.instruction, paper.exam.schema))

    rows = kept.rows(by_name, make, told)
    answers = [marks.parsed(one["text"]) for one in rows]
    right = marks.field_accuracy([paper.exam.answer for paper in papers], answers)
    kinds: dict[str, list[int]] = defaultdict(list)
    for place, paper in enumerate(papers):
        kinds[paper.exam.kind].append(place)
    by_kind = {
        kind: marks.field_accuracy(
            [papers[place].exam.answer for place in places], [answers[place] for place in places]
        )
        for kind, places in kinds.items()
    }
    count = sum(len(paper.exam.answer) for paper in papers)
    pages = sum(paper.pages for paper in papers)
    read = sum(one["pages_read"] for one in rows)
    wrong = [
        {"file": paper.name, "kind": paper.exam.kind, "field": name, "type": _type(paper, name)}
        | {"right": value, "found": answer.get(name)}
        for paper, answer in zip(papers, answers, strict=True)
        for name, value in paper.exam.answer.items()
        if marks.field_accuracy([{name: value}], [{name: answer.get(name)}]) < 100
    ]
    how = f"{count} fields of {len(papers)} contracts of {len(kinds)} kinds, REST"
    return Report(
        (
            Figure(f"{title}: fields that are right", right, "%", goal, at_least=True, how=how),
            *(
                Figure(f"{title}: {kind}", share, "%", how=f"{len(kinds[kind])} contracts")
                for kind, share in by_kind.items()
            ),
            Figure(
                f"{title}: pages read", 100 * read / pages, "%", 100, True, how=f"of {pages} pages"
            ),
        ),
        {
            "by kind": by_kind,
            "wrong by type": dict(Counter(str(one["type"]) for one in wrong)),
            "wrong": wrong,
        },
    )


def summaries(
    title: str,
    url: str,
    client: Client,
    kept: Kept,
    papers: Sequence[Printed],
    told: Heard,
    *,
    as_scans: bool,
) -> Report:
    """The three key clauses of one contract of each kind, as a caller asks and as the page does."""
    chosen = {paper.exam.kind: paper for paper in reversed(papers)}
    by_name = {paper.name: paper for paper in chosen.values()}
    reader = ClientReader(client)
    plan = plan_for(client.status().model)

    def make(name: str) -> Row:
        paper = by_name[name]
        content = (paper.scan if as_scans else paper.document).read_bytes()
        asked = row(service.ask(url, content, name, SUMMARY, max_tokens=400))
        file = reader.put(OWNER, content, name)
        document = read_document(reader, OWNER, file, name)
        made = summarise(reader, OWNER, document, Summarised.CLAUSES, Language.CHINESE, plan)
        told_pages = sorted({page for one in made.sentences for page in one.pages})
        referred = claimed(asked["text"])
        return asked | {
            "kind": paper.exam.kind,
            "claimed": referred,
            "opens": [page for page in referred if _opens(client, file.sha256, page)],
            "work": made.text(),
            "work_pages": told_pages,
            "work_opens": [page for page in told_pages if _opens(client, file.sha256, page)],
            "work_unsupported": made.tally.unsupported,
        }

    rows = kept.rows(sorted(by_name), make, told)
    how = f"of {len(rows)} kinds"
    return Report(
        (
            _share(f"{title}: answered in Chinese", rows, lambda one: is_chinese(one["text"]), how),
            _share(
                f"{title}: with page references that all open",
                rows,
                lambda one: bool(one["claimed"]) and one["opens"] == one["claimed"],
                f"{how}; REST, as the model wrote it",
            ),
            _share(
                f"{title}: the same in contract work",
                rows,
                lambda one: (
                    is_chinese(one["work"])
                    and bool(one["work_pages"])
                    and one["work_opens"] == one["work_pages"]
                ),
                f"{how}; references held against the pages' words",
            ),
        ),
        {"answers": rows},
    )


def _share(name: str, rows: Sequence[Row], holds: Callable[[Row], bool], how: str) -> Figure:
    return Figure(name, 100 * sum(map(holds, rows)) / max(1, len(rows)), "%", 100, True, how)


def _type(paper: Printed, name: str) -> str:
    kind = paper.exam.schema["properties"][name]["type"][0]
    value = paper.exam.answer[name]
    if value is None:
        return "not in the contract"
    if kind != "string":
        return str(kind)
    return "date" if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)) else "text"


def is_chinese(text: str) -> bool:
    """Whether an answer is written in Chinese, names and numbers aside."""
    letters = [letter for letter in text if letter.isalpha()]
    return bool(letters) and sum(map(is_ideograph, letters)) >= _CHINESE * len(letters)


def claimed(text: str) -> list[int]:
    """The pages that an answer refers to."""
    return sorted({int(one or other) for one, other in _REFERENCE.findall(text)})


def _opens(client: Client, sha256: str, page: int) -> bool:
    """Whether the backend shows that page of the file."""
    try:
        return bool(client.page(OWNER, sha256, page).image)
    except BackendError:
        return False
