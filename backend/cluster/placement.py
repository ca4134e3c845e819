"""Which replica a request should go to: the one that knows its document, bounded by load."""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Collection, Mapping

SLACK = 1.25  # of the average load, which a replica may reach when all have too much to do
REMEMBERED = 20_000  # subjects whose last replica is kept in mind


class Placement:
    """Ranks replicas for what a request is about. Used by one thread."""

    def __init__(self, places: int, *, slack: float = SLACK, remembered: int = REMEMBERED) -> None:
        """`places`: requests that one replica computes at once; below that, none is too busy."""
        assert places >= 1
        assert slack >= 1
        self._places = places
        self._slack = slack
        self._remembered = remembered
        self._homes: OrderedDict[str, str] = OrderedDict()  # subject -> replica, oldest use first

    def ranked(self, subject: str, loads: Mapping[str, int]) -> list[str]:
        """All replicas, the best first; changes nothing. `loads`: replica -> running requests.

        First the one that took this subject last, then the others in the subject's own order,
        which is the same wherever it is asked for and which a replica's coming or going changes
        for that replica's share alone. Those that are too busy come last, the least busy first.
        """
        bound = self.bound(loads)
        home = self._homes.get(subject)
        order = sorted(loads, key=lambda replica: (replica != home, _weight(subject, replica)))
        free = [replica for replica in order if loads[replica] < bound]
        busy = sorted(set(order) - set(free), key=lambda replica: (loads[replica], replica))
        return free + busy

    def bound(self, loads: Mapping[str, int]) -> int:
        """Running requests from which on a replica is too busy to be preferred."""
        if any(load < self._places for load in loads.values()):
            return self._places  # nobody waits while another has room
        average = (sum(loads.values()) + 1) / max(1, len(loads))
        return max(self._places, math.ceil(self._slack * average))

    def home(self, subject: str) -> str | None:
        """The replica that took this subject last."""
        return self._homes.get(subject)

    def placed(self, subject: str, replica: str) -> None:
        """That replica has taken a request about the subject."""
        self._homes[subject] = replica
        self._homes.move_to_end(subject)
        while len(self._homes) > self._remembered:
            self._homes.popitem(last=False)

    def keep(self, replicas: Collection[str]) -> None:
        """Only these are there still: what others took has to be computed anew anywhere."""
        gone = [subject for subject, home in self._homes.items() if home not in replicas]
        for subject in gone:
            del self._homes[subject]


def _weight(subject: str, replica: str) -> bytes:
    """Highest random weight hashing (Thaler and Ravishankar): the smallest comes first."""
    return hashlib.sha256(f"{subject}\0{replica}".encode()).digest()
