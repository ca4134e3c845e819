"""Any engine behind the page: a backend that computes nothing asks a second instance over REST."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openai import OpenAI

from scripts.lib import papers
from scripts.lib.system import ROOT, System
from tests.fakes import glm

pytestmark = pytest.mark.recipes


@pytest.fixture(scope="module")
def relayed(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A page and a backend whose engine is the REST interface of the shared system."""
    environment = {"ENGINE": f"openai:{system.url}/v1", "MODEL": "auto"}
    with System(tmp_path_factory.mktemp("relayed"), environment) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def asking(relayed: System) -> Iterator[OpenAI]:
    with OpenAI(
        base_url=f"{relayed.url}/v1", api_key="unused", max_retries=0, timeout=60
    ) as client:
        yield client


def document(question: str) -> list[Any]:
    data = base64.b64encode(papers.pdf([papers.AGREEMENT])).decode()
    url = f"data:application/pdf;base64,{data}"
    return [
        {"type": "file", "file": {"filename": "agreement.pdf", "file_data": url}},
        {"type": "text", "text": question},
    ]


def test_the_models_card_is_the_other_servers(asking: OpenAI) -> None:
    (card,) = asking.models.list().data
    assert card.id == "embedded"
    extra = card.model_extra or {}
    assert extra["capabilities"] == {"vision": False, "reasoning": False, "tools": False}
    assert extra["max_model_len"] == 8192
    assert extra["defaults"]["temperature"] == 0.2


def test_a_question_about_a_document_is_read_here_and_answered_there(asking: OpenAI) -> None:
    answer = asking.chat.completions.create(
        model="embedded",
        messages=[{"role": "user", "content": document("Which law governs the agreement?")}],
        temperature=0,
        max_tokens=60,
    )
    assert "New York" in (answer.choices[0].message.content or "")
    extra = (answer.model_extra or {})["glm_flash"]
    assert [page["method"] for page in extra["pages"]] == ["text_layer"]
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 100
    assert answer.usage.completion_tokens > 2


def test_the_same_question_is_not_sent_again(relayed: System, asking: OpenAI) -> None:
    def ask() -> Any:
        return asking.chat.completions.create(
            model="embedded",
            messages=[{"role": "user", "content": "Say a word."}],
            temperature=0,
            max_tokens=8,
        )

    first, again = ask(), ask()
    assert first.choices[0].message.content == again.choices[0].message.content
    assert (again.model_extra or {})["glm_flash"]["answer_cached"]


def test_streams_are_streams_and_a_form_is_held_there(asking: OpenAI) -> None:
    schema = {
        "type": "object",
        "properties": {"jurisdiction": {"type": "string"}},
        "required": ["jurisdiction"],
    }
    form: Any = {"type": "json_schema", "json_schema": {"name": "fields", "schema": schema}}
    pieces = [
        chunk.choices[0].delta.content
        for chunk in asking.chat.completions.create(
            model="embedded",
            messages=[{"role": "user", "content": document("Read these fields.")}],
            response_format=form,
            temperature=0,
            max_tokens=60,
            stream=True,
        )
        if chunk.choices and chunk.choices[0].delta.content
    ]
    assert len(pieces) > 3
    assert list(json.loads("".join(pieces))) == ["jurisdiction"]


def test_contract_work_goes_through_it(relayed: System, tmp_path: Path) -> None:
    (tmp_path / "agreement.pdf").write_bytes(papers.pdf([papers.AGREEMENT]))
    table = tmp_path / "table.json"
    command = ["extract", str(tmp_path / "agreement.pdf"), "--fields", "nda", "--out", str(table)]
    done = subprocess.run(
        [sys.executable, "-m", "frontend.cli", *command],
        cwd=ROOT,
        env={**relayed.environment, "DATA_DIR": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "agreement.pdf" in table.read_text(encoding="utf-8")


def test_leaving_ends_the_other_servers_work(
    system: System, relayed: System, asking: OpenAI
) -> None:
    def running() -> float:
        _, figures = system.get("/metrics") or (0, "")
        return next(
            float(line.split()[-1])
            for line in figures.splitlines()
            if line.startswith("glm_flash_backend_requests_running ")
        )

    stream = asking.chat.completions.create(
        model="embedded",
        messages=[{"role": "user", "content": "Count from one to a thousand in words."}],
        extra_body={"min_tokens": 1500},
        max_tokens=1500,
        stream=True,
    )
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            break
    assert running() == 1
    stream.close()
    ended = threading.Event()
    for _ in range(100):
        if not running():
            ended.set()
            break
        ended.wait(0.1)
    assert ended.is_set()


def test_pictures_are_drawn_here_and_seen_there(tmp_path: Path) -> None:
    model = tmp_path / "glm"
    model.mkdir()
    glm.save(model)
    with System(tmp_path, {"MODEL": str(model)}) as seeing:
        seeing.wait_until_ready()
        folder = tmp_path / "relayed"
        folder.mkdir()
        environment = {"ENGINE": f"openai:{seeing.url}/v1", "MODEL": "auto"}
        with System(folder, environment) as relayed:
            relayed.wait_until_ready()
            scan = base64.b64encode(papers.scanned(papers.pdf([papers.AGREEMENT]))).decode()
            file = {"filename": "scan.pdf", "file_data": f"data:application/pdf;base64,{scan}"}
            body = {
                "model": "glm",
                "messages": [{"role": "user", "content": [{"type": "file", "file": file}]}],
                "max_tokens": 6,
                "temperature": 0,
            }
            answer = httpx.post(f"{relayed.url}/v1/chat/completions", json=body, timeout=60).json()
        _, figures = seeing.get("/metrics") or (0, "")
    assert [page["method"] for page in answer["glm_flash"]["pages"]] == ["vision"]
    assert answer["usage"]["completion_tokens"] == 6
    (seen,) = re.findall(r"^glm_flash_backend_image_tokens_total (\S+)$", figures, re.MULTILINE)
    assert float(seen) > 0


def test_nothing_of_torch_is_loaded(relayed: System) -> None:
    maps = Path(f"/proc/{relayed.pid('backend')}/maps")
    if not os.access(maps, os.R_OK):
        pytest.skip("this system does not tell what a process has loaded")
    loaded = maps.read_text()
    assert "libtorch" not in loaded
    assert "grpc" in loaded  # what is loaded does show
