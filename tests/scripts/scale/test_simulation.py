"""The arithmetic of the simulation, held against formulas where there are some."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Sequence
from statistics import fmean

import pytest

from scripts.scale import routing
from scripts.scale.card import Card, Job
from scripts.scale.rates import H100, Rates
from scripts.scale.simulation import simulate

FOREVER = 1e9


def rates(
    *,
    places: int = 1,
    step: float = 1.0,
    prompt: float = 1e-9,
    cache: int = 0,
    shared: bool = False,
) -> Rates:
    """A token takes `step` seconds; if shared, so many times longer as there are answers."""
    most = 1_000
    return Rates(
        step=((1, step), (most, most * step if shared else step)),
        prompt=((1, prompt), (2, prompt)),
        picture=0.0,
        chunk=1_000_000,
        places=places,
        cache_tokens=cache,
    )


def job(
    arrived: float, answer: float, *, document: int = 0, question: int = 1, about: str = "d"
) -> Job:
    return Job(0, about, about, document, 0, question, answer, arrived)


class Given:
    """Questions that come at times of their own."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs

    def first(self) -> Iterable[Job]:
        return self._jobs

    def after(self, job: Job) -> Job | None:
        return None


def poisson(count: int, per_second: float, seed: int = 3) -> list[Job]:
    """Arrivals by chance; answers that take one second on average, exponentially."""
    chance = random.Random(seed)
    now, jobs = 0.0, []
    for _ in range(count):
        now += chance.expovariate(per_second)
        jobs.append(job(now, 1 + chance.expovariate(1.0)))  # the first token comes with the prompt
    return jobs


def erlang_c(servers: int, load: float) -> float:
    """The probability of having to wait in M/M/c; `load` in servers' work."""
    busy = load**servers / math.factorial(servers) * servers / (servers - load)
    return busy / (sum(load**k / math.factorial(k) for k in range(servers)) + busy)


@pytest.mark.parametrize(("servers", "per_second"), [(1, 0.6), (3, 2.1), (5, 3.0)])
def test_waiting_is_that_of_m_m_c(servers: int, per_second: float) -> None:
    jobs = poisson(100_000, per_second)
    cards = [Card(rates()) for _ in range(servers)]
    answered = simulate(cards, routing.one_queue(), Given(jobs), FOREVER)
    assert len(answered) == len(jobs)
    waited = fmean(each.first_token - each.arrived for each in answered)
    # With the load that chance really drew: at high loads a hundredth of it is a tenth of the wait.
    service = fmean(each.answer_tokens - 1 for each in jobs)
    load = service * len(jobs) / jobs[-1].arrived
    assert waited == pytest.approx(erlang_c(servers, load) * service / (servers - load), rel=0.06)


def test_answers_that_share_a_card_take_as_long_as_in_m_m_1_with_shared_processor() -> None:
    jobs = poisson(60_000, 0.6)
    cards = [Card(rates(places=1_000, shared=True))]
    answered = simulate(cards, routing.balance(), Given(jobs), FOREVER)
    took = fmean(each.ended - each.arrived for each in answered)
    assert took == pytest.approx(1 / (1 - 0.6), rel=0.05)
    assert cards[0].busy_seconds / answered[-1].ended == pytest.approx(0.6, rel=0.03)


def test_one_question_takes_its_prompt_and_then_a_step_a_token() -> None:
    (done,) = simulate(
        [Card(rates(step=0.5, prompt=3.0))], routing.balance(), Given([job(1.0, 5)]), FOREVER
    )
    assert done.first_token == pytest.approx(4.0)
    assert done.ended == pytest.approx(6.0)


def test_a_prompt_and_an_answer_get_into_each_others_way() -> None:
    """The prompt of the second takes 3 s in one step, which the first's token lengthens by 0.5 s;
    the first, with two of nine tokens still to come after 3.5 s, gets one of them meanwhile."""
    first, second = job(0.0, 9), job(6.5, 1)
    card = Card(rates(step=0.5, prompt=3.0, places=2))
    done = {
        each.arrived: each
        for each in simulate([card], routing.balance(), Given([first, second]), FOREVER)
    }
    assert done[6.5].first_token == pytest.approx(6.5 + 3.5)
    assert done[0.0].ended == pytest.approx(6.5 + 3.5)
    assert done[0.0].first_token == pytest.approx(3.0)


def test_a_known_document_costs_its_question_only() -> None:
    cards = [Card(H100)]
    asked = [job(0.0, 2, document=7_000, question=64), job(50.0, 2, document=7_000, question=64)]
    cold, warm = simulate(cards, routing.balance(), Given(asked), FOREVER)
    assert (cold.found, warm.found) == (0, 7_000)
    assert cold.first_token - cold.arrived == pytest.approx(H100.prompt_seconds(7_064, 0))
    assert warm.first_token - warm.arrived == pytest.approx(H100.prompt_seconds(64, 0))


def test_the_document_that_was_asked_about_longest_ago_gives_way() -> None:
    card = Card(rates(cache=100))
    names = ["a", "b", "a", "c", "a", "b"]  # sixty tokens each would not fit, forty do, twice
    asked = [job(10.0 * n, 2, document=40, about=name) for n, name in enumerate(names)]
    done = simulate([card], routing.balance(), Given(asked), FOREVER)
    assert [each.found for each in done] == [0, 0, 40, 0, 40, 0]


def test_between_two_measured_sizes_lies_a_straight_line() -> None:
    assert H100.step_seconds(1) == pytest.approx(1 / 161)
    assert H100.step_seconds(48) == pytest.approx((0.00897 + 0.00992) / 2)
    assert H100.prompt_seconds(10, 0) == H100.prompt_seconds(64, 0)
    assert H100.prompt_seconds(1_433, 2) == pytest.approx(0.0416 + 2 * 0.0233)
    assert [H100.prompt_steps(n) for n in (1, 4_096, 4_097)] == [1, 1, 2]


def test_affinity_sends_a_document_to_one_card_until_that_is_too_busy() -> None:
    cards = [Card(rates(places=2, step=1.0)) for _ in range(3)]
    asked = [job(0.001 * n, 1_000, about="d") for n in range(6)]
    done = simulate(cards, routing.affinity(2), Given(asked), FOREVER)
    homes = [each.card for each in sorted(done, key=lambda each: each.arrived)]
    assert homes[0] == homes[1]
    assert {homes.count(card) for card in range(3)} == {2}
