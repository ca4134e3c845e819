"""What the machine has left, read from files as Linux writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend import machine


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "_MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    (tmp_path / "meminfo").write_text("MemTotal: 900 kB\nMemFree: 1 kB\nMemAvailable: 800 kB\n")
    return tmp_path


def contain(folder: Path, most: str, taken: int, cached: int) -> None:
    (folder / "memory.max").write_text(f"{most}\n")
    (folder / "memory.current").write_text(f"{taken}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {cached}\n")


def test_of_a_machine(proc: Path) -> None:
    assert machine.available_bytes() == 800 << 10


def test_a_container_has_less(proc: Path) -> None:
    contain(proc, "500000", taken=400_000, cached=50_000)
    assert machine.available_bytes() == 150_000


def test_a_container_without_a_bound(proc: Path) -> None:
    contain(proc, "max", taken=400_000, cached=0)
    assert machine.available_bytes() == 800 << 10


def test_a_container_over_its_bound_has_nothing(proc: Path) -> None:
    contain(proc, "100", taken=400, cached=0)
    assert machine.available_bytes() == 0


def test_elsewhere_nothing_is_known(proc: Path) -> None:
    (proc / "meminfo").unlink()
    assert machine.available_bytes() == 0


def test_room_on_a_disk(tmp_path: Path) -> None:
    assert machine.free_bytes(tmp_path) > 0
    assert machine.free_bytes(tmp_path / "none") == 0
