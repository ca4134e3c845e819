"""A conversation to take away: as Markdown for people, as JSON for programs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from frontend.components import markdown as marks
from frontend.components import receipt
from frontend.history.earlier import EarlierAnswer
from frontend.history.records import Attachment, Conversation, Message
from frontend.i18n import Phrases
from frontend.messages import Role

_UNFIT = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')  # for a file name, on any system


def filename(conversation: Conversation, ending: str) -> str:
    """A name for the file, after the conversation's title."""
    name = " ".join(_UNFIT.sub(" ", conversation.title).split()).strip(". ")[:60]
    return f"{name or 'conversation'}.{ending}"


def markdown(
    conversation: Conversation,
    messages: Sequence[Message],
    attachments: Sequence[Attachment],
    say: Phrases,
) -> str:
    """Questions, answers and receipts. Answers are Markdown as the model wrote it."""
    out = [f"# {marks.literal(conversation.title)}", ""]
    if attachments:
        out += [f"{say('export.files')}:", ""]
        out += [
            f"- {marks.literal(file.filename)} (SHA-256 `{file.sha256}`)"
            for file in {file.sha256: file for file in attachments}.values()
        ]
        out.append("")
    for message in messages:
        is_question = message.role is Role.USER
        out += [f"## {say('export.question' if is_question else 'export.answer')}", ""]
        if is_question:
            names = [file.filename for file in attachments if file.message == message.id]
            if names:
                out += [f"*{marks.literal(say('list.separator').join(names))}*", ""]
            out += [marks.literal(message.text), ""]
            continue
        if message.reasoning:
            quoted = "\n".join(f"> {line}".rstrip() for line in message.reasoning.split("\n"))
            out += [f"> **{say('chat.reasoning')}**", ">", quoted, ""]
        out += [message.text, ""] if message.text else []
        if message.error_code:
            out += [f"**{marks.literal(say.error(message.error_code, message.error))}**", ""]
        if message.receipt is not None:
            line = receipt.caption(message.receipt, say)
            known = f" · {message.receipt.model} · {say('receipt.seed')} {message.receipt.seed}"
            out += [f"*{marks.literal(line + known)}*", ""]
    return "\n".join(out).rstrip() + "\n"


def as_json(
    conversation: Conversation,
    messages: Sequence[Message],
    attachments: Sequence[Attachment],
    earlier: Mapping[str, Sequence[EarlierAnswer]],
) -> str:
    """Everything that is kept, as one JSON object; times are UTC (ISO 8601)."""
    content = {
        "id": conversation.id,
        "title": conversation.title,
        "created_at": _time(conversation.created_at),
        "updated_at": _time(conversation.updated_at),
        "files": [_file(file) for file in attachments],
        "messages": [_message(message, earlier.get(message.id, ())) for message in messages],
    }
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _file(file: Attachment) -> dict[str, Any]:
    return {
        "sha256": file.sha256,
        "filename": file.filename,
        "kind": file.kind,
        "size": file.size,
        "pages": file.pages,
        "sent_with": file.message,
        "removed_at": None if file.removed_at is None else _time(file.removed_at),
    }


def _message(message: Message, earlier: Sequence[EarlierAnswer]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": message.id,
        "role": message.role.value,
        "text": message.text,
        "created_at": _time(message.created_at),
    }
    if message.role is Role.USER:
        return told
    return told | {
        "reasoning": message.reasoning,
        "state": message.state.value,
        "error_code": message.error_code,
        "error": message.error,
        "parameters": message.parameters,
        "receipt": None if message.receipt is None else asdict(message.receipt),
        "earlier": [asdict(one) | {"replaced_at": _time(one.replaced_at)} for one in earlier],
        "replay": None if message.replay is None else asdict(message.replay),
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
