from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.cluster.placement import Placement

pytestmark = pytest.mark.recipes

IDLE = {"a": 0, "b": 0, "c": 0}


def test_the_same_subject_goes_to_the_same_replica_from_wherever_it_is_asked() -> None:
    orders = {tuple(Placement(4).ranked("contract", loads)) for loads in (IDLE, dict(IDLE))}
    assert len(orders) == 1


def test_subjects_are_spread_evenly() -> None:
    firsts = Counter(Placement(4).ranked(f"contract {n}", IDLE)[0] for n in range(3000))
    assert set(firsts) == {"a", "b", "c"}
    assert max(firsts.values()) - min(firsts.values()) < 200


def test_a_new_replica_takes_its_share_and_moves_nothing_else() -> None:
    placement = Placement(4)
    subjects = [f"contract {n}" for n in range(1000)]
    before = {each: placement.ranked(each, IDLE)[0] for each in subjects}
    after = {each: placement.ranked(each, {**IDLE, "d": 0})[0] for each in subjects}
    moved = [each for each in subjects if before[each] != after[each]]
    assert {after[each] for each in moved} == {"d"}
    assert 150 < len(moved) < 350


def test_who_took_a_subject_last_is_preferred_to_its_own_order() -> None:
    placement = Placement(4)
    last = placement.ranked("contract", IDLE)[-1]
    placement.placed("contract", last)
    assert placement.ranked("contract", IDLE)[0] == last
    assert placement.home("contract") == last


def test_what_a_replica_took_is_forgotten_when_it_goes() -> None:
    placement = Placement(4)
    placement.placed("contract", "c")
    placement.keep({"a", "b"})
    assert placement.home("contract") is None
    assert set(placement.ranked("contract", {"a": 0, "b": 0})) == {"a", "b"}


def test_a_replica_that_is_too_busy_comes_last() -> None:
    placement = Placement(4)
    home = placement.ranked("contract", IDLE)[0]
    placement.placed("contract", home)
    nearly = {**IDLE, home: 3}
    assert placement.ranked("contract", nearly)[0] == home
    busy = {**IDLE, home: 4}
    assert placement.ranked("contract", busy)[-1] == home


def test_when_all_are_busy_a_replica_may_have_a_quarter_more_than_the_others() -> None:
    placement = Placement(4)
    placement.placed("contract", "a")
    assert placement.ranked("contract", {"a": 20, "b": 20, "c": 20})[0] == "a"
    assert placement.ranked("contract", {"a": 32, "b": 20, "c": 20})[0] != "a"


def test_nobody_waits_while_another_has_room() -> None:
    placement = Placement(4)
    placement.placed("contract", "a")
    assert placement.ranked("contract", {"a": 4, "b": 4, "c": 3})[0] == "c"


def test_only_so_many_subjects_are_remembered() -> None:
    placement = Placement(4, remembered=2)
    for subject in ("old", "newer", "newest"):
        placement.placed(subject, "a")
    assert [placement.home(each) for each in ("old", "newer", "newest")] == [None, "a", "a"]


@given(
    st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 200), min_size=1, max_size=9),
    st.text(),
    st.integers(1, 64),
)
def test_every_replica_is_ranked_once_and_one_below_the_bound_comes_first(
    loads: dict[str, int], subject: str, places: int
) -> None:
    placement = Placement(places)
    ranked = placement.ranked(subject, loads)
    assert sorted(ranked) == sorted(loads)
    assert min(loads.values()) < placement.bound(loads)
    assert loads[ranked[0]] < placement.bound(loads)
