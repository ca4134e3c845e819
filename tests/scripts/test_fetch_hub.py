"""Fetching a model from a hub: a small one on this machine that breaks off and lies."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from backend.model import manifest
from scripts import fetch_hub

COMMIT = "c0ffee" + "0" * 34
WEIGHTS = bytes(range(256)) * 4096


class Hub:
    """Serves one repository as the hub does."""

    def __init__(self) -> None:
        self.files = {
            "config.json": b'{"model_type": "tiny"}',
            "model.safetensors": WEIGHTS,
            "pytorch_model.bin": b"a pickle",
            "modeling_tiny.py": b"raise SystemExit",
            "original/weights.safetensors": b"elsewhere",
        }
        self.lies: dict[str, bytes] = {}  # what is served instead
        self.breaks_after: int | None = None  # bytes of the first answer for the weights
        self.ranges: list[str | None] = []  # of requests for the weights
        self.asked: list[str] = []
        self.token = ""
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Says nothing."""

            def do_GET(self) -> None:
                hub.serve(self)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def described(self) -> bytes:
        siblings = []
        for name, content in self.files.items():
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            file: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": blob}
            if len(content) > 1000:
                file["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            siblings.append(file)
        return json.dumps({"sha": COMMIT, "siblings": siblings}).encode()

    def serve(self, request: BaseHTTPRequestHandler) -> None:
        if self.token and request.headers["Authorization"] != f"Bearer {self.token}":
            request.send_error(401)
            return
        path = request.path.partition("?")[0]
        if path == "/api/models/acme/tiny/revision/main":
            self.answer(request, self.described())
            return
        name = path.removeprefix(f"/acme/tiny/resolve/{COMMIT}/")
        self.asked.append(name)
        content = self.lies.get(name, self.files[name])
        given = request.headers["Range"]
        if name == "model.safetensors":
            self.ranges.append(given)
            if self.breaks_after is not None:
                cut, self.breaks_after = self.breaks_after, None
                request.send_response(200)
                request.send_header("Content-Length", str(len(content)))
                request.end_headers()
                request.wfile.write(content[:cut])
                request.close_connection = True
                return
        start = int(given.removeprefix("bytes=").removesuffix("-")) if given else 0
        self.answer(request, content[start:], 206 if given else 200)

    @staticmethod
    def answer(request: BaseHTTPRequestHandler, content: bytes, status: int = 200) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)


@pytest.fixture
def hub() -> Iterator[Hub]:
    running = Hub()
    yield running
    running.close()


def test_only_what_a_model_needs_is_fetched_and_recorded(hub: Hub, tmp_path: Path) -> None:
    target = tmp_path / "tiny"
    fetch_hub.fetch("acme/tiny", target, hub.url)
    assert {path.name for path in target.iterdir()} == {
        "config.json",
        "model.safetensors",
        manifest.NAME,
    }
    assert (target / "model.safetensors").read_bytes() == WEIGHTS
    manifest.check(target)
    assert sorted(hub.asked) == ["config.json", "model.safetensors"]

    hub.asked.clear()
    fetch_hub.fetch("acme/tiny", target, hub.url)
    assert hub.asked == [], "what is there is not fetched again"


def test_a_connection_that_breaks_is_gone_on_with(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hub.breaks_after = 300_000
    fetch_hub.fetch("acme/tiny", tmp_path / "tiny", hub.url)
    assert hub.ranges == [None, "bytes=300000-"]
    assert (tmp_path / "tiny" / "model.safetensors").read_bytes() == WEIGHTS
    assert "going on" in capsys.readouterr().out


def test_the_next_start_goes_on_too(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch_hub, "TRIES", 1)
    hub.breaks_after = 300_000
    with pytest.raises(fetch_hub.FetchFailed, match="start again"):
        fetch_hub.fetch("acme/tiny", tmp_path / "tiny", hub.url)
    assert not (tmp_path / "tiny").exists()
    fetch_hub.fetch("acme/tiny", tmp_path / "tiny", hub.url)
    assert hub.ranges[-1] == "bytes=300000-"
    assert hub.asked.count("config.json") == 1, "what was whole is not fetched again"
    manifest.check(tmp_path / "tiny")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_other_content_is_refused_with_both_digests(hub: Hub, tmp_path: Path, name: str) -> None:
    hub.lies[name] = bytes(len(hub.files[name]))
    with pytest.raises(fetch_hub.FetchFailed, match=r"its digest is \w+, expected \w+"):
        fetch_hub.fetch("acme/tiny", tmp_path / "tiny", hub.url)
    assert not (tmp_path / "tiny").exists()


def test_without_safetensors_nothing_is_fetched(hub: Hub, tmp_path: Path) -> None:
    del hub.files["model.safetensors"]
    with pytest.raises(fetch_hub.FetchFailed, match=r"no \.safetensors"):
        fetch_hub.fetch("acme/tiny", tmp_path / "tiny", hub.url)
    assert hub.asked == []


def test_a_token_opens_what_is_not_public(hub: Hub, tmp_path: Path) -> None:
    hub.token = "hf_secret"
    with pytest.raises(fetch_hub.FetchFailed, match="401"):
        fetch_hub.fetch("acme/tiny", tmp_path / "tiny", hub.url)
    fetch_hub.fetch("acme/tiny", tmp_path / "tiny", hub.url, token="hf_secret")
    manifest.check(tmp_path / "tiny")


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [(["embedded"], 2, "name one of"), (["glm-ocr"], 1, "HF_ENDPOINT to a mirror")],
)
def test_the_command_says_what_is_wrong_in_one_line(
    tmp_path: Path, arguments: list[str], status: int, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, fetch_hub.__file__, *arguments, str(tmp_path)],
        env={**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == status
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
