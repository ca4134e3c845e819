"""GET /v1/openapi.json: the REST interface, described for machines.

Limits come from `limits`, so that what is described is what is held to.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frontend.api import limits

Schema = dict[str, Any]

VERSION: Final = "0.1.0"
_REFUSALS: Final = {
    "400": "The request is wrong; `param` names the field.",
    "401": "The API key is missing or wrong.",
    "404": "There is no such model or URL.",
    "408": "The body was not complete in time.",
    "413": "The request is too large.",
    "415": "The body is no JSON, or is compressed.",
    "429": "Too many requests; `Retry-After` says when to come back.",
    "431": "The headers are too large.",
    "500": "Something went wrong here.",
    "503": "The model is not there at the moment; `Retry-After` says when to come back.",
    "504": "The time allowed ran out.",
}


async def document(request: Request) -> Response:
    """The description."""
    return JSONResponse(DOCUMENT)


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _maybe(kind: str, **more: Any) -> Schema:  # noqa: ANN401
    """A field that may be null, which counts as not given."""
    return {"type": [kind, "null"], **more}


def _object(required: tuple[str, ...] = (), /, **properties: Schema) -> Schema:
    return {"type": "object", "required": list(required), "properties": properties}


def _one_of(*choices: str) -> Schema:
    return {"type": ["string", "null"], "enum": [*choices, None]}


def _text(least: int = 0, most: int | None = None) -> Schema:
    bounds: Schema = {"minLength": least} if least else {}
    return {"type": "string", **bounds, **({} if most is None else {"maxLength": most})}


_SAMPLING: Final = {
    "temperature": _maybe("number", minimum=0, maximum=2),
    "top_p": _maybe("number", minimum=0, maximum=1),
    "top_k": _maybe("integer", minimum=-1, maximum=2**31 - 1),
    "min_p": _maybe("number", minimum=0, maximum=1),
    "repetition_penalty": _maybe("number", exclusiveMinimum=0, maximum=2),
    "presence_penalty": _maybe("number", minimum=-2, maximum=2),
    "frequency_penalty": _maybe("number", minimum=-2, maximum=2),
    "seed": _maybe("integer", minimum=-(2**63), maximum=2**63 - 1),
    "stop": {
        "oneOf": [
            _text(1, limits.STOP_CHARACTERS),
            {
                "type": "array",
                "maxItems": limits.STOPS,
                "items": _text(1, limits.STOP_CHARACTERS),
            },
            {"type": "null"},
        ]
    },
    "use_answer_cache": _maybe("boolean"),
}
_PARTS: Final = [
    _object(("type", "text"), type={"const": "text"}, text={"type": "string"}),
    _object(
        ("type", "image_url"),
        type={"const": "image_url"},
        image_url={
            "oneOf": [
                {"type": "string"},
                _object(("url",), url={"type": "string"}, detail=_one_of("auto", "low", "high")),
            ]
        },
    ),
    _object(
        ("type", "file"),
        type={"const": "file"},
        file=_object(("file_data",), file_data={"type": "string"}, filename=_maybe("string")),
    ),
]
_CALL: Final = _object(
    ("id", "type", "function"),
    id={"type": "string"},
    type={"const": "function"},
    function=_object(("name", "arguments"), name={"type": "string"}, arguments={"type": "string"}),
)
_USAGE: Final = _object(
    ("prompt_tokens", "completion_tokens", "total_tokens"),
    prompt_tokens={"type": "integer"},
    completion_tokens={"type": "integer"},
    total_tokens={"type": "integer"},
    prompt_tokens_details=_object(("cached_tokens",), cached_tokens={"type": "integer"}),
    completion_tokens_details=_object(("reasoning_tokens",), reasoning_tokens={"type": "integer"}),
)
_SCHEMAS: Final[dict[str, Schema]] = {
    "Error": _object(
        ("error",),
        error=_object(
            ("message", "type", "param", "code"),
            message={"type": "string"},
            type={"type": "string"},
            param=_maybe("string"),
            code=_maybe("string"),
        ),
    ),
    "Message": _object(
        ("role",),
        role={"enum": ["system", "developer", "user", "assistant", "tool"]},
        content={
            "oneOf": [
                {"type": "string"},
                {"type": "array", "minItems": 1, "items": {"oneOf": _PARTS}},
                {"type": "null"},
            ]
        },
        tool_calls=_maybe("array", items=_CALL),
        tool_call_id=_maybe("string"),
    ),
    "Tool": _object(
        ("type", "function"),
        type={"const": "function"},
        function=_object(
            ("name",),
            name=_text(1, 64) | {"pattern": "^[A-Za-z0-9_-]+$"},
            description=_maybe("string"),
            parameters=_maybe("object"),
            strict=_maybe("boolean"),
        ),
    ),
    "ChatRequest": _object(
        ("model", "messages"),
        model=_text(1),
        messages={
            "type": "array",
            "minItems": 1,
            "maxItems": limits.MESSAGES,
            "items": _ref("Message"),
        },
        max_tokens=_maybe("integer", minimum=1, maximum=2**31 - 1),
        max_completion_tokens=_maybe("integer", minimum=1, maximum=2**31 - 1),
        min_tokens=_maybe("integer", minimum=0, maximum=2**31 - 1),
        n=_maybe("integer", minimum=1, maximum=limits.ANSWERS),
        logprobs=_maybe("boolean"),
        top_logprobs=_maybe("integer", minimum=0, maximum=limits.TOP_LOGPROBS),
        logit_bias=_maybe(
            "object",
            maxProperties=limits.LOGIT_BIASES,
            propertyNames={"pattern": "^[0-9]{1,9}$"},
            additionalProperties={"type": "number", "minimum": -100, "maximum": 100},
        ),
        stream=_maybe("boolean"),
        stream_options=_maybe("object", properties={"include_usage": _maybe("boolean")}),
        response_format={
            "oneOf": [
                _object(("type",), type={"enum": ["text", "json_object"]}),
                _object(
                    ("type", "json_schema"),
                    type={"const": "json_schema"},
                    json_schema=_object(
                        ("name", "schema"),
                        name=_text(1, 64) | {"pattern": "^[A-Za-z0-9_-]+$"},
                        schema={"type": "object"},
                        strict=_maybe("boolean"),
                    ),
                ),
                {"type": "null"},
            ]
        },
        tools=_maybe("array", maxItems=limits.TOOLS, items=_ref("Tool")),
        tool_choice={
            "oneOf": [
                {"enum": ["none", "auto", "required", None]},
                _object(
                    ("type", "function"),
                    type={"const": "function"},
                    function=_object(("name",), name={"type": "string"}),
                ),
            ]
        },
        parallel_tool_calls=_maybe("boolean"),
        reasoning_effort=_one_of("none", "minimal", "low", "medium", "high", "xhigh"),
        thinking_token_budget=_maybe("integer", minimum=0, maximum=2**31 - 1),
        **_SAMPLING,
    ),
    "ChatAnswer": _object(
        ("id", "object", "created", "model", "choices", "usage", "glm_flash"),
        id={"type": "string"},
        object={"const": "chat.completion"},
        created={"type": "integer"},
        model={"type": "string"},
        choices={
            "type": "array",
            "minItems": 1,
            "items": _object(
                ("index", "message", "finish_reason"),
                index={"type": "integer"},
                message=_object(
                    ("role", "content"),
                    role={"const": "assistant"},
                    content=_maybe("string"),
                    reasoning_content=_maybe("string"),
                    tool_calls={"type": "array", "items": _CALL},
                ),
                finish_reason={"enum": ["stop", "length", "tool_calls"]},
            ),
        },
        usage=_USAGE,
        glm_flash={"type": "object"},
    ),
    "ResponseRequest": _object(
        ("model", "input"),
        model=_text(1),
        input={
            "oneOf": [
                {"type": "string"},
                {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": limits.MESSAGES,
                    "items": {"type": "object"},
                },
            ]
        },
        instructions=_maybe("string"),
        max_output_tokens=_maybe("integer", minimum=1, maximum=2**31 - 1),
        stream=_maybe("boolean"),
        **_SAMPLING,
    ),
    "Response": _object(
        ("id", "object", "created_at", "status", "model", "output", "usage"),
        id={"type": "string"},
        object={"const": "response"},
        created_at={"type": "integer"},
        status={"enum": ["completed", "incomplete"]},
        model={"type": "string"},
        output={"type": "array", "items": {"type": "object"}},
        usage={"type": "object"},
    ),
    "Plan": _object(
        ("object", "model", "fits", "prompt_tokens", "max_tokens"),
        object={"const": "plan"},
        model={"type": "string"},
        fits={"type": "boolean"},
        prompt_tokens={"type": "integer"},
        max_tokens={"type": "integer"},
    ),
    "TokenizeRequest": _object(
        ("model", "prompt"),
        model={"type": "string"},
        prompt=_text(0, limits.TOKENIZED_CHARACTERS),
    ),
    "Tokens": _object(
        ("object", "model", "count", "max_model_len", "tokens"),
        object={"const": "tokens"},
        model={"type": "string"},
        count={"type": "integer"},
        max_model_len={"type": "integer"},
        tokens={"type": "array", "items": {"type": "integer"}},
    ),
    "Model": _object(
        ("id", "object", "created", "owned_by", "max_model_len", "input_modalities", "limits"),
        id={"type": "string"},
        object={"const": "model"},
        created={"type": "integer"},
        owned_by={"type": "string"},
        max_model_len={"type": "integer"},
        input_modalities={"type": "array", "items": {"type": "string"}},
        limits={"type": "object"},
    ),
    "Models": _object(
        ("object", "data"),
        object={"const": "list"},
        data={"type": "array", "items": _ref("Model")},
    ),
    "State": _object(("status",), status={"type": "string"}),
}


def _json(name: str) -> Schema:
    return {"application/json": {"schema": _ref(name)}}


def _post(summary: str, request: str, answer: str, *, streams: bool = False) -> Schema:
    content = _json(answer)
    if streams:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    return {
        "post": {
            "summary": summary,
            "requestBody": {"required": True, "content": _json(request)},
            "responses": {"200": {"description": "The answer.", "content": content}, **_refused()},
        }
    }


def _get(summary: str, answer: str, *codes: str, **more: Any) -> Schema:  # noqa: ANN401
    found = {"200": {"description": "It.", "content": _json(answer)}}
    return {"get": {"summary": summary, "responses": found | _refused(*codes), **more}}


def _refused(*codes: str) -> Schema:
    return {
        code: {"description": text, "content": _json("Error")}
        for code, text in _REFUSALS.items()
        if not codes or code in codes
    }


_OPEN: Final[Schema] = {"security": []}
_NAMED: Final[Schema] = {
    "parameters": [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    ]
}
DOCUMENT: Final[Schema] = {
    "openapi": "3.1.0",
    "info": {
        "title": "glm-flash-web",
        "version": VERSION,
        "description": "Questions about pictures and documents, in the OpenAI dialect.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "security": [{"key": []}, {}],  # a service may be open
    "paths": {
        "/v1/chat/completions": _post("Answer", "ChatRequest", "ChatAnswer", streams=True),
        "/v1/responses": _post("Answer", "ResponseRequest", "Response", streams=True),
        "/v1/plan": _post("Tell what a chat request would cost", "ChatRequest", "Plan"),
        "/v1/tokenize": _post("Tell the tokens of a text", "TokenizeRequest", "Tokens"),
        "/v1/models": _get("List the models", "Models"),
        "/v1/models/{id}": _get("Describe a model", "Model", **_NAMED),
        "/health": _get("Tell whether the process lives", "State", "400", "431", **_OPEN),
        "/ready": {
            "get": {
                "summary": "Tell whether it can serve",
                "security": [],
                "responses": {
                    code: {"description": text, "content": _json("State")}
                    for code, text in (("200", "It can."), ("503", "Not yet; the phase is told."))
                }
                | _refused("400", "431"),
            }
        },
    },
    "components": {
        "schemas": _SCHEMAS,
        "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
    },
}
