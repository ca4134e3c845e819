"""What is computed once is not computed again, and nobody's answer changes by it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from openai import OpenAI

from frontend.client.blocking import Client
from scripts.lib import papers
from tests.e2e.test_answers import extension, with_file

AGREEMENT = papers.pdf([papers.AGREEMENT])
LEASE = papers.pdf(
    [
        "LEASE\n\nAlder Homes Ltd. lets the flat at 7 Mill Lane to Jo Park for two years from\n"
        "1 May 2022, at 1,150 pounds a month, payable on the first day of each month."
    ]
)
MIXED: list[dict[str, Any]] = [
    {"messages": with_file(AGREEMENT, "Who are the parties?")},
    {"messages": with_file(AGREEMENT, "Which law governs?")},
    {"messages": with_file(LEASE, "What is the rent?"), "max_tokens": 20},
    {"messages": [{"role": "user", "content": "Name three colours."}]},
    {"messages": [{"role": "user", "content": "Write a haiku about rain."}], "max_tokens": 40},
    {"messages": with_file(papers.pdf([papers.AGREEMENT] * 4), "How long does it last?")},
    {
        "messages": [
            {"role": "system", "content": "You answer briefly."},
            {"role": "user", "content": "Who wrote Hamlet?"},
            {"role": "assistant", "content": "Shakespeare."},
            {"role": "user", "content": "And Faust?"},
        ]
    },
    {"messages": with_file(AGREEMENT, "Who are the parties?"), "n": 2, "max_tokens": 12},
]


def said(openai: OpenAI, asked: dict[str, Any], **more: object) -> tuple[list[str | None], Any]:
    """The texts of an answer at temperature 0, computed unless told otherwise."""
    body = {"use_answer_cache": False, **more}
    answer = openai.chat.completions.create(
        **{"model": "embedded", "temperature": 0, "max_tokens": 24, **asked}, extra_body=body
    )
    return [choice.message.content for choice in answer.choices], answer


@pytest.fixture(scope="module")
def alone(system: Any) -> Iterator[list[list[str | None]]]:
    """What each of the mixed requests is answered when nothing else runs."""
    with OpenAI(base_url=f"{system.url}/v1", api_key="unused", timeout=60) as client:
        yield [said(client, asked)[0] for asked in MIXED]


def test_eight_mixed_requests_at_once_say_what_each_says_alone(
    openai: OpenAI, alone: list[list[str | None]]
) -> None:
    with ThreadPoolExecutor(len(MIXED)) as pool:
        together = list(pool.map(lambda asked: said(openai, asked)[0], MIXED))
    assert together == alone
    assert len({json.dumps(texts) for texts in alone}) == len(MIXED)


def test_answers_over_a_known_prefix_are_the_same(
    openai: OpenAI, alone: list[list[str | None]]
) -> None:
    for asked, texts in zip(MIXED, alone, strict=True):
        again, answer = said(openai, asked)
        assert again == texts
        assert answer.usage.prompt_tokens_details.cached_tokens > 0 or "file" not in str(asked)


def test_a_second_question_about_a_document_costs_its_question_only(openai: OpenAI) -> None:
    document = papers.pdf([f"Schedule 17\n{papers.AGREEMENT}"])
    _, first = said(openai, {"messages": with_file(document, "Who signed for the buyer?")})
    _, second = said(openai, {"messages": with_file(document, "When does it end?")})
    assert first.usage.prompt_tokens_details.cached_tokens < 0.2 * first.usage.prompt_tokens
    assert second.usage.prompt_tokens_details.cached_tokens > 0.8 * second.usage.prompt_tokens


def test_a_conversation_goes_on_where_it_was(openai: OpenAI) -> None:
    document = papers.pdf([f"Schedule 18\n{papers.AGREEMENT}"])
    messages = with_file(document, "Who are the parties?")
    texts, first = said(openai, {"messages": messages})
    messages += [
        {"role": "assistant", "content": texts[0]},
        {"role": "user", "content": "And since when?"},
    ]
    _, second = said(openai, {"messages": messages})
    known = first.usage.prompt_tokens + first.usage.completion_tokens
    assert second.usage.prompt_tokens_details.cached_tokens > known - 48


def test_an_exact_question_is_answered_from_the_store(openai: OpenAI) -> None:
    asked = {"messages": with_file(LEASE, "Who lets the flat, and to whom?"), "max_tokens": 40}
    texts, computed = said(openai, asked, use_answer_cache=True)
    again, kept = said(openai, asked, use_answer_cache=True)
    assert again == texts
    assert not extension(computed)["answer_cached"]
    assert extension(kept)["answer_cached"]
    assert kept.usage.completion_tokens == computed.usage.completion_tokens
    assert not extension(said(openai, asked)[1])["answer_cached"], "switched off by the request"
    warm = {**asked, "temperature": 0.7}
    assert not extension(said(openai, warm, use_answer_cache=True)[1])["answer_cached"]


def test_nothing_stays_in_use_when_all_is_said(
    openai: OpenAI, alone: list[list[str | None]], backend: Client
) -> None:
    stats = backend.stats()
    assert stats.running == 0
    assert stats.blocks_used == 0
