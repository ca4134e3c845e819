"""Whose word is taken for who somebody is: that of trusted proxies, and of nobody else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

from frontend import visitors
from frontend.visitors import LOCAL


class Proxies:
    """The header in which trusted proxies name the person who signed in with them."""

    def __init__(
        self,
        header: str,
        networks: Sequence[IPv4Network | IPv6Network],
        allowed: Collection[str] = (),
    ) -> None:
        """`allowed` lists owners and `@domain`s; empty: whomever the proxy lets through."""
        self._header = header.lower().encode()
        self._networks = networks
        self._allowed = allowed

    def clean(self, scope: Scope) -> None:
        """Takes the header off unless exactly one came from a trusted proxy.

        What is behind may then believe it.
        """
        if not self._header:
            return
        values = [value for name, value in scope["headers"] if name == self._header]
        if len(values) != 1 or not self._trusts(scope):
            kept = [(name, value) for name, value in scope["headers"] if name != self._header]
            scope["headers"] = kept

    def owner(self, scope: Scope) -> str | None:
        """Who sent a request that was cleaned; None if nobody said, or somebody not allowed."""
        for name, value in scope["headers"]:
            if self._header and name == self._header:
                owner = visitors.named(value.decode("latin-1"))
                is_in = not self._allowed or visitors.is_among(owner or "", self._allowed)
                return owner if owner != LOCAL and is_in else None
        return None

    def _trusts(self, scope: Scope) -> bool:
        """By the address of the connection itself; what headers say of it counts nothing."""
        client = scope.get("client")
        try:
            peer = ip_address(client[0]) if client else None
        except ValueError:
            return False
        if isinstance(peer, IPv6Address) and peer.ipv4_mapped is not None:
            peer = peer.ipv4_mapped
        return peer is not None and any(peer in network for network in self._networks)
