"""What another server serves and can do: read where it tells, tried where it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from PIL import Image

from backend.prompt.picture import Pixels
from backend.prompt.prompt import Sampling
from backend.prompt.reasoning import OPEN
from backend.remote.address import SILENCE_SECONDS, Address
from backend.remote.dialect import Dialect
from backend.remote.picture import data_url

SHORT = 24  # tokens of an answer that is only to be looked at
FORMED = 128  # of one that a form holds: a small model may fill whatever blanks the form allows
_SCHEMA = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
_TOOL = {"type": "function", "function": {"name": "look_up", "description": "Looks a word up."}}
_OPENED = {"enable_thinking": True}
_CLOSED = {"enable_thinking": False}
_SIDE = 56  # pixels; some models refuse pictures of less than one of their pieces


class NotServed(Exception):
    """The server answers, but nothing can be asked of it; the sentence says why."""


@dataclass(frozen=True)
class Found:
    """A model on another server."""

    model: str
    dialect: Dialect
    context_length: int | None  # tokens; None: the server does not say
    sees: bool
    thinks: bool
    tells_apart: bool  # reasoning comes in a field of its own
    calls_tools: bool
    holds_forms: bool  # whether JSON schemas are enforced
    defaults: Sampling
    parameters: int = 0
    root: str = ""  # what the server says its weights are


def card_of(client: httpx.Client, address: Address, wanted: str | None) -> dict[str, Any]:
    """The model's own entry of `/v1/models`. Raises httpx.HTTPError, or NotServed."""
    answer = client.get(f"{address.url}/models")
    if answer.status_code in (401, 403):
        raise NotServed("the engine refuses the key in ENGINE_API_KEY")
    if answer.is_client_error or answer.is_redirect:
        raise NotServed("the engine has no /models at the address in ENGINE")
    answer.raise_for_status()
    cards = _object(answer).get("data")
    models = [card for card in cards if isinstance(card, dict)] if isinstance(cards, list) else []
    for card in models:
        if isinstance(card.get("id"), str) and wanted in (None, card["id"]):
            return card
    raise NotServed("the engine does not serve the model in ENGINE_MODEL")


def look(address: Address, wanted: str | None, *, vision: bool | None = None) -> Found:
    """Finds out all that is to be known. `vision` settles whether the model sees; None: try.

    Raises httpx.HTTPError where the server does not answer, NotServed where it will not.
    """
    with address.client() as client:
        card = card_of(client, address, wanted)
        dialect = Dialect.of(card.get("owned_by"))
        told = card.get("capabilities")
        told = told if isinstance(told, dict) else {}
        context, props = card.get("max_model_len"), {}
        if dialect is Dialect.LLAMA_CPP:
            props = _object(client.get(f"{address.root}/props"))
            settings = props.get("default_generation_settings")
            context = settings.get("n_ctx") if isinstance(settings, dict) else context
        trial = _Trial(client, address, card["id"])
        trial.check()
        thinks = _flag(told, "reasoning", trial.thinks)
        trial.quiet = thinks
        modalities = props.get("modalities")
        told_vision = modalities if isinstance(modalities, dict) else told
        sees = vision if vision is not None else _flag(told_vision, "vision", trial.sees)
        # llama.cpp takes functions and leaves them out where its template has no place for them.
        caps = props.get("chat_template_caps")
        told_tools, tools = (caps, "supports_tools") if isinstance(caps, dict) else (told, "tools")
        meta = card.get("meta")
        parameters = meta.get("n_params") if isinstance(meta, dict) else None
        return Found(
            model=card["id"],
            dialect=dialect,
            context_length=context if isinstance(context, int) and context > 0 else None,
            sees=sees,
            thinks=thinks,
            tells_apart=trial.tells_apart or dialect is Dialect.OURS,
            calls_tools=_flag(told_tools, tools, trial.calls_tools),
            holds_forms=trial.holds_forms(),
            defaults=_defaults(card.get("defaults")),
            parameters=parameters if isinstance(parameters, int) else 0,
            root=str(card.get("root") or ""),
        )


class _Trial:
    """Short questions to one model."""

    def __init__(self, client: httpx.Client, address: Address, model: str) -> None:
        self._client = client
        self._url = f"{address.url}/chat/completions"
        self._model = model
        self.tells_apart = False  # whether reasoning came in a field of its own
        self.quiet = False  # whether the model has to be told not to reason

    def check(self) -> None:
        """Raises NotServed if the plainest question gets no answer."""
        answer = self._ask("Hello", max_tokens=1)
        if answer.is_client_error:
            raise NotServed("the engine refuses the plainest question")
        answer.raise_for_status()

    def thinks(self) -> bool:
        """Whether it reasons when it is told to."""
        said = _said(self._ask("Hello", max_tokens=SHORT, chat_template_kwargs=_OPENED))
        content = said.get("content")
        self.tells_apart = bool(said.get("reasoning_content") or said.get("reasoning"))
        is_open = isinstance(content, str) and content.lstrip().startswith(OPEN)
        return self.tells_apart or is_open

    def sees(self) -> bool:
        """Whether it takes a picture."""
        white = Image.new("RGB", (_SIDE, _SIDE), "white")
        url = data_url(Pixels(white.tobytes(), _SIDE, _SIDE))
        return self._ask(
            [
                {"type": "image_url", "image_url": {"url": url}},
                {"type": "text", "text": "Which colour?"},
            ],
            max_tokens=1,
        ).is_success

    def calls_tools(self) -> bool:
        """Whether it takes functions."""
        return self._ask("Hello", max_tokens=1, tools=[_TOOL], tool_choice="auto").is_success

    def holds_forms(self) -> bool:
        """Whether an answer is held to a schema that it would not have by chance."""
        form = {"type": "json_schema", "json_schema": {"name": "ok", "schema": _SCHEMA}}
        asked = "Is water wet? Say it as JSON."
        said = _said(self._ask(asked, max_tokens=FORMED, response_format=form))
        try:
            answer = json.loads(said.get("content") or "")
        except (TypeError, ValueError):
            return False
        return (
            isinstance(answer, dict) and answer.keys() == {"ok"} and answer["ok"] in (True, False)
        )

    def _ask(self, content: object, **fields: object) -> httpx.Response:
        if self.quiet:
            fields.setdefault("chat_template_kwargs", _CLOSED)
        return self._client.post(
            self._url,
            json={
                "model": self._model,
                "messages": [{"role": "user", "content": content}],
                "temperature": 0,
                **fields,
            },
            timeout=SILENCE_SECONDS,
        )


def _flag(told: Mapping[str, Any], name: str, trial: Callable[[], bool]) -> bool:
    value = told.get(name)
    return value if isinstance(value, bool) else trial()


def _said(answer: httpx.Response) -> Mapping[str, Any]:
    """The message of an answer; empty where there is none."""
    if not answer.is_success:
        return {}
    try:
        message = _object(answer)["choices"][0]["message"]
    except (KeyError, IndexError, TypeError):
        return {}
    return message if isinstance(message, dict) else {}


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        content = answer.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _defaults(told: object) -> Sampling:
    """The server's defaults where it tells them, else those that most models are published with."""
    if not isinstance(told, dict):
        return Sampling(temperature=0.7, top_p=0.95)

    def number(name: str, otherwise: float) -> float:
        value = told.get(name)
        return float(value) if isinstance(value, int | float) else otherwise

    return Sampling(
        temperature=number("temperature", 0.7),
        top_p=number("top_p", 1.0),
        top_k=int(number("top_k", 0)),
        repetition_penalty=number("repetition_penalty", 1.0),
    )
