"""The dashboard's questions, held against the figures that there are."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web

DOCS = Path(__file__).resolve().parents[2] / "docs"
DASHBOARD = json.loads((DOCS / "grafana.json").read_text(encoding="utf-8"))
ASKED = {
    name
    for panel in DASHBOARD["panels"]
    for target in panel["targets"]
    for name in re.findall(r"glm_flash_[a-z_]+", target["expr"])
}


def test_every_figure_that_is_asked_for_is_told() -> None:
    with FakeBackend() as backend, Web(backend.address) as web:
        web.chat()
        text = web.get("/metrics").content.decode()
    told = set(re.findall(r"^(glm_flash_[a-z_]+)(?:\{| )", text, re.MULTILINE))
    assert told >= ASKED


def test_every_documented_figure_but_a_few_is_on_the_dashboard() -> None:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    section = text.split("## Figures", 1)[1].split("\n## ", 1)[0]
    named = {
        name
        for row in re.findall(r"^\| (`.+?`) \| (?:counter|gauge|histogram)", section, re.MULTILINE)
        for name in re.findall(r"`([a-z_]+)", row)
    }
    shown = {re.sub(r"^glm_flash_(web|backend)_|_bucket$", "", name) for name in ASKED}
    unseen = {"tokens_total", "damaged_entries_total", "uptime_seconds"}
    assert len(named) > 25
    assert {name for name in named if name not in shown} <= unseen


def test_panels_do_not_cover_each_other() -> None:
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]]
    assert len(set(places)) == len(places) > 12
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)
