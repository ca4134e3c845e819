"""The fair queue: who was served least goes next, and nobody waits for ever."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.prompt.prompt import Sampling
from backend.scheduling.fairness import FairQueue
from backend.scheduling.sequence import Sequence

arrivals = itertools.count()


def arrive(queue: FairQueue, owner: str, prompt: int = 1) -> Sequence:
    sequence = Sequence("r", owner, 0, (7,) * prompt, Sampling(max_tokens=1))
    sequence.arrival = next(arrivals)
    queue.join(owner)
    queue.put(sequence)
    return sequence


def serve_next(queue: FairQueue) -> Sequence:
    """Takes the next one and serves its whole prompt."""
    sequence = next(queue.turns())
    queue.take(sequence)
    queue.reserve(sequence.owner, len(sequence.prompt_ids))
    queue.serve(len(sequence.prompt_ids))
    return sequence


def test_one_owner_is_served_in_order_of_arrival() -> None:
    queue = FairQueue()
    waiting = [arrive(queue, "a") for _ in range(5)]
    queue.take(waiting[0])
    queue.put(waiting[0])  # comes back, as after a preemption
    assert [serve_next(queue) for _ in range(5)] == waiting


def test_owners_take_turns_however_much_one_asks() -> None:
    queue = FairQueue()
    for _ in range(6):
        arrive(queue, "greedy")
    for _ in range(2):
        arrive(queue, "modest")
    assert [serve_next(queue).owner for _ in range(5)] == [
        *("greedy", "modest", "greedy", "modest", "greedy")
    ]


def test_turns_are_weighed_by_tokens() -> None:
    queue = FairQueue()
    for _ in range(2):
        arrive(queue, "long", prompt=100)
    for _ in range(30):
        arrive(queue, "short", prompt=10)
    served = [serve_next(queue).owner for _ in range(12)]
    assert served == ["long", *["short"] * 10, "long"]


def test_turns_within_one_round_count_what_was_just_reserved() -> None:
    queue = FairQueue()
    for owner in "aab":
        arrive(queue, owner)
    round_of = []
    for sequence in queue.turns():
        queue.take(sequence)
        queue.reserve(sequence.owner, 1)
        round_of.append(sequence.owner)
    assert round_of == ["a", "b", "a"]


def test_who_is_passed_over_stays_in_line() -> None:
    queue = FairQueue()
    first, second, third = (arrive(queue, owner) for owner in "aab")
    assert list(queue.turns()) == [first, second, third]
    assert list(queue.turns()) == [first, second, third]


def test_idleness_earns_nothing() -> None:
    queue = FairQueue()
    for _ in range(50):
        arrive(queue, "busy")
    for _ in range(20):
        serve_next(queue)
    for _ in range(50):
        arrive(queue, "newcomer")
    owners = [serve_next(queue).owner for _ in range(20)]
    assert 9 <= owners.count("newcomer") <= 11


def test_a_short_absence_does_not_clear_a_debt() -> None:
    queue = FairQueue()
    for _ in range(30):
        arrive(queue, "other", prompt=25)
    heavy = arrive(queue, "heavy", prompt=1000)
    queue.take(heavy)
    queue.reserve("heavy", 1000)
    queue.serve(1000)
    queue.leave("heavy")
    arrive(queue, "heavy")
    assert [serve_next(queue).owner for _ in range(30)] == ["other"] * 30


def test_what_was_not_computed_is_given_back() -> None:
    queue = FairQueue()
    cancelled = arrive(queue, "a", prompt=1000)
    arrive(queue, "b", prompt=1)
    arrive(queue, "b", prompt=1)
    queue.take(cancelled)
    queue.reserve("a", 1000)
    queue.reserve("a", -1000)
    arrive(queue, "a")
    queue.leave("a")
    assert [serve_next(queue).owner for _ in range(2)] == ["b", "a"]


def test_absent_owners_leave_nothing_behind() -> None:
    queue = FairQueue()
    arrive(queue, "steady")
    for number in range(1000):
        arrive(queue, str(number))
        serve_next(queue)
        sequence = serve_next(queue)
        queue.leave(str(number))
        queue.put(sequence) if sequence.owner == "steady" else arrive(queue, "steady")
    held = [name for name, value in vars(queue).items() if hasattr(value, "__len__")]
    assert all(len(vars(queue)[name]) < 10 for name in held)


@settings(max_examples=50, deadline=None)
@given(
    st.integers(1, 200), st.lists(st.integers(1, 20), min_size=1, max_size=30), st.integers(1, 4)
)
def test_no_stream_of_newcomers_keeps_anybody_waiting(
    debt: int, prompts: list[int], owners: int
) -> None:
    queue = FairQueue()
    arrive(queue, "victim", prompt=debt)
    assert serve_next(queue).owner == "victim"
    victim = arrive(queue, "victim")
    served = 0
    fresh = itertools.count()
    sizes = itertools.cycle(prompts)
    for _ in range(owners):
        arrive(queue, f"fresh {next(fresh)}", next(sizes))
    while (sequence := serve_next(queue)) is not victim:
        served += len(sequence.prompt_ids)
        queue.leave(sequence.owner)
        arrive(queue, f"fresh {next(fresh)}", next(sizes))
        # An equal share for each of those who are there, and the last turn of each.
        assert served <= (owners + 1) * debt + owners * max(prompts)
