"""The pulse: pages look without waiting, and the backend is not asked too often."""

from __future__ import annotations

import threading
import time

import pytest

from frontend import pulse as pulse_module
from frontend.messages import BackendError, BackendStatus, Limits, Phase, Stats
from frontend.pulse import Pulse
from tests.fakes.waiting import PATIENCE, wait_until

LIMITS = Limits(1, 1.0, 1, 1, 1, 1, 1)
STATS = Stats(Phase.READY, 2, 1, 0, 0, {}, {}, {}, {}, 0, 0, 0, 0, 0, 0, 0.0, 0.0)


class Doctor:
    """A backend whose state the test sets."""

    def __init__(self) -> None:
        self.phase: Phase | None = Phase.READY
        self.asked = 0
        self.hold = threading.Event()
        self.hold.set()

    def status(self) -> BackendStatus:
        self.asked += 1
        self.hold.wait(PATIENCE)
        if self.phase is None:
            raise BackendError("unavailable", "It is away.")
        return BackendStatus(self.phase, "", (), LIMITS, "1", 0)

    def stats(self) -> Stats:
        return STATS


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulse_module, "FRESH", 0.05)
    monkeypatch.setattr(pulse_module, "FIRST_WAIT", 0.3)


def test_the_first_look_knows_already() -> None:
    beat = Pulse(Doctor()).now()
    assert beat.serves
    assert beat.ahead == 2


def test_a_frozen_backend_holds_no_page() -> None:
    doctor = Doctor()
    doctor.hold.clear()
    pulse = Pulse(doctor)
    began = time.monotonic()
    assert not pulse.now().serves
    assert time.monotonic() - began < 10
    doctor.hold.set()


def test_many_looks_are_one_question() -> None:
    doctor = Doctor()
    pulse = Pulse(doctor)
    for _ in range(50):
        pulse.now()
    assert doctor.asked == 1


@pytest.mark.parametrize("phase", [None, Phase.LOADING, Phase.FAILED, Phase.DRAINING])
def test_a_change_is_noticed(phase: Phase | None) -> None:
    doctor = Doctor()
    pulse = Pulse(doctor)
    before = pulse.now()
    doctor.phase = phase
    wait_until(lambda: pulse.now().face != before.face)
    assert not pulse.now().serves
    assert pulse.now().stores is (phase in (Phase.LOADING, Phase.FAILED))
    assert pulse.limits == LIMITS  # what was heard last stays


def test_what_waited_for_the_backend_is_done_when_it_is_there() -> None:
    done = threading.Event()
    Pulse(Doctor(), when_online=done.set).now()
    assert done.wait(PATIENCE)
