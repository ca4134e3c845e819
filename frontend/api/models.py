"""GET /v1/models: what can be asked, with what, and within which limits."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frontend.api import limits
from frontend.api.errors import model_not_found, unavailable
from frontend.client.concurrent import AsyncClient
from frontend.messages import BackendStatus, Limits, ModelCard


class Models:
    """The two routes."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def every(self, request: Request) -> Response:
        """Every model that answers now."""
        return JSONResponse({"object": "list", "data": await self._cards()})

    async def one(self, request: Request) -> Response:
        """A model by its id."""
        for card in await self._cards():
            if card["id"] == request.path_params["id"]:
                return JSONResponse(card)
        raise model_not_found()

    async def _cards(self) -> list[dict[str, Any]]:
        status = await self._client.status()
        cards = [_card(model, status) for model in status.models if model.loaded]
        if not cards:
            raise unavailable("The model is still being loaded; /ready tells how far it is.", 5)
        return cards


def _card(model: ModelCard, status: BackendStatus) -> dict[str, Any]:
    return {
        "id": model.id,
        "object": "model",
        "created": status.started_at,
        "owned_by": "glm-flash-web",
        "name": model.name,
        "description": model.description,
        "max_model_len": model.context_length,
        "input_modalities": ["text", "image", "file"],
        "output_modalities": ["text"],
        "reads_images_by": "vision" if model.sees_images else "ocr",
        "capabilities": {
            "vision": model.sees_images,
            "reasoning": model.thinks,
            "tools": model.calls_tools,
        },
        "defaults": {
            "temperature": model.defaults.temperature,
            "top_p": model.defaults.top_p,
            "top_k": model.defaults.top_k,
            "repetition_penalty": model.defaults.repetition_penalty,
            "max_tokens": model.defaults.max_tokens,
        },
        "limits": _limits(status.limits),
        "license": model.license,
    }


def _limits(backend: Limits) -> dict[str, Any]:
    """What one request may hold."""
    return {
        "body_bytes": limits.BODY_BYTES,
        "messages": limits.MESSAGES,
        "answers": limits.ANSWERS,
        "images": min(limits.PICTURES, backend.images),
        "image_base64_characters": limits.PICTURE_CHARACTERS,
        "image_bytes": backend.image_bytes,
        "image_pixels": backend.image_pixels,
        "image_aspect_ratio": backend.aspect_ratio,
        "file_bytes": backend.document_bytes,
        "file_pages": backend.document_pages,
        "tools": limits.TOOLS,
    }
