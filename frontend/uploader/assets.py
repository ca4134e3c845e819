"""What the browser's side of the uploader loads, served from this process and from nowhere else.

Every name carries a hash of all contents, so a browser keeps what it has and never asks again. The
runtime lies here compressed; the model is the one inside the recogniser's own package.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER: Final = "/assets/uploader/"
_HERE: Final = Path(__file__).parent
_MODEL: Final = "PP-OCRv6_det_small.onnx"
_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
}
_ENCODINGS: Final = {"br": ".br", "gzip": ".gz"}  # the best first
# Of the worker, which is held to this as well as to what the page is held to: it compiles
# WebAssembly, and runs and loads nothing but what comes from here.
_HEADERS: Final = {
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
    ),
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True)
class Collection:
    """The files by the names that they are asked for, and a hash of what is in them."""

    plain: dict[str, Path]
    packed: dict[str, Path]  # without the suffix of their encoding
    revision: str


@lru_cache(maxsize=1)
def collection() -> Collection | None:
    """Everything that is needed; None where the recogniser or the runtime is not installed."""
    found = importlib.util.find_spec("rapidocr")
    places = [] if found is None else found.submodule_search_locations or []
    model = next(
        (one for place in places if (one := Path(place, "models", _MODEL)).is_file()), None
    )
    plain = {path.name: path for path in sorted((_HERE / "browser").glob("*.js"))}
    packed = {path.stem: path.with_suffix("") for path in sorted((_HERE / "runtime").glob("*.gz"))}
    if model is None or not packed:
        return None
    plain["text.onnx"] = model
    contents = hashlib.sha256()
    for name, path in (
        *plain.items(),
        *((name, _as(path, ".gz")) for name, path in packed.items()),
    ):
        contents.update(name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return Collection(plain, packed, contents.hexdigest()[:16])


def folder(base: str = "") -> str | None:
    """The path of the files for browsers that see the page under `base`; None if there are none."""
    files = collection()
    return None if files is None else f"{base.rstrip('/')}{FOLDER}{files.revision}/"


class Assets:
    """Pure ASGI: answers for the files, and leaves everything else to the page."""

    def __init__(self, page: ASGIApp) -> None:
        self._page = page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Before the page, whose own compression would work on megabytes at every request."""
        if scope["type"] != "http" or not scope["path"].startswith(FOLDER):
            await self._page(scope, receive, send)
            return
        response = _nothing()
        if scope["method"] in ("GET", "HEAD"):
            accepted = Headers(scope=scope).get("accept-encoding", "")
            path = scope["path"].removeprefix(FOLDER)
            response = await asyncio.to_thread(_response, path, accepted)
        await response(scope, receive, send)


def _response(path: str, accepted: str) -> Response:
    """A file by its revision and name, in the best encoding that the browser takes."""
    revision, _, name = path.partition("/")
    files = collection()
    if files is None or revision != files.revision:
        return _nothing()
    headers = _HEADERS | {"content-type": _TYPES.get(Path(name).suffix, "")}
    if name in files.plain:
        return FileResponse(files.plain[name], headers=headers)
    if name not in files.packed:
        return _nothing()
    headers["vary"] = "accept-encoding"
    taken = {one.partition(";")[0].strip() for one in accepted.lower().split(",")}
    for encoding, suffix in _ENCODINGS.items():
        path_of = _as(files.packed[name], suffix)
        if encoding in taken:
            return FileResponse(path_of, headers=headers | {"content-encoding": encoding})
    return Response(gzip.decompress(_as(files.packed[name], ".gz").read_bytes()), headers=headers)


def _nothing() -> Response:
    return PlainTextResponse("There is nothing here.\n", 404, {"cache-control": "no-store"})


def _as(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)
