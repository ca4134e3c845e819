"""Who somebody is whose name a proxy or a provider has checked: the owner of files and history.

An owner of the page may be an owner of REST keys as well: the same name reaches the same things.
Free of streamlit; nothing here reads a request.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

LOCAL: Final = "local"  # the one owner where nobody signs in
_PLAIN: Final = re.compile(r"[A-Za-z0-9._@-]{1,80}")  # what history and backend take as it is
_RESERVED: Final = re.compile(r"local|doctor|key-.*|user-[0-9a-f]{32}")  # mean something else
LONGEST_NAME: Final = 512  # characters


@dataclass(frozen=True)
class Visitor:
    """Somebody who may use the page."""

    owner: str
    name: str = ""  # to be shown; empty where nobody signs in
    may_see_all: bool = False  # figures of other owners


def named(name: str) -> str | None:
    """The owner that a checked name stands for; None if it is no name."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        return None
    if "@" in name:
        name = name.lower()
    if _PLAIN.fullmatch(name) and not _RESERVED.fullmatch(name):
        return name
    return f"user-{hashlib.sha256(name.encode()).hexdigest()[:32]}"


def claimed(claims: Mapping[str, object]) -> str | None:
    """The owner that an identity token stands for; None if it names nobody.

    An address counts only if the provider says that it was verified: anybody may write any address
    into a profile. Without one the provider's own number of the person counts.
    """
    if (address := _verified_address(claims)) is not None:
        return named(address)
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str) or not isinstance(subject, str) or not issuer or not subject:
        return None
    digest = hashlib.sha256(f"{len(issuer)}:{issuer}{subject}".encode()).hexdigest()
    return f"user-{digest[:32]}"


def name_of(claims: Mapping[str, object]) -> str:
    """How somebody who signed in is called on the page."""
    for key in ("email", "preferred_username", "name", "sub"):
        value = claims.get(key)
        if isinstance(value, str) and value.isprintable() and value.strip():
            return value.strip()[:LONGEST_NAME]
    return ""


def is_among(owner: str, listed: Collection[str]) -> bool:
    """Whether an owner is listed, by name or by `@domain`."""
    _, at, domain = owner.rpartition("@")
    return owner in listed or (bool(at) and f"@{domain}" in listed)


def _verified_address(claims: Mapping[str, object]) -> str | None:
    address, verified = claims.get("email"), claims.get("email_verified")
    is_address = isinstance(address, str) and re.fullmatch(r"[^@\s]+@[^@\s]+", address)
    return str(address) if is_address and (verified is True or verified == "true") else None
