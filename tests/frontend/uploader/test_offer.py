"""What a browser may offer, and what is refused as if it had said nothing."""

from __future__ import annotations

from typing import Any

import pytest

from frontend.uploader.offer import Offer, Offered, read

HASH = "0123456789abcdef" * 4


def offer(**changed: Any) -> dict[str, Any]:
    files = [{"name": "scan.jpg", "hashes": [HASH, "f" * 64]}, {"name": "合同.pdf", "hashes": []}]
    return {"batch": "17-abc", "conversation": "c1", "files": files, **changed}


def test_an_offer() -> None:
    files = (Offered("scan.jpg", (HASH, "f" * 64)), Offered("合同.pdf", ()))
    assert read(offer()) == Offer("17-abc", "c1", files)
    assert read(offer(files=[])) == Offer("17-abc", "c1", ())


@pytest.mark.parametrize(
    "file",
    [
        {"name": "", "hashes": []},
        {"name": "n" * 501, "hashes": []},
        {"name": "a.pdf", "hashes": [HASH.upper()]},
        {"name": "a.pdf", "hashes": [HASH + "\n"]},
        {"name": "a.pdf", "hashes": [HASH[1:]]},
        {"name": "a.pdf", "hashes": [1]},
        {"name": "a.pdf", "hashes": [HASH] * 3},
        {"name": "a.pdf", "hashes": HASH},
        {"name": None, "hashes": []},
        {"hashes": []},
        "a.pdf",
        None,
    ],
)
def test_one_odd_file_spoils_an_offer(file: object) -> None:
    assert read(offer(files=[*offer()["files"], file])) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        "offer",
        offer(batch=""),
        offer(batch="../x"),
        offer(batch=7),
        offer(conversation=None),
        offer(files="all"),
        offer(files=offer()["files"] * 300),
    ],
)
def test_other_things_are_no_offer(value: object) -> None:
    assert read(value) is None
