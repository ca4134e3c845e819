"""What a caller sees of answers that are kept and given again."""

from __future__ import annotations

import asyncio

import grpc
import pytest

from backend.generations import SPARE
from backend.journey import SPARE_SECONDS
from protos import inference_pb2 as pb
from protos import media_pb2
from tests.fakes.engine import FakeEngine
from tests.fakes.running import Backend, Start, kinds, question, text_of
from tests.fakes.waiting import PATIENCE, until

NDA = b"%PDF This agreement is governed by the law of Ohio."


def is_cached(events: list[pb.GenerateEvent]) -> bool:
    (started,) = (event.started for event in events if event.WhichOneof("event") == "started")
    return started.answer_cached


def computed(backend: Backend) -> int:
    """Requests that came to the engine, the warm-up's aside."""
    return sum(work.owner != "" for work in backend.engine.works)


async def figures(backend: Backend) -> pb.Stats:
    stats = await backend.inference.WatchStats(pb.WatchStatsRequest()).read()
    assert isinstance(stats, pb.Stats)
    return stats


async def forget(backend: Backend, sha256: str, owner: str = "local") -> media_pb2.ForgetResponse:
    return await backend.media.Forget(
        media_pb2.ForgetRequest(sha256=sha256), metadata=(("x-owner", owner),)
    )


async def test_the_same_question_again_is_answered_without_the_engine(backend: Backend) -> None:
    backend.engine.text = " ".join(f"word{number}" for number in range(100))
    first = await backend.ask(question(n=2))
    again = await backend.ask(question(n=2, seed=99))

    assert computed(backend) == 1
    assert (is_cached(first), is_cached(again)) == (False, True)
    for index in (0, 1):
        assert text_of([event for event in again if event.delta.index == index]) == text_of(
            [event for event in first if event.delta.index == index]
        )
    assert kinds(again)[0] == "started"
    assert 2 <= kinds(again).count("delta") < 20
    assert [event.number for event in again] == list(range(1, len(again) + 1))
    started, before, finished = again[0].started, first[-1].finished, again[-1].finished
    assert started.seed == 99
    assert started.cached_tokens == started.prompt_tokens == finished.usage.cached_tokens > 0
    assert finished.choices == before.choices
    assert finished.usage.prompt_tokens == before.usage.prompt_tokens
    assert finished.usage.completion_tokens == before.usage.completion_tokens == 200
    assert finished.timing.queue == 0
    assert 0 < finished.timing.first_token <= finished.timing.total


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (question(), question("hello")),
        (question(), question(temperature=0.2)),
        (question(temperature=0.2), question(temperature=0.2)),
        (question(), question(max_tokens=3)),
        (question(), question(min_tokens=1)),
        (question(), question(stop=["x"])),
        (question(), question(top_logprobs=1)),
        (question(), question(n=2)),
        (question(), question(presence_penalty=0.5)),
    ],
)
async def test_another_question_is_computed(
    backend: Backend, first: pb.GenerateRequest, second: pb.GenerateRequest
) -> None:
    await backend.ask(first)
    second.request_id += "-again"  # parameters are shared between runs of this test

    assert not is_cached(await backend.ask(second))
    assert computed(backend) == 2


async def test_another_owner_gets_nothing_of_it(backend: Backend) -> None:
    await backend.ask(question(), owner="alice")

    assert not is_cached(await backend.ask(question(), owner="bob"))
    assert is_cached(await backend.ask(question(), owner="alice"))


async def test_whoever_declines_neither_takes_nor_leaves_an_answer(backend: Backend) -> None:
    def declining() -> pb.GenerateRequest:
        request = question()
        request.use_answer_cache = False
        return request

    await backend.ask(declining())
    assert not is_cached(await backend.ask(question()))
    assert not is_cached(await backend.ask(declining()))
    assert is_cached(await backend.ask(question()))


async def test_switched_off_every_question_is_computed(start: Start) -> None:
    backend = await start(answer_cache_bytes=0)
    for _ in range(2):
        assert not is_cached(await backend.ask(question()))
    assert (await figures(backend)).cache_misses_total["answers"] == 0


async def test_another_file_of_the_same_words_is_another_question(backend: Backend) -> None:
    one, other = backend.library.add(NDA), backend.library.add(NDA + b" ")
    await backend.ask(question("hi", one.sha256))

    assert not is_cached(await backend.ask(question("hi", other.sha256)))
    again = await backend.ask(question("hi", one.sha256))
    assert is_cached(again)
    assert [use.sha256 for use in again[1].started.pages] == [one.sha256]


async def test_about_another_picture_of_the_same_size_nothing_is_known(start: Start) -> None:
    backend = await start(sees=True, context=8192)
    one, other = backend.library.add(b"one picture"), backend.library.add(b"other picture")
    first = await backend.ask(question("hi", one.sha256))
    second = await backend.ask(question("hi", other.sha256))
    again = await backend.ask(question("hi", one.sha256))

    assert [is_cached(events) for events in (first, second, again)] == [False, False, True]
    same, ids = (work.prompt_ids for work in backend.engine.works if work.owner)
    assert same == ids, "the placeholders are the same"
    assert backend.library.drawn == [(one.sha256, 1), (other.sha256, 1)], "nothing drawn in vain"
    usage = again[-1].finished.usage
    assert usage.image_tokens == first[-1].finished.usage.image_tokens > 0
    assert usage.cached_tokens == usage.prompt_tokens
    await until(lambda: not backend.engine.holds.total())
    assert (await figures(backend)).image_tokens_total == 3 * usage.image_tokens


async def test_an_answer_is_forgotten_with_its_file(backend: Backend) -> None:
    media = backend.library.add(NDA)
    backend.library.add(NDA, owner="them")
    for owner in ("local", "them"):
        await backend.ask(question("hi", media.sha256), owner=owner)
    await backend.ask(question("hi", media.sha256, max_tokens=2))
    await backend.ask(question())

    gone = await forget(backend, media.sha256)
    assert (gone.existed, gone.answers, gone.embeddings) == (True, 2, 1)
    assert backend.engine.forgotten == [("local", media.sha256)]
    backend.library.add(NDA)
    assert not is_cached(await backend.ask(question("hi", media.sha256)))
    assert is_cached(await backend.ask(question("hi", media.sha256), owner="them"))
    assert is_cached(await backend.ask(question()))


async def test_a_file_forgotten_while_it_is_asked_about_leaves_no_answer(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True))
    media = backend.library.add(NDA)
    asked = asyncio.create_task(backend.ask(question("hi", media.sha256)))
    await until(lambda: backend.engine.live == 1)
    await forget(backend, media.sha256)
    backend.engine.release()
    assert text_of(await asked) == "It is a fake answer."

    backend.library.add(NDA)
    assert not is_cached(await backend.ask(question("hi", media.sha256)))


async def test_only_whole_answers_are_given_again(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True))
    cut = question()
    asked = asyncio.create_task(backend.ask(cut))
    await until(lambda: backend.engine.live == 1)
    await backend.inference.Cancel(pb.CancelRequest(request_id=cut.request_id))
    await asked
    backend.engine.held, backend.engine.breaks = False, True
    assert not is_cached(await backend.ask(question()))
    backend.engine.breaks = False

    assert not is_cached(await backend.ask(question()))
    assert is_cached(await backend.ask(question()))


async def test_a_full_queue_does_not_keep_a_known_answer_away(start: Start) -> None:
    backend = await start(max_queue=1)  # and two that run
    await backend.ask(question("known"))
    backend.engine.held = True
    waiting = [asyncio.create_task(backend.ask(question(f"wait {n}"))) for n in range(3)]
    await until(lambda: backend.engine.live == 3)

    for _ in range(SPARE + 2):
        async with asyncio.timeout(PATIENCE):
            assert is_cached(await backend.ask(question("known")))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await backend.ask(question("unknown"))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert (await figures(backend)).refusals_total["queue_full"] == 1
    backend.engine.release()
    for task in waiting:
        assert text_of(await task)


async def test_a_full_queue_does_not_wait_for_a_document_to_be_read(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True), max_queue=1)
    media = backend.library.add(NDA)
    waiting = [asyncio.create_task(backend.ask(question(f"wait {n}"))) for n in range(3)]
    await until(lambda: backend.engine.live == 3)
    backend.library.open.clear()

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        async with asyncio.timeout(SPARE_SECONDS + PATIENCE):
            await backend.ask(question("hi", media.sha256))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    await until(lambda: backend.library.readers == 0)
    backend.engine.release()
    await asyncio.gather(*waiting)


async def test_a_known_answer_can_be_followed_and_is_over_at_once(backend: Backend) -> None:
    await backend.ask(question())
    request = question(detached=True)
    events = await backend.ask(request)

    cancel = pb.CancelRequest(request_id=request.request_id)
    assert not (await backend.inference.Cancel(cancel)).was_running
    for after in range(len(events) + 1):
        call = backend.inference.Attach(
            pb.AttachRequest(request_id=request.request_id, after=after)
        )
        assert [event async for event in call] == events[after:]


async def test_two_at_once_are_both_computed_and_agree(start: Start) -> None:
    backend = await start(engine=FakeEngine(held=True))
    both = [asyncio.create_task(backend.ask(question())) for _ in range(2)]
    await until(lambda: backend.engine.live == 2)
    backend.engine.release()

    assert [text_of(await task) for task in both] == ["It is a fake answer."] * 2
    assert is_cached(await backend.ask(question()))


async def test_the_figures_tell_what_was_computed_and_what_was_known(backend: Backend) -> None:
    for _ in range(3):
        await backend.ask(question())
    stats = await figures(backend)

    assert (stats.cache_hits_total["answers"], stats.cache_misses_total["answers"]) == (2, 1)
    assert stats.cache_saved_seconds_total["answers"] > 0
    assert stats.answer_bytes > 0
    assert stats.completion_tokens_total == 5, "generated once"
    assert stats.requests_total["stop"] == 3
    assert stats.routes_total["text"] == 3
    assert stats.cached_tokens_total * 3 == stats.prompt_tokens_total * 2
    for histogram, values in (
        (stats.first_token_seconds, 1),
        (stats.inter_token_seconds, 4),
        (stats.queue_seconds, 1),
    ):
        assert len(histogram.counts) == len(histogram.bounds) + 1
        assert sum(histogram.counts) == values
        assert histogram.sum > 0
    assert set(stats.cache_hits_total) == {"pages", "embeddings", "prefix", "answers"}
    assert set(stats.cache_evictions_total) == {"embeddings", "prefix", "answers"}


async def test_an_answer_that_its_reader_did_not_take_is_whole_and_kept(backend: Backend) -> None:
    backend.engine.text = " ".join(f"{number:01000}" for number in range(100))  # beyond a window
    request = question()
    call = backend.inference.Generate(request)
    assert kinds([await call.read()]) == ["started"]  # type: ignore[list-item]
    await until(lambda: computed(backend) == 1 and backend.engine.live == 0)
    call.cancel()

    attached = backend.inference.Attach(pb.AttachRequest(request_id=request.request_id))
    whole = [event async for event in attached]
    assert text_of(whole) == backend.engine.text
    assert kinds(whole)[-1] == "finished"
    again = await backend.ask(question())
    assert is_cached(again)
    assert text_of(again) == backend.engine.text
