"""What a caller sees of pictures, where the model sees them."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from backend.errors import InvalidMedia, QueueFull
from backend.prompt.prompt import Priority
from protos import inference_pb2 as pb
from protos import media_pb2
from tests.fakes import glm
from tests.fakes.engine import FakeEngine
from tests.fakes.running import Backend, Start, kinds, question, text_of
from tests.fakes.waiting import until

MIXED = b"%PDF This agreement is governed by the law of Ohio.\f\fSigned by both."  # page 2: a scan


@pytest.fixture
async def backend(start: Start) -> Backend:
    """One whose model sees."""
    return await start(sees=True, context=8192)


async def test_a_picture_goes_to_the_model_before_its_question(backend: Backend) -> None:
    photo = backend.library.add(b"photo")

    events = await backend.ask(question("What is <|image|>?", photo.sha256))

    assert kinds(events)[:2] == ["reading", "started"]
    reading, started = events[0].reading, events[1].started
    assert (reading.page, reading.method, reading.cached) == (
        1,
        media_pb2.READING_METHOD_VISION,
        False,
    )
    assert started.route == pb.ROUTE_MULTIMODAL
    assert started.route_reason == "Read 1 page by sight."
    (page,) = started.pages
    assert (page.width, page.height, page.tokens) == (23 * 28, 17 * 28, 23 * 17)
    assert page.reason == "A picture. Seen at auto detail."
    assert events[-1].finished.usage.image_tokens == 23 * 17
    work = backend.engine.works[-1]
    (span,) = work.images
    assert span.picture.pixels is not None
    assert (span.picture.pixels.width, span.picture.pixels.height) == (page.width, page.height)
    assert set(work.prompt_ids[span.start : span.end]) == {glm.IMAGE}
    assert glm.shown(glm.tokenizer(), work.prompt_ids) == (
        "[gMASK]<sop><|user|>\n<|begin_of_image|><391><|end_of_image|>What is <|image|>?"
        "/nothink<|assistant|>\n<think></think>\n"
    )


async def test_each_page_goes_its_own_way(backend: Backend) -> None:
    media = backend.library.add(MIXED)

    events = await backend.ask(question("Which law?", media.sha256))

    started = next(event.started for event in events if event.HasField("started"))
    assert [(page.page, page.method, page.reason) for page in started.pages] == [
        (1, media_pb2.READING_METHOD_TEXT_LAYER, "Its text layer is worth reading."),
        (
            2,
            media_pb2.READING_METHOD_VISION,
            "It has no text layer worth reading. Seen at auto detail.",
        ),
        (3, media_pb2.READING_METHOD_TEXT_LAYER, "Its text layer is worth reading."),
    ]
    assert backend.library.drawn == [(media.sha256, 2)]
    shown = glm.shown(glm.tokenizer(), backend.engine.works[-1].prompt_ids)
    order = ["Document a.pdf:", "[Page 1]", "Ohio", "[Page 2]", "<|begin_of_image|>", "[Page 3]"]
    assert sorted(order, key=shown.index) == order
    assert shown.index("Signed by both.") < shown.index("Which law?")


@pytest.mark.parametrize(
    ("reading", "route"),
    [
        (media_pb2.READING_METHOD_VISION, pb.ROUTE_MULTIMODAL),
        (media_pb2.READING_METHOD_TEXT_LAYER, pb.ROUTE_TEXT),
        (media_pb2.READING_METHOD_OCR, pb.ROUTE_TEXT),
    ],
)
async def test_the_way_of_reading_can_be_chosen(
    backend: Backend,
    reading: media_pb2.ReadingMethod.ValueType,
    route: pb.Route.ValueType,
) -> None:
    media = backend.library.add(MIXED)
    request = question("Which law?", media.sha256)
    request.messages[0].parts[0].media.reading = reading

    events = await backend.ask(request)

    started = next(event.started for event in events if event.HasField("started"))
    assert {page.method for page in started.pages} == {reading}
    assert started.route == route


async def test_a_model_without_eyes_refuses_to_look(start: Start) -> None:
    backend = await start()
    photo = backend.library.add(b"photo")
    request = question("What?", photo.sha256)
    request.messages[0].parts[0].media.reading = media_pb2.READING_METHOD_VISION

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await backend.ask(request)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    trailers = dict(caught.value.trailing_metadata())
    assert trailers["error-param"] == "messages[0].parts[0].media.reading"


async def test_one_instruction_over_many_pictures_comes_first_and_yields(
    backend: Backend,
) -> None:
    photos = [backend.library.add(f"photo {n}".encode()).sha256 for n in range(9)]

    events = await backend.ask(question("Describe each.", *photos))

    started = next(event.started for event in events if event.HasField("started"))
    assert started.route == pb.ROUTE_IMAGE_BATCH
    work = backend.engine.works[-1]
    assert work.priority is Priority.BATCH
    assert [span.picture.sha256 for span in work.images] == photos
    shown = glm.shown(glm.tokenizer(), work.prompt_ids)
    assert shown.startswith("[gMASK]<sop><|user|>\nDescribe each.<|begin_of_image|>")
    assert len(work.prompt_ids) < 7168


async def test_pictures_seen_before_are_not_drawn_again(backend: Backend) -> None:
    photo = backend.library.add(b"photo")
    await backend.ask(question("What?", photo.sha256))

    again = await backend.ask(question("Where?", photo.sha256))
    other = backend.library.add(b"photo", owner="bob")
    await backend.ask(question("Where?", other.sha256), owner="bob")

    assert again[0].reading.cached
    assert backend.engine.works[-2].images[0].picture.pixels is None
    assert backend.library.drawn == [(photo.sha256, 1)] * 2  # once for each owner


async def test_too_many_pages_are_refused_before_one_is_drawn(backend: Backend) -> None:
    scan = backend.library.add(b"%PDF" + b"\f" * 99)

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await backend.ask(question("Which law?", scan.sha256))

    assert dict(caught.value.trailing_metadata())["error-code"] == "context_length_exceeded"
    assert "groups of" in str(caught.value.details())
    assert backend.library.drawn == []
    assert not backend.engine.holds


async def test_whatever_ends_a_request_lets_its_pictures_go(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True), sees=True, context=8192)
    photo = backend.library.add(b"photo")
    engine, library = backend.engine, backend.library

    async def failed(request: pb.GenerateRequest, within: float = 10.0) -> None:
        with pytest.raises(grpc.aio.AioRpcError):
            await backend.ask(request, timeout=within)
        await until(lambda: not engine.holds)

    library.open.clear()
    cancelled = question("What?", photo.sha256)
    task = asyncio.create_task(backend.ask(cancelled))
    await until(lambda: library.drawing == 1)
    assert engine.holds
    await backend.inference.Cancel(pb.CancelRequest(request_id=cancelled.request_id))
    events = await task
    assert events[-1].finished.choices[0].reason == pb.FINISH_REASON_CANCELLED
    await until(lambda: not engine.holds and not library.drawing)

    await failed(question("What?", photo.sha256), within=0.4)  # its time runs out
    library.open.set()
    library.fails_with = InvalidMedia("The picture is damaged.")
    await failed(question("What?", photo.sha256))
    library.fails_with = None
    engine.fails_with = QueueFull("Full.", retry_after=1)
    await failed(question("What?", photo.sha256))
    engine.fails_with = None

    running = asyncio.create_task(backend.ask(question("What?", photo.sha256)))
    await until(lambda: engine.live == 1)
    assert engine.holds
    engine.release()
    assert text_of(await running) == "It is a fake answer."
    await until(lambda: not engine.holds)
    assert engine.works[-1].thinking is False
