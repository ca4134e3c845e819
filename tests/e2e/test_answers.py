"""The main job: a document in, an answer about it out, through the official client."""

from __future__ import annotations

import base64
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from scripts.lib import papers
from scripts.lib.system import System

QUESTION = "Who are the parties, when does it start, which law governs?"
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "nda" / "pdf"


def data_url(data: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def with_file(document: bytes, question: str = QUESTION) -> list[Any]:
    """A conversation that hands over one PDF."""
    file = {"filename": "contract.pdf", "file_data": data_url(document, "application/pdf")}
    return [
        {
            "role": "user",
            "content": [{"type": "file", "file": file}, {"type": "text", "text": question}],
        }
    ]


def extension(answer: Any) -> dict[str, Any]:
    """What this product adds to an answer of OpenAI's shape."""
    return dict(answer.model_extra["glm_flash"])


def test_a_contract_is_answered_about_from_its_text_layer(openai: OpenAI) -> None:
    answer = openai.chat.completions.create(
        model="embedded",
        messages=with_file(papers.pdf([papers.AGREEMENT])),
        temperature=0,
        max_tokens=96,
    )
    text = answer.choices[0].message.content or ""
    assert any(name in text for name in ("Larkspur", "Tamarind", "New York", "2019")), text
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 250, "the page's words are in the prompt"
    assert 1 <= answer.usage.completion_tokens <= 96
    told = extension(answer)
    assert told["route"] == "text"
    assert [(page["page"], page["method"]) for page in told["pages"]] == [(1, "text_layer")]


def test_the_same_contract_as_a_scan_is_read_by_ocr_once(openai: OpenAI) -> None:
    scan = papers.scanned(papers.pdf([papers.AGREEMENT]))
    reading = []
    for _ in range(2):
        answer = openai.chat.completions.create(
            model="embedded", messages=with_file(scan), temperature=0, max_tokens=48
        )
        told = extension(answer)
        assert [(page["page"], page["method"]) for page in told["pages"]] == [(1, "ocr")]
        assert told["pages"][0]["words"] > 100
        text = answer.choices[0].message.content or ""
        assert any(name in text for name in ("Larkspur", "Tamarind", "New York", "2019")), text
        reading.append(told["timing"]["reading"])
    assert reading[1] < reading[0] / 2, "the second question costs no reading"


def test_every_page_of_a_long_document_is_read(openai: OpenAI) -> None:
    filler = "The parties meet every month and keep minutes of what was said.\n" * 40
    document = papers.pdf([papers.AGREEMENT, *[filler] * 10])
    answer = openai.chat.completions.create(
        model="embedded", messages=with_file(document), temperature=0, max_tokens=8
    )
    pages = extension(answer)["pages"]
    assert [page["page"] for page in pages] == list(range(1, 12))
    assert all(page["method"] == "text_layer" and page["words"] > 100 for page in pages)
    assert any(page["tokens"] for page in pages)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not there")
def test_real_agreements_are_read_whole_and_answered(openai: OpenAI) -> None:
    for path in sorted(SHARED.glob("*.pdf"))[:3]:
        answer = openai.chat.completions.create(
            model="embedded",
            messages=with_file(path.read_bytes(), "Summarise the three key clauses."),
            temperature=0,
            max_tokens=24,
        )
        told = extension(answer)
        assert answer.choices[0].message.content
        assert told["pages"]
        assert all(page["method"] in ("text_layer", "ocr") for page in told["pages"])
        assert sum(page["tokens"] for page in told["pages"]) > 300


def test_streaming_says_the_same_and_counts_the_same(openai: OpenAI) -> None:
    asked: dict[str, Any] = {
        "model": "embedded",
        "messages": with_file(papers.pdf([papers.AGREEMENT])),
        "temperature": 0,
        "max_tokens": 40,
        "extra_body": {"use_answer_cache": False},
    }
    whole = openai.chat.completions.create(**asked)
    chunks = list(
        openai.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[0].choices[0].delta.role == "assistant"
    assert len({chunk.id for chunk in chunks}) == 1
    reasons = [
        c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason
    ]
    assert reasons == [whole.choices[0].finish_reason]
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert whole.usage is not None
    assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


def test_responses_say_what_chat_completions_say(openai: OpenAI) -> None:
    question = "Which law governs?"
    document = data_url(papers.pdf([papers.AGREEMENT]), "application/pdf")
    content: Any = [
        {"type": "input_file", "filename": "contract.pdf", "file_data": document},
        {"type": "input_text", "text": question},
    ]
    chat = openai.chat.completions.create(
        model="embedded",
        messages=with_file(papers.pdf([papers.AGREEMENT]), question),
        temperature=0,
        max_tokens=24,
    )
    asked: dict[str, Any] = {
        "model": "embedded",
        "input": [{"role": "user", "content": content}],
        "temperature": 0,
        "max_output_tokens": 24,
    }
    whole = openai.responses.create(**asked)
    with openai.responses.stream(**asked) as stream:
        said = "".join(e.delta for e in stream if e.type == "response.output_text.delta")
    assert said == whole.output_text == chat.choices[0].message.content
    assert whole.usage is not None
    assert chat.usage is not None
    assert whole.usage.input_tokens == chat.usage.prompt_tokens


def test_four_at_once_say_what_each_says_alone(openai: OpenAI) -> None:
    questions = [f"Write one sentence about the number {number}." for number in range(4)]

    def ask(question: str) -> str | None:
        answer = openai.chat.completions.create(
            model="embedded",
            messages=[{"role": "user", "content": question}],
            temperature=0,
            max_tokens=24,
            extra_body={"use_answer_cache": False},
        )
        return answer.choices[0].message.content

    alone = [ask(question) for question in questions]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(ask, questions))
    assert together == alone
    assert len(set(alone)) > 1


def test_a_seed_repeats_a_warm_answer(openai: OpenAI) -> None:
    def ask(seed: int) -> str | None:
        return (
            openai.chat.completions.create(
                model="embedded",
                messages=[{"role": "user", "content": "Tell me a short story about a lighthouse."}],
                temperature=1.2,
                seed=seed,
                max_tokens=24,
            )
            .choices[0]
            .message.content
        )

    assert ask(7) == ask(7)
    assert ask(7) != ask(8)


def test_max_tokens_is_met_exactly(openai: OpenAI) -> None:
    answer = openai.chat.completions.create(
        model="embedded",
        messages=[{"role": "user", "content": "Tell me everything about the sea."}],
        max_tokens=13,
    )
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage is not None
    assert answer.usage.completion_tokens == 13


def test_a_photograph_without_words_gets_an_honest_sentence(openai: OpenAI) -> None:
    url = data_url(papers.photograph(), "image/png")
    for picture in ({"url": url}, url):  # OpenAI's object, and the bare string of many tutorials
        content: list[Any] = [
            {"type": "image_url", "image_url": picture},
            {"type": "text", "text": "What is in this picture?"},
        ]
        answer = openai.chat.completions.create(
            model="embedded",
            messages=[{"role": "user", "content": content}],
            temperature=0,
            max_tokens=120,
        )
        text = (answer.choices[0].message.content or "").lower()
        assert "cannot see pictures" in text
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage is not None
        assert answer.usage.completion_tokens > 10


def test_the_models_are_listed(openai: OpenAI) -> None:
    listed = openai.models.list().data
    assert "embedded" in [model.id for model in listed]
    assert openai.models.retrieve("embedded").id == "embedded"


def test_the_documented_examples_run_against_the_real_thing(system: System, tmp_path: Path) -> None:
    document = tmp_path / "agreement.pdf"
    document.write_bytes(papers.pdf([papers.AGREEMENT]))
    picture = tmp_path / "photograph.png"
    picture.write_bytes(papers.photograph())
    examples = Path(__file__).parents[2] / "docs" / "examples"
    runs: dict[str, list[str | Path]] = {
        "rest_client.py": ["--url", f"{system.url}/v1", "--pdf", document, "--picture", picture],
        "grpc_client.py": ["--address", system.address, document, "Which law governs?"],
    }
    for name, arguments in runs.items():
        ran = subprocess.run(
            [sys.executable, examples / name, *arguments], capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        assert "1 page by text layer" in ran.stdout
