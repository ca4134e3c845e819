"""Vision: what is known is not encoded again, one bad picture harms no other, pixels go."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import pytest
import torch

from backend.prompt.picture import Picture, Pixels
from backend.prompt.sight import Sight
from backend.vision.cache import EmbeddingCache
from backend.vision.encoder import PlainEncoder
from backend.vision.vision import Vision
from tests.fakes.pictures import noise, picture


class Watched(PlainEncoder):
    """Notes how many pictures each call had; can be made to give numbers that are none."""

    calls: list[int]
    poison: bytes | None = None
    room: int | None = None  # for so many pictures at once there is memory

    def encode(self, pictures: Sequence[Picture]) -> list[torch.Tensor]:
        self.calls.append(len(pictures))
        if self.room is not None and len(pictures) > self.room:
            raise torch.OutOfMemoryError
        made = super().encode(pictures)
        for seen, embedding in zip(pictures, made, strict=True):
            if seen.key == self.poison:
                embedding[0, 0] = torch.nan
        return made


@pytest.fixture
def encoder(model: Any, sight: Sight) -> Watched:
    made = Watched(copy.deepcopy(model.model.visual), sight)
    made.calls = []
    return made


@pytest.fixture
def vision(encoder: Watched) -> Vision:
    return Vision(encoder, EmbeddingCache(1 << 20))


def pictures(sight: Sight, count: int = 4) -> list[Picture]:
    return [picture(noise(56, 84, seed=seed), sight.size(56, 84)) for seed in range(count)]


def test_missing_ones_are_encoded_in_one_call_and_pixels_go(
    vision: Vision, encoder: Watched, sight: Sight
) -> None:
    seen = pictures(sight)
    made = vision.embeddings(seen)
    assert encoder.calls == [4]
    assert set(made) == {each.key for each in seen}
    assert all(each.pixels is None for each in seen)
    assert vision.tokens_per_second > 0


def test_known_ones_are_not_encoded_again(vision: Vision, encoder: Watched, sight: Sight) -> None:
    first = vision.embeddings(pictures(sight, 2))
    again = pictures(sight, 3)
    second = vision.embeddings(again)
    assert encoder.calls == [2, 1]
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert all(each.pixels is None for each in again)


def test_one_picture_twice_is_encoded_once(vision: Vision, encoder: Watched, sight: Sight) -> None:
    with_pixels, without = pictures(sight, 1)[0], pictures(sight, 1)[0]
    without.pixels = None
    assert vision.embeddings([without, with_pixels]).keys() == {with_pixels.key}
    assert encoder.calls == [1]


def test_held_ones_come_along(vision: Vision, sight: Sight) -> None:
    first, second = pictures(sight, 2)
    vision.cache.hold(first.key)
    vision.embeddings([first])
    assert vision.embeddings([second]).keys() == {first.key, second.key}
    assert vision.embeddings([]).keys() == {first.key}


def test_nothing_asked_costs_nothing(vision: Vision, encoder: Watched) -> None:
    assert vision.embeddings([]) == {}
    assert encoder.calls == []


@pytest.mark.parametrize("fault", ["bytes", "size", "nothing", "nan"])
def test_a_poisoned_picture_is_left_out_and_the_others_are_as_without_it(
    vision: Vision, encoder: Watched, sight: Sight, fault: str
) -> None:
    expected = Vision(encoder, EmbeddingCache(1 << 20)).embeddings(pictures(sight))
    seen = pictures(sight)
    bad = seen[1]
    assert bad.pixels is not None
    data = bad.pixels.data
    if fault == "bytes":
        bad.pixels = Pixels(data[:-1], 56, 84)
    elif fault == "size":
        bad.pixels = Pixels(data, 84, 56)
    elif fault == "nothing":
        bad.pixels = None
    else:
        encoder.poison = bad.key
    made = vision.embeddings(seen)
    assert made.keys() == expected.keys() - {bad.key}
    for key, embedding in made.items():
        torch.testing.assert_close(embedding, expected[key], atol=1e-5, rtol=1e-5)
    assert all(each.pixels is None for each in seen)
    assert vision.cache.get(bad.key) is None


def test_pictures_that_need_too_much_memory_together_are_encoded_apart(
    vision: Vision, encoder: Watched, sight: Sight
) -> None:
    encoder.room = 1
    assert len(vision.embeddings(pictures(sight))) == 4
    assert encoder.calls == [4, 1, 1, 1, 1]
    assert vision.starved({each.key for each in pictures(sight)}) == frozenset()


def test_a_picture_that_there_is_no_memory_for_is_told_once(
    vision: Vision, encoder: Watched, sight: Sight
) -> None:
    encoder.room = 0
    [shown] = pictures(sight, 1)
    assert vision.embeddings([shown]) == {}
    assert vision.starved({b"another"}) == frozenset()
    assert vision.starved({shown.key, b"another"}) == {shown.key}
    assert vision.starved({shown.key}) == frozenset()


def test_apart_every_picture_has_the_same_bits_in_any_company(
    encoder: Watched, sight: Sight
) -> None:
    def apart() -> Vision:
        return Vision(encoder, EmbeddingCache(1 << 20), pooled=False)

    together = apart().embeddings(pictures(sight))
    assert encoder.calls == [1, 1, 1, 1]
    for seen in pictures(sight):
        assert torch.equal(apart().embeddings([seen])[seen.key], together[seen.key])
