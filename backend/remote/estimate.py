"""Prompts measured for a model whose tokenizer is elsewhere: about as many tokens, rather more.

The ids mean nothing to any model, but the same ids are the same text: they identify a prompt.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from backend.prompt.prompt import Role, Tool
from backend.prompt.sight import Sight
from backend.prompt.template import ChatMessage, Mark, offered

PICTURE = 0  # the id of a piece of a picture
_TURNS = {Role.SYSTEM: 1, Role.USER: 2, Role.ASSISTANT: 3, Role.TOOL: 4}
_END, _ANSWER, _TOOLS, _THINK = 8, 9, 10, 11  # what a template writes; under 256 like all marks

# At most seven bytes each, so that a piece fits into an id. Common words are one or two tokens,
# numbers go by twos, Chinese by characters: vocabularies of today make fewer of nearly all texts.
_PIECES = re.compile(r" ?[A-Za-z]{1,6}|[0-9]{1,2}|[ \t]{1,7}|\n{1,7}|.", re.DOTALL)


class Estimate:
    """Stands in for a tokenizer where a prompt is laid out."""

    vocabulary_size = 1 << 31  # unknown; the server itself refuses ids that it does not have

    def encode(self, text: str) -> list[int]:
        """A number for every piece of the text, 256 or more."""
        return [
            int.from_bytes(b"\x01" + piece.encode("utf-8", errors="replace"))
            for piece in _PIECES.findall(text)
        ]

    def count(self, text: str) -> int:
        """How many tokens the text has, about."""
        return len(_PIECES.findall(text))


class Layout:
    """Stands in for a chat template: what the server's own will write, about."""

    def __init__(self, estimate: Estimate) -> None:
        self._estimate = estimate

    def render(
        self, messages: Sequence[ChatMessage], *, thinking: bool, tools: Sequence[Tool] = ()
    ) -> list[int]:
        """The conversation's ids; a picture is `PICTURE` once."""
        encode = self._estimate.encode
        ids: list[int] = []
        if tools:
            ids += [_TOOLS, *encode(json.dumps([offered(tool) for tool in tools])), _END]
        for message in messages:
            ids += [_TURNS[message.role]]
            pieces = message.content
            for piece in (pieces,) if isinstance(pieces, str) else pieces:
                ids += [PICTURE] if isinstance(piece, Mark) else encode(piece)
            for call in message.calls:
                ids += [_TOOLS, *encode(call.name), _END, *encode(call.arguments)]
            ids += [_END, *encode(message.call_id)]
        return [*ids, _ANSWER, _THINK if thinking else _END]


def sight(revision: str) -> Sight:
    """How a model of unknown kind looks at pictures: 28 pixels a token's side, as GLM-4.xV and
    Qwen2.5-VL do, so that pictures are drawn at a size at which they are worth sending."""
    return Sight(
        image_id=PICTURE,
        patch=14,
        merge=2,
        temporal=2,
        min_pixels=112 * 112,
        max_pixels=28 * 28 * 2 * 5_000,  # 5,000 tokens, twice as processors count: an A4 page whole
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        revision=revision,
    )
