"""Faults of the whole system: crowds, clients that leave, deadlines, full disks, killed fronts."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import signal
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pikepdf
import psutil
import pytest

from frontend.client.blocking import Client
from frontend.history.history import History
from frontend.history.records import State
from scripts.lib import papers
from scripts.lib.system import System
from tests.e2e.test_lifetime import running
from tests.fakes.asking import document, text, user
from tests.fakes.disk import full
from tests.fakes.waiting import wait_until

PLACES, WAITING = 2, 4
LONG = "Count from one to a thousand in words."
MEMORY = 300 << 20  # by which the web process may grow while it takes fifty large files in


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with few places, which is whole again after every test."""
    few = {"MAX_RUNNING": str(PLACES), "MAX_QUEUE": str(WAITING)}
    with System(tmp_path_factory.mktemp("faulty"), few) as started:
        started.wait_until_ready()
        yield started


@pytest.fixture
def held() -> Iterator[ExitStack]:
    """Lets go of what is put into it at the end."""
    with ExitStack() as stack:
        yield stack


def chat(
    system: System, *messages: dict[str, Any], seconds: float = 60, **over: Any
) -> httpx.Response:
    """The answer to a short question, or to what is given."""
    asked = {
        "model": "embedded",
        "messages": list(messages) or user(text("hi")),
        "max_tokens": 2,
        "use_answer_cache": False,
        **over,
    }
    headers = {"X-Request-Timeout": str(seconds)}
    url = f"{system.url}/v1/chat/completions"
    return httpx.post(url, json=asked, headers=headers, timeout=90)


def begin(system: System, *messages: dict[str, Any]) -> socket.socket:
    """A request that takes many seconds, sent and not read; closing it is leaving."""
    asked = {
        "model": "embedded",
        "messages": list(messages) or user(text(LONG)),
        "stream": True,
        "max_tokens": 1500,
        "min_tokens": 1500,
    }
    body = json.dumps(asked).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nX-Request-Timeout: 600\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    opened = socket.create_connection(("127.0.0.1", system.port), timeout=30)
    opened.sendall(head.encode() + body)
    return opened


def figure(system: System, name: str) -> float:
    """One value of the metrics page; 0 of a label that was never counted."""
    answer = system.get("/metrics")
    assert answer is not None
    found = re.search(rf"^{re.escape(name)} ([0-9.e+]+)$", answer[1], re.MULTILINE)
    assert found is not None or "{" in name, name
    return 0.0 if found is None else float(found[1])


def fill(system: System, held: ExitStack) -> None:
    """Takes every place."""
    for _ in range(PLACES):
        held.enter_context(begin(system)).recv(1)
    assert figure(system, "glm_flash_backend_requests_running") == PLACES


def is_idle(system: System) -> bool:
    """Whether nothing is computed, waits, or holds memory of the engine."""
    return running(system) == 0 and all(
        figure(system, f"glm_flash_backend_{name}") == 0
        for name in ("requests_queued", "kv_blocks_used")
    )


def test_a_deadline_shorter_than_the_wait_is_told_and_nothing_is_computed(
    faulty: System, held: ExitStack
) -> None:
    fill(faulty, held)
    before = figure(faulty, "glm_flash_backend_prompt_tokens_total")
    late = chat(faulty, seconds=0.3)
    assert late.status_code == 504
    assert late.json()["error"]["code"] == "deadline_exceeded"
    assert figure(faulty, "glm_flash_backend_requests_running") == PLACES
    wait_until(lambda: figure(faulty, "glm_flash_backend_requests_queued") == 0)
    held.close()
    wait_until(lambda: is_idle(faulty))
    assert figure(faulty, "glm_flash_backend_prompt_tokens_total") == before


def test_who_leaves_while_waiting_leaves_nothing(faulty: System, held: ExitStack) -> None:
    fill(faulty, held)
    waiting = held.enter_context(begin(faulty))
    wait_until(lambda: figure(faulty, "glm_flash_backend_requests_queued") == 1)
    waiting.close()
    wait_until(lambda: figure(faulty, "glm_flash_backend_requests_queued") == 0)
    assert figure(faulty, "glm_flash_backend_requests_running") == PLACES
    held.close()
    wait_until(lambda: is_idle(faulty))


def test_who_leaves_while_a_file_is_read_leaves_no_work(faulty: System, held: ExitStack) -> None:
    gone = 'glm_flash_web_requests_total{route="/v1/chat/completions",status="499"}'
    read = 'glm_flash_backend_pages_total{method="ocr"}'
    before, pages = figure(faulty, gone), figure(faulty, read)
    pile = papers.scanned(papers.pdf([f"{papers.AGREEMENT} Copy {n}." for n in range(12)]))
    leaving = held.enter_context(begin(faulty, *user(document(pile), text("What is it?"))))
    wait_until(lambda: figure(faulty, read) > pages)
    leaving.close()
    wait_until(lambda: is_idle(faulty))
    workers = psutil.Process(faulty.pid("backend")).children(recursive=True)
    wait_until(lambda: not any(is_busy(worker) for worker in workers))
    assert figure(faulty, read) < pages + 12, "the rest was not read"
    assert figure(faulty, gone) == before + 1
    assert chat(faulty, *user(document(papers.pdf([papers.AGREEMENT])))).status_code == 200


def is_busy(process: psutil.Process) -> bool:
    """Whether a worker computes just now."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.cpu_percent(0.2) > 20)
    return False


def test_a_crowd_is_served_or_told_to_come_back_until_all_are_served(faulty: System) -> None:
    told: Counter[int] = Counter()
    enough = threading.Event()

    def insist(number: int) -> None:
        while not enough.wait(0.2):
            answered = chat(faulty, *user(text(f"Say {number}.")), max_tokens=4)
            told[answered.status_code] += 1
            if answered.status_code == 200:
                return
            assert answered.status_code == 429
            assert answered.json()["error"]["code"] == "queue_full"
            assert 1 <= int(answered.headers["retry-after"]) <= 120

    with ThreadPoolExecutor(40) as crowd:
        asking = [crowd.submit(insist, number) for number in range(40)]
        try:
            for one in asking:
                one.result(timeout=120)
        finally:
            enough.set()
    assert told[200] == 40
    assert told[429] > 0, "the queue was never full"
    wait_until(lambda: is_idle(faulty))
    assert chat(faulty).status_code == 200


def test_a_full_disk_refuses_files_and_nothing_else(faulty: System) -> None:
    large = padded(1, 2 << 20)
    incoming = Path(faulty.environment["DATA_DIR"]) / "media" / "incoming"
    with full(process=faulty.pid("backend"), room=1 << 20):
        refused = chat(faulty, *user(document(large)))
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "storage_unavailable"
        assert int(refused.headers["retry-after"]) >= 1
        assert list(incoming.iterdir()) == []
        assert chat(faulty).status_code == 200
        assert chat(faulty, *user(document(papers.pdf(["Small."])))).status_code == 200
    with full(process=faulty.pid("frontend"), room=1 << 20):
        refused = chat(faulty, *user(document(padded(2, 5 << 20))))
        assert refused.status_code == 503
        assert refused.json()["error"]["code"] == "storage_unavailable"
        assert chat(faulty).status_code == 200
    assert chat(faulty, *user(document(large))).status_code == 200


def test_a_flipped_bit_in_what_was_read_is_noticed_and_read_again(faulty: System) -> None:
    with closing(Client(faulty.address)) as client:
        stored = client.put("local", papers.pdf([papers.AGREEMENT]), "a.pdf")
        clean = client.page("local", stored.sha256, 1, words=True)
        before = figure(faulty, "glm_flash_backend_damaged_entries_total")
        folder = Path(faulty.environment["DATA_DIR"]) / "media" / "derived"
        kept = list(folder.glob(f"*/*/{stored.sha256}/*"))
        assert len(kept) >= 2, "words and a picture"
        for entry in kept:
            content = bytearray(entry.read_bytes())
            content[-1] ^= 1
            entry.write_bytes(content)
        again = client.page("local", stored.sha256, 1, words=True)
    assert again == clean
    assert figure(faulty, "glm_flash_backend_damaged_entries_total") >= before + 2


def padded(number: int, size: int) -> bytes:
    """A document of about that many bytes, different for every number."""
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(papers.pdf([f"Page of document {number}."]))) as made:
        filler = made.make_stream(os.urandom(size))
        made.pages[0].obj["/Filler"] = filler
        made.save(written, compress_streams=False)
    return written.getvalue()


def test_fifty_large_files_at_once_hold_nobody_up(faulty: System) -> None:
    web = psutil.Process(faulty.pid("frontend"))
    before, most = web.memory_info().rss, 0
    files = [base64.b64encode(padded(number, 8 << 20)).decode() for number in range(4)]
    told: Counter[int] = Counter()

    def send(number: int) -> None:
        link = f"data:application/pdf;base64,{files[number % len(files)]}"
        part = {"type": "file", "file": {"file_data": link}}
        told[chat(faulty, *user(part, text(f"{number}?")), seconds=120).status_code] += 1

    with ThreadPoolExecutor(50) as crowd:
        sending = [crowd.submit(send, number) for number in range(50)]
        while not all(one.done() for one in sending):
            assert faulty.status("/health") == 200
            most = max(most, web.memory_info().rss)
        for one in sending:
            one.result()
    assert set(told) <= {200, 429}, told
    assert told[200] >= PLACES + WAITING
    assert most - before < MEMORY, f"{(most - before) >> 20} MiB more"
    wait_until(lambda: is_idle(faulty))
    assert chat(faulty).status_code == 200


def test_a_killed_front_leaves_no_work_behind_and_comes_back_with_its_history(
    faulty: System, held: ExitStack
) -> None:
    kept = History(f"sqlite:///{faulty.environment['DATA_DIR']}/history.sqlite3")
    answer = kept.ask("local", "c1", "Cut off?", turn_key="k", parameters={})
    assert answer is not None
    kept.save(answer, text="Half an", reasoning="", heard=3, receipt=None)
    streams = [held.enter_context(begin(faulty)) for _ in range(PLACES + 1)]
    for stream in streams[:PLACES]:
        stream.recv(1)
    faulty.end("frontend", signal.SIGKILL)
    for stream in streams:
        while stream.recv(1 << 16):
            pass
    with closing(Client(faulty.address)) as client:
        wait_until(lambda: client.stats().running + client.stats().queued == 0)
        assert client.stats().blocks_used == 0
    faulty.start("frontend")
    faulty.wait_until_ready()
    assert chat(faulty).status_code == 200
    wait_until(lambda: state_of(kept, answer) is State.LOST)
    found = kept.answer(answer)
    assert found is not None
    assert found.text == "Half an"
    kept.close()


def state_of(kept: History, answer: str) -> State | None:
    """How far an answer is, as the history says."""
    found = kept.answer(answer)
    return None if found is None else found.state
