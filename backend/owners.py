"""What each owner has asked for: counted for whoever runs the place, bounded in number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from backend.prompt.events import Usage

MOST_OWNERS = 200
OTHERS = ""  # all who were pushed out to make room


@dataclass(frozen=True)
class Use:
    """One owner's totals. Tokens are those of requests that came to an end, known ones too."""

    requests: int = 0
    refused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0

    def plus(self, other: Use) -> Use:
        """Both together."""
        return Use(
            self.requests + other.requests,
            self.refused + other.refused,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
        )


class Owners:
    """Uses by owner. Those heard of longest ago are told together once there are too many."""

    def __init__(self, most: int = MOST_OWNERS) -> None:
        self._most = most
        self._uses: OrderedDict[str, Use] = OrderedDict()
        self._others = Use()

    def finished(self, owner: str, usage: Usage) -> None:
        """A request of the owner came to its end."""
        self._add(
            owner,
            Use(
                requests=1,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                cached_tokens=usage.cached_tokens,
            ),
        )

    def refused(self, owner: str) -> None:
        """A request of the owner was turned away or failed."""
        self._add(owner, Use(refused=1))

    def __iter__(self) -> Iterator[tuple[str, Use]]:
        """The one heard of last comes first; OTHERS, if there are any, last."""
        yield from reversed(self._uses.items())
        if self._others != Use():
            yield OTHERS, self._others

    def _add(self, owner: str, use: Use) -> None:
        self._uses[owner] = self._uses.get(owner, Use()).plus(use)
        self._uses.move_to_end(owner)
        if len(self._uses) > self._most:
            _, oldest = self._uses.popitem(last=False)
            self._others = self._others.plus(oldest)
