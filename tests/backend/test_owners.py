"""What owners used is told by owner, and of too many together."""

from __future__ import annotations

from backend.owners import OTHERS, Owners, Use
from backend.prompt.events import Usage


def test_uses_add_up() -> None:
    owners = Owners()
    owners.finished("ann", Usage(10, 5, cached_tokens=4))
    owners.finished("ann", Usage(1, 2))
    owners.refused("ann")
    owners.refused("bo")
    assert list(owners) == [("bo", Use(refused=1)), ("ann", Use(2, 1, 11, 7, 4))]


def test_those_heard_of_longest_ago_are_told_together() -> None:
    owners = Owners(most=2)
    for owner in ("a", "b", "a", "c", "d"):
        owners.finished(owner, Usage(1, 1))
    assert [owner for owner, _ in owners] == ["d", "c", OTHERS]
    assert sum(use.requests for _, use in owners) == 5
    assert dict(owners)[OTHERS].requests == 3
