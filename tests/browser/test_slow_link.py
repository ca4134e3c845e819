"""Clicks over a link on which the browser learns late of what they did, and back and forward."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import INPUT, Opener, Web
from tests.browser.test_page import ask, upload, wait_for_end
from tests.fakes.backend import FakeBackend
from tests.fakes.link import Link
from tests.fakes.waiting import wait_until

pytestmark = pytest.mark.browser

MESSAGES = "[data-testid=stChatMessage]"
STATUS = "[data-testid=backend-status]"


@pytest.fixture
def link(web: Web) -> Iterator[Link]:
    """To be asked for before `open_page`, whose pages are closed before it is cut."""
    with Link(web.port) as link:
        yield link


def begun(page: Page, question: str) -> None:
    """A conversation of its own."""
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(MESSAGES)).to_have_count(0)
    ask(page, question)
    wait_for_end(page)


def test_what_was_asked_before_a_click_does_not_undo_it(
    link: Link, open_page: Opener, backend: FakeBackend
) -> None:
    page = open_page(link=link)
    begun(page, "The first?")
    begun(page, "The second?")
    expect(page.locator(STATUS)).to_have_text("Online")
    link.hold()
    page.get_by_role("button", name="The first?").click()
    wait_until(lambda: link.held, look=lambda: page.wait_for_timeout(20))
    backend.stop()
    try:
        sent = link.sent  # the timers ask again, with the address of the second
        wait_until(lambda: link.sent > sent + 1, look=lambda: page.wait_for_timeout(20))
        link.release()
        expect(page.locator(STATUS)).to_have_text("Offline")
        expect(page.locator(MESSAGES).first).to_contain_text("The first?")
    finally:
        backend.start()
    expect(page.locator(STATUS)).to_have_text("Online")
    expect(page.locator(MESSAGES).first).to_contain_text("The first?")
    ask(page, "To which?")
    wait_for_end(page)
    expect(page.locator(MESSAGES)).to_have_count(4)
    expect(page.locator(MESSAGES).first).to_contain_text("The first?")


def test_a_slow_link_is_worked_over(link: Link, open_page: Opener, contract: Path) -> None:
    link.latency = 0.3
    page = open_page(link=link)
    upload(page, contract)
    expect(page.locator("[class*=st-key-file-]")).to_have_count(1)
    ask(page, "Over a slow link?")
    wait_for_end(page)
    page.get_by_text("Documents", exact=True).click()
    expect(page.locator(".st-key-pile input[type=file]")).to_be_attached()
    page.get_by_text("Ask", exact=True).click()
    expect(page.locator(MESSAGES)).to_have_count(2)
    expect(page.locator("[class*=st-key-file-]")).to_have_count(1)


def test_one_goes_back_and_forward(open_page: Opener) -> None:
    page = open_page()
    begun(page, "Where was I?")
    page.get_by_text("Documents", exact=True).click()
    expect(page.locator(".st-key-pile input[type=file]")).to_be_attached()
    page.go_back()
    expect(page.locator(MESSAGES).first).to_contain_text("Where was I?")
    expect(page.locator(INPUT)).to_be_enabled()
    page.go_back()
    expect(page.locator(MESSAGES)).to_have_count(0)
    page.go_forward()
    expect(page.locator(MESSAGES).first).to_contain_text("Where was I?")
    page.go_forward()
    expect(page.locator(".st-key-pile input[type=file]")).to_be_attached()
    page.reload()
    expect(page.locator(".st-key-pile input[type=file]")).to_be_attached()
