"""A real web process, a fake backend and Debian's Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Request,
    expect,
    sync_playwright,
)

from tests.fakes.backend import FakeBackend
from tests.fakes.link import Link
from tests.fakes.pdf import Page as PdfPage
from tests.fakes.pdf import paragraph, pdf

ROOT = Path(__file__).resolve().parents[2]
SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
]
INPUT = "[data-testid=stChatInputTextArea]"
PHASE = "[data-testid=phase]"
PATIENCE = 40_000  # milliseconds: other tests may share the machine
expect.set_options(timeout=PATIENCE)


class Web:
    """`python -m frontend` on a port of its own; it can be killed and started again."""

    def __init__(
        self, backend: str, data: Path, *, port: int | None = None, **environment: str
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = port or int(free.getsockname()[1])
        self._environment = {
            **{name: value for name, value in os.environ.items() if name not in ("API_KEYS",)},
            "PORT": str(self.port),
            "HOST": "127.0.0.1",
            "DATA_DIR": str(data),
            "BACKEND_ADDRESS": backend,
            "LOG_LEVEL": "warning",
            **environment,
        }
        self._health = f"{self.url.rstrip('/')}{environment.get('BASE_PATH', '')}/_stcore/health"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> Web:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "frontend"], cwd=ROOT, env=self._environment
        )
        until = time.monotonic() + PATIENCE / 1000
        while True:
            try:
                urllib.request.urlopen(self._health, timeout=1).close()
                return self
            except OSError:
                assert self._process.poll() is None, "the web process ended"
                assert time.monotonic() < until, "the web process does not serve"
                time.sleep(0.1)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
            self._process = None


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if found is None:
        pytest.skip("Chromium is not installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=SWITCHES)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared_backend() -> Iterator[FakeBackend]:
    with FakeBackend() as backend:
        yield backend


@pytest.fixture(scope="module")
def web(shared_backend: FakeBackend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    web = Web(shared_backend.address, tmp_path_factory.mktemp("web")).start()
    yield web
    web.stop()


@pytest.fixture
def backend(shared_backend: FakeBackend) -> FakeBackend:
    """As new: quick to begin, 50 tokens a second."""
    shared_backend.answer = "The parties are ACME and Example. " * 5
    shared_backend.start_delay = 0.3
    shared_backend.token_delay = 0.02
    shared_backend.fail_after = None
    shared_backend.finish_reason = None
    shared_backend.refusals.clear()
    shared_backend.requests.clear()
    shared_backend.cancelled.clear()
    return shared_backend


Opener = Callable[..., Page]
FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def open_page(
    chromium: Browser, web: Web, backend: FakeBackend, request: pytest.FixtureRequest
) -> Iterator[Opener]:
    """Opens the page in a browser of the given size, language and colours.

    At the end no console may hold an error and no request may have left this host. What a failed
    test had before it is printed.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_it(
        path: str = "",
        *,
        width: int = 1440,
        height: int = 900,
        locale: str = "en-US",
        dark: bool = False,
        ready: str = INPUT,
        link: Link | None = None,
    ) -> Page:
        start = web.url if link is None else link.url
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            locale=locale,
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)

        def look(request: Request) -> None:
            if not request.url.startswith((start, "data:", "blob:")):
                complaints.append(f"asked for {request.url}")

        page.on("request", look)
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
        page.goto(start + path)
        page.wait_for_selector(ready)
        return page

    yield open_it
    for context in contexts:
        if request.node.stash[FAILED]:
            for page in context.pages:
                with suppress(Error):  # it may have crashed
                    print(page.url, page.locator("body").aria_snapshot(), sep="\n")
        context.close()
    assert complaints == []


@pytest.fixture
def contract(tmp_path: Path) -> Path:
    """A contract of three pages."""
    path = tmp_path / "lease agreement.pdf"
    text = "This lease is made between ACME Ltd. and Example GmbH.\nIt is governed by Swiss law."
    path.write_bytes(pdf(*(PdfPage(paragraph(f"Page {n}\n{text}")) for n in (1, 2, 3))))
    return path
