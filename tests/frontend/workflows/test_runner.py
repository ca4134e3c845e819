"""Jobs at work: whatever becomes of single files, of the backend or of the process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from frontend.history.claims import Claims
from frontend.history.comparisons import Comparisons
from frontend.history.history import History
from frontend.history.summaries import KeptSummary, Summaries
from frontend.history.work import Work
from frontend.history.work_records import FileState, JobState, WorkJob
from frontend.messages import BackendError, FileRef
from frontend.workflows import comparison, findings, summary
from frontend.workflows.fields import Field, FieldList, Kind, Language
from frontend.workflows.findings import State
from frontend.workflows.runner import Runner
from tests.fakes.reader import FakeReader, Reply
from tests.fakes.waiting import PATIENCE, wait_until

OWNER = "local"
ROOT = Path(__file__).resolve().parents[3]
FIELDS = FieldList(
    "t", "T", Language.ENGLISH, (Field("term", "How long?", Kind.DURATION),)
).to_json()


def contract(number: int) -> str:
    return f"Agreement number {number}.\nIt lasts for {number} years."


def reply(instruction: str) -> dict[str, Any]:
    return {"term": None}


class Desk:
    """A job's reader, runner and records."""

    def __init__(self, history: History, reply: Reply) -> None:
        self.reader = FakeReader(reply)
        self.work = Work(history.database)
        self.runner = Runner(self.reader, history.database)

    def create(self, *pages: str) -> str:
        files = [
            (self.reader.add(page), f"{number}.pdf") for number, page in enumerate(pages, start=1)
        ]
        job = self.work.create(OWNER, "job", FIELDS, {}, files)
        self.runner.ring()
        return job

    def job(self, job: str) -> WorkJob:
        kept = self.work.job(OWNER, job)
        assert kept is not None
        return kept

    def ended(self, job: str) -> WorkJob:
        wait_until(lambda: self.job(job).state is JobState.FINISHED)
        return self.job(job)


@pytest.fixture
def desk(history: History) -> Iterator[Desk]:
    desk = Desk(history, lambda text: {"term": text.split("lasts for ")[1].split(".")[0]})
    desk.runner.start()
    yield desk
    desk.runner.close()


def test_every_file_of_a_job_is_worked_on(desk: Desk) -> None:
    job = desk.create(*(contract(number) for number in range(1, 6)))
    assert desk.ended(job).counts == {FileState.DONE: 5}
    for number, file in enumerate(desk.work.files(OWNER, job), start=1):
        assert file.result is not None
        finding = findings.read(file.result).findings[0]
        assert (finding.state, finding.values[0].said) == (State.FOUND, f"{number} years")
        assert file.pages_read == 1


def test_work_that_comes_while_somebody_looks_for_some_is_not_left_until_later(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.workflows.runner._IDLE_SECONDS", 600)
    desk = Desk(history, reply)
    find, jobs = Claims.waits, list[str]()

    def comes_late(claims: Claims, only: Any = None) -> bool:
        waits = find(claims, only)
        if not jobs:
            jobs.append("")
            jobs[0] = desk.create(contract(1))  # which rings, and nobody waits for it yet
        return waits

    desk.runner = Runner(desk.reader, history.database, threads=1)
    monkeypatch.setattr(Claims, "waits", comes_late)
    desk.runner.start()
    try:
        wait_until(lambda: bool(jobs and jobs[0]))
        assert desk.ended(jobs[0]).counts == {FileState.DONE: 1}
    finally:
        desk.runner.close()


def test_a_bad_file_is_marked_and_the_others_go_on(desk: Desk) -> None:
    good, broken = desk.reader.add(contract(2)), desk.reader.add("It lasts for it")
    lost = FileRef("f" * 64, "document", "application/pdf", 9, 1)
    desk.reader.unreadable = frozenset({(broken.sha256, 1)})
    files = [(broken, "broken.pdf"), (lost, "lost.pdf"), (good, "good.pdf")]
    job = desk.work.create(OWNER, "job", FIELDS, {}, files)
    desk.ended(job)
    first, second, third = desk.work.files(OWNER, job)
    assert (first.state, first.error) == (FileState.FAILED, "Page 1 of the PDF is damaged.")
    assert (second.state, second.error_code) == (FileState.FAILED, "not_found")
    assert third.state is FileState.DONE
    desk.reader.unreadable = frozenset()
    assert desk.work.retry(OWNER, first.id)
    desk.runner.ring()
    desk.ended(job)
    assert desk.work.files(OWNER, job)[0].state is FileState.DONE


def test_a_mistake_of_ours_is_that_files_only(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    job = desk.create("no such words here", contract(3))
    desk.ended(job)
    broken, fine = desk.work.files(OWNER, job)
    assert (broken.error_code, broken.error) == ("internal_error", "Something went wrong.")
    assert fine.state is FileState.DONE
    assert "broke" in caplog.text


def test_while_the_backend_is_away_nothing_fails(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.workflows.runner._AWAY_SECONDS", 0.01)
    away = iter([True] * 7)

    def sometimes(instruction: str) -> object:
        if next(away, False):
            return BackendError("unavailable", "It is away.", retry_after=1)
        return {"term": None}

    desk = Desk(history, sometimes)
    desk.runner.start()
    job = desk.create(contract(1), contract(2))
    assert desk.ended(job).counts == {FileState.DONE: 2}
    desk.runner.close()


def test_stopping_ends_a_job_at_once_and_resuming_does_only_the_rest(history: History) -> None:
    hold = threading.Event()
    hold.set()

    def held(instruction: str) -> dict[str, Any]:
        hold.wait(PATIENCE)
        return {"term": None}

    desk = Desk(history, held)
    desk.runner.start()
    job = desk.create(*(contract(number) for number in range(1, 9)))
    wait_until(lambda: desk.job(job).counts.get(FileState.DONE, 0) >= 2)
    hold.clear()
    desk.runner.stop(OWNER, job)
    hold.set()
    kept = desk.job(job)
    assert kept.state is JobState.STOPPED
    done = kept.counts[FileState.DONE]
    time.sleep(0.1)
    assert desk.job(job).counts[FileState.DONE] == done
    desk.work.resume(OWNER, job)
    desk.runner.ring()
    assert desk.ended(job).counts == {FileState.DONE: 8}
    desk.runner.close()


def test_two_jobs_advance_together(history: History) -> None:
    desk = Desk(history, reply)
    long = desk.create(*(contract(number) for number in range(20)))
    short = desk.create(*(contract(number) for number in range(20, 25)))
    desk.runner.start()
    desk.ended(short)
    assert desk.job(long).open > 0
    desk.ended(long)
    desk.runner.close()


def test_a_job_whose_fields_cannot_be_read_fails_in_words(history: History) -> None:
    desk = Desk(history, reply)
    desk.runner.start()
    job = desk.work.create(OWNER, "job", "{}", {}, [(desk.reader.add(contract(1)), "1.pdf")])
    desk.ended(job)
    (file,) = desk.work.files(OWNER, job)
    assert (file.error_code, file.error) == ("invalid_fields", "`fields` must be a list.")
    desk.runner.close()


KILLED = """
import json, sys, time
from pathlib import Path
from frontend.history.history import History
from frontend.workflows.runner import Runner
from tests.fakes.reader import FakeReader
from tests.fakes.waiting import PATIENCE, wait_until

asked = Path(sys.argv[2])

def reply(text):
    number = text.split("number ")[1].split(".")[0]
    with asked.open("a") as log:
        log.write(number + "\\n")
    time.sleep(0.02)
    return {"term": number + " years"}

history = History(sys.argv[1])
reader = FakeReader(reply)
for number in range(40):
    reader.add(f"Agreement number {number}.\\nIt lasts for {number} years.")
runner = Runner(reader, history.database, gone_after=1.0)
runner.start()
time.sleep(60)
"""


def test_kill_9_in_the_middle_loses_nothing_and_repeats_no_finished_file(tmp_path: Path) -> None:
    url, asked = f"sqlite:///{tmp_path / 'history.sqlite3'}", tmp_path / "asked"
    history = History(url)
    desk = Desk(history, reply)
    job = desk.create(*(contract(number) for number in range(40)))
    command = [sys.executable, "-c", KILLED, url, str(asked)]
    victim = subprocess.Popen(command, cwd=ROOT)
    wait_until(lambda: desk.job(job).counts.get(FileState.DONE, 0) >= 8)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    done = {file.id for file in desk.work.files(OWNER, job) if file.state is FileState.DONE}
    assert 8 <= len(done) < 40
    again = subprocess.Popen(command, cwd=ROOT)
    wait_until(lambda: desk.job(job).state is JobState.FINISHED, 40)
    again.terminate()
    again.wait()
    files = desk.work.files(OWNER, job)
    assert [file.state for file in files] == [FileState.DONE] * 40
    for number, file in enumerate(files):
        assert file.result is not None
        assert findings.read(file.result).findings[0].raw == (f"{number} years",)
    times = Counter(asked.read_text().split())
    repeated = {int(number) for number, count in times.items() if count > 1}
    assert len(repeated) <= 2, "only what was under way when it was killed"
    assert not {files[number].id for number in repeated} & done
    history.close()


def summed_up(history: History, job: str) -> tuple[KeptSummary, ...]:
    return Summaries(history.database).of_job(OWNER, job)


def test_summaries_that_people_want_are_made_and_kept(desk: Desk, history: History) -> None:
    job = desk.create(contract(3))
    desk.ended(job)
    (file,) = desk.work.files(OWNER, job)
    for about in ("dates", "dates", "risks"):
        Summaries(history.database).want(OWNER, [file.id], about, "en")
    Summaries(history.database).want("someone", [file.id], "clauses", "en")
    desk.reader.reply = lambda _: "The agreement lasts for 3 years."
    desk.runner.ring()
    wait_until(lambda: not any(one.is_open for one in summed_up(history, job)))
    dates, risks = summed_up(history, job)
    assert dates.content is not None
    assert risks.content is not None
    made = summary.read(dates.content)
    assert made.text() == "Periods and deadlines\n- 3 years: “It lasts for 3 years.” [p. 1]"
    assert summary.read(risks.content).statements == ()
    desk.work.delete(OWNER, job)
    assert summed_up(history, job) == ()


def test_a_summary_that_fails_says_why_and_can_be_wanted_again(
    desk: Desk, history: History
) -> None:
    job = desk.create(contract(3))
    desk.ended(job)
    (file,) = desk.work.files(OWNER, job)
    wanted = Summaries(history.database)
    desk.reader.reply = lambda _: BackendError("bad_input", "Too long.", code="too_long")
    wanted.want(OWNER, [file.id], "clauses", "en")
    desk.runner.ring()
    wait_until(lambda: not summed_up(history, job)[0].is_open)
    assert (summed_up(history, job)[0].error_code, summed_up(history, job)[0].error) == (
        "too_long",
        "Too long.",
    )
    desk.reader.reply = lambda _: "It lasts for 3 years."
    wanted.want(OWNER, [file.id], "clauses", "en")
    desk.runner.ring()
    wait_until(lambda: summed_up(history, job)[0].content is not None)


def test_a_summary_of_a_dead_runner_is_made_by_the_next_one(history: History) -> None:
    desk = Desk(history, lambda _: "It lasts for 3 years.")
    job = desk.create(contract(3))
    desk.runner.start()
    desk.ended(job)
    desk.runner.close()
    (file,) = desk.work.files(OWNER, job)
    summaries = Summaries(history.database)
    summaries.want(OWNER, [file.id], "clauses", "en")
    assert summaries.claim("dead") is not None
    assert summaries.claim("other") is None
    runner = Runner(desk.reader, history.database)
    runner.start()
    wait_until(lambda: summed_up(history, job)[0].content is not None)
    runner.close()
    assert not summaries.waits()


def test_files_and_summaries_do_not_keep_each_other_waiting(history: History) -> None:
    """One thread makes summaries, the other goes on with the files."""
    gate = threading.Event()

    def slow(text: str) -> object:
        if "three key clauses" in text:
            gate.wait(PATIENCE)
            return "It lasts for 3 years."
        return {"term": None}

    desk = Desk(history, slow)
    first = desk.create(contract(1), contract(2))
    desk.runner.start()
    desk.ended(first)
    files = [file.id for file in desk.work.files(OWNER, first)]
    Summaries(history.database).want(OWNER, files, "clauses", "en")
    desk.runner.ring()
    wait_until(lambda: len(desk.reader.asked) == 3)
    second = desk.create(*(contract(number) for number in range(5, 9)))
    assert desk.ended(second).counts == {FileState.DONE: 4}
    assert all(one.is_open for one in summed_up(history, first))
    gate.set()
    wait_until(lambda: not any(one.is_open for one in summed_up(history, first)))
    desk.runner.close()


def compared(desk: Desk, *texts: str) -> str:
    files = [(desk.reader.add(*text.split("|")), f"{text[:5]}.pdf") for text in texts]
    job = desk.work.create(OWNER, "job", FIELDS, {}, files, versions=True)
    desk.runner.ring()
    return job


def test_a_new_version_waits_for_the_old_one_and_is_asked_about_where_it_changed(
    history: History,
) -> None:
    desk = Desk(history, lambda text: {"term": re.findall(r"\d years", text)[0]})
    job = compared(desk, "First page.|It lasts for 3 years.", "First page.|It lasts for 5 years.")
    claims = Claims(history.database)
    claims.seen(["one", "two"])
    assert claims.claim("one") is not None
    assert claims.claim("two") is None
    assert not claims.waits()
    claims.leave(["one"])
    desk.runner.start()
    assert desk.ended(job).counts == {FileState.DONE: 2}
    desk.runner.close()
    assert [asked.files[0].pages for asked in desk.reader.asked] == [(), (2,)]
    _, new = desk.work.files(OWNER, job)
    assert new.result is not None
    assert findings.read(new.result).findings[0].shown == "5 years"
    kept = Comparisons(history.database).of_job(OWNER, job)
    assert kept is not None
    assert kept.content is not None
    (change,) = comparison.read(kept.content).clauses
    assert change.new is not None
    assert change.new.text == "It lasts for 5 years."


def test_a_version_without_an_old_one_that_can_be_read_says_so(desk: Desk) -> None:
    broken = desk.reader.add("It lasts for 3 years.")
    desk.reader.unreadable = frozenset({(broken.sha256, 1)})
    files = [(broken, "old.pdf"), (desk.reader.add("It lasts for 5 years."), "new.pdf")]
    job = desk.work.create(OWNER, "job", FIELDS, {}, files, versions=True)
    desk.runner.ring()
    assert desk.ended(job).counts == {FileState.FAILED: 2}
    assert desk.work.files(OWNER, job)[1].error_code == "old_version_failed"
