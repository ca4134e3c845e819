"""Checksums: any change to a model's files is found, and named."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from backend.model import manifest
from backend.model.manifest import DamagedModel


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(b"weights" * 100)
    (tmp_path / "config.json").write_text("{}")
    manifest.write(tmp_path)
    return tmp_path


def test_untouched_files_pass(folder: Path) -> None:
    manifest.check(folder)
    assert manifest.is_complete(folder)


def test_a_flipped_byte_is_named_with_both_hashes(folder: Path) -> None:
    path = folder / "model.safetensors"
    before = manifest.file_hash(path)
    data = bytearray(path.read_bytes())
    data[50] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedModel) as damage:
        manifest.check(folder)
    for part in ("model.safetensors", before, manifest.file_hash(path)):
        assert part in str(damage.value)


def test_a_truncated_and_a_missing_file_are_named(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"weights")
    with pytest.raises(DamagedModel, match=r"model\.safetensors"):
        manifest.check(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(DamagedModel, match=r"model\.safetensors is missing"):
        manifest.check(folder)
    assert not manifest.is_complete(folder)


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_an_unreadable_manifest_is_damage(folder: Path, content: str) -> None:
    (folder / manifest.NAME).write_text(content)
    with pytest.raises(DamagedModel, match=manifest.NAME):
        manifest.check(folder)
    assert not manifest.is_complete(folder)


def test_a_file_that_may_not_be_read_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(manifest, "file_hash", refuse)
    with pytest.raises(DamagedModel, match=r"/\S+ cannot be read: Permission denied$") as damage:
        manifest.check(folder)
    assert str(folder.parent) not in str(damage.value)
