"""What every command begins with: a history, and a backend that is ready, however late."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from frontend import folder
from frontend.cli.desk import OWNER, CannotDo, _ready, opened
from frontend.client.blocking import Client
from frontend.history.work import Work
from frontend.messages import BackendError, BackendStatus, Limits, Phase
from frontend.settings import Settings
from tests.fakes.released import rows, write_release


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


def settings_of(data: Path) -> Settings:
    write_release(data / "history.sqlite3", 1)
    return Settings(data_dir=data)


def test_an_older_history_is_upgraded_for_the_command_line_too(tmp_path: Path) -> None:
    with opened(settings_of(tmp_path)) as history:
        assert next(job.title for job in Work(history.database).jobs(OWNER)) == "Waiting"
        os.close(folder.hold(tmp_path))  # free again


def test_what_an_older_web_process_works_with_is_not_upgraded(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    before = rows(tmp_path / "history.sqlite3")
    held = folder.hold(tmp_path)
    try:
        with pytest.raises(CannotDo, match="stop that first"), opened(settings):
            pass
    finally:
        os.close(held)
    assert rows(tmp_path / "history.sqlite3") == before


def test_an_up_to_date_history_is_shared_with_the_web_process(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    held = folder.hold(tmp_path)
    try:
        for _ in range(2):
            with opened(settings) as history:
                assert history.conversations(OWNER) == ()
    finally:
        os.close(held)
