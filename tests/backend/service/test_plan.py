"""What a caller hears of a request's cost, and that nothing is computed for it."""

from __future__ import annotations

import grpc
import pytest

from protos import inference_pb2 as pb
from protos import media_pb2
from tests.fakes import model
from tests.fakes.engine import FakeEngine
from tests.fakes.running import Backend, Start, question

NDA = b"%PDF This agreement is made by Kite Inc.\fThe law of Ohio rules."


async def plan(
    backend: Backend, request: pb.GenerateRequest, owner: str = "local"
) -> pb.PlanResponse:
    return await backend.inference.Plan(
        pb.PlanRequest(request=request), timeout=10, metadata=(("x-owner", owner),)
    )


async def test_a_plan_is_what_comes_to_pass(backend: Backend) -> None:
    media = backend.library.add(NDA)
    request = question("Which law governs?", media.sha256)

    planned = await plan(backend, request)
    assert not [work for work in backend.engine.works if work.owner]
    events = await backend.ask(request)

    started = next(event.started for event in events if event.HasField("started"))
    assert planned.fits
    assert planned.prompt_tokens == started.prompt_tokens
    assert planned.route == started.route
    assert planned.route_reason == started.route_reason
    assert list(planned.pages) == list(started.pages)
    assert planned.context_length == 4000
    assert planned.max_tokens == 4000 - planned.prompt_tokens
    assert [(part.message, part.part) for part in planned.parts] == [(0, 0), (0, 1)]
    assert planned.parts[0].tokens == sum(page.tokens for page in started.pages) > 0
    assert planned.parts[1].tokens == model.tokenizer().count("Which law governs?")
    assert not planned.proposals


async def test_a_plan_knows_what_is_known(start: Start) -> None:
    backend = await start(engine=FakeEngine(prefill_rate=100.0), sees=True, context=8192)
    photo = backend.library.add(b"photo")
    request = question("What?", photo.sha256, temperature=0.0)

    before = await plan(backend, request)
    await backend.ask(request)
    after = await plan(backend, request)
    stranger = backend.library.add(b"photo", owner="bob")
    other = await plan(backend, question("What?", stranger.sha256, temperature=0.0), owner="bob")

    assert (before.cached_tokens, before.cached_image_tokens, before.answer_cached) == (0, 0, False)
    assert before.image_tokens == after.cached_image_tokens == 23 * 17
    assert after.cached_tokens > 0.9 * after.prompt_tokens
    assert after.answer_cached
    assert before.first_token_seconds == pytest.approx(
        (before.prompt_tokens + before.image_tokens) / 100
    )
    assert after.first_token_seconds == 0.0
    assert other.cached_image_tokens == 0
    assert not backend.engine.holds
    assert len(backend.library.drawn) == 1


async def test_pages_that_ocr_has_yet_to_read_are_estimated_and_not_read(start: Start) -> None:
    backend = await start(engine=FakeEngine(prefill_rate=100.0))
    photo = backend.library.add(b"some words on a photo")

    planned = await plan(backend, question("What?", photo.sha256))

    (page,) = planned.pages
    assert (page.method, page.words, page.tokens) == (media_pb2.READING_METHOD_OCR, 0, 500)
    assert "estimate" in page.reason
    assert planned.first_token_seconds == pytest.approx(2.0 + planned.prompt_tokens / 100)
    assert backend.library.readers == 0


async def test_what_does_not_fit_comes_with_proposals_that_do(start: Start) -> None:
    backend = await start(sees=True, context=8192)
    scan = backend.library.add(b"%PDF" + b"\f" * 39)
    request = question("Which law?", scan.sha256)

    planned = await plan(backend, request)

    assert not planned.fits
    assert planned.max_tokens == 0
    assert planned.prompt_tokens > 8192
    assert len(planned.pages) == 40
    assert planned.image_tokens == sum(page.tokens for page in planned.pages)
    assert planned.proposal == planned.proposals[0].sentence
    kinds = [proposal.kind for proposal in planned.proposals]
    assert kinds == [pb.Proposal.KIND_MAP_REDUCE, pb.Proposal.KIND_FEWER_PAGES]
    reduce, fewer = planned.proposals
    assert reduce.requests == -(-40 // reduce.pages[0]) + 1
    assert list(fewer.pages) == list(range(1, reduce.pages[0] + 1))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await backend.ask(request)
    assert planned.proposal in str(caught.value.details())
    assert backend.library.drawn == []

    part = backend.library.add(b"%PDF" + b"\f" * (len(fewer.pages) - 1))
    assert (await plan(backend, question("Which law?", part.sha256))).fits


async def test_lower_detail_or_a_shorter_answer_is_proposed_where_that_is_enough(
    start: Start,
) -> None:
    backend = await start(sees=True, context=8192)
    scan = backend.library.add(b"%PDF" + b"\f" * 9)
    request = question("Which law?", scan.sha256)
    request.messages[0].parts[0].media.detail = pb.DETAIL_HIGH
    long = question("Which law?", scan.sha256, max_tokens=7000)

    detail, answer = await plan(backend, request), await plan(backend, long)

    assert detail.proposals[0].kind == pb.Proposal.KIND_LOWER_DETAIL
    request.messages[0].parts[0].media.detail = detail.proposals[0].detail
    assert (await plan(backend, request)).fits
    assert answer.proposals[0].kind == pb.Proposal.KIND_SHORTER_ANSWER
    long.sampling.max_tokens = answer.proposals[0].max_tokens
    assert (await plan(backend, long)).fits


async def test_a_document_of_which_passages_are_taken_can_be_read_in_groups(
    backend: Backend,
) -> None:
    page = "\n".join(f"line {n} of a long contract about widgets" for n in range(15))
    long = backend.library.add(f"%PDF{page}".encode() + b"".join([f"\f{page}".encode()] * 7))

    planned = await plan(backend, question("Which law?", long.sha256))

    assert planned.fits
    (groups,) = planned.proposals
    assert groups.kind == pb.Proposal.KIND_MAP_REDUCE
    assert groups.requests == 8 // groups.pages[0] + 1
    assert groups.prompt_tokens + 64 < planned.context_length

    part = backend.library.add(f"%PDF{chr(12).join([page] * groups.pages[0])}".encode())
    followed = await plan(backend, question("Which law?", part.sha256))
    assert groups.pages[0] > 1
    assert not followed.proposals  # every word is there
    assert "passages" not in followed.route_reason


async def test_groups_leave_room_for_the_answer(start: Start) -> None:
    backend = await start(context=4000)
    page = "\n".join(f"line {n} of a long contract about widgets" for n in range(7))
    long = backend.library.add(f"%PDF{chr(12).join([page] * 9)}".encode())

    planned = await plan(backend, question("Which law?", long.sha256, max_tokens=2600))

    (groups,) = planned.proposals
    part = backend.library.add(f"%PDF{chr(12).join([page] * groups.pages[0])}".encode())
    followed = await plan(backend, question("Which law?", part.sha256, max_tokens=2600))
    assert followed.fits
    assert not followed.proposals
    assert "passages" not in followed.route_reason


async def test_a_plan_of_endless_words_comes_soon_and_says_that_they_do_not_fit(
    backend: Backend,
) -> None:
    planned = await plan(backend, question("word " * 100_000))

    assert not planned.fits
    assert planned.prompt_tokens > planned.context_length
    assert not planned.proposals


async def test_what_is_wrong_with_a_request_is_wrong_with_its_plan(backend: Backend) -> None:
    for request, code in (
        (question("hi", "0" * 64), grpc.StatusCode.NOT_FOUND),
        (question("hi", temperature=9), grpc.StatusCode.INVALID_ARGUMENT),
        (pb.GenerateRequest(), grpc.StatusCode.INVALID_ARGUMENT),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await plan(backend, request)
        assert caught.value.code() is code


async def test_a_plan_needs_no_id_and_takes_none(backend: Backend) -> None:
    request = question(request_id="same")
    await plan(backend, request)
    await backend.ask(request)
    request.request_id = ""
    assert (await plan(backend, request)).fits
