"""From dropped contracts to a checked table, in a real browser."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.fakes import contracts
from tests.fakes.backend import FakeBackend, Refusal
from tests.fakes.pdf import Page as PdfPage
from tests.fakes.pdf import paragraph, pdf

pytestmark = pytest.mark.browser

ANSWER = {"jurisdiction": "New York", "term": "three (3) years", "party": ["Nobody Ltd."]}


@pytest.fixture
def agreements(tmp_path: Path, backend: FakeBackend) -> list[Path]:
    """Two files of this test alone, each of a page for every page of the agreement."""
    backend.answer = json.dumps(ANSWER)
    backend.start_delay = backend.token_delay = 0.0
    made = []
    for name in ("first", "second"):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(
            pdf(*(PdfPage(paragraph(f"{name} {page} {tmp_path.name}")) for page in (1, 2, 3)))
        )
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        backend.page_texts[sha256] = contracts.AGREEMENT
        made.append(path)
    return made


def cell(page: Page, row: int, field: str) -> str:
    """A cell's selector; the table lies in a shadow root, which locators look into."""
    return f".frame tbody tr:nth-child({row}) button[data-field='{field}']"


def test_files_become_a_table_that_is_checked_and_taken_away(
    open_page: Opener, agreements: list[Path], tmp_path: Path
) -> None:
    page = open_page()
    page.locator("[class*=st-key-view-] button").filter(has_text="Documents").click()
    page.set_input_files(
        ".st-key-new-job-form [data-testid=stFileUploaderDropzoneInput]",
        [str(path) for path in agreements],
    )
    page.locator(".st-key-start-job button").filter(has_text="Read 2 files").click()
    told = page.locator("[data-testid=progress]").first
    expect(told).to_contain_text("2 of 2 files done")
    law = page.locator(cell(page, 1, "jurisdiction")).first
    expect(law).to_contain_text("New York")
    expect(law).to_contain_text("✓")
    expect(law).to_contain_text("found · p. 2")
    expect(page.locator(cell(page, 2, "party")).first).to_contain_text("unverified")

    law.click()
    panel = page.locator(".st-key-evidence").first
    expect(panel).to_contain_text("governed by the laws of the State of New York")
    expect(panel.locator("img").first).to_be_visible()
    expect(panel).to_contain_text("Page 2 of 3")
    expect(page).to_have_url(re.compile("field=jurisdiction"))
    page.keyboard.press("a")
    expect(law).to_contain_text("accepted")
    page.reload()  # the address alone brings everything back
    expect(page.locator(cell(page, 1, "jurisdiction")).first).to_contain_text("accepted")
    expect(page.locator(".st-key-evidence").first).to_contain_text("Governing law")

    page.locator(".st-key-export button").first.click()
    with page.expect_download() as download:
        page.locator(".st-key-export-xlsx button").first.click()
    saved = tmp_path / "table.xlsx"
    download.value.save_as(saved)
    values = load_workbook(saved).worksheets[0]
    assert [row[0].value for row in values.iter_rows(min_row=2)] == ["first.pdf", "second.pdf"]
    assert "New York" in [cell.value for cell in values[2]]


def test_a_phone_shows_the_table_or_the_value(
    open_page: Opener, agreements: list[Path], backend: FakeBackend
) -> None:
    backend.refusals.append(Refusal("bad_input", "The question is too long."))
    page = open_page("?lang=zh", width=390, height=844, dark=True)
    page.goto(f"{page.url.partition('?')[0]}?lang=zh&view=documents")
    page.set_input_files(
        ".st-key-new-job-form [data-testid=stFileUploaderDropzoneInput]", str(agreements[0])
    )
    page.locator(".st-key-start-job button").filter(has_text="提取 1 个文件").click()
    expect(page.locator(".frame .state").first).to_contain_text("The question is too long.")
    page.locator(".frame button[data-retry]").first.click()
    law = page.locator(cell(page, 1, "jurisdiction")).first
    expect(law).to_contain_text("已找到")
    law.click()
    expect(page.locator(".st-key-evidence img").first).to_be_visible()
    expect(law).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.locator(".st-key-close-evidence button:visible").first.click()
    expect(law).to_be_visible()


def test_a_list_of_fields_is_made_from_a_preset_and_used(
    open_page: Opener, agreements: list[Path]
) -> None:
    page = open_page()
    page.goto(f"{page.url.partition('?')[0]}?view=documents&list=nda.en")
    names = page.locator("[class*=st-key-row-][class*=-title] input")
    expect(names).to_have_count(11)
    page.locator("[class*=st-key-list-title-] input").fill("Law alone")
    page.locator("[class*=st-key-order-] button:visible").last.click()
    page.get_by_role("menuitem", name="Delete field").click()
    expect(names).to_have_count(10)
    question = page.locator("[class*=st-key-row-1-question-] input")
    question.fill("")
    page.locator(".st-key-save-list button").click()
    expect(page.get_by_text("The field needs a question.")).to_be_visible()
    question.fill("When does it begin?")
    names.first.fill("Begins on")
    page.locator(".st-key-save-list button").click()
    title = page.locator(".st-key-job-title input")
    expect(title).to_have_attribute("placeholder", "Law alone")
    page.set_input_files(
        ".st-key-new-job-form [data-testid=stFileUploaderDropzoneInput]", str(agreements[0])
    )
    page.locator(".st-key-start-job button").filter(has_text="Read 1 file").click()
    expect(page.locator(".frame thead").first).to_contain_text("Begins on")
    expect(page.locator(cell(page, 1, "jurisdiction")).first).to_contain_text("New York")


def test_two_versions_are_laid_side_by_side(
    open_page: Opener, agreements: list[Path], backend: FakeBackend
) -> None:
    first, second, third = contracts.AGREEMENT
    newer = hashlib.sha256(agreements[1].read_bytes()).hexdigest()
    backend.page_texts[newer] = (first, second.replace("three (3)", "five (5)"), third)
    page = open_page()
    page.goto(f"{page.url.partition('?')[0]}?view=documents")
    page.locator(".st-key-work-kind button").filter(has_text="Compare two versions").click()
    expect(page.locator(".st-key-pile")).to_have_count(0)  # else its uploader would be counted too
    given = page.locator(".st-key-new-job-form [data-testid=stFileUploaderDropzoneInput]")
    expect(given).to_have_count(2)
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    for number, path in enumerate(agreements):
        given.nth(number).set_input_files(str(path))
        expect(page.locator(".st-key-new-job-form").get_by_text(path.name).first).to_be_visible()
        expect(page.locator("[data-stale=true]")).to_have_count(0)
    page.locator(".st-key-start-job button:enabled").click()
    clause = page.locator(".changes article").filter(has_text="2. Term.").last
    expect(clause.locator("del")).to_have_text("three (3)")
    expect(clause.locator("ins")).to_have_text("five (5)")
    expect(page.locator("[data-testid=progress]").first).to_contain_text("2 of 2 files done")
    clause.locator("button[data-side=old]").click()
    panel = page.locator(".st-key-evidence").first
    expect(panel).to_contain_text("first.pdf")
    expect(panel).to_contain_text("Page 2 of 3")
    expect(panel.locator("img").first).to_be_visible()


def test_a_sentence_of_a_summary_opens_its_page(
    open_page: Opener, agreements: list[Path], backend: FakeBackend
) -> None:
    page = open_page()
    page.goto(f"{page.url.partition('?')[0]}?view=documents")
    page.set_input_files(
        ".st-key-new-job-form [data-testid=stFileUploaderDropzoneInput]", str(agreements[0])
    )
    page.locator(".st-key-start-job button").filter(has_text="Read 1 file").click()
    expect(page.locator(cell(page, 1, "jurisdiction")).first).to_contain_text("New York")
    backend.answer = "The law of New York governs. [p. 1]"
    page.locator(".frame tbody tr:first-child th button").first.click()
    page.locator("[class*=st-key-summed-] button").filter(has_text="Key clauses").click()
    point = page.locator(".points button").first
    expect(point).to_contain_text("p. 2")
    panel = page.locator(".st-key-evidence").first
    expect(panel).to_contain_text("Page 1 of 3")
    point.click()
    expect(panel).to_contain_text("Page 2 of 3")


def test_files_that_are_here_are_found_by_name_and_can_be_forgotten(
    open_page: Opener, agreements: list[Path]
) -> None:
    second = agreements[1].rename(agreements[1].with_name("tenancy.pdf"))  # no other test's
    page = open_page("?view=documents&lang=zh", ready=".st-key-start-job")
    known = page.locator(".st-key-new-job-form [data-testid=stMultiSelect]")
    page.set_input_files(
        ".st-key-new-job-form [data-testid=stFileUploaderDropzoneInput]", str(agreements[0])
    )
    more = page.get_by_role("button", name="Add files")
    expect(more).to_be_visible()
    place = more.bounding_box()
    assert place is not None
    assert place["width"] > 400  # as wide as the uploader, words and all
    with page.expect_file_chooser() as chooser:
        more.click()
    chooser.value.set_files(str(second))
    page.locator(".st-key-start-job button").filter(has_text="提取 2 个文件").click()
    law = page.locator(cell(page, 1, "jurisdiction")).first
    expect(law).to_contain_text("New York")

    page.locator(".st-key-new-job button").click()
    known.locator("input").fill("tena")
    page.get_by_role("option", name="tenancy.pdf · 3 页").click()
    page.keyboard.press("Escape")
    page.locator(".st-key-start-job button").filter(has_text="提取 1 个文件").click()
    expect(page.locator(".frame tbody tr")).to_have_count(1)

    page.locator("[class*=st-key-here-] [data-testid=stMenuButtonButton]").first.click()
    page.get_by_text("重命名表格").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("租约 一份")
    page.get_by_role("dialog").get_by_role("textbox").press("Enter")
    expect(page.locator("h1.title")).to_have_text("租约 一份")
    expect(page.locator("[class*=st-key-here-]").first).to_contain_text("租约 一份 · 1")

    table = page.url
    page.locator("[class*=st-key-view-] button").filter(has_text="问答").click()
    page.locator(".st-key-pick-known button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".st-key-add-known button")).to_be_disabled()
    dialog.get_by_role("combobox").fill("tena")
    page.get_by_role("option", name="tenancy.pdf · 3 页").click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="添加 1 个文件").click()
    expect(page.locator("[class*=st-key-file-]").first).to_contain_text("tenancy.pdf")

    page.goto(table)
    page.locator(".frame tbody tr:first-child th button").first.click()
    page.locator(".st-key-forget-file button:visible").first.click()
    page.get_by_role("button", name="永久忘记").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("tenancy.pdf 已被删除")
    expect(dialog).to_contain_text("1 个完整表格")
    dialog.get_by_role("button", name="关闭").last.click()
    expect(page.get_by_text("从一叠合同到核对过的表格")).to_be_visible()
    known.locator("input").fill("tenancy")
    expect(page.get_by_role("option").filter(has_text="tenancy.pdf")).to_have_count(0)
