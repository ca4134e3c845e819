"""Where another server's OpenAI interface is, and how it is spoken to."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path

import httpx

CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 300.0  # without a byte of a running answer; a long prompt takes its time
ASK_SECONDS = 10.0  # for what is answered at once


@dataclass(frozen=True)
class Address:
    """The address of a server's `/v1`, and what it asks of callers."""

    url: str  # ends in /v1 or whatever stands for it, without a slash
    key: str | None = field(default=None, repr=False)
    ca: Path | None = None  # certificates that its own is signed by; None: those of the system

    @property
    def root(self) -> str:
        """The address beside `/v1`, where servers keep what is not OpenAI's."""
        return self.url.removesuffix("/v1")

    def client(self) -> httpx.Client:
        """For questions that are answered at once. Proxies of the environment are not used."""
        return httpx.Client(
            headers=self._headers, verify=self._trust, timeout=ASK_SECONDS, trust_env=False
        )

    def streaming(self, connections: int) -> httpx.AsyncClient:
        """For answers that take their time, so many at once."""
        return httpx.AsyncClient(
            headers=self._headers,
            verify=self._trust,
            timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=8),
            trust_env=False,
        )

    @property
    def _headers(self) -> dict[str, str]:
        return {} if self.key is None else {"Authorization": f"Bearer {self.key}"}

    @property
    def _trust(self) -> ssl.SSLContext | bool:
        return True if self.ca is None else ssl.create_default_context(cafile=str(self.ca))
