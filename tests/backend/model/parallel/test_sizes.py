"""A size that a model cannot be divided by is refused before anything is loaded."""

from __future__ import annotations

from pathlib import Path

from backend.model.parallel.sizes import refusal
from tests.fakes import checkpoints


def test_what_cannot_be_divided_is_refused_with_its_name(tmp_path: Path) -> None:
    checkpoints.save("glm4v", tmp_path)  # 4 query heads, 2 key heads
    assert refusal(tmp_path, 2) is None
    assert "2 key heads cannot be divided among 4" in str(refusal(tmp_path, 4))
    assert "4 query heads cannot be divided among 3" in str(refusal(tmp_path, 3))
    checkpoints.save("llama", tmp_path)
    assert refusal(tmp_path, 2) is None
    assert "key heads" in str(refusal(tmp_path, 4))


def test_a_folder_that_cannot_be_read_is_left_to_the_loader(tmp_path: Path) -> None:
    assert refusal(tmp_path, 2) is None
    (tmp_path / "config.json").write_text("{")
    assert refusal(tmp_path, 2) is None
