"""The messages of a chat request: roles, parts, and the pictures and files among them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from frontend.api import data_url
from frontend.api.errors import invalid, missing, too_large, unsupported
from frontend.api.fields import Fields, wrong_type
from frontend.api.limits import MESSAGES, PAGES, PICTURE_CHARACTERS, PICTURES, TEXT_CHARACTERS
from frontend.api.tools import calls, result_of
from frontend.messages import Detail, Role, TextPart, ToolCall

_ROLES: Final = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
}


@dataclass(frozen=True)
class Attachment:
    """A picture or file of the request, not yet with the backend."""

    param: str  # its field's path
    filename: str
    detail: Detail
    is_picture: bool
    data: bytes | None = None  # None: it has to be fetched
    url: str = ""
    pages: tuple[int, ...] = ()  # of a document, those that are meant; none: all


Piece = TextPart | Attachment


@dataclass(frozen=True)
class Said:
    """One message."""

    role: Role
    pieces: tuple[Piece, ...]
    has_parts: bool  # whether content was a list; decides the paths of refusals
    calls: tuple[ToolCall, ...] = ()  # of the model
    call_id: str = ""  # of a tool: the call that it answers

    @property
    def emptied(self) -> Said:
        """The same, without the bytes of its files."""
        pieces = (
            replace(piece, data=None) if isinstance(piece, Attachment) else piece
            for piece in self.pieces
        )
        return replace(self, pieces=tuple(pieces))


def conversation(fields: Fields) -> tuple[Said, ...]:
    """The messages of a request. Raises ApiError, which names the first field that is wrong."""
    sent = fields.require("messages")
    if not isinstance(sent, list):
        raise wrong_type("messages", "an array")
    if not sent:
        raise invalid("messages", "'messages' must not be empty.")
    if len(sent) > MESSAGES:
        raise invalid(
            "messages", f"'messages' may hold {MESSAGES:,} messages.", "array_above_max_length"
        )
    counter = _Counter()
    messages = []
    for place, message in enumerate(sent):
        path = f"messages[{place}]"
        if not isinstance(message, dict):
            raise wrong_type(path, "an object")
        messages.append(_message(Fields(message, path), counter))
    return tuple(messages)


class _Counter:
    """What all messages together may hold."""

    def __init__(self) -> None:
        self.pictures = 0
        self.characters = 0  # of base64
        self.text = 0

    def count_text(self, text: str) -> None:
        self.text += len(text)
        if self.text > TEXT_CHARACTERS:
            raise invalid(
                "messages",
                "The messages are longer than any prompt may be.",
                "context_length_exceeded",
            )

    def count_picture(self, encoded: int, path: str) -> None:
        self.pictures += 1
        self.characters += encoded
        if self.pictures > PICTURES:
            raise invalid("messages", f"A request may hold {PICTURES} pictures.", "too_many_images")
        if self.characters > PICTURE_CHARACTERS:
            limit = PICTURE_CHARACTERS >> 20
            raise too_large(f"All base64 pictures together may have {limit} MB.", path)


def _message(fields: Fields, counter: _Counter) -> Said:
    role = fields.require("role")
    if not isinstance(role, str):
        raise wrong_type(fields.at("role"), "a string")
    if role not in _ROLES:
        raise invalid(fields.at("role"), f"'{fields.at('role')}' must be one of {_names()}.")
    for name in ("function_call", "audio"):
        if fields.get(name):
            raise unsupported(fields.at(name))
    called = calls(fields) if role == "assistant" else ()
    call_id = result_of(fields) if role == "tool" else ""
    counter.count_text("".join(call.arguments for call in called))
    content = fields.get("content")
    path = fields.at("content")
    if isinstance(content, str):
        counter.count_text(content)
        return Said(
            _ROLES[role], (TextPart(content),), has_parts=False, calls=called, call_id=call_id
        )
    if content is None and role == "assistant":
        said = TextPart(fields.text("refusal") or "")
        return Said(Role.ASSISTANT, (said,), has_parts=False, calls=called)
    if not isinstance(content, list):
        raise wrong_type(path, "a string or an array of parts")
    if not content:
        raise invalid(path, f"'{path}' must not be empty.")
    pieces = []
    for place, part in enumerate(content):
        where = f"{path}[{place}]"
        if not isinstance(part, dict):
            raise wrong_type(where, "an object")
        pieces.append(_piece(Fields(part, where), role, counter))
    return Said(_ROLES[role], tuple(pieces), has_parts=True, calls=called, call_id=call_id)


def _names() -> str:
    return ", ".join(_ROLES)


def _piece(part: Fields, role: str, counter: _Counter) -> Piece:
    kind = part.require("type")
    if not isinstance(kind, str):
        raise wrong_type(part.at("type"), "a string")
    if part.get("uuid") is not None:
        raise invalid(part.at("uuid"), "Parts are known by their content.", "unknown_parameter")
    if kind == "text" or (kind == "refusal" and role == "assistant"):
        text = part.require(kind)
        if not isinstance(text, str):
            raise wrong_type(part.at(kind), "a string")
        counter.count_text(text)
        return TextPart(text)
    if kind in ("image_url", "file"):
        if role != "user":
            raise invalid(part.at("type"), "Pictures and files stand in messages of the user.")
        return _picture(part, counter) if kind == "image_url" else _document(part)
    raise invalid(part.at("type"), f"'{part.at('type')}' must be text, image_url or file.")


def _picture(part: Fields, counter: _Counter) -> Attachment:
    sent = part.require("image_url")
    detail = Detail.AUTO
    if isinstance(sent, dict):
        inner = Fields(sent, part.at("image_url"))
        sent, path = inner.require("url"), inner.at("url")
        detail = Detail(inner.choice("detail", "auto", "low", "high") or "auto")
    else:
        path = part.at("image_url")
    if not isinstance(sent, str):
        raise wrong_type(path, "a string")
    if not data_url.is_data_url(sent):
        counter.count_picture(0, path)
        return Attachment(path, "", detail, is_picture=True, url=sent)
    try:
        encoded = data_url.payload(sent)
        counter.count_picture(len(encoded), path)
        data = data_url.decode(encoded)
    except data_url.NotBase64:
        raise invalid(
            path, "The picture is not a valid base64 data URL.", "invalid_image_url"
        ) from None
    return Attachment(path, "", detail, is_picture=True, data=data)


def _document(part: Fields) -> Attachment:
    inner = part.object("file")
    if inner is None:
        raise missing(part.at("file"))
    if inner.get("file_id") is not None:
        raise unsupported(inner.at("file_id"), "Send the file itself, in file_data.")
    sent = inner.require("file_data")
    path = inner.at("file_data")
    if not isinstance(sent, str):
        raise wrong_type(path, "a string")
    filename = inner.text("filename") or ""
    try:
        if not data_url.is_data_url(sent):
            raise data_url.NotBase64
        data = data_url.decode(data_url.payload(sent))
    except data_url.Empty:
        raise invalid(path, "The file is empty.", "empty_file") from None
    except data_url.NotBase64:
        raise invalid(path, "The file is not a valid base64 data URL.", "invalid_file") from None
    pages = tuple(sorted(set(inner.integers("pages", 1, PAGES, PAGES))))
    return Attachment(path, filename[:255], Detail.AUTO, is_picture=False, data=data, pages=pages)
