"""Labelled agreements, kept in a file and split."""

from __future__ import annotations

from pathlib import Path

from scripts.reader import agreements
from scripts.reader.agreements import Agreement


def test_every_fifth_by_name_is_kept_for_validation(tmp_path: Path) -> None:
    many = [Agreement(f"{number:02}.pdf", ("",), {}) for number in range(12)]
    path = agreements.write(many[::-1], tmp_path / "some" / "agreements.json")

    split = agreements.split(agreements.read(path))

    assert [one.name for one in split.validation] == ["00.pdf", "05.pdf", "10.pdf"]
    assert [one.name for one in split.choosing] == ["01.pdf"]
    assert len(split.training) == 8
    assert not {one.name for one in split.training} & {
        one.name for one in (*split.validation, *split.choosing)
    }
