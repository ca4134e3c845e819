from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from backend.cluster.shelf import ABANDONED, Shelf
from backend.errors import StorageFull, TooLarge

pytestmark = pytest.mark.recipes


def put(shelf: Shelf, owner: str, data: bytes) -> str:
    with shelf.receive(1000) as upload:
        upload.write(data)
        sha256 = upload.finish()
        shelf.keep(owner, sha256, b"ref of " + data, upload.path)
    return sha256


def everything(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.name != "lock"]


def test_a_file_is_seen_by_its_owner_alone(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1000)
    sha256 = put(shelf, "ann", b"contract")
    path = shelf.path("ann", sha256)
    assert path is not None
    assert path.read_bytes() == b"contract"
    assert Shelf(tmp_path, 1000).answer("ann", sha256) == b"ref of contract"
    assert shelf.answer("bob", sha256) is None
    assert shelf.path("bob", sha256) is None


def test_one_content_is_kept_once_and_goes_with_its_last_owner(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1000)
    sha256 = put(shelf, "ann", b"contract")
    put(shelf, "bob", b"contract")
    assert shelf.stored_bytes() == 8
    assert shelf.forget("ann", sha256) == (True, 0)
    assert shelf.path("bob", sha256) is not None
    assert shelf.forget("bob", sha256) == (True, 8)
    assert shelf.forget("bob", sha256) == (False, 0)
    assert everything(tmp_path) == []


def test_what_was_not_kept_goes(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1000)
    with shelf.receive(1000) as upload:
        upload.write(b"half")
    assert everything(tmp_path) == []


def test_too_many_bytes_are_refused(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 10)
    with shelf.receive(4) as upload, pytest.raises(TooLarge):
        upload.write(b"12345")
    put(shelf, "ann", b"12345678")
    with pytest.raises(StorageFull):
        put(shelf, "ann", b"other")
    assert len(everything(tmp_path)) == 2  # the file and its record


def test_abandoned_uploads_are_cleared_away_at_the_start(tmp_path: Path) -> None:
    Shelf(tmp_path, 1000)
    old, young = tmp_path / "incoming" / "old", tmp_path / "incoming" / "young"
    for path in (old, young):
        path.write_bytes(b"half")
    long_ago = time.time() - ABANDONED - 1
    os.utime(old, (long_ago, long_ago))
    Shelf(tmp_path, 1000)
    assert not old.exists()
    assert young.exists()
