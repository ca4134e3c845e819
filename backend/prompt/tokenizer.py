"""Text to token ids and back; text from outside never becomes a control token."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import tokenizers

_MARKUP = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")  # added tokens that look like markup are control
_BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>")
_SPACE = "\u2581"  # how sentence-piece vocabularies write a space


class Counts(Protocol):
    """What laying a prompt out needs of a tokenizer; an estimate will do."""

    vocabulary_size: int

    def encode(self, text: str) -> list[int]: ...

    def count(self, text: str) -> int: ...


class Tokenizer:
    """The tokenizer of one model folder."""

    def __init__(self, description: str) -> None:
        """`description` is the text of a tokenizer.json."""
        parsed = json.loads(description)
        self._control = {
            token["content"]: token["id"]
            for token in parsed.get("added_tokens", [])
            if token["special"] or _MARKUP.fullmatch(token["content"])
        }
        self._control_ids = frozenset(self._control.values())
        parsed["added_tokens"] = [
            token for token in parsed["added_tokens"] if token["content"] not in self._control
        ]
        parsed["post_processor"] = None  # the template alone decides what stands around the text
        parsed["truncation"] = None
        parsed["padding"] = None
        self._plain = tokenizers.Tokenizer.from_str(json.dumps(parsed))
        self._whole = tokenizers.Tokenizer.from_str(description)
        self._is_byte_level = '"ByteLevel"' in json.dumps(parsed.get("decoder"))
        self._bytes_of_char = {char: byte for byte, char in _byte_level_alphabet().items()}
        names = sorted(self._control, key=len, reverse=True)
        self._control_pattern = re.compile("|".join(map(re.escape, names)) if names else r"(?!)")
        self.vocabulary_size = self._whole.get_vocab_size(with_added_tokens=True)

    @classmethod
    def from_folder(cls, folder: Path) -> Tokenizer:
        """Reads tokenizer.json of a model folder."""
        return cls((folder / "tokenizer.json").read_text(encoding="utf-8"))

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text, without any control token whatever the text says."""
        ids = self._ids(text)
        if self._control_ids.isdisjoint(ids):
            return ids
        return [token for char in text for token in self._ids(char)]

    def encode_markup(self, pieces: Iterable[tuple[str, bool]]) -> list[int]:
        """Token ids of a rendered template: (text, is it trusted to hold control tokens).

        Text between two control tokens is encoded in one go, across pieces, as if it had been
        written by one hand.
        """
        ids: list[int] = []
        stretch = ""
        for text, is_trusted in pieces:
            if not is_trusted:
                stretch += text
                continue
            end = 0
            for match in self._control_pattern.finditer(text):
                ids += self.encode(stretch + text[end : match.start()])
                ids.append(self._control[match.group()])
                stretch, end = "", match.end()
            stretch += text[end:]
        return ids + self.encode(stretch)

    def marked(self) -> str:
        """The text of a tokenizer.json in which every control token is marked as special."""
        description = json.loads(self._whole.to_str())
        for token in description.get("added_tokens", []):
            token["special"] = token["special"] or token["content"] in self._control
        return json.dumps(description)

    def count(self, text: str) -> int:
        """How many tokens plain text has."""
        return len(self.encode(text))

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids; control tokens have none."""
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", errors="replace")

    def control_id(self, token: str) -> int | None:
        """The id of a control token by its name."""
        return self._control.get(token)

    def token_bytes(self, token: int) -> bytes:
        """The bytes one token stands for, which need not be whole characters."""
        if token in self._control_ids:
            return b""
        name = self._whole.id_to_token(token)
        if name is None:  # padding of the vocabulary
            return b""
        if self._is_byte_level:
            known = self._bytes_of_char
            return b"".join(
                bytes([known[char]]) if char in known else char.encode() for char in name
            )
        if match := _BYTE_TOKEN.fullmatch(name):
            return bytes([int(match.group(1), 16)])
        return name.replace(_SPACE, " ").encode("utf-8", errors="replace")

    def token_name(self, token: int) -> str:
        """How a token is shown to people: its text, or its name if it is a control token."""
        if token in self._control_ids:
            return str(self._whole.id_to_token(token))
        return self.token_bytes(token).decode("utf-8", errors="replace")

    def _ids(self, text: str) -> list[int]:
        encoding: Any = self._plain.encode(text, add_special_tokens=False)
        return list(encoding.ids)


def _byte_level_alphabet() -> dict[int, str]:
    """The printable stand-in of every byte in byte-level vocabularies (GPT-2's convention)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(0x100) if byte not in printable]
    alphabet = {byte: chr(byte) for byte in printable}
    return alphabet | {byte: chr(0x100 + number) for number, byte in enumerate(others)}
