"""The line under an answer."""

from __future__ import annotations

from dataclasses import replace

from frontend.components.receipt import caption, details, facts
from frontend.history.records import Receipt
from frontend.i18n import Phrases

RECEIPT = Receipt(
    route="multimodal",
    reason="stop",
    prompt_tokens=2345,
    completion_tokens=101,
    pages=5,
    pages_used=5,
    methods={"text_layer": 5},
    first_token_seconds=0.84,
    total_seconds=2.84,
)


def test_everything_at_a_glance() -> None:
    assert caption(RECEIPT, Phrases("en")) == (
        "Multimodal route · 5 pages: 5 by text layer · 2,345 + 101 tokens · 50.0 tokens/s · "
        "first token 0.8 s · complete"
    )


def test_the_same_in_chinese() -> None:
    text = caption(RECEIPT, Phrases("zh"))
    assert "5 页：5 页来自文本层" in text
    assert "50.0 词元/秒" in text
    assert "已完成" in text


def test_pages_that_were_left_out_are_counted() -> None:
    receipt = Receipt(pages=40, pages_used=12, methods={"text_layer": 10, "ocr": 2})
    assert "12 of 40 pages: 10 by text layer, 2 by OCR" in caption(receipt, Phrases("en"))


def test_a_notice_that_no_model_wrote_has_no_speed() -> None:
    notice = Receipt(completion_tokens=54, first_token_seconds=0.9, total_seconds=0.9002)
    assert "tokens/s" not in caption(notice, Phrases("en"))


def test_what_is_not_known_is_not_claimed() -> None:
    assert caption(Receipt(reason="cancelled"), Phrases("en")) == "0 + 0 tokens · stopped"
    cached = Receipt(
        completion_tokens=90, first_token_seconds=0.01, total_seconds=0.02, answer_cached=True
    )
    assert caption(cached, Phrases("en")) == "0 + 90 tokens · from the answer cache"


def test_a_prompt_that_was_known_in_part_says_how_much() -> None:
    receipt = Receipt(prompt_tokens=2345, completion_tokens=101, cached_tokens=2304)
    assert "2,345 + 101 tokens · 2,304 cached" in caption(receipt, Phrases("en"))
    assert "输出 101 词元 · 2,304 已缓存" in caption(receipt, Phrases("zh"))


def test_an_answer_given_again_says_so_and_nothing_of_its_parts() -> None:
    receipt = Receipt(prompt_tokens=2345, cached_tokens=2345, answer_cached=True)
    assert "来自回答缓存" in caption(receipt, Phrases("zh"))
    assert "2,345 cached" not in caption(receipt, Phrases("en"))


def test_opened_it_tells_everything_that_is_known() -> None:
    receipt = replace(
        RECEIPT,
        model="glm",
        route_reason="The question comes with files.",
        cached_tokens=2304,
        image_tokens=900,
        reasoning_tokens=40,
        seed=7,
    )
    told = dict(facts(receipt, {"temperature": 0.2, "thinking": True}, Phrases("en")))
    assert told == {
        "Why this route": "The question comes with files.",
        "Model": "glm",
        "Seed": "7",
        "Prompt": "2,345 tokens, 2,304 of them cached, 900 for pictures",
        "Answer": "101 tokens, 40 for reasoning",
        "Time": "queue 0.0 s, reading 0.0 s, first token 0.8 s, total 2.8 s",
        "Asked with": "Temperature 0.2 · Think before answering",
    }
    assert set(dict(facts(Receipt(), None, Phrases("zh")))) == {"输出"}


def test_nothing_of_it_becomes_markup() -> None:
    shown = details(Receipt(model="<b>", route_reason="<script>"), None, Phrases("en"))
    assert "<b>" not in shown
    assert "&lt;script&gt;" in shown


def test_words_that_pages_hide_are_told() -> None:
    receipt = Receipt(pages=1, pages_used=1, hidden=14)
    assert "1 page · ⚠ 14 hidden words left out" in caption(receipt, Phrases("en"))
    assert "已略去 14 个隐藏词" in caption(receipt, Phrases("zh"))
