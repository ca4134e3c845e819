"""What every command needs: history, a backend that is ready, documents read, results written."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError

from frontend import folder
from frontend.client.blocking import Client
from frontend.history import upgrading
from frontend.history.history import History
from frontend.history.review import Review
from frontend.messages import BackendError, BackendStatus, Phase
from frontend.settings import Settings
from frontend.workflows import batch, fields
from frontend.workflows.client_reader import ClientReader
from frontend.workflows.document import Document, read_document
from frontend.workflows.extraction import Plan
from frontend.workflows.field_lists import FieldLists
from frontend.workflows.fields import FieldList, Language
from frontend.workflows.plans import plan_for
from frontend.workflows.progress import Progress

Result = TypeVar("Result")

OWNER: Final = "local"  # the page's, so that both see the same jobs
_PATIENCE: Final = 120.0  # seconds for a backend that is still loading


class CannotDo(Exception):
    """A command cannot be carried out as it was given; one sentence."""


@dataclass(frozen=True)
class Desk:
    """What a command works with."""

    reader: ClientReader
    plan: Plan


@contextmanager
def opened(settings: Settings) -> Iterator[History]:
    """The history that the page has too; an older one is upgraded if no web process works with it.

    Raises CannotDo, SchemaTooNew, UpgradeFailed, StorageUnavailable.
    """
    with _upgrading(settings):
        history = History(settings.database_url)
    with closing(history):
        yield history


@contextmanager
def _upgrading(settings: Settings) -> Iterator[None]:
    """Holds the data folder if the history in it has to be upgraded."""
    try:
        older = upgrading.is_older(settings.database_url)
    except DBAPIError:  # out of reach or damaged: opening it tells
        older = False
    if not older:
        yield
        return
    try:
        held = folder.hold(settings.data_dir)
    except folder.FolderInUse:
        raise CannotDo(
            "The history has to be upgraded, and a web process of an older version works with it: "
            "stop that first."
        ) from None
    try:
        yield
    finally:
        os.close(held)


@contextmanager
def desk(settings: Settings, *, batch_work: bool) -> Iterator[Desk]:
    """The client of a backend that is ready."""
    client = Client(
        settings.backend_address,
        settings.backend_token,
        ca=settings.backend_tls_ca,
        ping_seconds=settings.backend_ping_seconds,
    )
    try:
        status = _ready(client)
        yield Desk(ClientReader(client, batch=batch_work), plan_for(status.model))
    finally:
        client.close()


def _ready(client: Client) -> BackendStatus:
    end = time.monotonic() + _PATIENCE
    while True:
        is_late = time.monotonic() > end
        try:
            status = client.status()
        except BackendError as error:
            if error.kind != "deadline" or is_late:  # a busy machine answers late, a dead one never
                raise
            continue
        if status.phase is Phase.READY:
            return status
        if status.phase in (Phase.FAILED, Phase.DRAINING) or is_late:
            raise BackendError("unavailable", status.detail or "The backend is not ready.")
        time.sleep(1)


def documents(desk: Desk, named: Sequence[Path], progress: Progress) -> Iterator[Document]:
    """The files' documents, read one by one; what a page hides is told on standard error."""
    for path in batch.found_files(named):
        file = desk.reader.put(OWNER, path.read_bytes(), path.name)
        document = read_document(
            desk.reader,
            OWNER,
            file,
            path.name,
            heard=lambda page, of, name=path.name: progress.tell(page, of, f"pages of {name}"),  # type: ignore[misc]
        )
        for passage in document.hidden:
            print(
                f"{path.name}: page {passage.page} does not show this text: {passage.text[:200]}",
                file=sys.stderr,
            )
        yield document


def fields_named(named: str, language: Language, review: Review) -> FieldList:
    """A preset, a list of one's own, or the list in a JSON file."""
    lists = FieldLists(review, OWNER)
    found = lists.find(named, language)
    if found is not None:
        return found
    path = Path(named)
    if not path.is_file():
        known = ", ".join(one.name for one in lists.offered(language))
        raise CannotDo(
            f"There is no list of fields {named!r}: give one of {known}, or a JSON file."
        )
    return fields_in(path)


def fields_in(path: Path) -> FieldList:
    """The list of fields in a JSON file."""
    try:
        return fields.read(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise CannotDo(f"{path} is not UTF-8 text.") from None


def writer_of(
    out: Path | None, writers: Mapping[str, Callable[[Result], bytes]]
) -> Callable[[Result], bytes]:
    """What writes a file of that ending; found before any work is done."""
    if out is None:
        return next(iter(writers.values()))
    if out.suffix.lower() not in writers:
        raise CannotDo(f"{out.name}: the ending must be one of {', '.join(writers)}.")
    if not out.parent.is_dir():
        raise CannotDo(f"There is no folder {out.parent}.")
    return writers[out.suffix.lower()]


def as_json(content: object) -> str:
    """For standard output and files."""
    return json.dumps(content, ensure_ascii=False, indent=2)
