"""What cannot be answered is said so, clearly, and harms nobody else."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Any

import openai as sdk
import pikepdf
import psutil
import pytest
from openai import OpenAI

from frontend.client.blocking import Client
from frontend.messages import BackendError
from scripts.lib import papers
from scripts.lib.system import System
from tests.e2e.test_answers import with_file


def locked_pdf() -> bytes:
    written = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(written, encryption=pikepdf.Encryption(owner="owner", user="secret"))
    return written.getvalue()


def refused(openai: OpenAI, document: bytes) -> dict[str, Any]:
    """The error object of a refused document."""
    with pytest.raises(sdk.BadRequestError) as caught:
        openai.chat.completions.create(model="embedded", messages=with_file(document), max_tokens=4)
    body = caught.value.body
    assert isinstance(body, dict)
    assert set(body) == {"message", "type", "param", "code"}
    assert body["type"] == "invalid_request_error"
    assert body["param"] == "messages[0].content[0].file.file_data"
    return body


def test_a_locked_pdf_is_refused_by_name(openai: OpenAI) -> None:
    assert refused(openai, locked_pdf())["code"] == "pdf_encrypted"


def test_broken_and_empty_files_are_refused(openai: OpenAI) -> None:
    good = papers.pdf([papers.AGREEMENT])
    assert refused(openai, good[:150])["code"] == "invalid_file"
    assert refused(openai, b"hello")["code"] == "invalid_file"
    assert refused(openai, b"")["code"] in ("empty_file", "invalid_file")


def test_an_unknown_model_is_not_found(openai: OpenAI) -> None:
    with pytest.raises(sdk.NotFoundError) as caught:
        openai.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "hi"}])
    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"


def test_a_prompt_beyond_the_context_is_refused(openai: OpenAI) -> None:
    with pytest.raises(sdk.BadRequestError) as caught:
        openai.chat.completions.create(
            model="embedded", messages=[{"role": "user", "content": "many words " * 9000}]
        )
    assert caught.value.code == "context_length_exceeded"


def test_another_owners_file_does_not_exist(backend: Client) -> None:
    kept = backend.put("ada", papers.pdf(["Only for Ada."]), "ada.pdf")
    assert [ref.sha256 for ref in backend.has("ada", [kept.sha256])] == [kept.sha256]
    assert backend.has("tom", [kept.sha256]) == []
    with pytest.raises(BackendError) as caught:
        backend.page("tom", kept.sha256, 1)
    assert caught.value.kind == "not_found"


def test_a_hostile_pdf_ends_its_worker_and_nothing_else(
    system: System, openai: OpenAI, backend: Client
) -> None:
    document = papers.pdf([papers.AGREEMENT])
    good = backend.put("local", document, "good.pdf")
    began = time.monotonic()
    hostile = backend_refusal(backend, papers.endless_pdf())
    assert hostile.code in ("pdf_timeout", "pdf_too_complex")
    assert time.monotonic() - began < 25
    # The next reader is served by a fresh worker, and none of the old ones goes on computing.
    page = backend.page("local", good.sha256, 1, words=True)
    assert any(word.text.startswith("Larkspur") for word in page.words)
    assert system.is_running("backend")
    workers = psutil.Process(system.pid("backend")).children(recursive=True)
    for worker in workers:
        worker.cpu_percent()
    time.sleep(0.5)
    assert all(worker.cpu_percent() < 50 for worker in workers if worker.is_running())
    answer = openai.chat.completions.create(
        model="embedded", messages=with_file(document), max_tokens=4
    )
    assert answer.choices[0].message.content


def backend_refusal(backend: Client, document: bytes) -> BackendError:
    """How the backend refuses to take a document or to draw it."""

    def take_and_draw() -> None:
        stored = backend.put("local", document, "hostile.pdf")
        backend.page("local", stored.sha256, 1, words=True)

    with pytest.raises(BackendError) as caught:
        take_and_draw()
    assert caught.value.kind == "bad_input"
    return caught.value


@pytest.mark.shared
def test_every_hostile_pdf_of_the_collection_is_met(system: System, backend: Client) -> None:
    folder = Path(__file__).parents[2].parent / "shared" / "hostile"
    if not folder.is_dir():
        pytest.skip("../shared/hostile is not there")
    made: dict[str, Any] = {}
    exec(compile((folder / "builders.py").read_text(), "builders.py", "exec"), made)
    documents = {
        "not a document": b"hello",
        "only a head": b"%PDF-1.7\n",
        "cut off": made["pdf1"]()[:150],
        "locked": made["pdf_locked"](),
        "a loop of pages": made["pdf"](
            [made["CAT"], b"<</Type/Pages/Kids[2 0 R]/Count 1/Parent 2 0 R>>"]
        ),
        "too many pages": made["pdf_pages"](501),
        "a giant page": made["pdf1"](box=b"0 0 200000 200000"),
    }
    for name, document in documents.items():
        assert backend_refusal(backend, document).code, name
    scripted = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(while(1){})>>>>"
    assert backend.put("local", made["pdf1"](cat=scripted), "script.pdf").pages == 1
    assert system.is_running("backend")
