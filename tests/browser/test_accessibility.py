"""Every view by axe-core, in light and dark, and by the keyboard: contrast, names, focus."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Opener
from tests.browser.test_page import ask, upload, wait_for_end
from tests.fakes import contracts
from tests.fakes.backend import FakeBackend
from tests.fakes.pdf import Page as PdfPage
from tests.fakes.pdf import paragraph, pdf

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
BOTH = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
STOPS = 14  # places that the Tab key is followed to
# What tells that an element has the focus, compared with the same element without it.
FOCUS = """() => {
  let it = document.activeElement;
  while (it && it.shadowRoot && it.shadowRoot.activeElement) it = it.shadowRoot.activeElement;
  if (!it || it === document.body) return null;
  const near = [it];
  while (near.length < 6 && near.at(-1).parentElement) near.push(near.at(-1).parentElement);
  const look = () => near.map(one => { const s = getComputedStyle(one);
      return [s.outlineStyle === 'none' ? '' : s.outlineWidth + s.outlineColor, s.boxShadow,
        s.borderColor, s.backgroundColor].join('|'); }).join('/');
  const focused = look(); it.blur(); const plain = look(); it.focus({focusVisible: true});
  return [it.outerHTML.slice(0, 160), focused !== plain];
}"""


RESTS = """() => document.getAnimations().every(one =>
  one.playState !== 'running' || one.effect.getTiming().iterations === Infinity)"""
LOOKS = 3


def violations(page: Page) -> list[str]:
    """What axe-core finds again and again, as `_look` tells it.

    What is drawn anew is paler for a moment, and the page asks for its figures all the time.
    """
    found: list[str] = []
    for _ in range(LOOKS):
        found = _look(page)
        if not found:
            break
    return found


def _look(page: Page) -> list[str]:
    """What axe-core finds, one line for each kind, with the first place; once the page rests."""
    expect(page.locator(".st-key-stop-button")).to_have_count(0)
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    page.wait_for_timeout(500)
    page.wait_for_function(RESTS)  # words fade in
    found: list[dict[str, Any]] = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{one['id']} ({len(one['nodes'])}): {one['nodes'][0]['html'][:200]} – "
        f"{one['nodes'][0]['failureSummary'][:300]}"
        for one in found
    ]


@BOTH
def test_asking(open_page: Opener, contract: Path, backend: FakeBackend, dark: bool) -> None:
    page = open_page("?lang=zh" if dark else "", dark=dark)
    assert violations(page) == []
    backend.answer = (
        "## Parties\n\n| a | b |\n|---|---|\n| ACME | `x` |\n\nSee [this](http://a.test)."
    )
    upload(page, contract)
    expect(page.locator("[class*=st-key-file-] img").first).to_be_visible()
    ask(page, "Who?")
    wait_for_end(page)
    assert violations(page) == []


@BOTH
def test_documents(open_page: Opener, backend: FakeBackend, tmp_path: Path, dark: bool) -> None:
    backend.answer = json.dumps({"jurisdiction": "New York", "party": ["Nobody Ltd."]})
    backend.start_delay = backend.token_delay = 0.0
    path = tmp_path / "agreement.pdf"
    path.write_bytes(pdf(*(PdfPage(paragraph(f"{dark} {page}")) for page in (1, 2, 3))))
    backend.page_texts[hashlib.sha256(path.read_bytes()).hexdigest()] = contracts.AGREEMENT
    page = open_page("?view=documents", dark=dark, ready=".st-key-start-job")
    assert violations(page) == []
    page.set_input_files(
        ".st-key-new-job-form [data-testid=stFileUploaderDropzoneInput]", str(path)
    )
    start = page.locator(".st-key-start-job button:enabled")
    expect(start).to_be_visible()
    assert violations(page) == []
    start.click()
    law = page.locator(".frame tbody tr button[data-field=jurisdiction]").first
    expect(law).to_contain_text("New York")
    law.click()
    expect(page.locator(".st-key-evidence img").first).to_be_visible()
    assert violations(page) == []


@BOTH
def test_the_place_itself(open_page: Opener, dark: bool) -> None:
    page = open_page(f"?view=monitor{'&lang=zh' if dark else ''}", dark=dark, ready=".figures")
    assert violations(page) == []
    page.locator(".st-key-place button").last.click()
    expect(page.locator(".checks")).to_be_visible()
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    for view, ready in (("monitor", ".figures"), ("help", ".checks")):
        page.goto(f"{page.url.partition('?')[0]}?view={view}")
        expect(page.locator(ready).first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("view", ["ask", "monitor"])
def test_the_focus_can_be_seen(open_page: Opener, view: str) -> None:
    page = open_page(f"?view={view}", ready="h1.title")
    expect(page.locator("[data-testid=backend-status]")).to_contain_text("Online")
    page.wait_for_timeout(800)
    unseen, stops = [], 0
    for _ in range(STOPS):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUS)
        if found is not None:
            stops += 1
            if not found[1]:
                unseen.append(found[0])
    assert stops > 4
    assert unseen == []
