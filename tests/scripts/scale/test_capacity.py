from __future__ import annotations

import math

from scripts.scale.capacity import needed, quantile, run
from scripts.scale.workload import Analysts, Habits


def test_the_same_seed_gives_the_same_figures() -> None:
    assert run(60, 2, seed=4) == run(60, 2, seed=4)
    assert run(60, 2, seed=4) != run(60, 2, seed=5)


def test_affinity_finds_more_than_balance_and_both_answer_everybody() -> None:
    near, spread = (run(600, 6, route=route) for route in ("affinity", "balance"))
    assert near.found > 1.5 * spread.found
    assert abs(near.questions_per_second - spread.questions_per_second) < 0.5


def test_owners_who_share_prompts_find_more() -> None:
    apart, shared = (run(200, 2, habits=Habits(owners_share=each)) for each in (False, True))
    assert shared.found > apart.found


def test_the_fewest_cards_keep_the_goal_and_one_fewer_does_not() -> None:
    busy = Habits(thinking=5.0, reading=20.0)
    enough = needed(400, goal=0.5, habits=busy)
    assert enough.cards > 1
    assert enough.p99 <= 0.5 < run(400, enough.cards - 1, habits=busy).p99


def test_a_quantile_is_a_value_that_occurred() -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.99) == 4.0
    assert quantile([], 0.5) == math.inf


def test_a_document_is_the_same_for_everybody_who_opens_it() -> None:
    habits = Habits(scans=0.5)
    one, other = Analysts(5, habits, seed=1), Analysts(9, habits, seed=1)
    documents = [one.document(f"team 0 document {number}") for number in range(100)]
    assert documents == [other.document(f"team 0 document {number}") for number in range(100)]
    scans = [each for each in documents if each.pictures]
    assert 30 < len(scans) < 70
    assert {each.tokens for each in scans} == {4 * 1_369}
