"""Saves what people made, and puts it back: history, uploads, keys, in one archive.

Usage: python scripts/backup.py save FILE [--without-media] | check FILE | restore FILE
DATA_DIR names the folder. `save` may run while the system runs; `restore` needs it stopped, and
keeps what was there beside it. A history in PostgreSQL (DATABASE_URL) is saved with pg_dump.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import io
import json
import os
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from frontend import folder as web_folder  # noqa: E402
from frontend.folder import FolderInUse  # noqa: E402
from frontend.history.upgrading import SchemaTooNew, version_at  # noqa: E402

HISTORY = "history.sqlite3"
KEYS = "api_keys.json"
MEDIA = "media"
DIGESTS = "digests.json"  # last in the archive: SHA-256 of every file before it
_PASSING = f"{MEDIA}/incoming/"  # uploads that have not arrived yet


class Refused(Exception):
    """Nothing was changed; the sentence says why."""


def save(data: Path, archive: Path, *, media: bool = True) -> int:
    """Writes an archive that appears only when it is whole; how many files it holds.

    The history is a snapshot of one moment; a file that is uploaded or forgotten meanwhile may or
    may not be in it. Raises Refused.
    """
    if not (data / HISTORY).exists():
        raise Refused(f"there is no {HISTORY} in {data}")
    digests: dict[str, str] = {}
    partial = archive.with_name(f".{archive.name}.partial")
    with (
        tempfile.TemporaryDirectory(dir=archive.absolute().parent, prefix=".backup-") as temporary,
        contextlib.closing(tarfile.open(partial, "w:gz")) as file,
    ):
        partial.chmod(0o600)
        snapshot = Path(temporary) / HISTORY
        _snapshot(data / HISTORY, snapshot)
        _add(file, snapshot, HISTORY, digests)
        if (data / KEYS).exists():
            _add(file, data / KEYS, KEYS, digests)
        for path in _files(data / MEDIA) if media else ():
            name = path.relative_to(data).as_posix()
            if not name.startswith(_PASSING):
                _add(file, path, name, digests)
        content = json.dumps(digests, indent=1).encode()
        entry = tarfile.TarInfo(DIGESTS)
        entry.size, entry.mode = len(content), 0o600
        file.addfile(entry, io.BytesIO(content))
    partial.replace(archive)
    return len(digests)


def restore(data: Path, archive: Path) -> Path | None:
    """Puts an archive's content into the data folder; where what was there before is kept.

    A history of an older version is upgraded when the web process opens it next.
    Raises Refused, also while a system works in the folder.
    """
    data.mkdir(parents=True, exist_ok=True)
    with (
        _alone(data),
        tempfile.TemporaryDirectory(dir=data, prefix=".restore-") as temporary,
    ):
        unpacked = Path(temporary)
        unpack(archive, unpacked)
        names = [name for name in (HISTORY, KEYS, MEDIA) if (unpacked / name).exists()]
        # A history's own log and index belong to the file that goes.
        going = [*names, *(f"{HISTORY}{end}" for end in ("-wal", "-shm") if HISTORY in names)]
        kept = _set_aside(data, going)
        for name in names:
            (unpacked / name).rename(data / name)
    return kept


def unpack(archive: Path, target: Path) -> int:
    """Takes an archive apart and holds every file against its digest; how many.

    Raises Refused, also for a history that only a newer version can open.
    """
    try:
        with tarfile.open(archive, "r:gz") as file:
            file.extractall(target, filter="data")
        digests = json.loads((target / DIGESTS).read_text())
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        raise Refused(f"{archive} is no whole backup ({type(error).__name__})") from None
    (target / DIGESTS).unlink()
    found = {path.relative_to(target).as_posix(): _digest(path) for path in _files(target)}
    if found != digests:
        wrong = sorted(name for name in found | digests if found.get(name) != digests.get(name))
        raise Refused(f"{archive} is damaged: {wrong[0]} is not what was saved")
    with contextlib.closing(sqlite3.connect(target / HISTORY)) as history:
        if history.execute("PRAGMA quick_check").fetchall() != [("ok",)]:
            raise Refused(f"{archive} holds a damaged history")
    try:
        version_at(f"sqlite:///{target / HISTORY}")
    except SchemaTooNew as newer:
        raise Refused(f"{archive} cannot be used here: {newer}") from None
    return len(found)


def _snapshot(source: Path, target: Path) -> None:
    """The database as it is at one moment, writers or not."""
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
        contextlib.closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def _add(file: tarfile.TarFile, path: Path, name: str, digests: dict[str, str]) -> None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:  # forgotten a moment ago
        return
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), 0o600, int(path.stat().st_mtime)
    file.addfile(entry, io.BytesIO(content))
    digests[name] = hashlib.sha256(content).hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (
            path
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.is_symlink() and path.name != "lock"
        )


def _set_aside(data: Path, names: Sequence[str]) -> Path | None:
    there = [name for name in names if (data / name).exists()]
    if not there:
        return None
    now = datetime.datetime.now().astimezone().strftime("%Y%m%d-%H%M%S")
    kept = data / f"before-restore-{now}"
    kept.mkdir(mode=0o700)
    for name in there:
        (data / name).rename(kept / name)
    return kept


@contextlib.contextmanager
def _alone(data: Path) -> Iterator[None]:
    """Keeps web process and backend out of the folder. Raises Refused if one is in it."""
    import fcntl

    try:
        held = web_folder.hold(data)
    except FolderInUse:
        raise Refused("the web process works in this folder; stop it first") from None
    try:
        guard = data / MEDIA / "lock"
        if guard.exists():
            with guard.open("r+b") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    raise Refused("a backend works in this folder; stop it first") from None
        yield
    finally:
        os.close(held)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 1 with one line."""
    parser = argparse.ArgumentParser("scripts/backup.py", description=__doc__)
    parser.add_argument("command", choices=("save", "check", "restore"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--without-media", action="store_true", help="leave uploads out")
    given = parser.parse_args(arguments)
    data = Path(os.environ.get("DATA_DIR") or ROOT / ".data")
    try:
        match given.command:
            case "save":
                count = save(data, given.file, media=not given.without_media)
                print(f"{given.file}: {count} files, {given.file.stat().st_size / 1e6:.1f} MB")
            case "check":
                with tempfile.TemporaryDirectory() as temporary:
                    print(f"{given.file}: {unpack(given.file, Path(temporary))} files, whole")
            case _:
                kept = restore(data, given.file)
                print(f"restored to {data}" + (f"; what was there is in {kept}" if kept else ""))
    except Refused as refusal:
        print(f"backup: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
