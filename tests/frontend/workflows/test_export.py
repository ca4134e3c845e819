"""Results leave as files that people and spreadsheets open safely, with evidence beside values."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import docx
import openpyxl
import pytest

from frontend.history.work_records import Correction, FileState, WorkFile
from frontend.workflows.export import harmless, to_csv, to_json, to_markdown
from frontend.workflows.extraction import Plan, extract
from frontend.workflows.fields import Field, FieldList, Kind, Language
from frontend.workflows.findings import State
from frontend.workflows.references import References
from frontend.workflows.report import summaries_to_docx, to_docx
from frontend.workflows.sentences import checked
from frontend.workflows.summary import Summarised, Summary
from frontend.workflows.table import Table, table
from frontend.workflows.workbook import to_xlsx
from tests.fakes.contracts import AGREEMENT
from tests.fakes.reader import FakeReader, document

FIELDS = FieldList(
    "t",
    "T",
    Language.ENGLISH,
    (
        Field("party", "Who?", Kind.PARTIES, title="Parties"),
        Field("term", "How long?", Kind.DURATION),
        Field("fee", "How much?", Kind.MONEY, required=True),
        Field("note", "Anything?"),
    ),
)
SAID = {
    "party": ["Larkspur Robotics Inc.", "Tamarind Foods Ltd."],
    "term": "3 years",
    "fee": None,
    "note": '=HYPERLINK("http://x","y")',
}
EVIL_NAME = "=cmd|' /C calc'!A0.pdf"


@pytest.fixture(scope="module")
def results() -> Table:
    fake = FakeReader(lambda _: SAID)
    paper = document(fake, *AGREEMENT)
    found = extract(fake, "local", paper, FIELDS, Plan())
    done = WorkFile(1, "j", 0, paper.file, EVIL_NAME, FileState.DONE, 3, 1, "", "", found.to_json())
    failed = replace(
        done,
        id=2,
        filename="locked.pdf",
        state=FileState.FAILED,
        error="The PDF is encrypted.",
        result=None,
    )
    corrections = {1: {"term": Correction("term", "4 years", "Ada", 0.0)}}
    return table("Spring contracts", FIELDS, [done, failed], corrections)


def test_a_correction_stands_beside_the_models_value(results: Table) -> None:
    cell = results.rows[0].cell("term")
    assert cell is not None
    assert (cell.value, cell.finding.shown) == ("4 years", "3 years")
    assert cell.is_corrected
    assert cell.is_verified


def test_what_is_missing_and_what_nobody_vouches_for_is_told(results: Table) -> None:
    fee, note = results.rows[0].cell("fee"), results.rows[0].cell("note")
    assert fee is not None
    assert note is not None
    assert (fee.is_missing, fee.is_verified) == (True, False)
    assert (note.is_missing, note.is_verified) == (False, False)
    assert results.counts()[State.FOUND] == 2
    assert results.counts()[State.UNVERIFIED] == 1


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("\tx", "'\tx"),
        ("-5.3", "-5.3"),
        ("+1", "+1"),
        ("plain", "plain"),
        ("a\x00b", "ab"),
    ],
)
def test_no_text_becomes_a_formula(text: str, safe: str) -> None:
    assert harmless(text) == safe


def test_csv(results: Table) -> None:
    data = to_csv(results)
    assert data.startswith(b"\xef\xbb\xbf")
    heading, first, second = csv.reader(io.StringIO(data.decode("utf-8-sig")))
    assert heading == ["File", "Status", "Pages", "Parties", "term", "fee", "note"]
    assert first[3:5] == ["Larkspur Robotics Inc.; Tamarind Foods Ltd.", "4 years"]
    assert first[0] == f"'{EVIL_NAME}"
    assert first[6].startswith("'=HYPERLINK")
    assert second[:2] == ["locked.pdf", "failed: The PDF is encrypted."]


def test_json_has_everything(results: Table) -> None:
    content = json.loads(to_json(results))
    first, second = content["rows"]
    term = first["fields"]["term"]
    assert (term["value"], term["review"]["reviewer"]) == ("4 years", "Ada")
    (value,) = term["values"]
    assert (value["page"], value["text"]) == (2, "three (3) years")
    assert set(value["boxes"][0]) == {"page", "left", "top", "right", "bottom"}
    assert (first["pages"], first["pages_read"]) == (3, 3)
    assert (second["status"], second["error"]) == ("failed", "The PDF is encrypted.")


def test_markdown_shows_values_and_quotes(results: Table) -> None:
    text = to_markdown(results).decode()
    assert "| Larkspur Robotics Inc.; Tamarind Foods Ltd. | 4 years |" in text
    assert "corrected by a reviewer: Ada" in text
    assert "  - p. 2: “This Agreement remains in force for three (3) years" in text
    assert "required, but not stated" in text
    assert "=cmd\\|" in text


def test_the_workbook_has_values_and_evidence_and_no_formula(results: Table) -> None:
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(results)))
    assert book.sheetnames == ["Values", "Evidence"]
    values, evidence = book.worksheets
    assert [cell.value for cell in values[1]][3:] == ["Parties", "term", "fee", "note"]
    assert values["E2"].value == "4 years"
    assert all(cell.data_type != "f" for sheet in book for row in sheet for cell in row)
    assert values["A2"].value == EVIL_NAME
    assert values["A2"].quotePrefix
    term = next(row for row in evidence.values if row[1] == "term")
    assert (term[2], term[4], term[6]) == ("4 years", "p. 2", "3 years")
    assert "three (3) years" in str(term[5])


def test_the_report_has_summaries_fields_and_quotes(results: Table) -> None:
    fake = FakeReader(lambda _: "")
    paper = document(fake, *AGREEMENT)
    sentences, tally = checked(
        "## Law\n- Governed by the laws of New York. [p. 2]", References(paper.paper)
    )
    summary = Summary(
        Summarised.CLAUSES, Language.ENGLISH, "a.pdf", sentences, tally, paper.coverage
    )
    rows = (replace(results.rows[0], summaries=(summary,)), *results.rows[1:])
    results = replace(results, rows=rows)
    report = docx.Document(io.BytesIO(to_docx(results)))
    text = "\n".join(paragraph.text for paragraph in report.paragraphs)
    assert "Spring contracts" in text
    assert "Three key clauses" in text
    assert "Governed by the laws of New York. [p. 2]" in text
    cells = [[cell.text for cell in row.cells] for row in report.tables[0].rows]
    assert cells[0] == ["Field", "Value", "Found", "Page", "Quote"]
    assert cells[2][:2] == ["term", "4 years"]
    told = to_markdown(results).decode()
    assert "### Three key clauses\n\n\n**Law**\n\n- Governed by the laws of New York." in told
    (kept,) = json.loads(to_json(results))["rows"][0]["summaries"]
    assert kept["sentences"][0]["from"] == "model"
    assert "governed by the laws" in kept["sentences"][0]["quote"]
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(results)))
    line = [cell.value for cell in book["Summaries"][2]]
    assert line[1:4] == ["Three key clauses", "Governed by the laws of New York.", "p. 2"]
    alone = docx.Document(io.BytesIO(summaries_to_docx([summary])))
    assert any("3/3 pages read" in paragraph.text for paragraph in alone.paragraphs)


def test_chinese_headings(results: Table) -> None:
    fields = replace(FIELDS, language=Language.CHINESE)
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(replace(results, fields=fields))))
    assert book.sheetnames == ["数据", "依据"]
    assert "已读 3/3 页" in [cell.value for cell in book.worksheets[0][2]]
