"""Whether files can be kept and read: room for them, and a small document taken all the way."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from frontend.diagnosis.findings import Check, Finding, Grade
from frontend.messages import BackendError, FileRef, Forgotten, Limits, Page, Stats

OWNER: Final = "doctor"  # nobody else's files are touched
LITTLE: Final = 200_000_000  # bytes on a disk below which nothing is kept safely
SOME: Final = 2_000_000_000
_FULL: Final = 0.98  # of the quota
_NEARLY: Final = 0.85


class Backend(Protocol):
    """What is asked of the client."""

    def put(self, owner: str, data: bytes, filename: str) -> FileRef: ...

    def page(
        self, owner: str, sha256: str, number: int, *, max_side: int = 1024, words: bool = False
    ) -> Page: ...

    def forget(self, owner: str, sha256: str) -> Forgotten: ...


def look(
    backend: Backend, stats: Stats, limits: Limits, data_dir: Path, *, own_history: bool
) -> tuple[Finding, ...]:
    """`own_history` says that the history lies in `data_dir`."""
    found = (
        *_room(stats),
        *(_history(data_dir) if own_history else ()),
        *_taken_all_the_way(backend),
    )
    sizes = {"document": limits.document_bytes, "image": limits.image_bytes}
    return found or (Finding(Check.UPLOAD, Grade.GOOD, "upload_good", sizes),)


def _room(stats: Stats) -> Iterator[Finding]:
    used, most = stats.media_bytes, stats.media_bytes_limit
    if most and used >= most * _NEARLY:
        is_full = used >= most * _FULL
        name = "quota_full" if is_full else "quota_nearly"
        yield _found(Grade.BAD if is_full else Grade.POOR, name, used=used, most=most)
    yield from _disk(stats.disk_bytes_free or None, "disk")


def _history(folder: Path) -> Iterator[Finding]:
    if not os.access(folder if folder.exists() else folder.parent, os.W_OK):
        yield _found(Grade.BAD, "history_closed", folder=folder.name)
        return
    try:
        yield from _disk(shutil.disk_usage(folder).free, "history_disk")
    except OSError:
        return


def _disk(free: int | None, name: str) -> Iterator[Finding]:
    if free is not None and free < SOME:
        yield _found(Grade.BAD if free < LITTLE else Grade.POOR, name, free=free)


def _taken_all_the_way(backend: Backend) -> Iterator[Finding]:
    """Stored, opened by a worker, drawn, its words read, forgotten. New each time: not known."""
    word = f"probe{secrets.token_hex(4)}"
    try:
        file = backend.put(OWNER, _document(word), "probe.pdf")
    except BackendError as error:
        yield _found(Grade.BAD, "refused", detail=error.message)
        return
    try:
        page = backend.page(OWNER, file.sha256, 1, max_side=200, words=True)
        is_read = any(word in one.text for one in page.words)
        if not page.image or not is_read:
            yield _found(Grade.BAD, "unread", detail="")
    except BackendError as error:
        yield _found(Grade.BAD, "unread", detail=error.message)
    finally:
        _forget(backend, file)


def _forget(backend: Backend, file: FileRef) -> None:
    try:
        backend.forget(OWNER, file.sha256)
    except BackendError:
        return  # a probe of 500 bytes may stay


def _document(word: str) -> bytes:
    """A PDF of one page with one word on it."""
    text = f"BT /F1 24 Tf 40 100 Td ({word}) Tj ET"
    objects = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(text)}>>stream\n{text}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    body, places = "%PDF-1.4\n", []
    for number, one in enumerate(objects, start=1):
        places.append(len(body))
        body += f"{number} 0 obj{one}endobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    count = len(objects) + 1
    end = f"trailer<</Size {count}/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 {count}\n0000000000 65535 f \n{table}{end}".encode()


def _found(grade: Grade, name: str, **values: str | int) -> Finding:
    return Finding(Check.UPLOAD, grade, f"upload_{name}", values)
