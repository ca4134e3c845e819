"""The errors a caller can cause or meet, raised near the cause and translated once, in `wire`.

Each carries a stable one-word code, a sentence that may be shown to anyone, and, where one field is
to blame, that field's path in the gRPC request. No path, address or foreign exception text belongs
in the sentence.
"""

from __future__ import annotations

from enum import Enum


class Kind(Enum):
    """What kind of failure it is; decides the status at every edge."""

    BAD_INPUT = "bad_input"
    TOO_LARGE = "too_large"
    UNAUTHENTICATED = "unauthenticated"
    NOT_FOUND = "not_found"
    ALREADY_EXISTS = "already_exists"
    QUEUE_FULL = "queue_full"
    UNAVAILABLE = "unavailable"
    DEADLINE = "deadline"
    INTERNAL = "internal"


class RequestError(Exception):
    """A request that ends in a refusal or failure the caller is told about."""

    kind: Kind = Kind.BAD_INPUT
    code: str = "invalid_value"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.param = param
        self.retry_after = retry_after  # seconds


class InvalidRequest(RequestError):
    """A field has a value that cannot be served."""


class ContextLengthExceeded(InvalidRequest):
    """Prompt and answer need more tokens than a request may have."""

    code = "context_length_exceeded"


class InvalidMedia(InvalidRequest):
    """A file that is damaged, locked, of a wrong kind or out of bounds.

    Codes: empty_file, invalid_file, invalid_image, unsupported_image_format, image_too_large,
    image_aspect_ratio, pdf_encrypted, pdf_no_pages, pdf_too_many_pages, pdf_page_too_large,
    pdf_too_complex, pdf_timeout.
    """

    code = "invalid_file"


class TooLarge(RequestError):
    """More bytes than a limit allows."""

    kind = Kind.TOO_LARGE
    code = "request_too_large"


class StorageFull(RequestError):
    """The media store's quota or the disk is used up."""

    kind = Kind.UNAVAILABLE
    code = "storage_unavailable"


class Unauthenticated(RequestError):
    """The token is missing or wrong."""

    kind = Kind.UNAUTHENTICATED
    code = "invalid_api_key"


class NotFound(RequestError):
    """No such thing, or not this owner's."""

    kind = Kind.NOT_FOUND
    code = "not_found"


class ModelNotFound(NotFound):
    """No model of that name is loaded."""

    code = "model_not_found"


class AlreadyExists(RequestError):
    """The request id is in use."""

    kind = Kind.ALREADY_EXISTS
    code = "request_id_in_use"


class QueueFull(RequestError):
    """No place is left to wait in."""

    kind = Kind.QUEUE_FULL
    code = "queue_full"


class Unavailable(RequestError):
    """The backend is starting, draining or has failed to load its model."""

    kind = Kind.UNAVAILABLE
    code = "backend_unavailable"


class EngineLost(Unavailable):
    """Nothing can be computed in this process any more; another one has to take over."""


class DeadlineExceeded(RequestError):
    """The time allowed ran out."""

    kind = Kind.DEADLINE
    code = "deadline_exceeded"


class Internal(RequestError):
    """Something broke here; the log says what, under the request's id."""

    kind = Kind.INTERNAL
    code = "internal_error"


class Quarantined(Internal):
    """It was being computed each time the backend died lately, and is not tried again for now."""

    code = "request_quarantined"
