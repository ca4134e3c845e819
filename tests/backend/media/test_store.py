"""Files survive restarts and crashes, belong to their owners, and never pass the quota."""

from __future__ import annotations

import errno
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.errors import NotFound, StorageFull
from backend.media.incoming import Incoming
from backend.media.media import Media, MediaKind
from backend.media.store import Store, StoreInUse

QUOTA = 10_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path, QUOTA)
    yield store
    store.close()


def restarted(store: Store, root: Path) -> Store:
    store.close()
    return Store(root, QUOTA)


def keep(store: Store, data: bytes, owner: str = "ann") -> str:
    with store.receive() as incoming:
        incoming.write(data)
        sha256 = incoming.finish()
        incoming.sync()
        media = Media(sha256, MediaKind.DOCUMENT, "application/pdf", len(data), pages=2)
        store.admit(owner, media, incoming)
    return sha256


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file() and path.name != "lock")


def test_bytes_are_kept_by_hash_and_found_after_a_restart(store: Store, tmp_path: Path) -> None:
    sha256 = keep(store, b"contract")
    assert sha256 == hashlib.sha256(b"contract").hexdigest()
    again = restarted(store, tmp_path)
    assert again.find("ann", sha256).pages == 2
    assert again.path(sha256).read_bytes() == b"contract"
    assert again.stored_bytes() == 8
    store._guard = again._guard


def test_other_owners_find_nothing(store: Store) -> None:
    sha256 = keep(store, b"contract")
    with pytest.raises(NotFound):
        store.find("bob", sha256)
    with pytest.raises(NotFound):
        store.find("../ann", sha256)


def test_the_same_bytes_of_two_owners_are_stored_once(store: Store) -> None:
    sha256 = keep(store, b"contract", "ann")
    keep(store, b"contract", "bob")
    assert store.stored_bytes() == 8
    store.remember(sha256, "page-1.words.json", b"{}")
    first = store.forget("ann", sha256)
    assert (first.existed, first.bytes) == (True, 0)
    with pytest.raises(NotFound):
        store.find("ann", sha256)
    assert store.find("bob", sha256)
    last = store.forget("bob", sha256)
    assert (last.bytes, last.pages) == (8 + 34, 1)
    assert store.stored_bytes() == 0


def test_forgetting_leaves_nothing_behind(store: Store, tmp_path: Path) -> None:
    sha256 = keep(store, b"contract")
    store.remember(sha256, "page-1.words.json", b"{}")
    store.forget("ann", sha256)
    assert files(tmp_path) == []
    assert not store.forget("ann", sha256).existed
    store.remember(sha256, "page-1.words.json", b"{}")  # a reading that ends too late
    assert files(tmp_path) == []


def test_the_quota_holds_and_upload_space_is_given_back(store: Store, tmp_path: Path) -> None:
    keep(store, b"x" * 6_000)
    before = files(tmp_path)
    with store.receive() as incoming:
        incoming.write(b"y" * 3_000)
        with pytest.raises(StorageFull):
            incoming.write(b"y" * 1_001)
    assert files(tmp_path) == before
    keep(store, b"z" * 4_000)
    assert store.stored_bytes() == QUOTA


def test_derived_entries_make_way_oldest_use_first(store: Store) -> None:
    sha256 = keep(store, b"x" * 6_000)
    for name in ("a", "b", "c"):
        store.remember(sha256, name, name.encode() * 1_000)
    assert store.recall(sha256, "a") == b"a" * 1_000
    keep(store, b"y" * 1_500)
    assert [store.recall(sha256, name) is not None for name in ("a", "b", "c")] == [
        True,
        False,
        True,
    ]
    assert store.stored_bytes() <= QUOTA


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", "/secret/path")


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_said_and_leaves_no_partial_file(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    with store.receive() as incoming:
        if call == "fsync":
            monkeypatch.setattr(os, "fsync", full)
        else:
            incoming._file.close()
            monkeypatch.setattr(incoming, "_file", FullFile())
        with pytest.raises(StorageFull) as refused:
            fill(incoming)
    assert "secret" not in refused.value.message
    assert files(tmp_path) == []
    assert store.stored_bytes() == 0
    monkeypatch.undo()
    keep(store, b"contract")


class FullFile(io.BytesIO):
    """A file on a full disk."""

    write = full  # type: ignore[assignment]


def fill(incoming: Incoming) -> None:
    incoming.write(b"contract")
    incoming.finish()
    incoming.sync()


def test_a_full_disk_only_costs_the_cache(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sha256 = keep(store, b"contract")
    monkeypatch.setattr(store, "_write", full)
    store.remember(sha256, "page-1", b"words")
    assert store.recall(sha256, "page-1") is None


def test_a_flipped_byte_in_a_derived_entry_is_noticed(store: Store, tmp_path: Path) -> None:
    sha256 = keep(store, b"contract")
    store.remember(sha256, "page-1", b"words of the page")
    (entry,) = (tmp_path / "derived").rglob("page-1")
    for position in (0, 40):
        store.remember(sha256, "page-1", b"words of the page")
        data = bytearray(entry.read_bytes())
        data[position] ^= 1
        entry.write_bytes(data)
        assert store.recall(sha256, "page-1") is None
    assert store.damaged == 2


def test_an_entry_under_another_name_is_not_believed(store: Store, tmp_path: Path) -> None:
    sha256 = keep(store, b"contract")
    store.remember(sha256, "page-1", b"words of page one")
    (entry,) = (tmp_path / "derived").rglob("page-1")
    entry.rename(entry.with_name("page-2"))
    assert store.recall(sha256, "page-2") is None


def test_a_flipped_byte_in_a_file_gives_the_file_up(store: Store, tmp_path: Path) -> None:
    sha256 = keep(store, b"contract")
    (path,) = (tmp_path / "files").rglob(sha256)
    path.write_bytes(b"kontract")
    with pytest.raises(NotFound, match="damaged"):
        store.path(sha256)
    with pytest.raises(NotFound):
        store.find("ann", sha256)
    assert keep(store, b"contract") == sha256
    assert store.path(sha256).read_bytes() == b"contract"


def test_a_restart_clears_what_a_crash_left(store: Store, tmp_path: Path) -> None:
    sha256 = keep(store, b"contract")
    (tmp_path / "incoming" / "tmp123").write_bytes(b"half an upload")
    orphan = tmp_path / "files" / "ab" / "cd" / ("abcd" + "0" * 60)
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"renamed, but its record was never written")
    (record,) = (tmp_path / "owners").rglob("*.json")
    record.with_name("f" * 64 + ".json").write_bytes(b'{"torn')
    again = restarted(store, tmp_path)
    assert files(tmp_path) == sorted([sha256, f"{sha256}.json"])
    assert again.stored_bytes() == 8
    store._guard = again._guard


def test_two_processes_cannot_share_a_folder(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreInUse):
        Store(tmp_path, QUOTA)
