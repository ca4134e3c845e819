"""Who is calling: tokens in, owners out."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

from backend.errors import InvalidRequest, Unauthenticated

LOCAL = "local"
_OWNER = re.compile(r"[A-Za-z0-9._@-]{1,128}")


def key_owner(key: str) -> str:
    """The isolation domain of everybody who holds this API key."""
    return "key-" + hashlib.sha256(key.encode()).hexdigest()[:16]


class Gate:
    """Knows the tokens by their digests and names the owner that each stands for."""

    def __init__(self, token: str | None, api_keys: Iterable[str]) -> None:
        self._token = None if token is None else _digest(token)
        self._keys = {_digest(key): key_owner(key) for key in api_keys}

    @property
    def is_open(self) -> bool:
        """Whether no token is asked for."""
        return self._token is None and not self._keys

    def owner(self, metadata: Mapping[str, str]) -> str:
        """The caller's owner. Raises Unauthenticated, or InvalidRequest for a malformed owner."""
        if self.is_open:
            return _claimed(metadata)
        scheme, _, presented = metadata.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not presented:
            raise Unauthenticated("This call needs a token: authorization: Bearer <token>.")
        digest = _digest(presented.strip())
        # Every known digest is compared, so that the time taken says nothing about any of them.
        trusted = self._token is not None and hmac.compare_digest(self._token, digest)
        owner = None
        for known, name in self._keys.items():
            if hmac.compare_digest(known, digest):
                owner = name
        if trusted:
            return _claimed(metadata)
        if owner is None:
            raise Unauthenticated("The token is not known here.")
        return owner


def _claimed(metadata: Mapping[str, str]) -> str:
    owner = metadata.get("x-owner") or LOCAL
    if not _OWNER.fullmatch(owner):
        raise InvalidRequest(
            "x-owner must be 1-128 of letters, digits and . _ @ -", param="x-owner"
        )
    return owner


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
