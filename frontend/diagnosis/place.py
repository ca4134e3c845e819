"""Where the page is, as somebody who looks for it has to ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from frontend.settings import Settings

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, never bound


class NoAddress(Exception):
    """What was given is no address of a page."""


@dataclass(frozen=True)
class Place:
    """An address that is connected to, and the name that is asked for there."""

    address: str
    port: int
    path: str  # begins with a slash and does not end with one, or is empty
    host: str  # as a browser says it
    is_encrypted: bool = False

    @property
    def url(self) -> str:
        """For people."""
        return f"{'https' if self.is_encrypted else 'http'}://{self.host}{self.path}/"


def of_settings(settings: Settings, host: str | None = None) -> Place:
    """The page of this machine; `host` is the name that browsers ask for, if another."""
    address = _ANYWHERE.get(settings.host, settings.host)
    shown = f"[{address}]" if ":" in address else address
    return Place(address, settings.port, settings.base_path, host or f"{shown}:{settings.port}")


def of_url(url: str) -> Place:
    """The page at an address, such as a proxy's. Raises NoAddress."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NoAddress("The address must look like https://desk.example.org/path.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NoAddress("The address must look like https://desk.example.org/path.")
    is_encrypted = parts.scheme == "https"
    return Place(
        parts.hostname,
        port or (443 if is_encrypted else 80),
        parts.path.rstrip("/"),
        parts.netloc.rpartition("@")[2],
        is_encrypted,
    )
