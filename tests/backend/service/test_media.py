"""What a caller of the Media service sees."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import grpc
import pytest

from protos import media_pb2 as pb
from tests.fakes.running import Backend, question

NDA = b"%PDF One page.\fAnother page."


def upload(data: bytes, *, chunk: int = 1 << 20, **header: object) -> Iterator[pb.PutMediaRequest]:
    yield pb.PutMediaRequest(header=pb.PutMediaRequest.Header(**header))  # type: ignore[arg-type]
    for start in range(0, len(data), chunk):
        yield pb.PutMediaRequest(chunk=data[start : start + chunk])


async def code_of(call: object) -> grpc.StatusCode:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call  # type: ignore[misc]
    return caught.value.code()


async def test_a_file_goes_in_and_comes_back_page_by_page(backend: Backend) -> None:
    ref = await backend.media.PutMedia(upload(NDA, chunk=5, filename="nda.pdf"))
    assert ref.sha256 == hashlib.sha256(NDA).hexdigest()
    assert (ref.kind, ref.pages) == (pb.MEDIA_KIND_DOCUMENT, 2)

    page = await backend.media.GetPage(
        pb.GetPageRequest(sha256=ref.sha256, page=2, max_side=100, words=True)
    )
    assert (page.width, page.height) == (100, 50)
    assert [word.text for word in page.words] == ["Another", "page."]
    assert page.method == pb.READING_METHOD_TEXT_LAYER
    words_only = pb.GetPageRequest(sha256=ref.sha256, page=1, words=True, image=False)
    assert not (await backend.media.GetPage(words_only)).image


async def test_only_the_callers_own_files_are_present(backend: Backend) -> None:
    mine = backend.library.add(b"%PDF mine")
    theirs = backend.library.add(b"%PDF theirs", owner="them")

    response = await backend.media.HasMedia(
        pb.HasMediaRequest(sha256=[theirs.sha256, "0" * 64, mine.sha256])
    )

    assert [ref.sha256 for ref in response.present] == [mine.sha256]


async def test_forgetting_takes_the_answers_about_a_file_along(backend: Backend) -> None:
    media = backend.library.add(NDA)
    await backend.ask(question("hi", media.sha256))
    await backend.ask(question("hello"))

    gone = await backend.media.Forget(pb.ForgetRequest(sha256=media.sha256))
    again = await backend.media.Forget(pb.ForgetRequest(sha256=media.sha256))

    assert (gone.existed, gone.bytes, gone.generations) == (True, len(NDA), 1)
    assert (again.existed, again.generations) == (False, 0)


async def test_malformed_uploads_are_refused(backend: Backend) -> None:
    put = backend.media.PutMedia
    bad = grpc.StatusCode.INVALID_ARGUMENT

    assert await code_of(put(iter([]))) is bad
    assert await code_of(put(iter([pb.PutMediaRequest(chunk=b"x")]))) is bad
    assert await code_of(put(upload(b""))) is bad
    assert await code_of(put(upload(b"x" * ((1 << 20) + 1), chunk=2 << 20))) is bad
    assert await code_of(put(upload(b"x", sha256="not a hash"))) is bad
    assert await code_of(put(upload(b"x", sha256="0" * 64))) is bad


async def test_a_refusal_comes_after_what_is_still_sent(backend: Backend) -> None:
    sent = 0

    def headless() -> Iterator[pb.PutMediaRequest]:
        nonlocal sent
        for _ in range(64):
            sent += 1
            yield pb.PutMediaRequest(chunk=bytes(1 << 16))

    bad = grpc.StatusCode.INVALID_ARGUMENT
    for times in range(1, 31):  # a message that met the ended call would now and then hide it
        assert await code_of(backend.media.PutMedia(headless())) is bad
        assert sent == times * 64


async def test_malformed_questions_about_files_are_refused(backend: Backend) -> None:
    media = backend.media
    bad = grpc.StatusCode.INVALID_ARGUMENT

    assert await code_of(media.HasMedia(pb.HasMediaRequest(sha256=["0" * 64] * 1001))) is bad
    assert await code_of(media.GetPage(pb.GetPageRequest(sha256="../../etc/passwd"))) is bad
    assert await code_of(media.GetPage(pb.GetPageRequest(sha256="0" * 64, max_side=9))) is bad
    assert await code_of(media.Forget(pb.ForgetRequest(sha256=""))) is bad
    missing = media.GetPage(pb.GetPageRequest(sha256="0" * 64, page=1))
    assert await code_of(missing) is grpc.StatusCode.NOT_FOUND
