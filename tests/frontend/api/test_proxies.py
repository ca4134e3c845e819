"""The header that names a person: believed from the proxies that were named, from nobody else."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_network

import pytest

from frontend.api.proxies import Proxies
from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web

HEADER = "X-Forwarded-User"


def scope(peer: str | None, *values: str, name: bytes = b"x-forwarded-user") -> dict[str, object]:
    headers = [(b"host", b"localhost"), *((name, value.encode()) for value in values)]
    return {
        "type": "http",
        "client": None if peer is None else (peer, 5000),
        "headers": headers,
    }


def owner(peer: str | None, *values: str, allowed: Sequence[str] = ()) -> str | None:
    """Who a request is from, after it was cleaned."""
    proxies = Proxies(
        HEADER, (ip_network("10.0.0.0/8"), ip_network("fd00::/8"), ip_network("127.0.0.1")), allowed
    )
    request = scope(peer, *values)
    proxies.clean(request)
    return proxies.owner(request)


@pytest.mark.parametrize("peer", ["10.1.2.3", "fd00::7", "127.0.0.1", "::ffff:10.1.2.3"])
def test_a_trusted_proxy_is_believed(peer: str) -> None:
    assert owner(peer, "Ann@example.org") == "ann@example.org"


@pytest.mark.parametrize("peer", ["192.168.0.1", "fe80::1", "::1", "::ffff:192.168.0.1", "x", None])
def test_nobody_else_is(peer: str | None) -> None:
    assert owner(peer, "ann@example.org") is None


def test_two_names_are_none() -> None:
    assert owner("10.0.0.1", "ann", "bo") is None
    assert owner("10.0.0.1") is None


def test_the_header_is_gone_for_whatever_is_behind() -> None:
    proxies = Proxies(HEADER, (ip_network("10.0.0.0/8"),))
    request = scope("192.168.0.1", "ann")
    proxies.clean(request)
    assert request["headers"] == [(b"host", b"localhost")]


def test_only_those_allowed_come_in() -> None:
    assert owner("10.0.0.1", "ann@example.org", allowed=["@example.org"]) == "ann@example.org"
    assert owner("10.0.0.1", "eve@evil.example", allowed=["@example.org"]) is None


def test_without_a_header_nothing_is_read_or_taken_off() -> None:
    proxies = Proxies("", ())
    request = scope("10.0.0.1", "ann")
    before = dict(request)
    proxies.clean(request)
    assert request == before
    assert proxies.owner(request) is None


def serving(backend: FakeBackend, proxy: str) -> Web:
    backend.token = "between-us"
    return Web(
        backend.address,
        trusted_user_header=HEADER,
        trusted_proxies=(ip_network(proxy),),
        backend_token="between-us",
    )


def test_rest_belongs_to_whom_the_proxy_names(backend: FakeBackend) -> None:
    with serving(backend, "127.0.0.1") as web:
        assert web.chat(headers={HEADER: "ann@example.org"}).status == 200
        assert backend.owners == ["ann@example.org"]
        assert web.get("/v1/models").status == 401, "nobody was named"
        assert web.get("/health").status == 200


def test_rest_believes_no_other_peer(backend: FakeBackend) -> None:
    with serving(backend, "10.0.0.1") as web:
        for more in ({}, {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}):
            assert web.chat(headers={HEADER: "ann@example.org", **more}).status == 401
        assert backend.owners == []
