"""Several people at one desk, each in a browser of their own; and the desk under a path."""

from __future__ import annotations

import re
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import INPUT, PATIENCE, Web
from tests.browser.test_page import ask, upload, wait_for_end
from tests.fakes.backend import FakeBackend
from tests.fakes.provider import Provider
from tests.fakes.proxy import Proxy

pytestmark = pytest.mark.browser

HEADER = "X-Forwarded-User"
TOKEN = "between-us"
TRUSTED = "127.0.0.2"  # the loopback address that the proxy connects from
CONVERSATION = "[class*=st-key-chat-] button"
VISITOR = ".visitor"

Visit = Callable[[str], Page]


@pytest.fixture
def own_backend(places: ExitStack) -> FakeBackend:
    return places.enter_context(FakeBackend(answer="An answer.", token=TOKEN))


@contextmanager
def serving(
    backend: FakeBackend, data: Path, *, port: int | None = None, **environment: str
) -> Iterator[Web]:
    """A web process of the test's own."""
    web = Web(backend.address, data, port=port, **environment).start()
    try:
        yield web
    finally:
        web.stop()


@pytest.fixture
def places() -> Iterator[ExitStack]:
    """What is served to browsers; it ends after they have left."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def visit(chromium: Browser, places: ExitStack) -> Iterator[Visit]:
    """Opens an address in a browser of its own; at the end no console may hold an error."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_it(url: str) -> Page:
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.set_default_navigation_timeout(3 * PATIENCE)
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert complaints == []


def test_a_proxy_names_people_and_nobody_else_does(
    places: ExitStack, own_backend: FakeBackend, visit: Visit, contract: Path, tmp_path: Path
) -> None:
    web = places.enter_context(
        serving(
            own_backend,
            tmp_path,
            BACKEND_TOKEN=TOKEN,
            TRUSTED_USER_HEADER=HEADER,
            TRUSTED_PROXIES=TRUSTED,
        )
    )
    anns, bos, liars = (
        places.enter_context(Proxy(web.port, HEADER, name, source=source))
        for name, source in (
            ("ann@example.org", TRUSTED),
            ("bo@example.org", TRUSTED),
            ("ann@example.org", "127.0.0.1"),
        )
    )
    ann = visit(anns.url)
    expect(ann.locator(VISITOR)).to_have_text("ann@example.org")
    upload(ann, contract)
    expect(ann.locator("[class*=st-key-file-]").first).to_contain_text("lease agreement.pdf")
    ask(ann, "What Ann wants to know")
    wait_for_end(ann)

    bo = visit(bos.url)
    expect(bo.locator(VISITOR)).to_have_text("bo@example.org")
    expect(bo.locator(INPUT)).to_be_visible()
    expect(bo.locator(CONVERSATION)).to_have_count(0)
    bo.goto(f"{bos.url}?{ann.url.partition('?')[2]}")  # Ann's conversation, by its address
    expect(bo.get_by_text("There is no such conversation")).to_be_visible()
    expect(bo.get_by_text("What Ann wants to know")).to_have_count(0)
    bo.goto(bos.url)
    ask(bo, "What Bo wants to know")
    wait_for_end(bo)

    ann.reload()
    expect(ann.locator(CONVERSATION)).to_have_count(1)
    expect(ann.locator(CONVERSATION)).to_contain_text("What Ann wants to know")
    assert own_backend.owners == ["ann@example.org", "bo@example.org"]
    assert {owner for owner, _ in own_backend.media} == {"ann@example.org"}

    for url in (liars.url, web.url):  # a header from elsewhere, and none
        stranger = visit(url)
        expect(stranger.locator(".st-key-sign-in")).to_contain_text("where you sign in")
        expect(stranger.locator(INPUT)).to_have_count(0)


def test_people_sign_in_with_a_provider(
    places: ExitStack, own_backend: FakeBackend, visit: Visit, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    provider = places.enter_context(Provider())
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(provider.secrets(f"http://127.0.0.1:{port}/"))
    secrets.chmod(0o600)
    web = places.enter_context(
        serving(
            own_backend,
            tmp_path,
            port=port,
            BACKEND_TOKEN=TOKEN,
            OIDC_SECRETS=str(secrets),
            ALLOWED_USERS="@example.org",
        )
    )

    provider.person = {"sub": "1", "email": "Ann@example.org", "email_verified": True}
    ann = visit(web.url)
    ann.locator(".st-key-sign-in-now button").click()
    expect(ann.locator(VISITOR)).to_have_text("Ann@example.org")
    ask(ann, "What Ann wants to know")
    wait_for_end(ann)
    assert own_backend.owners == ["ann@example.org"]

    provider.person = {"sub": "2", "email": "ann@example.org"}  # says so, but is not verified
    eve = visit(web.url)
    expect(eve.locator(".st-key-sign-in-now button")).to_be_visible()
    expect(eve.locator(INPUT)).to_have_count(0)
    eve.locator(".st-key-sign-in-now button").click()
    expect(eve.get_by_text("not open to you")).to_be_visible()
    eve.locator(".st-key-language button").first.click()
    expect(eve.get_by_text("您已登录，但无权使用此页面")).to_be_visible()
    expect(eve.locator(INPUT)).to_have_count(0)

    with ann.expect_navigation():  # one of its own, which a reload would meet
        ann.locator(".st-key-sign-out button").click()
    expect(ann.locator(".st-key-sign-in-now button")).to_be_visible()
    ann.reload()
    expect(ann.locator(".st-key-sign-in-now button")).to_be_visible()
    expect(ann.locator(CONVERSATION)).to_have_count(0)


def test_everything_works_under_a_path(
    places: ExitStack, visit: Visit, contract: Path, tmp_path: Path
) -> None:
    backend = places.enter_context(FakeBackend(answer="An answer."))
    web = places.enter_context(serving(backend, tmp_path, BASE_PATH="/desk"))
    page = visit(web.url)  # leads there
    expect(page).to_have_url(re.compile("/desk/"))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    upload(page, contract)
    expect(page.locator("[class*=st-key-file-] img").first).to_be_visible()
    ask(page, "Under a path?")
    wait_for_end(page)
    page.goto(f"{web.url}desk/?view=documents")
    page.set_input_files(
        ".st-key-new-job-form [data-testid=stFileUploaderDropzoneInput]", str(contract)
    )
    page.locator(".st-key-start-job button:enabled").click()
    expect(page.locator(".frame tbody tr button").first).to_be_visible()  # a component
    page.goto(f"{web.url}desk/?view=help")
    expect(page.locator("[data-finding=page_good]")).to_contain_text("/desk/")
    strays = {url for url in asked if url.startswith("http") and "/desk/" not in url}
    assert strays == set()
    for path in ("desk/v1/models", "desk/ready", "v1/models", "ready"):
        with urllib.request.urlopen(web.url + path, timeout=10) as answer:
            assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{web.url}static/x.js", timeout=10)
