"""How many cards so many analysts need, how long they wait, and what it costs."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.scale import routing
from scripts.scale.card import Card
from scripts.scale.rates import H100, Rates
from scripts.scale.routing import Route
from scripts.scale.simulation import simulate
from scripts.scale.workload import Analysts, Habits

WARM_UP = 900.0  # seconds until the caches are what they stay
MEASURED = 900.0
GOAL = 1.0  # seconds to the first token that 99 of 100 questions have to keep
ROUTES: dict[str, Callable[[], Route]] = {
    "affinity": lambda: routing.affinity(H100.places),
    "balance": routing.balance,
    "round robin": routing.round_robin,
}


@dataclass(frozen=True)
class Outcome:
    """What a number of cards did for a number of analysts."""

    cards: int
    questions_per_second: float
    tokens_per_second: float
    median: float  # seconds to the first token
    p99: float
    token_p99: float  # seconds between two tokens, as an answer's average
    found: float  # share of documents' tokens that were known
    busy: float  # share of the cards' time


def run(
    analysts: int,
    cards: int,
    *,
    route: str = "affinity",
    habits: Habits | None = None,
    rates: Rates = H100,
    seed: int = 1,
) -> Outcome:
    """A quarter of an hour, after one that is not counted."""
    machines = [Card(rates) for _ in range(cards)]
    source = Analysts(analysts, habits or Habits(), seed)
    end = WARM_UP + MEASURED
    answered = [
        job for job in simulate(machines, ROUTES[route](), source, end) if job.arrived >= WARM_UP
    ]
    waits = sorted(job.first_token - job.arrived for job in answered)
    gaps = sorted(
        (job.ended - job.first_token) / max(1.0, job.answer_tokens - 1)
        for job in answered
        if job.answer_tokens >= 2
    )
    documents = sum(job.document_tokens for job in answered)
    return Outcome(
        cards=cards,
        questions_per_second=len(answered) / MEASURED,
        tokens_per_second=sum(job.answer_tokens for job in answered) / MEASURED,
        median=quantile(waits, 0.5),
        p99=quantile(waits, 0.99),
        token_p99=quantile(gaps, 0.99),
        found=sum(job.found for job in answered) / documents if documents else 0.0,
        busy=sum(card.busy_seconds for card in machines) / (cards * end),
    )


def quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that so many do not pass; infinite if nothing was answered."""
    if not ordered:
        return math.inf
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def needed(analysts: int, goal: float = GOAL, **conditions: object) -> Outcome:
    """The fewest cards whose p99 keeps the goal."""
    few, many = 0, 1
    outcome = run(analysts, many, **conditions)  # type: ignore[arg-type]
    while outcome.p99 > goal:
        few, many = many, many * 2
        outcome = run(analysts, many, **conditions)  # type: ignore[arg-type]
    while many - few > 1:
        middle = (few + many) // 2
        tried = run(analysts, middle, **conditions)  # type: ignore[arg-type]
        if tried.p99 <= goal:
            many, outcome = middle, tried
        else:
            few = middle
    return outcome


def main() -> None:
    """Prints the tables of docs/scale.md."""
    parser = argparse.ArgumentParser("python -m scripts.scale.capacity", description=__doc__)
    parser.add_argument("--analysts", type=int, nargs="+", default=[10, 100, 1_000, 3_000, 10_000])
    parser.add_argument("--dollars", type=float, default=2.5, help="of one card for an hour")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    print(
        "| analysts | questions/s | cards | busy | known | first token p50 | p99 |"
        " a token p99 | $ an hour | $ a question |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for analysts in chosen.analysts:
        _row(f"{analysts:,}", needed(analysts, seed=chosen.seed), chosen.dollars)
    most = max(chosen.analysts)
    print(f"\n{most:,} analysts, otherwise:")
    for label, conditions in (
        ("balance", {"route": "balance"}),
        ("round robin", {"route": "round robin"}),
        ("affinity, owners share prompts", {"habits": Habits(owners_share=True)}),
    ):
        _row(label, needed(most, seed=chosen.seed, **conditions), chosen.dollars)


def _row(label: str, outcome: Outcome, dollars: float) -> None:
    hourly = outcome.cards * dollars
    print(
        f"| {label} | {outcome.questions_per_second:.2f} | {outcome.cards} | {outcome.busy:.0%} |"
        f" {outcome.found:.0%} | {1000 * outcome.median:.0f} ms | {1000 * outcome.p99:.0f} ms |"
        f" {1000 * outcome.token_p99:.0f} ms | {hourly:,.2f} |"
        f" {hourly / 3600 / outcome.questions_per_second:.5f} |",
        flush=True,
    )


if __name__ == "__main__":
    main()
