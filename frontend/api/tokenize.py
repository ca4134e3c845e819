"""POST /v1/tokenize: the tokens of a text, as the model would read them."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from frontend.api.answers import to_json
from frontend.api.body import read
from frontend.api.errors import invalid, missing, unavailable
from frontend.api.fields import Fields
from frontend.api.limits import TOKENIZED_CHARACTERS
from frontend.client.concurrent import AsyncClient


class Tokenizing:
    """The route."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def tokens(self, request: Request) -> Response:
        """Raises ApiError or BackendError."""
        model, text = await read(request, _asked)
        tokens = await self._client.tokenize(model, text)
        loaded = (await self._client.status()).model
        if loaded is None:
            raise unavailable("The model is still being loaded; /ready tells how far it is.", 5)
        told = {
            "object": "tokens",
            "model": model,
            "count": len(tokens),
            "max_model_len": loaded.context_length,
            "tokens": tokens,
        }
        return Response(to_json(told), media_type="application/json")


def _asked(body: dict[str, Any]) -> tuple[str, str]:
    fields = Fields(body)
    model, text = fields.text("model"), fields.text("prompt")
    if model is None:
        raise missing("model")
    if text is None:
        raise missing("prompt")
    if len(text) > TOKENIZED_CHARACTERS:
        raise invalid("prompt", f"'prompt' may have {TOKENIZED_CHARACTERS:,} characters.")
    return model, text
