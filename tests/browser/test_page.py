"""The page as people use it, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import INPUT, PHASE, Opener, Web
from tests.fakes.backend import FakeBackend, Refusal
from tests.fakes.waiting import wait_until

pytestmark = pytest.mark.browser


def upload(page: Page, *paths: Path) -> None:
    page.set_input_files("[data-testid=stFileUploaderDropzoneInput]", [str(p) for p in paths])


# How many inputs for a question are ever there at once, from now on.
COUNT_INPUTS = """(input) => {
  window.mostInputs = 1;
  const count = () => document.querySelectorAll(input).length;
  new MutationObserver(() => { window.mostInputs = Math.max(window.mostInputs, count()); })
    .observe(document.body, { childList: true, subtree: true });
}"""


def ask(page: Page, text: str) -> None:
    messages = page.locator("[data-testid=stChatMessage]")
    before = messages.count()
    page.fill(INPUT, text)
    page.press(INPUT, "Enter")
    expect(messages).to_have_count(before + 2)
    expect(messages.last.locator(f"{PHASE}, [data-testid=stAlert], p").first).to_be_attached()


def answer(page: Page) -> str:
    return page.locator("[data-testid=stChatMessage]").last.inner_text()


def wait_for_text(page: Page, text: str) -> None:
    expect(page.locator("[data-testid=stChatMessage]").last).to_contain_text(text)


def wait_for_end(page: Page) -> None:
    expect(page.locator(PHASE)).to_have_count(0)


def test_a_contract_is_added_asked_about_and_answered(
    open_page: Opener, contract: Path, backend: FakeBackend
) -> None:
    page = open_page()
    upload(page, contract)
    card = page.locator("[class*=st-key-file-]").first
    expect(card).to_contain_text("lease agreement.pdf")
    expect(card).to_contain_text("3 pages")
    expect(card.locator("img")).to_be_visible()
    backend.answer = "The parties are ACME and Example. " * 40
    backend.start_delay = 4.0
    ask(page, "Who are the parties?")
    expect(page.locator(PHASE)).to_contain_text("Reading lease agreement.pdf")
    wait_for_text(page, "ACME")
    early = answer(page)
    expect(page.locator("[data-testid=stChatMessage]").last).not_to_have_text(early)
    wait_for_end(page)
    wait_for_text(page, "3 pages: 3 by text layer")
    wait_for_text(page, "complete")
    parts = backend.requests[-1].messages[-1].parts
    assert [part.WhichOneof("content") for part in parts] == ["media", "text"]

    kept = answer(page)
    again = open_page(page.url.rpartition("/")[2])  # another browser, by the address alone
    expect(again.locator("[data-testid=stChatMessage]")).to_have_count(2)
    assert answer(again) == kept
    expect(again.locator("[class*=st-key-file-]").first).to_contain_text("lease agreement.pdf")


def test_a_page_is_shown_large(open_page: Opener, contract: Path) -> None:
    page = open_page()
    upload(page, contract)
    page.locator("[class*=st-key-open-] button").first.click(force=True)
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("img")).to_be_visible()
    expect(dialog).to_contain_text("Page 1 of 3")
    dialog.get_by_role("button", name="2").first.click()
    expect(dialog).to_contain_text("Page 2 of 3")


def test_stop_keeps_what_was_written(open_page: Opener, backend: FakeBackend) -> None:
    backend.answer = "word " * 2000
    page = open_page()
    ask(page, "Go on and on")
    wait_for_text(page, "word word word")
    page.locator(".st-key-stop-button button").click()
    wait_until(lambda: backend.cancelled, look=lambda: page.wait_for_timeout(10))
    wait_for_end(page)
    wait_for_text(page, "stopped")
    assert "word word" in answer(page)
    page.get_by_role("button", name="Ask again").click()
    page.wait_for_selector(PHASE)
    page.locator(".st-key-stop-button button").click()
    wait_for_end(page)


def test_a_refresh_does_not_lose_the_answer(open_page: Opener, backend: FakeBackend) -> None:
    backend.answer = " ".join(f"word{n}" for n in range(200))
    page = open_page()
    ask(page, "Count")
    wait_for_text(page, "word9 ")
    page.reload()
    page.wait_for_selector(PHASE)
    early = answer(page)
    assert "word9 " in early
    wait_for_text(page, "word60")
    wait_for_end(page)
    text = answer(page)
    assert [int(n) for n in re.findall(r"word(\d+)", text)] == list(range(200))
    assert len(backend.requests) == 1


def test_other_controls_can_be_used_meanwhile(open_page: Opener, backend: FakeBackend) -> None:
    backend.answer = " ".join(f"word{n}" for n in range(300))
    page = open_page()
    ask(page, "Count")
    wait_for_text(page, "word5 ")
    page.locator("[class*=st-key-p-preset-]").get_by_text("Free").click()
    wait_for_text(page, "word40")
    page.fill(INPUT, "Too early")
    page.press(INPUT, "Enter")
    expect(page.get_by_text("still being written")).to_be_visible()
    expect(page.locator(INPUT)).to_have_value("Too early")
    wait_for_end(page)
    assert [int(n) for n in re.findall(r"word(\d+)", answer(page))] == list(range(300))
    assert len(backend.requests) == 1


def test_conversations_are_listed_renamed_and_deleted(open_page: Opener) -> None:
    page = open_page()
    ask(page, "A first question")
    wait_for_end(page)
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator("[data-testid=stChatMessage]")).to_have_count(0)
    ask(page, "A second question")
    wait_for_end(page)
    row = page.locator("[class*=st-key-chat-] button", has_text="A first question").first
    row.click()
    expect(page.locator("[data-testid=stChatMessage]").first).to_contain_text("A first question")
    menu = page.locator("[class*=st-key-here-] [data-testid=stMenuButtonButton]").first
    menu.click()
    page.get_by_text("Rename conversation").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("The lease")
    page.get_by_role("dialog").get_by_role("textbox").press("Enter")
    expect(page.locator("h1.title")).to_have_text("The lease")
    menu.click()
    page.get_by_text("Delete conversation").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete conversation").click()
    expect(page.locator("[class*=st-key-chat-]", has_text="The lease")).to_have_count(0)
    expect(page.locator("h1.title")).to_have_text("New conversation")


def test_the_language_is_guessed_and_switched(open_page: Opener) -> None:
    page = open_page(locale="zh-CN")
    expect(page.locator("h1.title")).to_have_text("新对话")
    drop = "[data-testid=stFileUploaderDropzone] > span > button"
    expect(page.locator(drop)).to_be_visible()
    words = page.evaluate(f"getComputedStyle(document.querySelector('{drop}'), '::after').content")
    assert "选择文件" in words
    page.locator(".st-key-language button").first.click()
    expect(page.locator("h1.title")).to_have_text("New conversation")
    assert "lang=en" in page.url
    page.reload()
    expect(page.locator("h1.title")).to_have_text("New conversation")


def test_a_phone_shows_the_conversation_without_overflow(open_page: Opener) -> None:
    page = open_page(width=390, height=844)
    ask(page, "Small?")
    wait_for_end(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    box = page.locator(INPUT).bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 844
    heading = page.locator(".st-key-panel h2").bounding_box()
    assert heading is not None
    assert box["y"] + box["height"] < heading["y"] < 830  # it tells that there is more below


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1024, 768)])
def test_nothing_in_the_panel_is_squeezed(open_page: Opener, width: int, height: int) -> None:
    page = open_page(width=width, height=height)
    page.locator(".st-key-panel summary").click()
    expect(page.locator("[class*=st-key-p-top_k-]")).to_be_visible()
    for key in ("p-system_prompt", "p-preset"):
        inside = page.locator(f"[class*=st-key-{key}-]")
        assert inside.evaluate("it => it.scrollHeight <= it.parentElement.clientHeight + 1")
    assert page.locator(".st-key-panel").evaluate("it => it.scrollHeight > it.clientHeight")
    styles = page.locator("[class*=st-key-p-preset-] button").all()
    assert len({round(style.bounding_box()["y"]) for style in styles}) == 1  # type: ignore[index]


@pytest.mark.parametrize("dark", [False, True])
def test_a_desktop_page_fills_the_window(open_page: Opener, dark: bool) -> None:
    page = open_page(dark=dark)
    size = page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight,"
        " document.querySelector('[data-testid=stMain]').scrollHeight]"
    )
    assert size == [1440, 900, 900]
    colour = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    assert colour == ("rgb(15, 19, 27)" if dark else "rgb(255, 255, 255)")


def test_text_from_elsewhere_does_nothing(open_page: Opener, backend: FakeBackend) -> None:
    backend.token_delay = 0.0
    backend.answer = (
        "![x](http://evil.test/pixel.png) [click](javascript:alert(1)) "
        "<img src=http://evil.test/y.png onerror=alert(1)> between $100 and $200 "
        "`` ` ![z](http://evil.test/z.png) ` end"
    )
    page = open_page()
    ask(page, "<script>alert(1)</script> ![q](http://evil.test/q.png) costs $1 or $2")
    wait_for_end(page)
    wait_for_text(page, "between $100 and $200")
    messages = page.locator("[data-testid=stChatMessage]")
    assert messages.locator("img").count() == 0
    assert messages.locator(".katex").count() == 0
    assert messages.locator("a[href^=javascript]").count() == 0
    expect(messages.first).to_contain_text("<script>alert(1)</script>")
    expect(messages.first).to_contain_text("$1 or $2")


def test_a_refusal_stands_where_the_answer_would(open_page: Opener, backend: FakeBackend) -> None:
    backend.refusals.append(Refusal("queue_full", "Too many wait.", "queue_full", retry_after=2))
    page = open_page()
    page.fill(INPUT, "Am I in?")
    page.press(INPUT, "Enter")
    wait_for_text(page, "Too many wait.")
    page.get_by_role("button", name="Ask again").click()
    wait_for_text(page, "ACME and Example")
    wait_for_end(page)


def test_files_that_cannot_be_taken_say_why(
    open_page: Opener, contract: Path, tmp_path: Path
) -> None:
    wrong = tmp_path / "notes.docx"
    wrong.write_bytes(b"PK\x03\x04 not a picture")
    page = open_page(locale="zh-CN")
    upload(page, wrong, contract)
    expect(page.get_by_role("alert")).to_contain_text("notes.docx")
    expect(page.locator("[class*=st-key-file-]")).to_have_count(1)
    page.locator("[class*=st-key-do-] button").first.click()
    page.get_by_text("从本次对话中移除").click()
    expect(page.locator("[class*=st-key-file-]")).to_have_count(0)


def test_a_backend_that_goes_away_leaves_the_history_readable(
    open_page: Opener, backend: FakeBackend
) -> None:
    page = open_page()
    ask(page, "Before")
    wait_for_end(page)
    backend.stop()
    try:
        expect(page.locator("[data-testid=backend-status]")).to_have_text("Offline")
        expect(page.locator(INPUT)).to_be_disabled()
        expect(page.locator("[data-testid=stFileUploaderDropzoneInput]")).to_be_disabled()
        expect(page.get_by_role("alert").first).to_contain_text("cannot be reached")
        wait_for_text(page, "ACME and Example")
    finally:
        backend.start()
    expect(page.locator("[data-testid=backend-status]")).to_have_text("Online")
    expect(page.locator(INPUT)).to_be_enabled()


def test_a_half_written_question_stays_while_the_page_changes_around_it(
    open_page: Opener, backend: FakeBackend, contract: Path
) -> None:
    page = open_page()
    ask(page, "Before")
    wait_for_end(page)
    field = page.locator(INPUT)
    page.evaluate(COUNT_INPUTS, INPUT)
    field.press_sequentially("Half a qu")
    upload(page, contract)
    expect(page.get_by_test_id("going-along")).to_be_visible()
    expect(field).to_have_value("Half a qu")
    backend.stop()
    try:
        expect(page.get_by_role("alert").first).to_contain_text("cannot be reached")
        expect(field).to_have_value("Half a qu")
    finally:
        backend.start()
    expect(field).to_be_enabled()
    expect(field).to_have_value("Half a qu")
    assert page.evaluate("window.mostInputs") == 1, "a second one appeared beside it"


def test_a_backend_that_goes_away_in_mid_answer_is_waited_for(
    open_page: Opener, backend: FakeBackend
) -> None:
    backend.answer = "word " * 2000
    page = open_page()
    ask(page, "Wait for it")
    wait_for_text(page, "word word word")
    backend.stop()
    try:
        expect(page.locator(PHASE)).to_contain_text("Reconnecting")
        expect(page.locator("[data-testid=stFileUploaderDropzoneInput]")).to_be_disabled()
    finally:
        backend.start()
    wait_for_end(page)  # it is back, and knows nothing of the answer
    wait_for_text(page, "connection to this answer was lost")
    assert "word word word" in answer(page)


def test_a_killed_web_process_follows_the_answer_again(
    open_page: Opener, backend: FakeBackend, web: Web
) -> None:
    backend.answer = " ".join(f"word{n}" for n in range(250))
    page = open_page()
    ask(page, "Count")
    wait_for_text(page, "word30 ")
    path = page.url.rpartition("/")[2]
    page.close()
    web.kill()
    web.start()
    page = open_page(path)
    wait_for_text(page, "word249")
    wait_for_end(page)
    assert [int(n) for n in re.findall(r"word(\d+)", answer(page))] == list(range(250))
    assert len(backend.requests) == 1


def test_two_tabs_see_the_same_conversation(open_page: Opener, backend: FakeBackend) -> None:
    first = open_page()
    ask(first, "Shared?")
    wait_for_end(first)
    second = open_page(first.url.rpartition("/")[2])
    ask(second, "From the other tab")
    wait_for_end(second)
    expect(first.locator("[data-testid=stChatMessage]")).to_have_count(4)
