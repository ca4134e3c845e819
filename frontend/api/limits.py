"""What a REST request is held to before the backend sees it."""

from __future__ import annotations

from typing import Final

BODY_BYTES: Final = 72 << 20
BODY_SECONDS: Final = 30.0
LARGE_AT_ONCE: Final = 2  # bodies over 4 MB that are taken apart in memory
BODY_RATE: Final = 64 << 10  # bytes of an upload of the page that earn it another second
HEAD_SECONDS: Final = 20.0  # for a request's line and headers
HEADER_BYTES: Final = 32 << 10
HEADER_LINES: Final = 100
PICTURE_CHARACTERS: Final = 8 << 20  # base64 of all pictures together
PICTURES: Final = 50
MESSAGES: Final = 1000
TOKENIZED_CHARACTERS: Final = 1_000_000
PAGES: Final = 1000  # that a file part may name
TEXT_CHARACTERS: Final = 2_000_000  # far beyond any context; spares the tokenizer
ANSWERS: Final = 8
STOPS: Final = 4
STOP_CHARACTERS: Final = 256
TOP_LOGPROBS: Final = 20
LOGIT_BIASES: Final = 300
TOOLS: Final = 128
SCHEMA_CHARACTERS: Final = 64 << 10  # of a JSON schema, as JSON
REDIRECTS: Final = 3
REMOTE_BYTES: Final = 10_000_000
REMOTE_SECONDS: Final = 5.0
TIMEOUT_SECONDS: Final = 3600.0  # the most a caller may ask for
READER_SECONDS: Final = 30.0  # how long a client may leave its answer unread
READER_RATE: Final = 1 << 10  # bytes a second, over that time, that are not leaving it unread
