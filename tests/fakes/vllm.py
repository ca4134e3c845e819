"""A server that speaks as vLLM does, and says what it is told to: chunks, usage, refusals."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Body = dict[str, Any]


def chunk(content: str = "", index: int = 0, **more: Any) -> Body:
    """A piece of one answer; `finish_reason` and `logprobs` go beside the delta."""
    beside = {name: more.pop(name, None) for name in ("finish_reason", "logprobs")}
    return {
        "object": "chat.completion.chunk",
        "choices": [{"index": index, "delta": {"content": content, **more}, **beside}],
    }


def spoken(*words: str, finish_reason: str = "stop", **usage: Any) -> list[Body]:
    """An answer in chunks, its usage last."""
    counted = {"prompt_tokens": 11, "completion_tokens": len(words), **usage}
    return [
        chunk(role="assistant"),
        *(chunk(word) for word in words),
        chunk(finish_reason=finish_reason),
        {"object": "chat.completion.chunk", "choices": [], "usage": counted},
    ]


class FakeVllm:
    """Use as a context manager. What it does to a request is looked up when the request comes."""

    def __init__(self) -> None:
        self.model = "Acme/Looker-7B"
        self.card: Body = {"object": "model", "owned_by": "vllm", "max_model_len": 4096}
        self.key = ""  # that callers must show; "": none
        self.answer: Callable[[Body], Sequence[Body]] = lambda body: spoken("It ", "is ", "so.")
        self.refusal: tuple[int, Mapping[str, str], str] | None = None  # of chats
        self.is_complete = True  # whether a stream ends as it should
        self.props: Body = {}  # llama.cpp's
        self.sees = True
        self.calls_tools = True
        self.holds_forms = True
        self.thinks = False
        self.held = threading.Event()  # set: chunks after the first wait for `go_on`
        self.go_on = threading.Event()
        self.left = threading.Event()  # a caller went away in the middle of a stream
        self.bodies: list[Body] = []  # of streamed chats, oldest first
        self._start(0)

    @property
    def url(self) -> str:
        """What ENGINE would be told after `openai:`."""
        return f"http://127.0.0.1:{self.port}/v1"

    def _start(self, port: int) -> None:
        fake = self

        class Handler(_Handler):
            server_of = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def go_away(self) -> None:
        """Nobody listens any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def come_back(self) -> None:
        """Listens again at the same address."""
        self._start(self.port)

    def __enter__(self) -> FakeVllm:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.go_on.set()
        self.go_away()


class _Handler(BaseHTTPRequestHandler):
    server_of: FakeVllm

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        fake = self.server_of
        if fake.key and self.headers["Authorization"] != f"Bearer {fake.key}":
            self._send(401, {"error": "Unauthorized"})
            return
        if self.path == "/props":
            self._send(200, fake.props)
            return
        self._send(200, {"object": "list", "data": [{"id": fake.model, **fake.card}]})

    def do_POST(self) -> None:
        fake = self.server_of
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/tokenize":
            self._send(200, {"count": 3, "max_model_len": 4096, "tokens": [7, 8, 9]})
        elif not body.get("stream"):
            self._try(body)
        elif fake.refusal is not None:
            status, headers, words = fake.refusal
            self._send(status, {"error": {"message": words, "code": status}}, headers)
        else:
            fake.bodies.append(body)
            self._stream(fake.answer(body))

    def _try(self, body: Body) -> None:
        """The short questions by which a model is found out about."""
        fake = self.server_of
        content = body["messages"][0]["content"]
        message: Body = {"role": "assistant", "content": "Hello."}
        if not isinstance(content, str) and not fake.sees:
            self._send(400, {"error": {"message": "is not a multimodal model", "code": 400}})
            return
        if "tools" in body and not fake.calls_tools:
            self._send(400, {"error": {"message": "requires --enable-auto-tool-choice"}})
            return
        if "response_format" in body and fake.holds_forms:
            # As many blanks as the form allows, as a small model under llama.cpp was seen to say.
            said = ["{\n", '"ok"', ":", *["\n\t"] * 48, "true", "}"]
            message["content"] = "".join(said[: body["max_tokens"]])
        if fake.thinks and body.get("chat_template_kwargs", {}).get("enable_thinking"):
            message |= {"content": None, "reasoning_content": "A greeting."}
        self._send(200, {"choices": [{"index": 0, "message": message, "finish_reason": "length"}]})

    def _send(self, status: int, body: Body, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, pieces: Sequence[Body]) -> None:
        fake = self.server_of
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.end_headers()
        try:
            for number, piece in enumerate(pieces):
                if number > 1 and fake.held.is_set():
                    self._wait()
                self.wfile.write(f"data: {json.dumps(piece)}\n\n".encode())
            if fake.is_complete:
                self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            fake.left.set()

    def _wait(self) -> None:
        """Until it may go on. Raises BrokenPipeError once the caller has left."""
        fake = self.server_of
        self.connection.settimeout(0.02)
        while not fake.go_on.is_set():
            try:
                if self.connection.recv(1) == b"":
                    raise BrokenPipeError
            except TimeoutError:
                continue
        self.connection.settimeout(None)
