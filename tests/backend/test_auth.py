"""Tokens in, owners out."""

from __future__ import annotations

import hashlib

import pytest

from backend.auth import Gate
from backend.errors import InvalidRequest, Unauthenticated

KEYED = "key-" + hashlib.sha256(b"key-of-alice").hexdigest()[:16]
GATE = Gate("web-token", ["key-of-alice", "key-of-bob"])


def bearer(token: str, **more: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}", **more}


def test_without_tokens_everybody_says_who_they_are() -> None:
    gate = Gate(None, ())

    assert gate.owner({}) == "local"
    assert gate.owner({"x-owner": "alice"}) == "alice"


def test_the_web_process_speaks_for_owners() -> None:
    assert GATE.owner(bearer("web-token")) == "local"
    assert GATE.owner({"authorization": "bearer web-token", "x-owner": KEYED}) == KEYED


def test_a_key_is_its_own_owner_whatever_it_claims() -> None:
    assert GATE.owner(bearer("key-of-alice")) == KEYED
    assert GATE.owner(bearer("key-of-alice", **{"x-owner": "local"})) == KEYED


@pytest.mark.parametrize(
    "header", ["", "Basic x", "Bearer", "Bearer ", "Bearer wrong", "Bearer caf\u00e9", "web-token"]
)
def test_anything_else_stays_outside(header: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        GATE.owner({"authorization": header} if header else {})
    assert "web-token" not in caught.value.message


def test_an_owner_is_a_plain_word() -> None:
    with pytest.raises(InvalidRequest):
        Gate(None, ()).owner({"x-owner": "../else"})
