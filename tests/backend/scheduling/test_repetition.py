"""The loop guard: endless repetition is seen, long lists are not."""

from __future__ import annotations

import pytest

from backend.scheduling.repetition import CHECK_EVERY, LONGEST_PERIOD, LOOP_TOKENS, is_looping


@pytest.mark.parametrize("period", [1, 3, LONGEST_PERIOD])
def test_sees_a_phrase_over_and_over(period: int) -> None:
    prefix = list(range(1000, 1000 + 5 * CHECK_EVERY))
    loop = [number % period for number in range(LOOP_TOKENS)]
    assert is_looping(prefix + loop)


def test_a_numbered_list_is_no_loop() -> None:
    tokens = [token for number in range(300) for token in (1, 2, 3, 100 + number)]
    assert not is_looping(tokens[: len(tokens) // CHECK_EVERY * CHECK_EVERY])


def test_a_short_answer_may_repeat_itself() -> None:
    assert not is_looping([7] * (LOOP_TOKENS - CHECK_EVERY))
