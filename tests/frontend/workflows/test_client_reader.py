"""The reader over the client: what it asks the backend, and how it bears a busy or absent one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest

from frontend.client.blocking import Client
from frontend.messages import BackendError, Event, FilePart, Question
from frontend.workflows.client_reader import ClientReader
from frontend.workflows.halt import Halt, Halted
from protos import inference_pb2
from scripts.lib import papers
from tests.fakes.backend import FakeBackend, Refusal
from tests.fakes.waiting import wait_until

SCHEMA = {"type": "object", "properties": {"term": {"type": "string"}}}


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with FakeBackend(answer="An answer of some length, word by word.") as fake:
        yield fake


@pytest.fixture
def client(backend: FakeBackend) -> Iterator[Client]:
    client = Client(backend.address)
    yield client
    client.close()


def test_a_question_goes_out_as_batch_work_at_temperature_0(
    backend: FakeBackend, client: Client
) -> None:
    reader = ClientReader(client)
    answer = reader.ask("local", (), "Who?", SCHEMA, max_tokens=77)
    assert json.loads(answer.text)
    assert answer.complete
    assert answer.model == "fake-model"
    (request,) = backend.requests
    assert request.priority == inference_pb2.PRIORITY_BATCH
    assert (request.sampling.temperature, request.sampling.max_tokens) == (0.0, 77)
    assert json.loads(request.response_format.json_schema) == SCHEMA
    assert backend.owners == ["local"]


def test_files_come_before_the_instruction(backend: FakeBackend, client: Client) -> None:
    reader = ClientReader(client)
    document = reader.put("local", papers.pdf(["A page."]), "contract.pdf")
    reader.ask("local", [FilePart(document.sha256, "contract.pdf")], "Who?")
    parts = backend.requests[0].messages[0].parts
    assert [part.WhichOneof("content") for part in parts] == ["media", "text"]
    assert not backend.requests[0].HasField("response_format")


def test_an_answer_that_was_cut_off_says_so(backend: FakeBackend, client: Client) -> None:
    backend.finish_reason = inference_pb2.FINISH_REASON_LENGTH
    assert not ClientReader(client).ask("local", (), "Who?").complete


def test_a_full_backend_is_asked_again(backend: FakeBackend, client: Client) -> None:
    backend.refusals.append(Refusal("queue_full", code="queue_full", retry_after=1))
    assert ClientReader(client).ask("local", (), "Who?").complete


def test_a_refusal_for_good_is_the_callers(backend: FakeBackend, client: Client) -> None:
    backend.refusals.append(Refusal("bad_input", code="context_length_exceeded"))
    with pytest.raises(BackendError) as refused:
        ClientReader(client).ask("local", (), "Who?")
    assert refused.value.code == "context_length_exceeded"


def test_stopping_ends_the_answer_on_the_backend(backend: FakeBackend, client: Client) -> None:
    backend.token_delay = 300.0
    halt = Halt()

    def stop() -> None:
        wait_until(lambda: backend.running)
        halt.stop()

    stopping = threading.Thread(target=stop)
    stopping.start()
    with pytest.raises(Halted):
        ClientReader(client).ask("local", (), "Who?", halt=halt)
    stopping.join()
    assert backend.cancelled == [backend.requests[0].request_id]


def test_stopping_while_the_question_is_on_its_way_ends_the_answer_too(
    backend: FakeBackend, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.start_delay = 300.0
    halt = Halt()
    stopping = threading.Thread(target=halt.stop)
    generate = client.generate

    def overtaken(owner: str, question: Question) -> Iterator[Event]:
        stopping.start()
        time.sleep(0.3)
        return generate(owner, question)

    monkeypatch.setattr(client, "generate", overtaken)
    with pytest.raises(Halted):
        ClientReader(client).ask("local", (), "Who?", halt=halt)
    stopping.join()
    assert backend.cancelled == [backend.requests[0].request_id]


def test_what_was_stopped_before_is_not_asked(backend: FakeBackend, client: Client) -> None:
    halt = Halt()
    halt.stop()
    with pytest.raises(Halted):
        ClientReader(client).ask("local", (), "Who?", halt=halt)
    assert backend.requests == []


def test_what_the_backend_dies_of_is_given_up(backend: FakeBackend, client: Client) -> None:
    backend.refusals.append(Refusal("internal", code="request_quarantined"))
    with pytest.raises(BackendError) as given_up:
        ClientReader(client).ask("local", (), "Who?")
    assert (given_up.value.kind, given_up.value.code) == ("internal", "request_quarantined")
