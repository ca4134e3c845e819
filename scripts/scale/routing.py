"""How questions find a card: the product's own placement, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backend.cluster.placement import Placement
from scripts.scale.card import Card, Job

Route = Callable[[Job, Sequence[Card]], int | None]  # None: wait until some card has room


def affinity(places: int) -> Route:
    """`backend.cluster.placement`, as the request router uses it."""
    placement = Placement(places)

    def route(job: Job, cards: Sequence[Card]) -> int:
        loads = {str(number): card.load for number, card in enumerate(cards)}
        chosen = placement.ranked(job.subject, loads)[0]
        placement.placed(job.subject, chosen)
        return int(chosen)

    return route


def round_robin() -> Route:
    """Takes turns."""
    turn = -1

    def route(job: Job, cards: Sequence[Card]) -> int:
        nonlocal turn
        turn = (turn + 1) % len(cards)
        return turn

    return route


def balance() -> Route:
    """The least loaded card, whatever it knows."""

    def route(job: Job, cards: Sequence[Card]) -> int:
        return min(range(len(cards)), key=lambda number: (cards[number].load, number))

    return route


def one_queue() -> Route:
    """The first card that has room; until then all wait together. The textbook's M/M/c."""

    def route(job: Job, cards: Sequence[Card]) -> int | None:
        return next((number for number, card in enumerate(cards) if card.has_room), None)

    return route
