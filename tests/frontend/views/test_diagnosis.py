"""The view of the checks: what it shows, and that it checks again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.backend import FakeBackend
from tests.fakes.site import Site
from tests.frontend.views.conftest import Opener
from tests.frontend.views.test_monitor import shown


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with Site() as running:
        monkeypatch.setenv("PORT", str(running.port))
        yield running


def test_what_works_and_what_does_not(site: Site, open_page: Opener) -> None:
    page = open_page(view="help")
    assert page.success[0].value == "Everything that was checked works."
    assert shown(page).count('class="found good"') == 5
    site.answers["/static/page.js"] = (404, "text/plain", "?")
    page.button(key="check-again").click().run()
    assert page.error[0].value == "1 thing does not work."
    assert 'data-finding="page_assets"' in shown(page)
    assert "BASE_PATH" in shown(page)


def test_in_chinese_without_a_backend(site: Site, open_page: Opener, backend: FakeBackend) -> None:
    backend.stop()
    page = open_page(view="help", lang="zh")
    assert page.error[-1].value == "1 项有问题。"
    assert "没有后端应答" in shown(page)
    backend.start()
