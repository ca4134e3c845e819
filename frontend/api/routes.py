"""Which URL leads where, and what stands before all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from frontend.api import chat, openapi, responses
from frontend.api.body import Room
from frontend.api.endpoint import Endpoint, answering, nothing_here
from frontend.api.errors import unavailable
from frontend.api.exchange import Exchanges
from frontend.api.fetch import Fetcher
from frontend.api.gate import Gate
from frontend.api.health import Readiness, health, not_ready
from frontend.api.metrics import Metrics, MetricsPage
from frontend.api.models import Models
from frontend.api.plan import Planning
from frontend.api.proxies import Proxies
from frontend.api.throttle import Bounds, Throttle
from frontend.api.tokenize import Tokenizing
from frontend.client.concurrent import AsyncClient
from frontend.keys import KeyFile, KeyRing
from frontend.settings import Settings

_PATHS: Final = ("/health", "/ready", "/metrics", "/v1")
_TO_THE_LAST: Final = ("/health", "/metrics")  # are answered while the service stops


class Api:
    """The REST interface. Its routes answer while `running` is entered."""

    def __init__(self, settings: Settings, *, fetcher: Fetcher | None = None) -> None:
        """Raises KeysUnusable."""
        self._settings = settings
        self._fetcher = fetcher or Fetcher(settings.remote_images, settings.remote_image_hosts)
        self._metrics = Metrics()
        self._room = Room()
        self._keys = KeyRing(settings.api_keys, KeyFile(settings.data_dir))
        self._exchanges: Exchanges | None = None
        self._routes: Router | None = None
        self._is_draining = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Connects to the backend; belongs to the loop that it is entered in."""
        settings = self._settings
        client = AsyncClient(
            settings.backend_address,
            settings.backend_token,
            ca=settings.backend_tls_ca,
            ping_seconds=settings.backend_ping_seconds,
        )
        self._exchanges = Exchanges(
            client, self._fetcher, self._metrics, self._settings.request_timeout, self._room
        )
        self._routes = Router(
            _table(self._exchanges, self._planning(client), client, self._metrics),
            redirect_slashes=False,
            default=nothing_here,
        )
        try:
            yield
        finally:
            await client.close()

    def _planning(self, client: AsyncClient) -> Planning:
        return Planning(client, self._fetcher, self._settings.request_timeout, self._room)

    def drain(self) -> None:
        """From now on new requests are refused, and /ready says so."""
        self._is_draining = True

    async def idle(self) -> None:
        """Returns once no answer is being written."""
        if self._exchanges is not None:
            await self._exchanges.idle()

    def end_all(self) -> None:
        """Ends the answers that are being written, saying so."""
        if self._exchanges is not None:
            self._exchanges.end_all()

    def before(self, page: ASGIApp) -> ASGIApp:
        """The API and what serves all other paths, behind the gate, counted."""
        settings = self._settings
        throttle = Throttle(
            _Fork(self, page),
            key=Bounds(settings.key_per_minute, settings.key_at_once),
            owner=Bounds(settings.owner_per_minute, settings.owner_at_once),
        )
        gate = Gate(
            throttle,
            hosts=settings.host_names,
            keys=self._keys,
            proxies=Proxies(
                settings.trusted_user_header, settings.trusted_proxies, settings.allowed_users
            ),
            signs_in=settings.signs_in,
        )
        return self._metrics.counting(gate)

    @property
    def asks_for_keys(self) -> bool:
        """Whether callers have to show one."""
        return self._keys.is_on

    @property
    def paths(self) -> list[str]:
        """Of every route; there are some while running."""
        routes = [] if self._routes is None else self._routes.routes
        return [route.path for route in routes if isinstance(route, Route)]

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leads a request to its route."""
        assert self._routes is not None, "routes answer while running"
        if self._is_draining and scope["type"] == "http" and scope["path"] not in _TO_THE_LAST:
            await self._refused(scope)(scope, receive, send)
            return
        await self._routes(scope, receive, send)

    @staticmethod
    def _refused(scope: Scope) -> Response:
        """What a request hears that comes after the end was asked for."""
        if scope["path"] == "/ready":
            return not_ready("draining", "The service finishes what it has begun and stops.")
        refusal = unavailable("The service is stopping.", 5)
        refusal.headers["Connection"] = "close"
        return refusal.response()


class _Fork:
    """Leads the API's paths past the page, which would answer odd ones in words of its own."""

    def __init__(self, api: Api, page: ASGIApp) -> None:
        self._api = api
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")  # a lifespan has none
        is_ours = path in _PATHS or path.startswith("/v1/")
        await (self._api.answer if is_ours else self._page)(scope, receive, send)


def _table(
    exchanges: Exchanges, planning: Planning, client: AsyncClient, metrics: Metrics
) -> list[BaseRoute]:
    models, readiness, page = Models(client), Readiness(client), MetricsPage(metrics, client)
    tokenizing = Tokenizing(client)
    get = ("GET", "HEAD")
    return [
        Route("/v1/chat/completions", Endpoint(exchanges.speaking(chat.asked), "POST")),
        Route("/v1/responses", Endpoint(exchanges.speaking(responses.asked), "POST")),
        Route("/v1/plan", Endpoint(planning, "POST")),
        Route("/v1/tokenize", Endpoint(answering(tokenizing.tokens), "POST")),
        Route("/v1/openapi.json", Endpoint(answering(openapi.document), *get)),
        Route("/v1/models", Endpoint(answering(models.every), *get)),
        Route("/v1/models/{id:path}", Endpoint(answering(models.one), *get)),
        Route("/health", Endpoint(answering(health), *get)),
        Route("/ready", Endpoint(answering(readiness.ready), *get)),
        Route("/metrics", Endpoint(answering(page.show), *get)),
    ]
