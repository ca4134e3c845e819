"""The page as a browser would fetch it: address, name, scripts and styles, websocket."""

from __future__ import annotations

import base64
import http.client
import os
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urljoin, urlsplit

from frontend.diagnosis.findings import Check, Finding, Grade
from frontend.diagnosis.place import Place

_PATIENCE: Final = 5.0  # seconds
_ASSET: Final = re.compile(r"""<(?:script|link)\b[^>]*?\b(?:src|href)="([^"]+)\"""")
_KINDS: Final = {".js": "javascript", ".css": "css", ".woff2": "font", ".png": "image"}
_MOVED: Final = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class _Answer:
    status: int
    kind: str  # content type
    body: str
    leads_to: str  # where a redirect points


def look(place: Place) -> tuple[Finding, ...]:
    """What stands between a browser and the page; the first thing that does hides the others."""
    values = {"url": place.url}
    try:
        index = _get(place, f"{place.path}/")
    except ConnectionRefusedError:
        return (_bad("refused", address=f"{place.address}:{place.port}"),)
    except (OSError, http.client.HTTPException) as error:
        return (_bad("unreachable", **values, reason=_reason(error)),)
    if index.status == 400 and '"invalid_host"' in index.body:
        return (_bad("host", host=place.host.rpartition(":")[0] or place.host),)
    if index.status in _MOVED:
        return (_poor("elsewhere", **values, where=urlsplit(index.leads_to).netloc or "?"),)
    if index.status in (502, 503, 504):
        return (_bad("gateway", **values, status=index.status),)
    if index.status != 200 or "<html" not in index.body.lower():
        return (_bad("not_served", **values, status=index.status),)
    found = (*_assets(place, index.body), *_websocket(place))
    return found or (Finding(Check.PAGE, Grade.GOOD, "page_good", values),)


def _assets(place: Place, page: str) -> Iterator[Finding]:
    """Scripts and styles that the page names and does not get: a blank page."""
    paths = [urljoin(f"{place.path}/", found) for found in _ASSET.findall(page)]
    own = [path for path in paths if path.startswith("/") and not path.startswith("//")]
    missing = [path for path in own if not _is_there(place, path)]
    if missing or not own:
        yield _bad("assets", n=len(missing), path=missing[0] if missing else f"{place.path}/static")


def _is_there(place: Place, path: str) -> bool:
    try:
        got = _get(place, path)
    except (OSError, http.client.HTTPException):
        return False
    wanted = _KINDS.get(PurePosixPath(urlsplit(path).path).suffix, "")
    return got.status == 200 and wanted in got.kind


def _websocket(place: Place) -> Iterator[Finding]:
    """Without it the page stays at its skeleton."""
    key = base64.b64encode(os.urandom(16)).decode()
    scheme = "https" if place.is_encrypted else "http"
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": "streamlit",
        "Origin": f"{scheme}://{place.host}",
    }
    try:
        status = _get(place, f"{place.path}/_stcore/stream", headers).status
    except (OSError, http.client.HTTPException):
        status = 0
    if status != 101:
        yield _bad("websocket", status=status or "–")


def _get(place: Place, path: str, headers: dict[str, str] | None = None) -> _Answer:
    connection: http.client.HTTPConnection
    if place.is_encrypted:
        connection = http.client.HTTPSConnection(
            place.address, place.port, timeout=_PATIENCE, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(place.address, place.port, timeout=_PATIENCE)
    try:
        connection.request("GET", path, headers={"Host": place.host, **(headers or {})})
        answer = connection.getresponse()
        body = b"" if answer.status == 101 else answer.read(1 << 20)
        return _Answer(
            answer.status,
            answer.getheader("content-type", ""),
            body.decode("utf-8", "replace"),
            answer.getheader("location", ""),
        )
    finally:
        connection.close()


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__


def _bad(name: str, **values: str | int) -> Finding:
    return Finding(Check.PAGE, Grade.BAD, f"page_{name}", values)


def _poor(name: str, **values: str | int) -> Finding:
    return Finding(Check.PAGE, Grade.POOR, f"page_{name}", values)
