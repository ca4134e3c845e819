"""One listener for all: its ring, its gaps, and the backend that comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from frontend.client.blocking import Client
from frontend.messages import BackendError, Stats
from frontend.monitor.watch import Watch
from tests.fakes.backend import FakeBackend
from tests.fakes.figures import figures
from tests.fakes.waiting import wait_until


class Script:
    """Says what it is told to, then goes away, each time it is listened to."""

    def __init__(self, *rounds: int) -> None:
        self.rounds = list(rounds)
        self.calls = 0
        self.breaks = False

    def watch(self, every: float) -> Iterator[Stats]:
        self.calls += 1
        count = self.rounds.pop(0) if self.rounds else 0
        for number in range(count):
            yield figures(running=number)
        if self.breaks:
            self.breaks = False
            raise RuntimeError("a mistake of our own")
        raise BackendError("unavailable", "It is away.")


def test_a_gap_is_kept_and_the_backend_is_asked_again() -> None:
    script = Script(2, 1)
    watch = Watch(script, every=0.01)
    assert watch.samples() == ()
    watch.start()
    wait_until(lambda: script.calls > 2)
    watch.close()
    known = [None if one.stats is None else one.stats.running for one in watch.samples()]
    assert known[:5] == [0, 1, None, 0, None]


def test_the_ring_is_bounded() -> None:
    watch = Watch(Script(50), every=0.01, kept=10)
    watch.start()
    wait_until(lambda: len(watch.samples()) == 10)
    watch.close()
    assert len(watch.samples()) == 10


def test_a_mistake_does_not_end_it() -> None:
    script = Script(1, 1)
    script.breaks = True
    watch = Watch(script, every=0.01)
    watch.start()
    wait_until(lambda: script.calls > 2)
    watch.close()


def test_it_ends() -> None:
    before = set(threading.enumerate())
    watch = Watch(Script(), every=0.01)
    watch.start()
    (begun,) = set(threading.enumerate()) - before
    watch.close()
    wait_until(lambda: not begun.is_alive())


def test_a_real_stream() -> None:
    with FakeBackend() as backend:
        client = Client(backend.address)
        watch = Watch(client, every=0.1)
        watch.start()
        wait_until(lambda: len(watch.samples()) >= 3)
        first = watch.samples()[0].stats
        assert first is not None
        assert (first.tokens_per_second, first.threads, first.cores) == (42.0, 2, 2)
        backend.stop()
        wait_until(lambda: any(one.stats is None for one in watch.samples()))
        backend.start()
        wait_until(lambda: watch.samples()[-1].stats is not None)
        watch.close()
        client.close()
