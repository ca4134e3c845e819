"""POST /v1/plan: what a chat request would cost, before anything is computed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from frontend.api.answers import page_uses, to_json
from frontend.api.asking import openai_path, question, seconds
from frontend.api.body import Body, Room, arrived
from frontend.api.errors import deadline, from_backend
from frontend.api.fetch import Fetcher
from frontend.api.presence import while_present
from frontend.api.schema import ChatRequest, chat_request
from frontend.api.uploads import Uploads
from frontend.client.concurrent import AsyncClient
from frontend.messages import BackendError, Plan, Proposal, Turn


class Planning:
    """An ASGI application. The request is a chat request's, and refused for the same reasons."""

    def __init__(self, client: AsyncClient, fetcher: Fetcher, timeout: float, room: Room) -> None:
        self._client = client
        self._fetcher = fetcher
        self._timeout = timeout
        self._room = room

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises ApiError."""
        request = Request(scope, receive)
        end = asyncio.get_running_loop().time() + seconds(request, self._timeout)
        with closing(await arrived(request)) as body:
            await while_present(receive, self._answer(body, scope, receive, send, end))

    async def _answer(
        self, body: Body, scope: Scope, receive: Receive, send: Send, end: float
    ) -> None:
        uploads = Uploads(self._client, self._fetcher, scope["owner"])
        try:
            async with asyncio.timeout_at(end):
                asked, turns = await self._taken_in(body, uploads)
                plan = await self._planned(asked, turns, scope["owner"])
        except TimeoutError:
            raise deadline() from None
        shown = to_json(_shown(plan, asked.model, uploads.names))
        await Response(shown, media_type="application/json")(scope, receive, send)

    async def _taken_in(self, body: Body, uploads: Uploads) -> tuple[ChatRequest, tuple[Turn, ...]]:
        """The request without its files, and its turns with those in the backend."""
        async with self._room.of(body):
            asked = await body.read(chat_request)
            turns = await uploads.turns(asked)
        return asked.emptied, turns

    async def _planned(self, asked: ChatRequest, turns: tuple[Turn, ...], owner: str) -> Plan:
        try:
            return await self._client.plan(owner, question(asked, turns, "plan"))
        except BackendError as error:
            raise from_backend(error, lambda path: openai_path(path, asked)) from None


def _shown(plan: Plan, model: str, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "object": "plan",
        "model": model,
        "fits": plan.fits,
        "route": plan.route,
        "route_reason": plan.route_reason,
        "context_length": plan.context_length,
        "prompt_tokens": plan.prompt_tokens,
        "cached_tokens": plan.cached_tokens,
        "image_tokens": plan.image_tokens,
        "cached_image_tokens": plan.cached_image_tokens,
        "max_tokens": plan.max_tokens,
        "first_token_seconds": plan.first_token_seconds,
        "answer_cached": plan.answer_cached,
        "parts": [
            {"message": part.message, "part": part.part, "tokens": part.tokens}
            for part in plan.parts
        ],
        "pages": page_uses(plan.pages, names),
        "proposal": plan.proposal or None,
        "proposals": [_proposal(proposal) for proposal in plan.proposals],
    }


def _proposal(proposal: Proposal) -> dict[str, Any]:
    return {
        "kind": proposal.kind,
        "sentence": proposal.sentence,
        "prompt_tokens": proposal.prompt_tokens,
        "detail": proposal.detail.value if proposal.detail is not None else None,
        "pages": list(proposal.pages),
        "requests": proposal.requests,
        "max_tokens": proposal.max_tokens or None,
    }
