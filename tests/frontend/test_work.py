"""Jobs in the database: every file is worked on once, whoever dies, and fairly between jobs."""

from __future__ import annotations

import pytest

from frontend.history.claims import MOST_ATTEMPTS, Claims
from frontend.history.history import History
from frontend.history.review import Review
from frontend.history.work import Work
from frontend.history.work_records import FileState, JobState, WorkFile
from frontend.messages import FileRef

OWNER = "local"


def refs(count: int) -> list[tuple[FileRef, str]]:
    return [
        (FileRef(f"{number:064x}", "document", "application/pdf", 1000, 5), f"{number}.pdf")
        for number in range(count)
    ]


@pytest.fixture
def work(history: History) -> Work:
    return Work(history.database)


@pytest.fixture
def claims(history: History) -> Claims:
    return Claims(history.database)


def create(work: Work, files: int, title: str = "job") -> str:
    return work.create(OWNER, title, "{}", {"quotes": True}, refs(files))


def claimed(claims: Claims, runner: str = "r1") -> WorkFile:
    file = claims.claim(runner)
    assert file is not None
    return file


def test_a_job_ends_when_each_of_its_files_has(work: Work, claims: Claims) -> None:
    job = create(work, 2)
    first = claimed(claims)
    assert claims.progress("r1", first.id, 3)
    assert work.files(OWNER, job)[0].pages_read == 3
    assert claims.finish("r1", first.id, '{"a": 1}')
    second = claimed(claims)
    assert claims.fail("r1", second.id, "pdf_encrypted", "The PDF is encrypted.")
    assert claims.claim("r1") is None
    kept = work.job(OWNER, job)
    assert kept is not None
    assert kept.state is JobState.FINISHED
    assert (kept.files, kept.open) == (2, 0)
    assert dict(kept.counts) == {FileState.DONE: 1, FileState.FAILED: 1}
    done, failed = work.files(OWNER, job)
    assert (done.result, done.file.pages, done.filename) == ('{"a": 1}', 5, "0.pdf")
    assert (failed.error_code, failed.error) == ("pdf_encrypted", "The PDF is encrypted.")
    assert claims.terms(job) == (OWNER, "{}", {"quotes": True})


def test_a_file_is_claimed_once(work: Work, claims: Claims) -> None:
    create(work, 1)
    claimed(claims, "r1")
    assert claims.claim("r2") is None


def test_jobs_are_served_in_turns(work: Work, claims: Claims) -> None:
    long, short = create(work, 9), create(work, 3)
    served = [claimed(claims, f"r{number}").job for number in range(6)]
    assert sorted(served[:2]) == sorted([long, short])
    assert served.count(short) == 3
    assert claimed(claims, "r6").job == long


def test_turns_are_kept_by_a_single_runner_too(work: Work, claims: Claims) -> None:
    create(work, 3)
    create(work, 3)
    served = []
    for _ in range(4):
        file = claimed(claims)
        served.append(file.job)
        claims.finish("r1", file.id, "{}")
    assert served[0] != served[1]
    assert served[2] != served[3]


def test_a_runner_may_serve_some_jobs_only(work: Work, claims: Claims) -> None:
    create(work, 1)
    wanted = create(work, 1)
    file = claims.claim("r1", jobs=[wanted])
    assert file is not None
    assert file.job == wanted
    assert claims.claim("r1", jobs=[wanted]) is None


def test_stopping_takes_back_what_was_claimed_and_resuming_goes_on(
    work: Work, claims: Claims
) -> None:
    job = create(work, 2)
    file = claimed(claims)
    work.stop(OWNER, job)
    assert not claims.holds("r1", file.id)
    assert not claims.finish("r1", file.id, '{"late": 1}'), "nothing of it is kept"
    assert claims.claim("r1") is None
    assert [one.state for one in work.files(OWNER, job)] == [FileState.WAITING] * 2
    work.resume(OWNER, job)
    assert claimed(claims).id == file.id


def test_what_a_dead_runner_held_waits_again_and_what_a_living_one_holds_does_not(
    work: Work, claims: Claims
) -> None:
    create(work, 2)
    dead, living = claimed(claims, "dead"), claimed(claims, "living")
    claims.seen(["living"])
    assert claims.recover() == 1
    assert claims.holds("living", living.id)
    assert claimed(claims, "heir").id == dead.id
    assert not claims.finish("dead", dead.id, "{}"), "it is the heir's now"
    assert claims.finish("heir", dead.id, "{}")


def test_a_runner_that_falls_silent_is_taken_for_dead(work: Work, claims: Claims) -> None:
    create(work, 1)
    claimed(claims, "r1")
    claims.seen(["r1"])
    assert claims.recover(gone_after=60) == 0
    assert claims.recover(gone_after=0) == 1


def test_a_file_that_kills_its_runner_again_and_again_is_given_up(
    work: Work, claims: Claims
) -> None:
    job = create(work, 1)
    for attempt in range(MOST_ATTEMPTS):
        assert claimed(claims, f"victim-{attempt}").position == 0
        assert claims.recover() == 1
    assert claims.claim("r1") is None
    (file,) = work.files(OWNER, job)
    assert (file.state, file.error_code) == (FileState.FAILED, "gave_up")
    kept = work.job(OWNER, job)
    assert kept is not None
    assert kept.state is JobState.FINISHED


def test_breaking_off_in_good_order_is_no_attempt(work: Work, claims: Claims) -> None:
    create(work, 1)
    for _ in range(2 * MOST_ATTEMPTS):
        assert claims.release("r1", claimed(claims).id)
    claimed(claims)
    claims.leave(["r1"])
    assert claims.recover() == 0
    assert claimed(claims).attempts <= 1


def test_one_file_can_be_tried_again(work: Work, claims: Claims) -> None:
    job = create(work, 1)
    file = claimed(claims)
    assert not work.retry(OWNER, file.id), "it has not ended"
    claims.fail("r1", file.id, "internal_error", "Broken.")
    assert not work.retry("somebody else", file.id)
    assert work.retry(OWNER, file.id)
    again = claimed(claims)
    assert (again.id, again.error) == (file.id, "")
    claims.finish("r1", file.id, "{}")
    kept = work.job(OWNER, job)
    assert kept is not None
    assert kept.state is JobState.FINISHED


def test_jobs_are_their_owners(work: Work) -> None:
    job = create(work, 1)
    assert work.job("somebody else", job) is None
    assert work.files("somebody else", job) == ()
    work.stop("somebody else", job)
    work.delete("somebody else", job)
    work.rename("somebody else", job, "Mine")
    kept = work.job(OWNER, job)
    assert kept is not None
    assert kept.state is JobState.RUNNING
    assert kept.title != "Mine"
    work.rename(OWNER, job, "Leases")
    assert [one.title for one in work.jobs(OWNER)] == ["Leases"]
    assert [one.id for one in work.jobs(OWNER)] == [job]


def test_a_deleted_job_takes_its_files_along(work: Work, claims: Claims, history: History) -> None:
    job = create(work, 1)
    file = claimed(claims)
    Review(history.database).correct(OWNER, file.id, "term", "1 year", reviewer="Ada")
    work.delete(OWNER, job)
    assert work.jobs(OWNER) == ()
    assert not claims.finish("r1", file.id, "{}")


def test_files_are_marked_for_erasure_when_neither_job_nor_conversation_has_them(
    work: Work, history: History
) -> None:
    first, second = create(work, 2), create(work, 1)
    zero, one = (file for file, _ in refs(2))
    work.delete(OWNER, first)
    assert history.erasures(OWNER) == (one.sha256,), "the second job still has the other"
    again = create(work, 2)
    assert history.erasures(OWNER) == (), "it is used again"
    history.attach(OWNER, "c1", zero, "0.pdf")
    work.delete(OWNER, again)
    work.delete(OWNER, second)
    assert history.erasures(OWNER) == (one.sha256,)
    history.delete(OWNER, "c1")
    assert set(history.erasures(OWNER)) == {zero.sha256, one.sha256}


def test_a_conversations_file_stays_while_a_job_has_it(work: Work, history: History) -> None:
    ((file, name),) = refs(1)
    history.attach(OWNER, "c1", file, name)
    create(work, 1)
    history.delete(OWNER, "c1")
    assert history.erasures(OWNER) == ()


def test_corrections_stand_beside_the_models_values(
    work: Work, claims: Claims, history: History
) -> None:
    review = Review(history.database)
    job = create(work, 1)
    file = claimed(claims)
    claims.finish("r1", file.id, '{"term": "2 years"}')
    assert review.correct(OWNER, file.id, "term", "3 years", reviewer="Ada")
    assert review.correct(OWNER, file.id, "term", "4 years", reviewer="Bo"), "the last one counts"
    assert review.correct(OWNER, file.id, "party", None, reviewer="Bo")
    assert not review.correct("somebody else", file.id, "term", "9 years", reviewer="Eve")
    told = review.corrections(OWNER, job)[file.id]
    assert (told["term"].value, told["term"].reviewer) == ("4 years", "Bo")
    assert told["party"].value is None
    assert work.files(OWNER, job)[0].result == '{"term": "2 years"}'
    review.uncorrect(OWNER, file.id, "term")
    assert set(review.corrections(OWNER, job)[file.id]) == {"party"}


def test_own_lists_of_fields_are_kept_by_name(history: History) -> None:
    review = Review(history.database)
    review.save_fields(OWNER, "mine", "{1}")
    review.save_fields(OWNER, "mine", "{2}")
    review.save_fields("somebody else", "theirs", "{3}")
    assert review.own_fields(OWNER) == {"mine": "{2}"}
    review.forget_fields(OWNER, "mine")
    assert review.own_fields(OWNER) == {}
