"""Refusals in the shape that OpenAI's clients know, and the table from the backend's failures."""

from __future__ import annotations

import json
from collections.abc import Callable

from starlette.responses import Response

from frontend.messages import BackendError

INVALID = "invalid_request_error"


class ApiError(Exception):
    """How a request ends that is not answered. No sentence repeats what the caller sent."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None,
        type: str = INVALID,  # noqa: A002 - the field's name in the contract
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.type = type
        self.param = param
        self.headers = headers or {}

    def body(self) -> bytes:
        """The envelope, as JSON."""
        error = {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }
        return json.dumps({"error": error}, ensure_ascii=False).encode()

    def response(self) -> Response:
        """The envelope, as a response."""
        return Response(self.body(), self.status, self.headers, media_type="application/json")


class ClientLeft(Exception):
    """Nobody is there to answer."""


def invalid(param: str | None, message: str, code: str = "invalid_value") -> ApiError:
    """400 for one field."""
    return ApiError(400, message, code=code, param=param)


def missing(param: str) -> ApiError:
    """400 for a field that has to be there."""
    return invalid(param, f"'{param}' is required.", "missing_required_parameter")


def unsupported(param: str, message: str | None = None) -> ApiError:
    """400 for a field that is known and cannot be honoured."""
    sentence = message or f"'{param}' is not supported here."
    return invalid(param, sentence, "unsupported_parameter")


def too_large(message: str, param: str | None = None) -> ApiError:
    """413."""
    return ApiError(413, message, code="request_too_large", param=param)


def unknown_url() -> ApiError:
    """404 for a path that is none."""
    return ApiError(
        404, "There is nothing at this URL.", code="unknown_url", type="not_found_error"
    )


def model_not_found() -> ApiError:
    """404 for a model that is not loaded."""
    return ApiError(
        404,
        "There is no model of that name here; GET /v1/models lists what there is.",
        code="model_not_found",
        type="not_found_error",
        param="model",
    )


def wrong_method(allowed: str) -> ApiError:
    """405."""
    return ApiError(
        405,
        "This URL does not take that method.",
        code="method_not_allowed",
        headers={"Allow": allowed},
    )


def deadline() -> ApiError:
    """504."""
    return ApiError(
        504,
        "The time allowed for this request ran out; the X-Request-Timeout header raises it.",
        code="deadline_exceeded",
        type="server_error",
    )


def unavailable(message: str, retry_after: int | None = None, code: str | None = None) -> ApiError:
    """503."""
    return ApiError(
        503,
        message,
        code=code or "backend_unavailable",
        type="server_error",
        headers=_retry(retry_after),
    )


def internal() -> ApiError:
    """500; the log has the rest, under the request's id."""
    return ApiError(
        500,
        "Something went wrong on our side; the x-request-id header names this request in the log.",
        code="internal_error",
        type="server_error",
    )


def quarantined(message: str) -> ApiError:
    """500, and no use in trying again soon."""
    return ApiError(
        500,
        message,
        code="request_quarantined",
        type="server_error",
        headers={"x-should-retry": "false"},
    )


def from_backend(
    error: BackendError, param: Callable[[str | None], str | None] = lambda path: None
) -> ApiError:
    """The backend's refusal at this edge; `param` tells the caller's name of a field's path."""
    match error.kind:
        case "bad_input":
            return invalid(param(error.param), error.message, error.code or "invalid_value")
        case "too_large":
            return too_large(error.message, param(error.param))
        case "not_implemented":
            field = param(error.param)
            return invalid(field, error.message, "unsupported_parameter")
        case "not_found" if error.code == "model_not_found":
            return model_not_found()
        case "not_found":
            return invalid(param(error.param), error.message, error.code or "not_found")
        case "queue_full":
            return ApiError(
                429,
                error.message,
                code="queue_full",
                type="rate_limit_error",
                headers=_retry(error.retry_after),
            )
        case "unavailable":
            return unavailable(error.message, error.retry_after, error.code)
        case "unauthenticated":
            return unavailable("The backend does not accept this service's token.", 30)
        case "deadline":
            return deadline()
        case "internal" if error.code == "request_quarantined":
            return quarantined(error.message)
        case _:
            return internal()


def _retry(seconds: int | None) -> dict[str, str]:
    return {"Retry-After": str(min(120, max(1, seconds or 2)))}
