"""Measures what a user feels: waiting times, speed and memory, each beside its goal."""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import psutil

from frontend.client.blocking import Client
from frontend.messages import Delta, Finished, Question, Role, Sampling, TextPart, Turn
from scripts.lib import page_streams, papers
from scripts.lib.measuring import Figure, busy_seconds, conditions, fake_backend, shown
from scripts.lib.system import System

QUESTION = "Who are the parties, when does it start, which law governs?"


def measure(runs: int) -> Iterator[Figure]:
    """Every figure, as soon as it is known."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with System(Path(folder)) as system:
            system.wait_until_ready()
            yield Figure(
                "start to ready",
                time.monotonic() - began,
                "s",
                20,
                how="both processes, /ready 200",
            )
            client = Client(system.address)
            yield from reading_figures(system, client, runs)
            yield from speaking_figures(client, runs)
            yield page_figure(system, runs)
            yield from memory_figures(system)
            client.close()
        yield from overhead_figures(Path(folder))
        yield from page_streams.figures(Path(folder))


def reading_figures(system: System, client: Client, runs: int) -> Iterator[Figure]:
    """From a document to the first words about it."""
    waits = [
        first_token(system.url, "embedded", document(papers.pdf([own_agreement(run)])))
        for run in range(runs)
    ]
    yield Figure(
        "first token, one page with text layer",
        statistics.median(waits),
        "s",
        3,
        how=f"REST, streamed, median of {runs} unseen documents",
    )
    again = document(papers.pdf([own_agreement(0)]))
    yield Figure(
        "first token, the same question again",
        statistics.median(first_token(system.url, "embedded", again) for _ in range(runs)),
        "s",
        how=f"REST, streamed, median of {runs}",
    )
    firsts: list[float] = []
    seconds: list[float] = []
    for run in range(runs):
        scan = papers.scanned(papers.pdf([own_agreement(100 + run)]))
        stored = client.put("local", scan, "scan.pdf")
        for taken in (firsts, seconds):
            began = time.monotonic()
            assert client.page("local", stored.sha256, 1, words=True).words
            taken.append(time.monotonic() - began)
    yield Figure(
        "OCR of a page",
        statistics.median(firsts),
        "s",
        4,
        how=f"150 dpi letter page of 160 words, median of {runs}",
    )
    yield Figure(
        "the same page again", statistics.median(seconds), "s", 0.5, how="cached by content"
    )


def speaking_figures(client: Client, runs: int) -> Iterator[Figure]:
    """How fast it writes and how fast it stops."""
    speeds, stops = [], []
    for run in range(runs):
        written, times = 0, []
        for event in client.generate("local", count_up(f"speed-{run}", 128)):
            if isinstance(event, Delta):
                written += event.tokens
                times.append((time.monotonic(), written))
        (began, first), (ended, last) = times[0], times[-1]
        speeds.append((last - first) / (ended - began))
    yield Figure(
        "decode, one request",
        statistics.median(speeds),
        "tokens/s",
        20,
        at_least=True,
        how=f"128 tokens after a short prompt, median of {runs}",
    )
    for run in range(runs):
        events = client.generate("local", count_up(f"stop-{run}", 1000))
        for event in events:
            if isinstance(event, Delta):
                break
        began = time.monotonic()
        client.cancel("local", f"stop-{run}")
        assert any(isinstance(event, Finished) for event in events)
        stops.append(time.monotonic() - began)
    yield Figure(
        "Stop frees the engine",
        statistics.median(stops) * 1000,
        "ms",
        200,
        how=f"Cancel to Finished, median of {runs}",
    )


def page_figure(system: System, runs: int) -> Figure:
    """How long the page takes until one can write into it, in a browser that never saw it."""
    name = "page interactive after navigation"
    browser_path = next(
        (
            path
            for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser")
            if Path(path).exists()
        ),
        None,
    )
    if browser_path is None:
        return Figure(name, None, "s", 3, how="no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    taken = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        for _ in range(runs):
            context = browser.new_context()
            page = context.new_page()
            began = time.monotonic()
            page.goto(system.url)
            page.get_by_test_id("stChatInputTextArea").wait_for(timeout=30_000)
            taken.append(time.monotonic() - began)
            context.close()
        browser.close()
    return Figure(
        name, statistics.median(taken), "s", 3, how=f"Chromium, empty cache, median of {runs}"
    )


def memory_figures(system: System) -> Iterator[Figure]:
    """What stays in memory after all of that."""
    processes = [psutil.Process(system.pid(name)) for name in ("backend", "frontend")]
    workers = [child for process in processes for child in process.children(recursive=True)]
    yield Figure(
        "memory of both processes",
        sum(process.memory_info().rss for process in processes) / 2**30,
        "GiB",
        2.5,
        how="resident, after the runs above",
    )
    yield Figure(
        f"memory of the {len(workers)} reading workers",
        sum(worker.memory_info().rss for worker in workers) / 2**30,
        "GiB",
        how="resident, shared pages counted in each",
    )


def overhead_figures(folder: Path, tokens: int = 4000) -> Iterator[Figure]:
    """What REST costs for each token, against a backend that computes nothing."""
    with fake_backend(tokens) as address:
        system = System(folder / "overhead", {"BACKEND_ADDRESS": address})
        system.folder.mkdir()
        system.start("frontend")
        try:
            system.wait_until_ready()
            client = Client(address)
            question = Question("warm-up", (Turn(Role.USER, (TextPart("hi"),)),))
            model = client.status().models[0].id
            direct, rest, used = [], [], []
            web = psutil.Process(system.pid("frontend"))
            for run in range(3):
                began = time.monotonic()
                for _ in client.generate("local", Question(f"run-{run}", question.turns)):
                    pass
                direct.append(time.monotonic() - began)
                busy, began = busy_seconds(web), time.monotonic()
                for _ in streamed(system.url, model, "hi"):
                    pass
                rest.append(time.monotonic() - began)
                used.append(busy_seconds(web) - busy)
            client.close()
        finally:
            system.end("frontend")
    yield Figure(
        "REST overhead per streamed token",
        (min(rest) - min(direct)) / tokens * 1000,
        "ms",
        0.5,
        how=f"{tokens} tokens at full speed, REST less gRPC, best of 3",
    )
    yield Figure(
        "processor time of the web process per token",
        min(used) / tokens * 1000,
        "ms",
        how="during the same REST runs",
    )


def own_agreement(number: int) -> str:
    """An agreement that no cache has seen."""
    return papers.AGREEMENT.replace("Larkspur", f"Larkspur{number}").replace(
        "March 14", f"March {number % 28 + 1}"
    )


def document(data: bytes) -> list[dict[str, Any]]:
    """A question about a PDF, as OpenAI's content parts."""
    url = f"data:application/pdf;base64,{base64.b64encode(data).decode()}"
    return [
        {"type": "file", "file": {"filename": "agreement.pdf", "file_data": url}},
        {"type": "text", "text": QUESTION},
    ]


def count_up(request_id: str, tokens: int) -> Question:
    """A question whose answer has exactly so many tokens."""
    return Question(
        request_id=request_id,
        turns=(Turn(Role.USER, (TextPart("Count from one to a thousand in words."),)),),
        sampling=Sampling(temperature=0.0, min_tokens=tokens, max_tokens=tokens),
        use_answer_cache=False,
    )


def streamed(url: str, model: str, content: str | list[dict[str, Any]]) -> Iterator[str]:
    """The pieces of a streamed answer."""
    asked = {
        "model": model,
        "messages": [{"role": "user", "content": content}],
        "stream": True,
        "temperature": 0,
        "use_answer_cache": False,
    }
    if isinstance(content, list):
        asked["max_tokens"] = 8
    with httpx.stream("POST", f"{url}/v1/chat/completions", json=asked, timeout=120) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                for choice in json.loads(line[6:])["choices"]:
                    if text := choice["delta"].get("content"):
                        yield text


def first_token(url: str, model: str, content: list[dict[str, Any]]) -> float:
    """Seconds from the request to the first piece of its answer."""
    began = time.monotonic()
    pieces = streamed(url, model, content)
    next(pieces)
    waited = time.monotonic() - began
    for _ in pieces:
        pass
    return waited


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog="scripts/benchmark", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("--runs", type=int, default=5, help="repetitions of each measurement")
    chosen = parser.parse_args(arguments)
    told = conditions()
    figures: list[Figure] = []

    def kept() -> Iterator[Figure]:
        for figure in measure(chosen.runs):
            figures.append(figure)
            yield figure

    if chosen.json:
        list(kept())
        listed = [{**asdict(figure), "met": figure.met} for figure in figures]
        print(json.dumps({"conditions": told, "figures": listed}, indent=2))
    else:
        print("  ".join(f"{name}: {value}" for name, value in told.items()))
        shown(kept())
    return int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
