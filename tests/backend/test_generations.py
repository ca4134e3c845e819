"""Logs of generations: followed, replayed, bounded and forgotten."""

from __future__ import annotations

import asyncio

import pytest

from backend.errors import AlreadyExists, Internal, NotFound, QueueFull
from backend.generations import SPARE, Generation, Generations, Numbered
from backend.prompt.events import MOST_JOINED, Delta, Event, Finished, Queued, Timing, Usage
from backend.prompt.prompt import FinishReason, ToolCall
from tests.fakes.waiting import PATIENCE

END = Finished((FinishReason.STOP,), Usage(1, 1), Timing(0, 0, 0, 0))


def word(text: str) -> Delta:
    return Delta(0, text, tokens=1)


def ended(generations: Generations, request_id: str, *files: str, text: str = "") -> Generation:
    generation = generations.open("me", request_id, frozenset(files))
    generation.append(word(text))
    generation.append(END)
    generations.close(generation)
    return generation


async def all_of(generation: Generation, after: int = 0) -> list[Event]:
    return [numbered.event async for numbered in generation.follow(after)]


async def test_followers_join_at_any_time_and_see_the_same() -> None:
    generation = Generation("me", "a", frozenset())
    early = asyncio.create_task(all_of(generation))
    for text in "abc":
        await asyncio.sleep(0)
        generation.append(word(text))
    middle = asyncio.create_task(all_of(generation, after=2))
    await asyncio.sleep(0)
    generation.append(END)

    assert await early == await all_of(generation) == [word("a"), word("b"), word("c"), END]
    assert await middle == [word("c"), END]


async def test_text_is_told_at_once_and_what_follows_soon_as_one_piece() -> None:
    generation = Generation("me", "a", frozenset())
    told: list[Numbered] = []

    async def listen() -> None:
        async for numbered in generation.follow(gather=0.05):
            told.append(numbered)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    generation.append(Queued(0))
    generation.append(word("a"))
    await asyncio.sleep(0.001)
    assert told == [Numbered(1, Queued(0)), Numbered(2, word("a"))]
    for text in "bcd":
        generation.append(word(text))
        await asyncio.sleep(0.001)
    assert len(told) == 2
    generation.append(END)
    await listening
    assert told[2:] == [Numbered(5, Delta(0, "bcd", tokens=3)), Numbered(6, END)]


async def test_gathered_pieces_lose_nothing_and_keep_their_numbers() -> None:
    generation = Generation("me", "a", frozenset())
    call = ToolCall("c", "f", "{}")
    for event in (
        Delta(0, "", tokens=2, reasoning="so", reasoning_tokens=2),
        Delta(0, "a", tokens=1, reasoning="?", reasoning_tokens=1),
        Delta(1, "x", tokens=1),
        Delta(1, "y", tokens=1, calls=(call,)),
        Delta(1, "z", tokens=1, is_retold=True),
        Delta(1, "!", tokens=1),
        END,
    ):
        generation.append(event)

    told = [numbered async for numbered in generation.follow(after=0, gather=1)]
    assert told == [
        Numbered(2, Delta(0, "a", tokens=3, reasoning="so?", reasoning_tokens=3)),
        Numbered(4, Delta(1, "xy", tokens=2, calls=(call,))),
        Numbered(5, Delta(1, "z", tokens=1, is_retold=True)),
        Numbered(6, Delta(1, "!", tokens=1)),
        Numbered(7, END),
    ]
    # Whoever lost the first piece goes on behind it, or in its midst if it was told apart before.
    again = [numbered async for numbered in generation.follow(after=1, gather=1)]
    assert again[0] == Numbered(2, Delta(0, "a", tokens=1, reasoning="?", reasoning_tokens=1))
    assert again[1:] == told[1:]


async def test_what_is_gathered_has_a_bound() -> None:
    generation = Generation("me", "a", frozenset())
    for _ in range(2 * MOST_JOINED + 1):
        generation.append(word("x"))
    generation.append(END)

    told = [numbered async for numbered in generation.follow(gather=1)]
    assert [one.number for one in told] == [
        MOST_JOINED,
        2 * MOST_JOINED,
        2 * MOST_JOINED + 1,
        2 * MOST_JOINED + 2,
    ]
    assert told[0].event == Delta(0, "x" * MOST_JOINED, tokens=MOST_JOINED)


async def test_an_error_comes_after_the_events_before_it_and_to_every_follower() -> None:
    generation = Generation("me", "a", frozenset())
    generation.append(word("a"))
    generation.fail(Internal("Broken."))

    for _ in range(2):
        following = generation.follow()
        assert (await anext(following)).event == word("a")
        with pytest.raises(Internal):
            await anext(following)


async def test_a_stop_asked_for_early_reaches_the_work_once_it_can_be_stopped() -> None:
    generation = Generation("me", "a", frozenset())
    calls: list[str] = []

    assert generation.stop()
    generation.stop_with(lambda: calls.append("stopped"))
    generation.append(END)

    assert calls == ["stopped"]
    assert not generation.stop()


async def test_an_id_is_taken_while_it_is_kept() -> None:
    generations = Generations(max_active=9, retention=0.02)
    ended(generations, "a")

    with pytest.raises(AlreadyExists):
        generations.open("me", "a", frozenset())
    assert generations.open("you", "a", frozenset()).owner == "you"
    await asyncio.sleep(0.05)
    with pytest.raises(NotFound):
        generations.find("me", "a")
    assert generations.open("me", "a", frozenset())


async def test_active_ones_are_bounded() -> None:
    generations = Generations(max_active=1)
    generation = generations.open("me", "a", frozenset(), may_be_known=False)
    with pytest.raises(QueueFull):
        generations.open("me", "b0", frozenset(), may_be_known=False)
    without_place = [generations.open("me", f"b{n}", frozenset()) for n in range(SPARE)]

    with pytest.raises(QueueFull):
        generations.open("me", "c", frozenset())
    for spare in without_place:
        with pytest.raises(QueueFull):
            generations.settle(spare)
    generations.settle(generation)
    generation.append(END)
    generations.close(generation)

    generations.settle(without_place[0])
    with pytest.raises(QueueFull):
        generations.settle(without_place[1])
    assert not generations.open("me", "c", frozenset()).has_place


async def test_ended_ones_are_bounded_in_number_and_bytes() -> None:
    few = Generations(max_active=9, kept=2)
    for name in "abc":
        ended(few, name)
    with pytest.raises(NotFound):
        few.find("me", "a")
    assert few.find("me", "c")

    small = Generations(max_active=9, kept_bytes=2000)
    ended(small, "a", text="x" * 1000)
    ended(small, "b", text="x" * 1000)
    with pytest.raises(NotFound):
        small.find("me", "a")


async def test_forgetting_a_file_drops_only_its_owners_answers_about_it() -> None:
    generations = Generations(max_active=9)
    ended(generations, "a", "file")
    ended(generations, "b", "other")

    assert generations.forget("you", "file") == 0
    assert generations.forget("me", "file") == 1
    assert generations.find("me", "b")


async def test_idle_comes_once_nothing_is_active() -> None:
    generations = Generations(max_active=1)
    generation = generations.open("me", "a", frozenset())
    waiting = asyncio.create_task(generations.idle())
    await asyncio.sleep(0)
    assert not waiting.done()

    generation.append(END)
    generations.close(generation)

    await asyncio.wait_for(waiting, PATIENCE)
