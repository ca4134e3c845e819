"""What people do with answers: take them along, have them anew, replay and find them, forget."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from protos import inference_pb2
from tests.browser.conftest import INPUT, PHASE, Opener
from tests.browser.test_page import ask, upload, wait_for_end, wait_for_text
from tests.fakes.backend import FakeBackend

pytestmark = pytest.mark.browser

TABLE = """The parties are **ACME** and **Example**.

| Party | Role | Seat | Represented by | Signed on |
|---|---|---|---|---|
| ACME Ltd. | Lessor | Zurich, Switzerland | Ada Brandt, President | 14 March 2026 |

```python
print("a line of code that is much longer than a phone is wide, so that it has to scroll")
```
"""
MESSAGES = "[data-testid=stChatMessage]"


@pytest.fixture(autouse=True)
def quick(backend: FakeBackend) -> Iterator[None]:
    """No waiting; what a test sets beyond the shared fixture is undone."""
    backend.start_delay = backend.token_delay = 0.0
    yield
    backend.boxes = []
    backend.thinks = False
    backend.reasoning = ""


def button(page: Page, key: str) -> Locator:
    """The button that can be seen; Streamlit draws those with a tooltip twice."""
    return page.locator(f"[class*=st-key-{key}] button:visible").last


def replay(page: Page, outcome: str) -> None:
    button(page, "replay-").click()
    expect(page.locator("[class*=st-key-replayed-]").last).to_contain_text(outcome)


def test_the_phases_before_an_answer_are_told(open_page: Opener, backend: FakeBackend) -> None:
    backend.thinks, backend.reasoning = True, "Let me see. " * 3
    backend.token_delay = 0.05
    page = open_page()
    page.locator("[class*=st-key-p-thinking-] label").first.click()
    expect(page.locator("[class*=st-key-p-thinking-] input")).to_be_checked()
    ask(page, "Who?")
    expect(page.locator(PHASE)).to_contain_text("tokens/s")
    wait_for_end(page)
    reasoning = page.locator(f"{MESSAGES} [data-testid=stExpander]")
    expect(reasoning).to_have_count(1)
    expect(reasoning.get_by_text("Let me see.")).not_to_be_visible()
    reasoning.locator("summary").click()
    expect(reasoning.get_by_text("Let me see.")).to_be_visible()


def test_an_answer_has_a_receipt_and_can_be_replayed(
    open_page: Opener, backend: FakeBackend
) -> None:
    page = open_page()
    ask(page, "Who are the parties?")
    wait_for_end(page)
    receipt = page.locator("details.receipt")
    expect(receipt.get_by_text("Why this route")).not_to_be_visible()
    receipt.locator("summary").press("Enter")  # by keyboard
    for fact in ("Words only.", "fake-model", "Seed", "Temperature 0.0"):
        expect(receipt).to_contain_text(fact)
    replay(page, "the same text, character for character")
    assert not backend.requests[-1].use_answer_cache
    assert backend.requests[-1].sampling.HasField("seed")
    backend.answer = "The parties are ACME and nobody else."
    replay(page, "parts from this one after 25 characters")
    wait_for_text(page, "ACME and Example")  # the answer stays what it was
    button(page, "again").click()
    wait_for_text(page, "nobody else")
    expect(page.locator("[class*=st-key-replayed-]")).to_have_count(0)
    page.get_by_text("1 earlier answer").click()
    expect(page.get_by_text("ACME and Example").first).to_be_visible()


def test_a_question_is_put_differently(open_page: Opener, backend: FakeBackend) -> None:
    backend.answer = lambda request: f"Heard: {request.messages[-1].parts[-1].text}"
    page = open_page()
    ask(page, "First wording")
    wait_for_end(page)
    ask(page, "A second question")
    wait_for_end(page)
    page.locator("[class*=st-key-edit-] button:visible").first.click()
    editor = page.locator("[class*=st-key-edited-] textarea")
    expect(editor).to_have_value("First wording")
    expect(page.get_by_text("What followed it is deleted: 2 messages.")).to_be_visible()
    editor.fill("Second wording")
    editor.press("Control+Enter")
    expect(page.locator(MESSAGES)).to_have_count(2)
    wait_for_text(page, "Heard: Second wording")
    expect(page.locator("h1.title")).to_have_text("Second wording")


def test_an_answer_is_copied_and_a_conversation_exported(
    open_page: Opener, backend: FakeBackend
) -> None:
    backend.answer = TABLE
    page = open_page()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "Who signed?")
    wait_for_end(page)
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copy", exact=True)).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == TABLE
    page.locator(".st-key-export button").click()
    with page.expect_download() as markdown:
        page.locator(".st-key-export-markdown button").click()
    assert markdown.value.suggested_filename == "Who signed.md"
    assert TABLE.strip() in markdown.value.path().read_text("utf-8")
    with page.expect_download() as file:
        page.locator(".st-key-export-json button").click()
    said = json.loads(file.value.path().read_text("utf-8"))
    assert [message["text"] for message in said["messages"]] == ["Who signed?", TABLE]


def test_conversations_are_found_and_pinned(
    open_page: Opener, contract: Path, backend: FakeBackend
) -> None:
    backend.answer = "Thirty days of Kündigungsfrist."
    page = open_page()
    upload(page, contract)
    expect(page.locator("[class*=st-key-file-]")).to_have_count(1)
    ask(page, "How long is the notice period?")
    wait_for_end(page)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(MESSAGES)).to_have_count(0)
    ask(page, "Something else entirely")
    wait_for_end(page)
    rows = page.locator("[class*=st-key-chat-] button")
    search = page.locator(".st-key-search input")
    search.fill("KÜNDIGUNGSFRIST lease")
    expect(rows).to_have_count(1)
    expect(page.locator(".st-key-conversations")).to_contain_text("lease agreement.pdf")
    expect(page.locator(".st-key-conversations")).to_contain_text("Thirty days")
    search.fill("nowhere to be found")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    search.fill("notice period")
    expect(rows).to_have_count(1)
    button(page, "menu-").click()
    page.get_by_text("Pin", exact=True).click()
    search.fill("")
    expect(rows.nth(1)).to_be_visible()
    expect(rows.first).to_contain_text("How long is the notice period?")
    page.locator("[class*=st-key-menu-] button:visible").first.click()
    page.get_by_text("Rename conversation").click()
    page.locator(".st-key-new-title input").fill("Notice")
    page.locator(".st-key-new-title input").press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(rows.first).to_contain_text("Notice")
    page.locator("[class*=st-key-menu-] button:visible").first.click()
    page.get_by_text("Delete conversation").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(rows.first).to_contain_text("Notice")


def test_a_document_is_forgotten_and_what_went_is_told(
    open_page: Opener, tmp_path: Path, contract: Path, backend: FakeBackend
) -> None:
    secret = tmp_path / "secret.pdf"
    secret.write_bytes(contract.read_bytes() + b"\n%other")
    page = open_page()
    upload(page, secret)
    expect(page.locator("[class*=st-key-file-]")).to_have_count(1)
    backend.answer = "All of it is secret [p. 2, 3]."
    ask(page, "What is secret here?")
    wait_for_end(page)
    button(page, "look-page-").click()
    expect(page.get_by_role("dialog")).to_contain_text("Page 3 of 3")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert any(stored.data == secret.read_bytes() for stored in backend.media.values())
    button(page, "do-").click()
    page.get_by_text("Forget this document…").click()
    page.get_by_role("button", name="Forget for good").click()
    dialog = page.get_by_role("dialog")
    for erased in ("secret.pdf was erased", "3 pages", "2 questions", "1 whole conversation"):
        expect(dialog).to_contain_text(erased)
    page.wait_for_timeout(1_800)  # the page looks at the backend again meanwhile
    expect(dialog).to_contain_text("was erased")
    dialog.get_by_role("button", name="Close").last.click()
    expect(dialog).to_have_count(0)
    expect(page.locator(MESSAGES)).to_have_count(0)
    expect(page.locator("[class*=st-key-chat-]", has_text="What is secret here?")).to_have_count(0)
    assert not any(stored.data == secret.read_bytes() for stored in backend.media.values())


def test_places_are_drawn_and_first_questions_fit_the_file(
    open_page: Opener, tmp_path: Path, contract: Path, backend: FakeBackend
) -> None:
    picture = tmp_path / "seal.png"
    Image.new("RGB", (600, 400), "#c9d6e8").save(picture)
    page = open_page()
    upload(page, contract)
    expect(page.locator(".st-key-starter-about")).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".st-key-starter-about")).to_have_count(0)
    upload(page, picture)
    expect(page.locator(".st-key-starter-read")).to_be_visible()
    sha256 = hashlib.sha256(picture.read_bytes()).hexdigest()
    backend.boxes = [
        inference_pb2.Box(
            sha256=sha256, page=1, label="the seal", left=60, top=40, right=300, bottom=200
        )
    ]
    ask(page, "Where is the seal?")
    wait_for_end(page)
    drawn = page.locator("[class*=st-key-places-]")
    expect(drawn.locator("img")).to_be_visible()
    expect(drawn).to_contain_text("1 the seal")
    button(page, "look-").click()
    expect(page.get_by_role("dialog").locator("img")).to_be_visible()


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_a_wide_answer_stays_within_a_phone(
    open_page: Opener, backend: FakeBackend, locale: str
) -> None:
    backend.answer = TABLE
    page = open_page(width=390, height=844, locale=locale, dark=locale == "zh-CN")
    ask(page, "Who signed?")
    wait_for_end(page)
    page.locator("details.receipt summary").click()
    message = page.locator(MESSAGES).last
    expect(message.locator("dl")).to_be_visible()
    cells = message.locator("td").evaluate_all("all => all.map(one => one.offsetWidth)")
    assert min(cells) > 100  # not a character wide: the table scrolls sideways instead
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    for wide in ("table", "dl", "[data-testid=stCode]"):
        box = message.locator(wide).first.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    expect(page.locator(INPUT)).to_be_in_viewport()
