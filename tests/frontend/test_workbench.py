"""The page's jobs: what becomes of dropped files, and of a reviewer's word."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from frontend.history.history import History
from frontend.history.review import Review
from frontend.history.work import Work
from frontend.history.work_records import JobState
from frontend.messages import BackendError, FileRef
from frontend.workbench import Workbench
from frontend.workflows import presets
from frontend.workflows.fields import FieldList, Language

OWNER = "local"
FIELDS = presets.preset("nda")
assert FIELDS is not None
NDA: FieldList = FIELDS


class Backend:
    """Takes files, unless they say how they are to be refused, and has them then."""

    def __init__(self) -> None:
        self.stored: dict[str, FileRef] = {}

    def put(self, owner: str, data: bytes, filename: str) -> FileRef:
        if data.startswith(b"refuse "):
            raise BackendError(data.split()[1].decode(), "It is refused.", code="invalid_file")
        sha256 = hashlib.sha256(data).hexdigest()
        self.stored[sha256] = FileRef(sha256, "document", "application/pdf", len(data), 2)
        return self.stored[sha256]

    def has(self, owner: str, hashes: Sequence[str]) -> list[FileRef]:
        return [self.stored[sha256] for sha256 in hashes if sha256 in self.stored]


class Bell:
    """Counts."""

    def __init__(self) -> None:
        self.rung = 0
        self.stopped: list[str] = []

    def ring(self) -> None:
        self.rung += 1

    def stop(self, owner: str, job: str) -> None:
        self.stopped.append(job)


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def backend() -> Backend:
    return Backend()


@pytest.fixture
def bench(backend: Backend, history: History, bell: Bell) -> Workbench:
    return Workbench(backend, history, bell, OWNER)


def heard(done: int, of: int) -> None:
    assert done <= of


def test_files_that_are_refused_do_not_stop_the_others(bench: Workbench, bell: Bell) -> None:
    files = [(b"one", "1.pdf"), (b"refuse bad_input", "2.pdf"), (b"three", "3.pdf")]
    begun = bench.begin("Pile", NDA, None, files, heard)
    assert [(one.filename, one.code) for one in begun.refused] == [("2.pdf", "invalid_file")]
    assert begun.job is not None
    sheet = bench.sheet(begun.job)
    assert sheet is not None
    assert [file.filename for file in sheet.files] == ["1.pdf", "3.pdf"]
    assert (sheet.pages, sheet.pages_done, sheet.is_open) == (4, 0, True)
    assert bell.rung == 1


def test_files_that_are_here_already_are_not_handed_over_again(
    bench: Workbench, backend: Backend
) -> None:
    bench.begin("Pile", NDA, None, [(b"one", "1.pdf"), (b"two", "2.pdf")], heard)
    known = bench.known_files()
    assert sorted(one.filename for one in known) == ["1.pdf", "2.pdf"]
    one, two = sorted(known, key=lambda known: known.filename)
    del backend.stored[two.file.sha256]  # the backend lost it
    begun = bench.begin("Another", NDA, None, [two, (b"three", "3.pdf"), one], heard)
    assert [(one.filename, one.code) for one in begun.refused] == [("2.pdf", "file_gone")]
    assert begun.job is not None
    sheet = bench.sheet(begun.job)
    assert sheet is not None
    assert [file.filename for file in sheet.files] == ["3.pdf", "1.pdf"]


def test_a_job_without_files_is_none(bench: Workbench) -> None:
    begun = bench.begin("Pile", NDA, None, [(b"refuse bad_input", "1.pdf")], heard)
    assert begun.job is None
    assert bench.jobs() == ()


def test_while_the_backend_is_away_nothing_is_begun(bench: Workbench) -> None:
    files = [(b"one", "1.pdf"), (b"refuse unavailable", "2.pdf")]
    with pytest.raises(BackendError):
        bench.begin("Pile", NDA, None, files, heard)
    assert bench.jobs() == ()


def test_the_same_files_and_fields_are_the_same_job(bench: Workbench) -> None:
    first = bench.begin("Pile", NDA, None, [(b"one", "1.pdf")], heard)
    again = bench.begin("Pile", NDA, None, [(b"one", "1.pdf")], heard)
    other = bench.begin("Pile", NDA, None, [(b"one", "1.pdf"), (b"two", "2.pdf")], heard)
    assert again.job == first.job != other.job


def test_own_lists_come_first_and_replace_those_of_their_name(
    bench: Workbench, history: History
) -> None:
    review = Review(history.database)
    review.save_fields(OWNER, "nda", NDA.to_json().replace("Non-disclosure agreement", "Ours"))
    review.save_fields(OWNER, "broken", "{")
    lists = bench.lists.offered(Language.CHINESE)
    assert [one.title for one in lists[:2]] == ["Ours", "服务合同"]
    assert len(lists) == len(presets.NAMES)


def test_deleting_stops_first(bench: Workbench, bell: Bell, history: History) -> None:
    job = bench.begin("Pile", NDA, None, [(b"one", "1.pdf")], heard).job
    assert job is not None
    bench.delete(job)
    assert bell.stopped == [job]
    assert bench.sheet(job) is None
    assert history.erasures(OWNER) == (hashlib.sha256(b"one").hexdigest(),)


def test_a_stopped_job_is_rung_for_when_it_goes_on(
    bench: Workbench, bell: Bell, history: History
) -> None:
    job = bench.begin("Pile", NDA, None, [(b"one", "1.pdf")], heard).job
    assert job is not None
    Work(history.database).stop(OWNER, job)
    bench.resume(job)
    sheet = bench.sheet(job)
    assert sheet is not None
    assert sheet.job.state is JobState.RUNNING
    assert bell.rung == 2


def test_two_versions_are_a_job_of_their_own(bench: Workbench) -> None:
    files = [(b"one", "1.pdf"), (b"two", "2.pdf")]
    pile = bench.begin("Pile", NDA, None, files, heard)
    versions = bench.begin("Versions", NDA, None, files, heard, versions=True)
    again = bench.begin("Versions", NDA, None, files, heard, versions=True)
    assert pile.job != versions.job == again.job
    assert versions.job is not None
    sheet = bench.sheet(versions.job)
    assert sheet is not None
    assert sheet.versions is not None
    assert sheet.versions.comparison is None
    assert sheet.changed_fields == ()
    refused = bench.begin(
        "Versions", NDA, None, [files[0], (b"refuse bad_input", "2.pdf")], heard, versions=True
    )
    assert refused.job is None
    assert [one.filename for one in refused.refused] == ["2.pdf"]
