"""The embedding cache: what is held stays, the rest goes in the order of its last use."""

from __future__ import annotations

import random
import threading

import pytest
import torch

from backend.prompt.picture import Picture
from backend.vision.cache import EmbeddingCache

EACH = 4 * 2 * 4  # bytes of an embedding here


def picture(name: str, owner: str = "o", sha256: str = "f") -> Picture:
    return Picture(name.encode(), owner, sha256, 1, 2, 2)


def fill(cache: EmbeddingCache, *names: str, **options: str) -> None:
    for name in names:
        cache.put(picture(name, **options), torch.zeros(4, 2))


def known(cache: EmbeddingCache, names: str) -> str:
    return "".join(name for name in names if cache.get(name.encode()) is not None)


def test_the_least_recently_used_goes_first() -> None:
    cache = EmbeddingCache(3 * EACH)
    fill(cache, "a", "b", "c")
    cache.get(b"a")
    fill(cache, "d")
    assert known(cache, "abcd") == "acd"
    assert (cache.bytes, cache.evictions) == (3 * EACH, 1)


def test_what_is_held_stays_even_beyond_the_limit() -> None:
    cache = EmbeddingCache(EACH)
    assert not cache.hold(b"a")
    assert not cache.hold(b"b")
    fill(cache, "a", "b", "c")
    assert known(cache, "abc") == "ab"
    assert set(cache.held()) == {b"a", b"b"}
    cache.release(b"a")
    assert known(cache, "ab") == "b"
    cache.release(b"b")
    assert known(cache, "ab") == "b"  # fits


def test_a_hold_for_each_request() -> None:
    cache = EmbeddingCache(0)
    cache.hold(b"a")
    cache.hold(b"a")
    fill(cache, "a")
    cache.release(b"a")
    assert known(cache, "a") == "a"
    cache.release(b"a")
    assert known(cache, "a") == ""
    with pytest.raises(AssertionError):
        cache.release(b"a")


def test_hits_and_misses_are_of_holds() -> None:
    cache = EmbeddingCache(9 * EACH)
    assert [cache.hold(b"a"), cache.hold(b"b")] == [False, False]
    fill(cache, "a")
    assert [cache.hold(b"a"), cache.hold(b"b")] == [True, False]
    assert (cache.hits, cache.misses) == (1, 3)


def test_putting_again_counts_once() -> None:
    cache = EmbeddingCache(9 * EACH)
    fill(cache, "a", "a")
    assert cache.bytes == EACH


def test_a_file_is_forgotten_and_nobody_elses() -> None:
    cache = EmbeddingCache(9 * EACH)
    fill(cache, "a", "b")
    fill(cache, "c", owner="p")
    fill(cache, "d", sha256="g")
    assert cache.forget("o", "f") == 2
    assert known(cache, "abcd") == "cd"
    assert cache.bytes == 2 * EACH


def test_a_forgotten_file_in_use_goes_with_its_request() -> None:
    cache = EmbeddingCache(9 * EACH)
    cache.hold(b"a")
    fill(cache, "a")
    assert cache.forget("o", "f") == 1
    assert known(cache, "a") == "a"
    cache.release(b"a")
    assert known(cache, "a") == ""


def test_a_file_forgotten_before_it_was_encoded_goes_too() -> None:
    cache = EmbeddingCache(9 * EACH)
    cache.hold(b"a")
    cache.forget("o", "f")
    fill(cache, "a")
    assert known(cache, "a") == "a"
    cache.release(b"a")
    assert known(cache, "a") == ""
    cache.hold(b"a")  # given again later, it is kept like any other
    fill(cache, "a")
    cache.release(b"a")
    assert known(cache, "a") == "a"


def test_many_threads_leave_it_in_order() -> None:
    cache = EmbeddingCache(5 * EACH)

    def use(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(300):
            name = chance.choice("abcdefghij")
            cache.hold(name.encode())
            fill(cache, name)
            assert cache.get(name.encode()) is not None
            if chance.random() < 0.1:
                cache.forget("o", "f")
            cache.release(name.encode())

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.held() == {}
    assert cache.bytes == EACH * len(known(cache, "abcdefghij")) <= 5 * EACH
