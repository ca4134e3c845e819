"""Fetches pictures that a request names by URL, from public addresses only.

A host is resolved once, every address it has is checked, and the connection goes to a checked
address itself, so that a second answer of the name server cannot lead anywhere else. Every
redirect starts over.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import httpx

from frontend.api.errors import ApiError, invalid
from frontend.api.limits import REDIRECTS, REMOTE_BYTES, REMOTE_SECONDS

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

# IPv6 ranges that lead on to IPv4 addresses by way of a translator or tunnel.
_TRANSLATED: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)
_URL_CHARACTERS: Final = 8192


class _Refused(Exception):
    """The URL leads nowhere that may be visited; the reason is not told."""


def is_public(address: Address) -> bool:
    """Whether the whole Internet could reach it as well."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None or address.is_site_local:
            return False
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


class Fetcher:
    """One per process. `mode` is off, allowlist or public."""

    def __init__(
        self,
        mode: str = "public",
        hosts: frozenset[str] = frozenset(),
        *,
        resolve: Resolve = resolve,
        is_public: Callable[[Address], bool] = is_public,
    ) -> None:
        self._mode = mode
        self._hosts = hosts
        self._resolve = resolve
        self._is_public = is_public

    async def fetch(self, url: str, param: str) -> bytes:
        """The bytes behind the URL. Raises ApiError for `param`."""
        try:
            async with asyncio.timeout(REMOTE_SECONDS):
                return await self._follow(url)
        except (_Refused, httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError, ValueError):
            raise _invalid_url(param) from None

    async def _follow(self, url: str) -> bytes:
        async with httpx.AsyncClient(
            trust_env=False,
            follow_redirects=False,
            timeout=REMOTE_SECONDS,
            headers={"Accept": "image/*", "Accept-Encoding": "identity"},
        ) as web:
            target = self._target(url)
            for _ in range(REDIRECTS + 1):
                content, location = await self._visit(web, target)
                if location is None:
                    return content
                target = self._target(str(target.join(location)))
        raise _Refused

    def _target(self, url: str) -> httpx.URL:
        if self._mode == "off" or len(url) > _URL_CHARACTERS:
            raise _Refused
        target = httpx.URL(url)
        if target.scheme not in ("http", "https") or not target.host or target.userinfo:
            raise _Refused
        if target.port is not None and not 0 < target.port < 65536:
            raise _Refused
        if self._mode == "allowlist" and target.host.lower().rstrip(".") not in self._hosts:
            raise _Refused
        return target

    async def _visit(self, web: httpx.AsyncClient, target: httpx.URL) -> tuple[bytes, str | None]:
        port = target.port or (443 if target.scheme == "https" else 80)
        address = await self._checked_address(target.raw_host.decode("ascii").strip("[]"), port)
        request = web.build_request(
            "GET",
            target.copy_with(host=address),
            headers={"Host": target.netloc.decode("ascii")},
            extensions={"sni_hostname": target.raw_host.decode("ascii")},
        )
        response = await web.send(request, stream=True)
        try:
            if response.is_redirect:
                return b"", response.headers["location"]
            if response.status_code != 200 or "content-encoding" in response.headers:
                raise _Refused
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > REMOTE_BYTES:
                    raise _Refused
            return bytes(content), None
        finally:
            await response.aclose()

    async def _checked_address(self, host: str, port: int) -> str:
        addresses = await self._resolve(host, port)
        if not addresses:
            raise _Refused
        for address in addresses:
            if not self._is_public(ipaddress.ip_address(address)):
                raise _Refused
        return addresses[0]


def _invalid_url(param: str) -> ApiError:
    return invalid(
        param,
        "The picture could not be fetched: only http and https URLs of public hosts are, "
        f"up to {REMOTE_BYTES // 1_000_000} MB and {REMOTE_SECONDS:g} seconds. "
        "A base64 data URL always works.",
        "invalid_image_url",
    )
