"""Contracts of our own printed as PDFs with a text layer, their fonts embedded, by Chromium."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

LINES: Final = 12  # of a page, so that a contract has several
_CHROMIUM: Final = ("/usr/bin/chromium", "/usr/bin/chromium-browser")
_STYLE: Final = """
@page { size: A4; margin: 25mm 20mm }
body { margin: 0; font: 16px/1.9 "Noto Serif CJK SC", serif }
section { white-space: pre-wrap; break-after: page }
section:last-child { break-after: auto }
"""


class NoPress(Exception):
    """There is no Chromium on this machine."""


def sheets(text: str) -> list[str]:
    """A contract's lines, page by page."""
    lines = text.splitlines()
    return ["\n".join(lines[at : at + LINES]) for at in range(0, len(lines), LINES)]


def printed(contracts: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """The PDF of each contract, given as pages of text. Raises NoPress."""
    from playwright.sync_api import sync_playwright

    path = next((path for path in _CHROMIUM if Path(path).exists()), None)
    if path is None:
        raise NoPress("Chromium prints the Chinese contracts, and there is none on this machine.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        sheet = browser.new_page()
        for pages in contracts:
            sheet.set_content(_markup(pages))
            yield sheet.pdf(prefer_css_page_size=True, print_background=True)
        browser.close()


def _markup(pages: Sequence[str]) -> str:
    body = "".join(f"<section>{html.escape(page)}</section>" for page in pages)
    return f'<!doctype html><html lang="zh-CN"><style>{_STYLE}</style><body>{body}</body></html>'
