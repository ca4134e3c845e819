"""What browsers load: compressed, kept for good, from here alone."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse

from frontend.uploader import assets
from frontend.uploader.assets import FOLDER, Assets

RUNTIME = Path(assets.__file__).parent / "runtime"
PACKAGES = json.loads((RUNTIME / "source.json").read_text())["packages"]
FILES = [file for package in PACKAGES for file in package["files"]]


@dataclass(frozen=True)
class Answered:
    """A response, its bytes as they travelled."""

    status: int
    headers: httpx.Headers
    content: bytes


async def get(path: str, accepted: str = "", *, method: str = "GET") -> Answered:
    transport = httpx.ASGITransport(app=Assets(PlainTextResponse("the page")))
    headers = {"accept-encoding": accepted}
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://web") as client,
        client.stream(method, path, headers=headers) as answer,
    ):
        raw = b"".join([piece async for piece in answer.aiter_raw()])
    return Answered(answer.status_code, answer.headers, raw)


def path_of(name: str) -> str:
    folder = assets.folder()
    assert folder is not None
    return folder + name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("worker.js", "text/javascript"),
        ("picture.js", "text/javascript"),
        ("runtime.mjs", "text/javascript"),
        ("pdf.mjs", "text/javascript"),
        ("runtime.wasm", "application/wasm"),
        ("text.onnx", "application/octet-stream"),
    ],
)
async def test_every_part_has_its_type_and_is_kept_for_good(name: str, kind: str) -> None:
    answer = await get(path_of(name), "gzip, deflate, br, zstd")
    assert answer.status == 200
    assert answer.headers["content-type"].removesuffix("") == kind
    assert "immutable" in answer.headers["cache-control"]
    assert int(answer.headers["content-length"]) == len(answer.content) > 500
    asked = await get(path_of(name), method="HEAD")
    assert (asked.status, asked.content) == (200, b"")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
async def test_the_runtime_is_the_published_one_in_every_encoding(file: dict[str, str]) -> None:
    zipped = await get(path_of(file["name"]), "gzip;q=1.0, identity")
    assert zipped.headers["content-encoding"] == "gzip"
    plain = await get(path_of(file["name"]))
    assert "content-encoding" not in plain.headers
    for content in (gzip.decompress(zipped.content), plain.content):
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    smallest = await get(path_of(file["name"]), "gzip, br")
    assert smallest.headers["content-encoding"] == "br"
    assert smallest.headers["vary"] == "accept-encoding"
    assert len(smallest.content) < len(zipped.content)


async def test_a_worker_may_compile_and_load_from_here_and_nothing_else() -> None:
    policy = (await get(path_of("worker.js"))).headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "script-src": "'self' 'wasm-unsafe-eval'",
        "connect-src": "'self'",
    }


@pytest.mark.parametrize(
    "path",
    [
        f"{FOLDER}worker.js",
        f"{FOLDER}0123456789abcdef/worker.js",
        "{here}",
        "{here}nothing.js",
        "{here}runtime.wasm.br",
        "{here}source.json",
        "{here}../assets.py",
        "{here}..%2fassets.py",
        "{here}browser/worker.js",
    ],
)
async def test_there_is_nothing_else(path: str) -> None:
    answer = await get(path.format(here=path_of("")))
    assert answer.status == 404 or answer.content == b"the page"
    assert "immutable" not in answer.headers.get("cache-control", "")


async def test_only_reading_is_served() -> None:
    assert (await get(path_of("worker.js"), method="POST")).status == 404


async def test_the_page_has_all_other_paths() -> None:
    for path in ("/", "/assets/other.js", "/static/js/index.js", "/v1/models"):
        assert (await get(path)).content == b"the page"


def test_under_a_path_of_its_own() -> None:
    assert assets.folder("/reading/room") == f"/reading/room{path_of('')}"


def test_without_the_model_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "_MODEL", "another.onnx")
    assets.collection.cache_clear()
    try:
        assert assets.folder() is None
    finally:
        assets.collection.cache_clear()
