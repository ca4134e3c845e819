"""What every command begins with: a backend that is ready, however late it answers."""

from __future__ import annotations

import pytest

from frontend.cli.desk import _ready
from frontend.client.blocking import Client
from frontend.messages import BackendError, BackendStatus, Limits, Phase


class Slow(Client):
    """A backend that fails to answer a few times."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)

    def status(self) -> BackendStatus:
        if self.failures:
            raise BackendError(self.failures.pop(0), "It did not answer.")
        return BackendStatus(Phase.READY, "", (), Limits(1, 1.0, 1, 1, 1, 1, 1), "1", 0)


def test_a_busy_backend_is_asked_again() -> None:
    assert _ready(Slow("deadline", "deadline")).phase is Phase.READY


def test_an_absent_backend_is_not_waited_for() -> None:
    with pytest.raises(BackendError) as refused:
        _ready(Slow("unavailable"))
    assert refused.value.kind == "unavailable"
