"""A history made by an older version opens in this one, whole; one of a newer version is left."""

from __future__ import annotations

import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from frontend.history import tables, upgrading, work_tables
from frontend.history.catalogue import Catalogue
from frontend.history.claims import Claims
from frontend.history.comparisons import Comparisons
from frontend.history.earlier import EarlierAnswers
from frontend.history.history import History
from frontend.history.records import State
from frontend.history.review import Review
from frontend.history.summaries import Summaries
from frontend.history.upgrading import SCHEMA_VERSION, SchemaTooNew, UpgradeFailed
from frontend.history.work import Work
from frontend.history.work_records import FileState
from frontend.workflows import comparison, fields, findings, summary
from tests.fakes.disk import full
from tests.fakes.released import rows, write_release

OWNER = "local"
ROOT = Path(__file__).parents[2]
MIGRATIONS = ROOT / "frontend" / "history" / "migrations"
LEASE = "5f0c6d5c8c6d4a0e9a3a0d7f4b1e2a01"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite3"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def released(path: Path, url: str) -> Iterator[History]:
    """The first release's history, opened."""
    write_release(path, 1)
    history = History(url)
    yield history
    history.close()


def copies(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.schema-*"))


def structure(path: Path) -> dict[str, object]:
    """Tables with their columns, keys and indexes, whatever the words they were made with."""
    engine = sa.create_engine(f"sqlite:///{path}")
    found: dict[str, object] = {}
    for name in sorted(set((looked := sa.inspect(engine)).get_table_names()) - {"alembic_version"}):
        columns = [{**one, "type": str(one["type"])} for one in looked.get_columns(name)]
        keys = sorted(looked.get_foreign_keys(name), key=repr)
        unique = sorted(looked.get_unique_constraints(name), key=repr)
        indexes = sorted(
            (str(one["name"]), one["column_names"]) for one in looked.get_indexes(name)
        )
        found[name] = (columns, looked.get_pk_constraint(name), keys, unique, indexes)
    engine.dispose()
    return found


def with_revision(
    monkeypatch: pytest.MonkeyPatch, folder: Path, body: str, number: int = SCHEMA_VERSION + 1
) -> None:
    """Lets this version have one more revision."""
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"r{number:04}_more.py").write_text(
        "import os, signal\nimport sqlalchemy as sa\nfrom alembic import op\n"
        f'revision = "{number:04}"\ndown_revision = "{number - 1:04}"\n'
        f"def upgrade():\n    {body}\n"
    )
    monkeypatch.setattr(upgrading, "MIGRATIONS", str(folder))
    monkeypatch.setattr(upgrading, "SCHEMA_VERSION", number)


def test_conversations_of_the_first_release_are_there(released: History) -> None:
    lease, supply = released.conversations(OWNER)
    assert (lease.title, lease.pinned) == ("租金是多少,何时支付?", True)
    assert supply.title == "Which law governs?"
    question, answer, _, deposit = released.messages(OWNER, LEASE)
    assert question.text == "租金是多少,何时支付?"
    assert answer.text == "月租金为人民币 12,000 元,每月 5 日前支付。[第 2 页]"
    assert answer.receipt is not None
    assert (answer.receipt.seed, answer.receipt.boxes[0].label) == (11, "租金")
    assert answer.replay is not None
    assert answer.replay.same
    assert deposit.parameters is not None
    assert deposit.parameters["temperature"] == 0.7
    (earlier,) = EarlierAnswers(released.database).of(OWNER, LEASE)[deposit.id]
    assert earlier.text == "押金为两个月租金。"
    (notice,) = released.conversations("anna")
    answers = [message.state for message in released.messages("anna", notice.id)[1::2]]
    assert answers == [State.FINISHED, State.LOST, State.RUNNING]
    assert released.owners_unfinished() == ("anna",)
    assert [file.removed for file in released.attachments(OWNER, supply.id)] == [False, True]
    assert len(released.erasures(OWNER)) == 2


@pytest.mark.parametrize(
    ("owner", "looked_for", "titles"),
    [
        (OWNER, "押金", ["租金是多少,何时支付?"]),
        (OWNER, "租赁合同 2026", ["租金是多少,何时支付?"]),
        (OWNER, "LARKSPUR ohio", ["Which law governs?"]),
        ("anna", "übergabe", ["Wie lange ist die Kündigungsfrist?"]),
        ("anna", "租金", []),
    ],
)
def test_what_was_said_before_is_found(
    released: History, owner: str, looked_for: str, titles: list[str]
) -> None:
    found = Catalogue(released.database).search(owner, looked_for)
    assert [hit.conversation.title for hit in found] == titles


def test_contract_work_of_the_first_release_goes_on(released: History) -> None:
    work, review = Work(released.database), Review(released.database)
    by_title = {job.title: job for job in work.jobs(OWNER)}
    one, two = work.files(OWNER, by_title["Supply contracts"].id)
    assert one.result is not None
    assert findings.read(one.result).findings[0].shown == "3 years"
    (chinese,) = work.files(OWNER, by_title["租赁合同"].id)
    assert chinese.result is not None
    assert findings.read(chinese.result).findings[0].raw == ("三年",)
    told = review.corrections(OWNER, by_title["Supply contracts"].id)
    assert (told[one.id]["term"].value, told[two.id]["term"].value) == ("36 months", None)
    law = review.corrections(OWNER, by_title["租赁合同"].id)[chinese.id]["law"]
    assert (law.value, law.reviewer) == ("中国法律(不含港澳台)", "李雷")
    dates, risks = Summaries(released.database).of_job(OWNER, by_title["Supply contracts"].id)
    assert dates.content is not None
    assert summary.read(dates.content).statements
    assert risks.is_open
    kept = Comparisons(released.database).of_job(OWNER, by_title["Two versions"].id)
    assert kept is not None
    assert kept.content is not None
    assert len(comparison.read(kept.content).clauses) == 1
    assert fields.read(review.own_fields(OWNER)["保密"]).title == "保密协议"

    claims = Claims(released.database)
    claims.recover()  # what the killed runner had
    assert claims.claim("mine") is not None
    open_files = work.files(OWNER, by_title["Waiting"].id)
    assert [file.state for file in open_files] == [FileState.RUNNING, FileState.WAITING]


def test_no_row_is_lost_or_changed(path: Path, url: str) -> None:
    write_release(path, 1)
    before = rows(path)
    assert all(before.values()), "a table without rows shows nothing"
    History(url).close()
    after = rows(path)
    assert after.pop("alembic_version") == [(f"{SCHEMA_VERSION:04}",)]
    assert after.pop("facts") == [("schema_version", str(SCHEMA_VERSION))]
    del before["facts"]
    assert after == before


def test_a_copy_for_going_back_is_set_aside_once(path: Path, url: str) -> None:
    write_release(path, 1)
    before = rows(path)
    for _ in range(2):
        History(url).close()
    (copy,) = copies(path)
    assert rows(copy) == before
    assert copy.stat().st_mode & 0o077 == 0


def test_a_new_history_is_like_an_upgraded_one(path: Path, url: str, tmp_path: Path) -> None:
    write_release(path, 1)
    History(url).close()
    fresh = tmp_path / "fresh" / "history.sqlite3"
    History(f"sqlite:///{fresh}").close()
    assert structure(fresh) == structure(path)
    assert copies(fresh) == []


def test_the_tables_in_the_code_are_those_that_the_revisions_make(url: str) -> None:
    History(url).close()
    assert work_tables.work_files.metadata is tables.schema
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.schema) == []
    engine.dispose()


def test_the_first_revision_is_the_first_release(
    path: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "old.sqlite3"
    write_release(old, 1)
    folder = tmp_path / "migrations"
    shutil.copytree(MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__", "r0002*"))
    monkeypatch.setattr(upgrading, "MIGRATIONS", str(folder))
    monkeypatch.setattr(upgrading, "SCHEMA_VERSION", 1)
    History(url).close()
    assert structure(path) == structure(old)


def test_revisions_are_counted_without_a_gap() -> None:
    script = ScriptDirectory.from_config(config())
    numbers = [revision.revision for revision in script.walk_revisions()]
    assert numbers == [f"{number:04}" for number in range(SCHEMA_VERSION, 0, -1)]


def config() -> Config:
    made = Config()
    made.set_main_option("script_location", upgrading.MIGRATIONS)
    return made


def test_tables_that_came_before_the_first_release_did_are_made(path: Path, url: str) -> None:
    write_release(path, 1)
    gone = {name for name in rows(path) if name.startswith("work_")} | {"askings", "replays"}
    with closing(sqlite3.connect(path)) as connection:
        for table in gone:
            connection.execute(f"DROP TABLE {table}")
    history = History(url)
    assert history.set_aside is None
    assert gone <= rows(path).keys()
    assert len(history.messages(OWNER, LEASE)) == 4
    history.close()


def test_an_upgrade_that_fails_changes_nothing(
    path: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(path, 1)
    before = rows(path)
    body = "op.drop_table('pins'); op.execute('INSERT INTO nowhere VALUES (1)')"
    with_revision(monkeypatch, tmp_path / "more", body)
    with pytest.raises(UpgradeFailed, match="is as it was"):
        History(url)
    assert rows(path) == before
    assert copies(path) == []


def test_rows_that_would_hang_in_the_air_are_no_upgrade(
    path: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(path, 1)
    with_revision(monkeypatch, tmp_path / "more", "op.execute('DELETE FROM conversations')")
    with pytest.raises(UpgradeFailed, match="refers to nothing"):
        History(url)
    assert rows(path)["conversations"]


def test_a_table_that_is_made_anew_takes_nothing_with_it(
    path: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dropping the old one would delete all messages if foreign keys were looked at."""
    write_release(path, 1)
    before = rows(path)
    body = (
        "with op.batch_alter_table('conversations', recreate='always') as batch:\n"
        "        batch.add_column(sa.Column('colour', sa.Text))"
    )
    with_revision(monkeypatch, tmp_path / "more", body)
    history = History(url)
    assert rows(path)["messages"] == before["messages"]
    lease = history.conversations(OWNER)[0]
    history.delete(OWNER, lease.id)
    assert history.messages(OWNER, lease.id) == (), "they are looked at again"
    history.close()


def begun(code: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", code, *arguments], cwd=ROOT)


KILLED = """
import sys
from frontend.history import upgrading
upgrading.MIGRATIONS, upgrading.SCHEMA_VERSION = sys.argv[2], int(sys.argv[3])
upgrading.bring_up(sys.argv[1])
"""


def test_an_upgrade_that_is_killed_is_made_by_the_next_start(
    path: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_release(path, 1)
    before = rows(path)
    folder = tmp_path / "more"
    with monkeypatch.context() as patched:
        body = "op.drop_table('pins'); os.kill(os.getpid(), signal.SIGKILL)"
        with_revision(patched, folder, body)
    victim = begun(KILLED, url, str(folder), str(SCHEMA_VERSION + 1))
    assert victim.wait(60) == -signal.SIGKILL
    assert rows(path) == before
    History(url).close()
    assert rows(path)["pins"] == before["pins"]


@pytest.mark.parametrize("begin", [lambda path: None, lambda path: write_release(path, 1)])
def test_processes_that_upgrade_at_once_wait_for_each_other(
    path: Path, url: str, begin: Callable[[Path], None]
) -> None:
    begin(path)
    opening = "import sys; from frontend.history.history import History; History(sys.argv[1])"
    processes = [begun(opening, url) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert rows(path)["alembic_version"] == [(f"{SCHEMA_VERSION:04}",)]


@pytest.mark.parametrize(
    "newer",
    [
        f"UPDATE facts SET value = '{SCHEMA_VERSION + 1}'",
        f"UPDATE alembic_version SET version_num = '{SCHEMA_VERSION + 1:04}'",
        "UPDATE alembic_version SET version_num = 'ae1027a6acf'",
    ],
)
def test_a_newer_history_is_refused_and_left_alone(path: Path, url: str, newer: str) -> None:
    History(url).close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(newer)
    before = path.read_bytes()
    with pytest.raises(SchemaTooNew, match=f"this one knows {SCHEMA_VERSION}"):
        History(url)
    assert path.read_bytes() == before
    assert copies(path) == []


def test_without_room_for_a_copy_nothing_is_upgraded(path: Path, url: str) -> None:
    write_release(path, 1)
    before = rows(path)
    with full(room=path.stat().st_size // 2), pytest.raises(UpgradeFailed, match="no copy"):
        History(url)
    assert rows(path) == before
    assert list(path.parent.glob(f"*{path.name}.*")) == []


def test_what_is_up_to_date_is_opened_without_alembic(url: str) -> None:
    History(url).close()
    code = (
        "import sys; from frontend.history.history import History; History(sys.argv[1]); "
        "sys.exit('alembic' in sys.modules)"
    )
    assert begun(code, url).wait(60) == 0


def test_no_change_goes_through_a_whole_table(released: History) -> None:
    plans: list[str] = []

    def explain(
        _c: object, cursor: sqlite3.Cursor, statement: str, values: object, *_: object
    ) -> None:
        if statement.startswith(("SELECT", "UPDATE", "DELETE")) and isinstance(values, tuple):
            explained = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            plans.extend(str(row[3]) for row in explained)

    sa.event.listen(released.database._engine, "before_cursor_execute", explain)
    work = Work(released.database)
    question = released.messages(OWNER, LEASE)[2].id
    released.revise(OWNER, question, "押金?", turn_key="new", parameters={})
    released.delete(OWNER, LEASE)
    released.unfinished("anna")
    released.owners_unfinished()
    for job in work.jobs(OWNER):
        work.delete(OWNER, job.id)
    assert any("messages_running" in plan for plan in plans)
    large = ("attachments", "messages", "work_files", "work_comparisons")
    assert [plan for plan in plans if plan in {f"SCAN {table}" for table in large}] == []
