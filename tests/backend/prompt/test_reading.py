"""Files found, read as words as far as they are, and every refusal naming its field."""

from __future__ import annotations

import asyncio

import pytest

from backend.errors import InvalidMedia, InvalidRequest, NotFound
from backend.media.media import Media
from backend.prompt.events import PageRead
from backend.prompt.prompt import (
    Detail,
    MediaPart,
    Message,
    Prompt,
    ReadingMethod,
    Role,
    TextPart,
)
from backend.prompt.reading import find, read, survey
from tests.fakes.library import FakeLibrary
from tests.fakes.waiting import PATIENCE

MIXED = b"%PDF The law of Ohio.\f\fSigned."  # page 2 is a scan


def prompt(*parts: MediaPart) -> Prompt:
    return Prompt("r", "local", "", (Message(Role.USER, (TextPart("Which law?"), *parts)),))


@pytest.fixture
def library() -> FakeLibrary:
    return FakeLibrary()


async def test_files_of_others_and_of_nobody_name_their_field(library: FakeLibrary) -> None:
    theirs = library.add(MIXED, owner="bob")
    for sha256 in (theirs.sha256, "0" * 64):
        with pytest.raises(NotFound) as refused:
            find(library, prompt(MediaPart(sha256)), sees_images=True)
        assert refused.value.param == "messages[0].parts[1].media"


async def test_eyes_that_a_model_lacks_are_missed_at_once(library: FakeLibrary) -> None:
    part = MediaPart(library.add(MIXED).sha256, reading=ReadingMethod.VISION)
    with pytest.raises(InvalidRequest) as refused:
        find(library, prompt(part), sees_images=False)
    assert refused.value.param == "messages[0].parts[1].media.reading"


async def test_pages_are_words_or_views_and_words_are_told_of(library: FakeLibrary) -> None:
    media = library.add(MIXED)
    asked = prompt(MediaPart(media.sha256, "nda.pdf", Detail.HIGH))
    told: list[PageRead] = []

    found = await read(library, asked, {media.sha256: media}, told.append, sees_images=True)

    material = found[media.sha256]
    assert [page.number for page in material.document.pages] == [1, 3]
    assert [(view.page, view.width, view.height, view.detail) for view in material.views] == [
        (2, 1653, 2339, Detail.HIGH)  # A4 at 200 dpi
    ]
    assert [page.page for page in told] == [1, 3]
    assert material.document.has_several_pages


async def test_a_model_without_eyes_has_every_page_read(library: FakeLibrary) -> None:
    media = library.add(MIXED)
    told: list[PageRead] = []

    found = await read(
        library, prompt(MediaPart(media.sha256)), {media.sha256: media}, told.append,
        sees_images=False,
    )  # fmt: skip

    assert len(found[media.sha256].document.pages) == len(told) == 3
    assert not found[media.sha256].views


async def test_a_survey_recognises_nothing(library: FakeLibrary) -> None:
    photo = library.add(b"words on a photo")
    library.open.clear()  # reading would wait for ever

    async with asyncio.timeout(PATIENCE):
        found = await survey(
            library, prompt(MediaPart(photo.sha256)), {photo.sha256: photo}, sees_images=False
        )

    assert found[photo.sha256].unread == (1,)
    assert found[photo.sha256].document.pages == ()


async def test_one_file_that_fails_ends_the_reading_of_the_others(library: FakeLibrary) -> None:
    good, bad = library.add(b"%PDF good"), library.add(b"%PDF bad")
    asked = prompt(MediaPart(good.sha256), MediaPart(bad.sha256))
    reading_of = library.read

    async def fails_for_one(owner: str, media: Media, **more: object) -> object:
        if media.sha256 == bad.sha256:
            raise InvalidMedia("The PDF is damaged.")
        return await reading_of(owner, media)

    library.open.clear()
    library.read = fails_for_one  # type: ignore[method-assign,assignment]
    with pytest.raises(InvalidMedia) as refused:
        await read(
            library, asked, {good.sha256: good, bad.sha256: bad}, lambda _: None, sees_images=False
        )

    assert refused.value.param == "messages[0].parts[2].media"
    await asyncio.sleep(0)
    assert library.readers == 0


async def test_a_page_that_is_all_length_cannot_be_seen(library: FakeLibrary) -> None:
    media = library.add(b"thin")
    thin = Media(media.sha256, media.kind, media.media_type, 1, 1, 10, 2001)
    library.files[media.sha256] = thin, b"thin"

    with pytest.raises(InvalidMedia) as refused:
        await read(
            library,
            prompt(MediaPart(media.sha256)),
            {media.sha256: thin},
            lambda _: None,
            sees_images=True,
        )

    assert (refused.value.code, refused.value.param) == (
        "image_aspect_ratio",
        "messages[0].parts[1].media",
    )


async def test_only_the_pages_that_are_meant_are_read_and_seen(library: FakeLibrary) -> None:
    media = library.add(MIXED)
    found = {media.sha256: media}
    asked = prompt(MediaPart(media.sha256, pages=(2, 3)))
    told: list[PageRead] = []
    words = await read(library, asked, found, told.append, sees_images=False)
    assert [page.number for page in words[media.sha256].document.pages] == [2, 3]
    assert [page.page for page in told] == [2, 3]
    looked = await read(library, asked, found, told.append, sees_images=True)
    assert [view.page for view in looked[media.sha256].views] == [2]
    planned = await survey(library, asked, found, sees_images=False)
    assert planned[media.sha256].unread == (2,)


async def test_pages_that_are_not_there_and_two_minds_about_them_are_refused(
    library: FakeLibrary,
) -> None:
    sha256 = library.add(MIXED).sha256
    for parts in (
        (MediaPart(sha256, pages=(4,)),),
        (MediaPart(sha256, pages=(1,)), MediaPart(sha256)),
    ):
        with pytest.raises(InvalidRequest) as refused:
            find(library, prompt(*parts), sees_images=False)
        assert refused.value.param == f"messages[0].parts[{len(parts)}].media.pages"
