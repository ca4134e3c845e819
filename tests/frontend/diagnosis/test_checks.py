"""The checks of the backend: each thing is broken, and found by its name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontend.client.blocking import Client
from frontend.diagnosis import backend, examination, memory, speed, upload
from frontend.diagnosis.findings import Finding, Grade, is_well
from frontend.diagnosis.place import Place
from frontend.diagnosis.wording import sentence
from frontend.i18n import Phrases
from frontend.messages import BackendError, BackendStatus, CacheFigures, Stats
from frontend.settings import Settings
from protos import inference_pb2
from tests.fakes.backend import FakeBackend, Refusal
from tests.fakes.figures import figures
from tests.fakes.site import Site

GB = 10**9


@pytest.fixture
def fake() -> Iterator[FakeBackend]:
    with FakeBackend(answer="Yes.") as running:
        yield running


@pytest.fixture
def client(fake: FakeBackend) -> Iterator[Client]:
    opened = Client(fake.address)
    yield opened
    opened.close()


def names(found: tuple[Finding, ...]) -> list[str]:
    for one in found:
        for language in ("en", "zh"):
            assert sentence(one, Phrases(language))
    return [one.name for one in found]


def status_of(client: Client) -> BackendStatus:
    return client.status()


# The backend


def test_a_backend_that_serves(client: Client, fake: FakeBackend) -> None:
    found, status = backend.look(client, fake.address)
    assert (found.name, found.grade) == ("backend_good", Grade.GOOD)
    assert status is not None


def test_a_backend_that_is_down(client: Client, fake: FakeBackend) -> None:
    fake.stop()
    found, status = backend.look(client, fake.address)
    assert (found.name, found.grade, status) == ("backend_away", Grade.BAD, None)
    fake.start()


def test_a_wrong_token(fake: FakeBackend) -> None:
    fake.token = "between-us"
    client = Client(fake.address, "another")
    assert backend.look(client, fake.address)[0].name == "backend_token"
    client.close()


def test_a_backend_that_does_not_answer() -> None:
    class Silent:
        def status(self) -> BackendStatus:
            raise BackendError("deadline", "Too late.")

    assert backend.look(Silent(), "here:1")[0].name == "backend_silent"


@pytest.mark.parametrize(
    ("phase", "name", "grade"),
    [
        (inference_pb2.PHASE_FAILED, "backend_failed", Grade.BAD),
        (inference_pb2.PHASE_DRAINING, "backend_draining", Grade.BAD),
        (inference_pb2.PHASE_LOADING, "backend_starting", Grade.POOR),
    ],
)
def test_phases(
    client: Client,
    fake: FakeBackend,
    phase: inference_pb2.Phase.ValueType,
    name: str,
    grade: Grade,
) -> None:
    fake.phase = phase
    found, status = backend.look(client, fake.address)
    assert (found.name, found.grade, status) == (name, grade, None)


# Files


def upload_findings(client: Client, folder: Path, **changes: Any) -> list[str]:
    roomy = {"media_bytes_limit": 10 * GB, "disk_bytes_free": 99 * GB} | changes
    limits = status_of(client).limits
    return names(upload.look(client, figures(**roomy), limits, folder, own_history=True))


def test_a_document_goes_all_the_way(client: Client, fake: FakeBackend, tmp_path: Path) -> None:
    assert upload_findings(client, tmp_path) == ["upload_good"]
    assert fake.uploads == ["probe.pdf"]
    assert fake.media == {}, "it was forgotten again"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"media_bytes": 10 * GB}, "upload_quota_full"),
        ({"media_bytes": 9 * GB}, "upload_quota_nearly"),
        ({"disk_bytes_free": GB}, "upload_disk"),
    ],
)
def test_room(client: Client, tmp_path: Path, changes: dict[str, int], name: str) -> None:
    assert upload_findings(client, tmp_path, **changes) == [name]


def test_a_full_disk_is_bad_and_a_filling_one_poor(client: Client, tmp_path: Path) -> None:
    grades = []
    for free in (upload.LITTLE - 1, upload.SOME - 1):
        stats = figures(disk_bytes_free=free)
        limits = status_of(client).limits
        (found,) = upload.look(client, stats, limits, tmp_path, own_history=False)
        grades.append(found.grade)
    assert grades == [Grade.BAD, Grade.POOR]


def test_a_data_folder_that_is_closed(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "data"
    monkeypatch.setattr(os, "access", lambda path, mode: path != closed)
    closed.mkdir()
    assert upload_findings(client, closed) == ["upload_history_closed"]


def test_workers_that_do_not_read(client: Client, fake: FakeBackend, tmp_path: Path) -> None:
    class Unread(Client):
        def page(self, *args: Any, **options: Any) -> Any:
            raise BackendError("internal", "The worker has ended.")

    broken = Unread(fake.address)
    assert upload_findings(broken, tmp_path) == ["upload_unread"]
    assert fake.media == {}, "it was forgotten all the same"
    broken.close()


def test_other_words_than_were_written(fake: FakeBackend, tmp_path: Path) -> None:
    class Mixed(Client):
        def page(self, *args: Any, **options: Any) -> Any:
            return super().page(*args, **(options | {"words": False}))

    mixed = Mixed(fake.address)
    assert upload_findings(mixed, tmp_path) == ["upload_unread"]
    mixed.close()


def test_a_document_that_is_not_taken(fake: FakeBackend, tmp_path: Path) -> None:
    class Full(Client):
        def put(self, *args: Any, **options: Any) -> Any:
            raise BackendError("too_large", "There is no room.", code="storage_unavailable")

    full = Full(fake.address)
    assert upload_findings(full, tmp_path) == ["upload_refused"]
    full.close()


# Memory


@pytest.mark.parametrize(
    ("left", "grade"), [(memory.LITTLE - 1, Grade.BAD), (memory.SOME - 1, Grade.POOR)]
)
def test_little_memory(left: int, grade: Grade) -> None:
    (found,) = memory.look(figures(available_bytes=left, memory_bytes=GB))
    assert (found.name, found.grade) == ("memory_machine", grade)
    assert names((found,))


def test_memory_that_suffices_or_is_not_known() -> None:
    for left in (0, 8 * GB):
        assert names(memory.look(figures(available_bytes=left))) == ["memory_good"]


def test_answers_sent_back() -> None:
    stats = figures(preemptions=9, requests={"stop": 100, "refused": 900})
    assert names(memory.look(stats)) == ["memory_blocks"]
    assert names(memory.look(figures(preemptions=2))) == ["memory_good"]


# Speed


def speed_findings(client: Client, stats: Stats | None = None) -> list[str]:
    return names(speed.look(client, status_of(client), stats or figures()))


def test_an_answer_in_time(client: Client, fake: FakeBackend) -> None:
    assert speed_findings(client) == ["speed_good"]
    asked = fake.requests[-1]
    assert asked.sampling.max_tokens == 1
    assert not asked.use_answer_cache
    assert fake.owners == ["doctor"]


def test_a_late_answer_and_its_causes(
    client: Client, fake: FakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "SLOW", 0.1)
    fake.start_delay = 0.3
    stats = figures(queued=9, running=2, threads=8, cores=2)
    assert speed_findings(client, stats) == ["speed_slow", "speed_queue", "speed_threads"]


def test_no_answer(client: Client, fake: FakeBackend) -> None:
    fake.refusals.append(Refusal("queue_full", "The queue is full.", "queue_full"))
    (found,) = speed.look(client, status_of(client), figures())
    assert (found.name, found.grade) == ("speed_no_answer", Grade.BAD)
    assert found.values["detail"] == "The queue is full."


def test_an_answer_that_breaks_off(client: Client, fake: FakeBackend) -> None:
    fake.fail_after = 0
    assert speed_findings(client) == ["speed_no_answer"]


def test_a_large_model_on_the_processor(client: Client, fake: FakeBackend) -> None:
    fake.parameters = 9 * GB
    assert speed_findings(client) == ["speed_device"]


def test_a_cache_that_is_pushed_out(client: Client) -> None:
    cold = figures(caches={"prefix": CacheFigures(10, 50_000, 0.0, 7)})
    assert speed_findings(client, cold) == ["speed_cache"]
    kept = figures(caches={"prefix": CacheFigures(10, 50_000, 0.0, 0)})
    assert speed_findings(client, kept) == ["speed_good"]


# All of it


def test_everything_is_looked_at(client: Client, fake: FakeBackend, tmp_path: Path) -> None:
    settings = Settings(backend_address=fake.address, data_dir=tmp_path)
    with Site() as site:
        place = Place("127.0.0.1", site.port, "", "localhost")
        found = examination.examine(client, settings, place)
        assert {one.check.value for one in found} == {
            "page",
            "backend",
            "upload",
            "memory",
            "speed",
        }
        assert is_well(found)
        fake.stop()
        found = examination.examine(client, settings, place)
        assert names(found) == ["page_good", "backend_away"]
        assert not is_well(found)
        fake.start()
