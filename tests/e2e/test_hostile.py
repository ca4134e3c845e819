"""Every entry of the shared list of hostile inputs against the whole system, by every way in."""

from __future__ import annotations

import asyncio
import base64
import http.client
import http.server
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from types import ModuleType
from typing import Any

import grpc
import psutil
import pytest

from frontend.client.blocking import Client
from frontend.messages import BackendError
from protos import inference_pb2 as pb
from protos import inference_pb2_grpc, media_pb2
from scripts.lib import papers
from scripts.lib.system import System
from tests.fakes import glm, hostile
from tests.fakes.asking import document, picture, png, text, url, user
from tests.fakes.running import question
from tests.fakes.waiting import wait_until
from tests.fakes.web import Answered, read_response

MEMORY = 300 << 20  # by which both processes with their workers may grow over the whole run
MEDIA = media_pb2.DESCRIPTOR.services_by_name["Media"].full_name
TOKEN = "between-the-two"
SECRETS = ("0x", "Traceback", "127.0.0.1", "/work", "/usr", "/tmp", ".py")

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not hostile.is_there(), reason=hostile.ABSENT),
]


class Canary(http.server.BaseHTTPRequestHandler):
    """Nobody may come here."""

    hits = 0

    def do_GET(self) -> None:
        type(self).hits += 1
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


class Target:
    """The running system, what it was before anything hostile came, and the words to reach it."""

    def __init__(self, system: System, made: ModuleType, canary: str) -> None:
        self.system = system
        self.made = made
        self.canary = canary
        self._pids = self._processes()
        for good in (user(text("hi")), user(document(papers.pdf(["A page."]))), user(GOOD_PICTURE)):
            assert self.ask(good).status == 200
        self._memory = self._resident()

    def send(self, spec: dict[str, Any]) -> Answered:
        """One request on a connection of its own."""
        if "raw" in spec:
            with socket.create_connection(("127.0.0.1", self.system.port), timeout=60) as raw:
                for part in spec["raw"]:
                    raw.sendall(part)
                return read_response(raw)
        connection = http.client.HTTPConnection("127.0.0.1", self.system.port, timeout=60)
        try:
            connection.request(
                spec["method"], spec["path"], spec["content"] or None, spec["headers"]
            )
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answered(response.status, found, response.read())
        finally:
            connection.close()

    def ask(self, messages: list[dict[str, Any]]) -> Answered:
        """A chat request with a good key."""
        spec: dict[str, Any] = self.made.chat(messages=messages)
        return self.send(spec)

    def check(self) -> None:
        """Both processes are the ones that they were, serve, and have not swollen."""
        assert self._processes() == self._pids
        assert self.ask(user(text("hi"))).status == 200, "the next request must work"
        # A worker that is about to be ended for what it took may still be there.
        wait_until(lambda: self._grown() < MEMORY, why=lambda: f"{self._grown() >> 20} MiB more")

    def _grown(self) -> int:
        """Bytes beyond those from before the first entry."""
        return self._resident() - self._memory

    def _processes(self) -> tuple[int, int]:
        assert self.system.is_running("frontend")
        assert self.system.is_running("backend")
        return self.system.pid("frontend"), self.system.pid("backend")

    def _resident(self) -> int:
        """Bytes of both processes and all that they started."""
        found = 0
        for pid in self._processes():
            top = psutil.Process(pid)
            for process in (top, *top.children(recursive=True)):
                try:
                    found += process.memory_info().rss
                except psutil.NoSuchProcess:  # a worker that was just replaced
                    continue
        return found


GOOD_PICTURE = picture(url(png(size=(64, 64))))


@pytest.fixture(scope="module")
def canary() -> Iterator[str]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Canary)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory, canary: str) -> Iterator[Target]:
    """A system with a tiny model that sees pictures, shut by a key."""
    made = hostile.builders()
    folder = tmp_path_factory.mktemp("models") / made.MODEL
    folder.mkdir()
    glm.save(folder)
    chosen = {"MODEL": str(folder), "API_KEYS": made.KEY, "BACKEND_TOKEN": TOKEN}
    with System(tmp_path_factory.mktemp("hostile"), chosen) as system:
        system.wait_until_ready(120)
        yield Target(system, made, canary)


@pytest.mark.parametrize("entry", hostile.entries("rest"), ids=lambda entry: str(entry["name"]))
def test_over_rest(entry: dict[str, Any], target: Target) -> None:
    specs = hostile.build(entry, target.made, CANARY=target.canary, REDIRECTOR="80")
    for spec in specs:
        answered = target.send(spec)
        assert answered.status in hostile.expected(entry), answered.content[:300]
        if answered.status == 200:
            assert answered.json["choices"][0]["finish_reason"] in ("stop", "length")
        else:
            refused(entry, answered, is_only=len(specs) == 1)
        target.check()
    assert Canary.hits == 0


def refused(entry: dict[str, Any], answered: Answered, *, is_only: bool) -> None:
    """The envelope names what the list says, and nothing of this machine.

    A code is told for an entry that is one request; its likes may have their own.
    """
    error = answered.error
    if len(hostile.expected(entry)) == 1:
        assert error["type"] == entry["expect_type"]
        if entry["expect_code"] is not None and is_only:
            assert error["code"] == entry["expect_code"]
    if entry["expect_param"] is not None and entry["name"] != "body_nan":
        assert error["param"] == entry["expect_param"]
    assert not [secret for secret in SECRETS if secret in error["message"]]


@pytest.mark.parametrize("entry", hostile.entries("upload"), ids=lambda entry: str(entry["name"]))
@pytest.mark.parametrize("way", ["rest", "grpc"])
def test_uploads(entry: dict[str, Any], way: str, target: Target) -> None:
    for spec in hostile.build(entry, target.made):
        code = over_rest(spec, target) if way == "rest" else over_grpc(spec, target)
        status = 200 if code is None else 400
        assert status in hostile.expected(entry), code
        if status == 400:
            assert code in ALLOWED.get(entry["name"], (entry["expect_code"],))
        target.check()


# A worker may meet its bound of memory before that of time; a picture of no bytes is no data URL.
ALLOWED = {
    "upload_empty": ("empty_file", "invalid_image_url"),
    "upload_pdf_self_reference": ("pdf_timeout", "pdf_too_complex"),
    "upload_pdf_billion_laughs": ("pdf_timeout", "pdf_too_complex"),
}


def over_rest(spec: dict[str, Any], target: Target) -> str | None:
    """The code of the refusal of a question about the file; None if it was answered."""
    link = f"data:{spec['content_type']};base64,{base64.b64encode(spec['data']).decode()}"
    is_picture = spec["content_type"].startswith("image/")
    part = picture(link) if is_picture else {"type": "file", "file": {"file_data": link}}
    answered = target.ask(user(part, text("what is this?")))
    if answered.status == 200:
        return None
    assert answered.status == 400
    assert answered.error["param"].startswith("messages[0].content[0].")
    return str(answered.error["code"])


def over_grpc(spec: dict[str, Any], target: Target) -> str | None:
    """The code of the refusal of the file, or of its first page; None if both were had."""
    refusal = None
    with closing(Client(target.system.address, target.made.KEY)) as client:
        try:
            stored = client.put("local", spec["data"], spec["filename"])
            client.page("local", stored.sha256, 1, words=True)
        except BackendError as error:
            refusal = error
    if refusal is None:
        return None
    assert refusal.kind == "bad_input"
    assert not [secret for secret in SECRETS if secret in refusal.message]
    return refusal.code


@pytest.mark.parametrize("entry", hostile.entries("grpc"), ids=lambda entry: str(entry["name"]))
async def test_over_grpc(entry: dict[str, Any], target: Target) -> None:
    async with grpc.aio.insecure_channel(target.system.address) as channel:
        calls = [
            outcome(channel, spec, method)
            for spec in hostile.build(entry, target.made)
            for method in methods(spec)
        ]
        for method, code, details in await asyncio.gather(*calls):
            # A field that a message does not have is passed over, however deep it is.
            is_unknown = entry["name"] == "grpc_nested_struct" and method != "Generate"
            assert code in [*hostile.expected(entry), *(UNREAD if is_unknown else ())], method
            assert not [secret for secret in SECRETS if secret in details]
    await asyncio.to_thread(target.check)


UNREAD = ("OK", "NOT_FOUND")


def methods(spec: dict[str, Any]) -> list[str]:
    """The calls that an entry concerns."""
    media = ["PutMedia", "HasMedia", "GetPage", "Forget"] if spec["rpc"] == "any" else []
    return ["Generate", *media]


async def outcome(
    channel: grpc.aio.Channel, spec: dict[str, Any], method: str
) -> tuple[str, str, str]:
    """A call, its status and its details."""
    try:
        async for _ in call(channel, spec, method):
            pass
    except grpc.aio.AioRpcError as error:
        return method, error.code().name, error.details() or ""
    return method, "OK", ""


async def call(
    channel: grpc.aio.Channel, spec: dict[str, Any], method: str
) -> AsyncIterator[object]:
    """What is answered to an entry."""
    given: Any = {"metadata": spec["metadata"], "timeout": spec["timeout"]}
    if "wire" in spec and method == "Generate":
        raw: Any = channel.unary_stream("/inference.v1.Inference/Generate")
        async for answer in raw(spec["wire"], **given):
            yield answer
    elif "wire" in spec:
        shape: Any = channel.stream_unary if method == "PutMedia" else channel.unary_unary
        sent: Any = iter([spec["wire"]]) if method == "PutMedia" else spec["wire"]
        yield await shape(f"/{MEDIA}/{method}")(sent, **given)
    elif "conversation_id" in spec["fields"]:
        stub = inference_pb2_grpc.InferenceStub(channel)
        asked = pb.AttachRequest(request_id=spec["fields"]["conversation_id"])
        async for event in stub.Attach(asked, **given):
            yield event
    else:
        async for event in inference_pb2_grpc.InferenceStub(channel).Generate(
            as_request(spec["fields"]), **given
        ):
            yield event


def as_request(fields: dict[str, Any]) -> pb.GenerateRequest:
    """The fields of an entry, where the contract has them."""
    known = pb.Sampling.DESCRIPTOR.fields_by_name
    sampling = {name: value for name, value in fields.items() if name in known}
    request = question(**sampling, request_id=fields.get("request_id", ""))
    if "priority" in fields:
        request.priority = fields["priority"]
    return request
