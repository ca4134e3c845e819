"""Checked names and claims become owners; what is not checked becomes nobody."""

from __future__ import annotations

import re

import pytest

from frontend.keys import OWNER
from frontend.visitors import claimed, is_among, name_of, named


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("ann", "ann"),
        (" ann ", "ann"),
        ("Ann", "Ann"),
        ("Ann@Example.ORG", "ann@example.org"),
        ("", None),
        ("   ", None),
        ("a\nb", None),
        ("a" * 513, None),
    ],
)
def test_names(name: str, owner: str | None) -> None:
    assert named(name) == owner


@pytest.mark.parametrize(
    "name", ["local", "doctor", "key-0123", "user-" + "0" * 32, "Zoë", "王芳", "a b", "a" * 81]
)
def test_odd_and_reserved_names_are_nobody_elses(name: str) -> None:
    owner = named(name)
    assert owner is not None
    assert re.fullmatch(r"user-[0-9a-f]{32}", owner)
    assert owner != name
    assert OWNER.fullmatch(owner)


def test_only_a_verified_address_is_an_owner() -> None:
    person = {"iss": "https://id.example", "sub": "1", "email": "Ann@example.org"}
    assert claimed({**person, "email_verified": True}) == "ann@example.org"
    for word in (False, "false", None, 1, "yes"):
        owner = claimed({**person, "email_verified": word})
        assert owner is not None
        assert owner.startswith("user-"), word
    assert claimed({**person, "email": "ann", "email_verified": True}) == claimed(person)


def test_a_number_counts_for_its_provider_alone() -> None:
    one = claimed({"iss": "https://id.example", "sub": "1"})
    assert one == claimed({"iss": "https://id.example", "sub": "1", "name": "Ann"})
    assert one != claimed({"iss": "https://other.example", "sub": "1"})
    assert one != claimed({"iss": "https://id.example1", "sub": ""})
    for short in ({}, {"iss": "https://id.example"}, {"sub": "1"}, {"iss": 1, "sub": 2}):
        assert claimed(short) is None


def test_how_somebody_is_called() -> None:
    assert name_of({"name": "Ann", "sub": "1"}) == "Ann"
    assert name_of({"email": "ann@example.org", "name": "Ann"}) == "ann@example.org"
    assert name_of({"name": "\x1b[31m", "sub": "1"}) == "1"
    assert name_of({}) == ""


def test_who_is_listed() -> None:
    listed = {"ann@example.org", "@lawyers.example", "bo"}
    for owner in ("ann@example.org", "anyone@lawyers.example", "bo"):
        assert is_among(owner, listed), owner
    for owner in ("bo@example.org", "x@evil-lawyers.example", "x@lawyers.example.evil", "", "@"):
        assert not is_among(owner, listed), owner
