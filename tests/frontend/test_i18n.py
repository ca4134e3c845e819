"""The phrase book: whole in both languages, nothing missing, nothing left over."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontend.ages import Age
from frontend.components import marks, uploader
from frontend.diagnosis.findings import Check, Grade
from frontend.help_phrases import HELP
from frontend.i18n import LANGUAGES, PHRASES, Phrases, guess
from frontend.jobs import Stage
from frontend.kinds import OF_SEVERAL, STARTERS
from frontend.messages import FinishReason, Phase, ReadingMethod
from frontend.monitor import figures
from frontend.presets import PRESETS
from frontend.replays import Hindrance
from frontend.views import monitor
from frontend.work_state import View
from frontend.workflows.fields import Form, Kind, Problem
from frontend.workflows.filters import Filter
from frontend.workflows.summary import Summarised
from frontend.workflows.versions import Change

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"
PAGE = [
    *FRONTEND.glob("views/*.py"),
    *FRONTEND.glob("components/*.py"),
    FRONTEND / "streamlit_app.py",
    FRONTEND / "i18n.py",
    FRONTEND / "draft_state.py",
    FRONTEND / "transcript.py",
]

# Keys put together from values: each value must have its phrase.
COMPOSED = {
    *(f"phase.{phase.value}" for phase in Phase if phase is not Phase.READY),
    *(f"phase.{phase.value}_long" for phase in Phase if phase not in (Phase.READY, Phase.FAILED)),
    *(f"stage.{stage.value}" for stage in Stage),
    *(f"reason.{reason.value}" for reason in FinishReason),
    *(f"method.{method.value}" for method in ReadingMethod),
    *(f"route.{route}" for route in ("text", "multimodal", "image_batch")),
    *(f"conversations.{option}" for option in ("pin", "unpin", "rename", "delete")),
    *(f"conversations.{heading}" for heading in ("pinned", *(one.value for one in Age))),
    *(f"files.do.{option}" for option in ("open", "remove", "forget")),
    *(f"replay.not.{why.value}" for why in Hindrance),
    *(f"view.{view.value}" for view in View),
    *(f"filter.{one.value}" for one in Filter),
    *(f"filter_none.{one.value}" for one in Filter),
    *(f"mark.{mark.name}" for mark in marks.STATES.values()),
    *(f"mark.{mark.name}" for mark in (marks.ACCEPTED, marks.CORRECTED, marks.REJECTED)),
    *(f"evidence.{step}" for step in ("previous", "next")),
    *(f"kind.{kind.value}" for kind in Kind),
    *(f"compare.{change.value}" for change in Change),
    *(f"compare.{which}" for which in ("old", "new")),
    *(f"uploader.{word}" for word in uploader.WORDS),
    *(f"work.{kind}" for kind in ("pile", "versions")),
    *(f"summary.{about.value}" for about in Summarised),
    *(f"form.{form.value}" for form in Form),
    *(f"mistake.{problem.value}" for problem in Problem),
    *(f"list.{option}" for option in ("up", "down", "delete")),
    *(f"monitor_window.{seconds}" for seconds in monitor.WINDOWS),
    *(f"monitor_tile.{name}" for name in monitor.TILES),
    *(f"monitor_head.{name}" for name in (*monitor.CACHE_HEAD, *monitor.OWNER_HEAD)),
    *(f"monitor_table.{name}" for name in ("caches", "owners")),
    *(f"monitor_chart.{title}" for title in (*figures.LINES, "refusals")),
    *(f"monitor_line.{name}" for names in figures.LINES.values() for name in names),
    *(f"monitor_layer.{layer}" for layer in figures.LAYERS),
    *(key for key in HELP if key.startswith(("finding.", "remedy."))),  # diagnosis/test_wording
    *(f"check.{check.value}" for check in Check),
    *(f"grade.{grade.value}" for grade in Grade),
    *(preset.name for preset in PRESETS),
    *(starter for offered in STARTERS.values() for starter in offered),
    *OF_SEVERAL,
}


def said() -> Iterator[str]:
    """Keys written out in the page's code."""
    for path in PAGE:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                for constant in ast.walk(node.args[0]):
                    if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                        yield constant.value


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_key_that_is_said_exists() -> None:
    keys = {key for key in said() if key.split(".")[0] in {k.split(".")[0] for k in PHRASES}}
    written = {key for key in keys if "." in key and " " not in key and not key.endswith(".")}
    assert written - set(PHRASES) == set()
    assert COMPOSED - set(PHRASES) == set()


def test_no_phrase_is_left_over() -> None:
    used = set(said()) | COMPOSED | {key for key in PHRASES if key.startswith("error.")}
    assert set(PHRASES) - used == set()


@pytest.mark.parametrize("key", PHRASES)
def test_both_languages_say_the_same(key: str) -> None:
    phrase = PHRASES[key]
    assert phrase.en.strip()
    assert phrase.zh.strip()
    for english in phrase.en.split("|"):
        assert places(english) <= places(phrase.zh)
    assert places(phrase.zh) <= set.union(*(places(text) for text in phrase.en.split("|")))
    assert "|" not in phrase.zh


def test_english_counts() -> None:
    say = Phrases("en")
    assert say("files.pages", n=1) == "1 page"
    assert say("files.pages", n=12) == "12 pages"
    assert Phrases("zh")("files.pages", n=1) == "1 页"


def test_errors_speak_the_language_of_the_page() -> None:
    told = "The PDF needs a password."
    assert Phrases("en").error("pdf_encrypted", told) == told
    assert "加密" in Phrases("zh").error("pdf_encrypted", told)
    assert Phrases("zh").error("some_new_code", told) == told
    assert Phrases("en").error("", "") == "It did not work."
    assert Phrases("zh").error("unavailable", "") == PHRASES["error.backend_unavailable"].zh
    assert "十分钟" in Phrases("zh").error("request_quarantined", told)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1540, "1.5 kB"),
        (50_000_000, "50 MB"),
        (3_040_000_000, "3.0 GB"),
    ],
)
def test_sizes(count: int, text: str) -> None:
    assert Phrases("en").size(count) == text


@pytest.mark.parametrize(
    ("locale", "language"),
    [("zh-CN", "zh"), ("zh-Hant-TW", "zh"), ("en-US", "en"), ("de", "en"), (None, "en")],
)
def test_the_first_guess(locale: str | None, language: str) -> None:
    assert guess(locale) == language
    assert language in LANGUAGES
