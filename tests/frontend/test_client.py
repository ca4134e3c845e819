"""The clients against the fake backend, blocking and asyncio alike."""

from __future__ import annotations

import asyncio
import hashlib
import io
import time
from collections.abc import Iterator

import pytest
from PIL import Image

from frontend.client.blocking import Client
from frontend.client.concurrent import AsyncClient
from frontend.messages import (
    BackendError,
    CacheFigures,
    Delta,
    Detail,
    Distribution,
    FilePart,
    Finished,
    FinishReason,
    PageRead,
    Phase,
    Question,
    ReadingMethod,
    Role,
    Sampling,
    Started,
    TextPart,
    Turn,
)
from protos import inference_pb2
from tests.fakes.backend import FakeBackend, Refusal
from tests.fakes.waiting import wait_until


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with FakeBackend() as fake:
        yield fake


@pytest.fixture
def client(backend: FakeBackend) -> Iterator[Client]:
    client = Client(backend.address)
    yield client
    client.close()


def picture(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(out, "PNG")
    return out.getvalue()


def question(text: str = "one two three", request_id: str = "q1", **more: object) -> Question:
    return Question(request_id, (Turn(Role.USER, (TextPart(text),)),), **more)  # type: ignore[arg-type]


def test_status_names_the_loaded_model(client: Client) -> None:
    status = client.status()
    assert status.phase is Phase.READY
    assert status.model is not None
    assert status.model.id == "fake-model"
    assert status.model.defaults.temperature == 0.0
    assert status.model.defaults.seed is None


def test_an_answer_comes_as_events_in_order(client: Client) -> None:
    events = list(client.generate("local", question()))
    assert isinstance(events[0], Started)
    assert events[0].route == "text"
    assert "".join(e.text for e in events if isinstance(e, Delta)) == "You said: one two three"
    last = events[-1]
    assert isinstance(last, Finished)
    assert last.reasons == (FinishReason.STOP,)
    assert [event.number for event in events] == list(range(1, len(events) + 1))


def test_files_are_stored_once_and_read(client: Client) -> None:
    data = picture()
    ref = client.put("local", data, "a.png")
    assert ref.sha256 == hashlib.sha256(data).hexdigest()
    assert (ref.kind, ref.width, ref.height) == ("image", 8, 6)
    assert client.has("local", [ref.sha256, "0" * 64]) == [ref]
    assert client.has("somebody else", [ref.sha256]) == []
    turn = Turn(Role.USER, (FilePart(ref.sha256, "a.png"), TextPart("what is it?")))
    events = list(client.generate("local", Question("q2", (turn,))))
    assert isinstance(events[0], PageRead)
    assert (events[0].page, events[0].pages) == (1, 1)
    page = client.page("local", ref.sha256, 1, max_side=64, words=True)
    assert page.image[8:12] == b"WEBP"
    assert [word.text for word in page.words] == ["Page", "1", "words"]
    assert client.forget("local", ref.sha256).existed
    assert not client.forget("local", ref.sha256).existed


async def test_both_clients_tell_what_a_question_would_cost(
    client: Client, backend: FakeBackend
) -> None:
    ref = client.put("local", picture(), "a.png")
    asked = Question("q3", (Turn(Role.USER, (FilePart(ref.sha256, "a.png"), TextPart("what?"))),))
    plan = await asyncio.to_thread(client.plan, "local", asked)
    other = AsyncClient(backend.address)
    try:
        assert await other.plan("local", asked) == plan
    finally:
        await other.close()
    assert (plan.route, plan.fits, plan.prompt_tokens, plan.cached_tokens) == (
        "multimodal",
        True,
        900,
        64,
    )
    (page,) = plan.pages
    assert (page.sha256, page.method, page.width, page.height) == (
        ref.sha256,
        ReadingMethod.VISION,
        560,
        420,
    )
    assert [(one.kind, one.detail, one.pages) for one in plan.proposals] == [
        ("lower_detail", Detail.LOW, ()),
        ("map_reduce", None, (4,)),
    ]
    with pytest.raises(BackendError) as refused:
        client.plan("somebody else", asked)
    assert refused.value.kind == "not_found"


def test_a_large_file_travels_in_chunks(client: Client, backend: FakeBackend) -> None:
    data = picture() + bytes(6 << 20)
    ref = client.put("local", data, "odd \udcff name")
    assert ref.size == len(data)
    assert backend.uploads == ["odd ? name"]


def test_leaving_the_events_cancels(client: Client, backend: FakeBackend) -> None:
    backend.token_delay = 300.0
    events = client.generate("local", question())
    next(events)
    events.close()  # type: ignore[attr-defined]
    wait_until(lambda: backend.cancelled == ["q1"])


def test_a_detached_answer_can_be_followed_again(client: Client, backend: FakeBackend) -> None:
    backend.token_delay = 0.05
    events = client.generate("local", question(detached=True))
    first = next(events)
    events.close()  # type: ignore[attr-defined]
    rest = list(client.attach("local", "q1", after=first.number))
    assert isinstance(rest[-1], Finished)
    assert rest[0].number == first.number + 1
    assert backend.cancelled == []


def test_cancel_ends_the_stream_with_a_reason(client: Client, backend: FakeBackend) -> None:
    backend.token_delay = 300.0
    events = client.generate("local", question())
    next(events)
    assert client.cancel("local", "q1")
    last = list(events)[-1]
    assert isinstance(last, Finished)
    assert last.reasons == (FinishReason.CANCELLED,)
    assert not client.cancel("local", "never known")


def test_refusals_keep_code_field_and_wait(client: Client, backend: FakeBackend) -> None:
    backend.refusals.append(Refusal("queue_full", "Busy.", "queue_full", "messages", 7))
    with pytest.raises(BackendError) as caught:
        list(client.generate("local", question()))
    error = caught.value
    assert (error.kind, error.message, error.code) == ("queue_full", "Busy.", "queue_full")
    assert (error.param, error.retry_after) == ("messages", 7)


def test_foreign_texts_do_not_pass(client: Client, backend: FakeBackend) -> None:
    backend.fail_after = 1
    with pytest.raises(BackendError) as caught:
        list(client.generate("local", question()))
    assert caught.value.kind == "internal"
    assert "0x" not in caught.value.message
    assert caught.value.__cause__ is None


def test_an_absent_backend_is_told_at_once_and_found_again(
    client: Client, backend: FakeBackend
) -> None:
    backend.stop()
    before = time.monotonic()
    with pytest.raises(BackendError) as caught:
        client.status()
    assert caught.value.kind == "unavailable"
    assert "127.0.0.1" not in caught.value.message
    assert time.monotonic() - before < 20
    backend.start()
    wait_until(lambda: ready(client))


def test_a_deadline_is_kept(client: Client, backend: FakeBackend) -> None:
    backend.start_delay = 300
    with pytest.raises(BackendError) as caught:
        list(client.generate("local", question(), timeout=0.2))
    assert caught.value.kind == "deadline"


def test_a_wrong_token_is_told(backend: FakeBackend) -> None:
    backend.token = "secret"
    client = Client(backend.address, "other")
    with pytest.raises(BackendError) as caught:
        client.status()
    assert caught.value.kind == "unauthenticated"
    client.close()
    trusted = Client(backend.address, "secret")
    assert trusted.status().phase is Phase.READY
    trusted.close()


def test_values_out_of_range_are_bad_input(client: Client) -> None:
    for sampling in (
        Sampling(seed=1 << 70),
        Sampling(max_tokens=1 << 40),
        Sampling(stop=("\ud800",)),
    ):
        with pytest.raises(BackendError) as caught:
            list(client.generate("local", question(sampling=sampling)))
        assert caught.value.kind == "bad_input"


def test_a_closed_client_says_unavailable(backend: FakeBackend) -> None:
    client = Client(backend.address)
    client.close()
    with pytest.raises(BackendError) as caught:
        client.status()
    assert caught.value.kind == "unavailable"


def test_figures(client: Client) -> None:
    stats = client.stats()
    assert stats.phase is Phase.READY
    assert stats.pages == {"text_layer": 3}
    assert stats.caches["prefix"] == CacheFigures(3, 7, saved_seconds=1.5, evictions=10)
    assert stats.caches["answers"].evictions == 0
    assert stats.caches["pages"].evictions is None, "nothing leaves it to make room"
    assert stats.first_token == Distribution((0.5, 1.0), (3, 2, 1), 4.5)
    assert stats.queue == Distribution(), "nothing was counted"


async def test_the_asyncio_client_says_the_same(backend: FakeBackend) -> None:
    client = AsyncClient(backend.address)
    assert (await client.status()).phase is Phase.READY
    assert (await client.stats()).running == 0
    ref = await client.put(
        "local", picture(), "a.png", sha256=hashlib.sha256(picture()).hexdigest()
    )
    assert await client.has("local", [ref.sha256]) == [ref]
    assert (await client.page("local", ref.sha256, 1, max_side=32)).height == 32
    texts = [
        event.text
        async for event in client.generate("local", question())
        if isinstance(event, Delta)
    ]
    assert "".join(texts) == "You said: one two three"
    again = [event async for event in client.attach("local", "q1", after=2)]
    assert again[0].number == 3
    assert not await client.cancel("local", "q1")
    assert (await client.forget("local", ref.sha256)).existed
    with pytest.raises(BackendError) as caught:
        await client.put("local", b"", "empty.pdf")
    assert caught.value.code == "empty_file"
    await client.close()
    with pytest.raises(BackendError):
        await client.status()


async def test_closing_or_cancelling_the_asyncio_events_cancels(backend: FakeBackend) -> None:
    backend.token_delay = 300.0
    client = AsyncClient(backend.address)
    events = client.generate("local", question())
    await anext(events)
    await events.aclose()

    async def listen() -> None:
        async for _ in client.generate("local", question(request_id="q2")):
            pass

    task = asyncio.create_task(listen())
    await asyncio.to_thread(wait_until, lambda: len(backend.requests) == 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(wait_until, lambda: backend.cancelled == ["q1", "q2"])
    await client.close()


async def test_a_starting_backend_says_when_to_come_back(backend: FakeBackend) -> None:
    backend.phase = inference_pb2.PHASE_LOADING
    client = AsyncClient(backend.address)
    with pytest.raises(BackendError) as caught:
        async for _ in client.generate("local", question()):
            pass
    assert (caught.value.kind, caught.value.retry_after) == ("unavailable", 2)
    await client.close()


def ready(client: Client) -> bool:
    try:
        return client.status().phase is Phase.READY
    except BackendError:
        return False
