"""What people say, send and hold stays out of logs, figures and command lines."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import httpx
import psutil

from scripts.lib import papers
from scripts.lib.system import System

WORDS = "kestrel-velvet-anvil"  # in a prompt
NAME = "magpie-quartz-ledger.pdf"  # of a file
KEY = "heron-copper-lantern"  # in a header
INSIDE = "osprey-marble-compass"  # in a file


def ask(system: System, request_id: str, **over: Any) -> httpx.Response:
    pdf = base64.b64encode(papers.pdf([f"The password is {INSIDE}. {papers.AGREEMENT}"])).decode()
    file = {"filename": NAME, "file_data": f"data:application/pdf;base64,{pdf}"}
    content = [{"type": "file", "file": file}, {"type": "text", "text": f"What is {WORDS}?"}]
    body = {
        "model": "embedded",
        "messages": [{"role": "user", "content": content}],
        "max_tokens": 4,
        "user": WORDS,
        **over,
    }
    headers = {"Authorization": f"Bearer {KEY}", "X-Request-Id": request_id}
    url = f"{system.url}/v1/chat/completions?key={KEY}"
    return httpx.post(url, json=body, headers=headers, timeout=60)


def records(system: System, name: str) -> list[dict[str, Any]]:
    """The lines of a log; asserts that each is a JSON object."""
    return [json.loads(line) for line in system.log(name).read_text().splitlines() if line]


def test_nothing_of_a_request_is_written_down_but_its_id(system: System) -> None:
    names = [f"canary-{uuid.uuid4().hex}" for _ in range(4)]
    schema = {"type": "object", "properties": {WORDS: {"type": "string", "pattern": f"({WORDS}"}}}
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    told = [
        ask(system, names[0]).status_code,
        ask(system, names[1], stream=True).status_code,
        ask(system, names[2], response_format=form).status_code,
        ask(system, names[3], temperature=WORDS).status_code,
    ]
    assert told == [200, 200, 400, 400]

    figures = httpx.get(f"{system.url}/metrics", timeout=10).text
    written = {name: system.log(name).read_text() for name in ("frontend", "backend")}
    lines = [
        " ".join(process.cmdline())
        for name in written
        for top in [psutil.Process(system.pid(name))]
        for process in (top, *top.children(recursive=True))
    ]
    for canary in (WORDS, NAME, NAME.removesuffix(".pdf"), KEY, INSIDE):
        for place, text in {**written, "figures": figures, "lines": " ".join(lines)}.items():
            assert canary not in text, f"{canary} in {place}"

    for name in names[:2]:  # one id finds a request in both
        (ours,) = [one for one in records(system, "frontend") if one.get("request_id") == name]
        assert (ours["status"], ours["path"]) == (200, "/v1/chat/completions")
        theirs = [
            one for one in records(system, "backend") if one.get("request", "").startswith(name)
        ]
        assert any(one["event"] == "request finished" for one in theirs)


def test_words_stay_out_of_stored_names(system: System) -> None:
    """Files lie under their hashes."""
    stored = [path.name for path in Path(system.environment["DATA_DIR"]).rglob("*")]
    assert not any(NAME.removesuffix(".pdf") in name for name in stored)
