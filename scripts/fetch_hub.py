"""Fetches a large model from the hub or a mirror of it: resumable, checked, safetensors only.

Usage: python scripts/fetch_hub.py NAME [MODELS_DIR], NAME as MODEL takes it. HF_ENDPOINT names a
mirror, HF_TOKEN opens what is not public, MODEL_REVISION pins a commit.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from backend.model import manifest  # noqa: E402
from backend.model.catalogue import SOURCES  # noqa: E402

HUB = "https://huggingface.co"
TRIES = 5  # of a file, each going on where the last one ended
TELL_SECONDS = 5.0

# What a model folder needs; no pickles, no code.
_WANTED = re.compile(r"[\w-][\w.-]*\.(safetensors|json|jinja)|merges\.txt|vocab\.txt|LICENSE\w*")


class FetchFailed(Exception):
    """Nothing was installed; the sentence says why."""


@dataclass(frozen=True)
class Entry:
    """A file as the hub describes it."""

    name: str
    size: int  # bytes
    digest: str  # hexadecimal
    is_large: bool  # then the digest is SHA-256 of the content, else git's of a blob


def main() -> int:
    """Makes sure that a model's folder is there; 1 if it cannot be had, 2 for a wrong name."""
    if len(sys.argv) < 2 or sys.argv[1] not in SOURCES:
        print(f"fetch_hub: name one of {', '.join(SOURCES)}", file=sys.stderr)
        return 2
    name = sys.argv[1]
    given = sys.argv[2] if len(sys.argv) > 2 else os.environ.get("MODELS_DIR") or ROOT / ".models"
    endpoint = (os.environ.get("HF_ENDPOINT") or HUB).rstrip("/")
    revision = os.environ.get("MODEL_REVISION") or "main"
    try:
        fetch(SOURCES[name], Path(given) / name, endpoint, revision, os.environ.get("HF_TOKEN"))
    except FetchFailed as failure:
        print(f"fetch_hub: {failure}", file=sys.stderr)
        return 1
    return 0


def fetch(
    source: str, target: Path, endpoint: str, revision: str = "main", token: str | None = None
) -> None:
    """Fetches a repository's files into `target`, which appears only when all of them are whole.

    Raises FetchFailed. What has arrived by then stays beside it, to be gone on with.
    """
    if manifest.is_complete(target):
        say(f"the model is in {target}")
        return
    headers = {"Accept-Encoding": "identity"}  # so that a rest is a rest of the file itself
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    partial = target.with_name(f"{target.name}.partial")
    partial.mkdir(parents=True, exist_ok=True)
    with httpx.Client(headers=headers, timeout=30, follow_redirects=True) as client:
        commit, entries = listing(client, f"{endpoint}/api/models/{source}/revision/{revision}")
        total = sum(entry.size for entry in entries)
        say(f"{source} at {commit[:12]}: {len(entries)} files, {total / 1e9:.1f} GB")
        for entry in entries:
            url = f"{endpoint}/{source}/resolve/{commit}/{entry.name}"
            obtain(client, url, entry, partial / entry.name)
    for stray in {path.name for path in partial.iterdir()} - {entry.name for entry in entries}:
        (partial / stray).unlink()
    manifest.write(partial)
    if target.exists():
        raise FetchFailed(f"{target} is there and is not complete; take it away")
    partial.rename(target)
    say(f"the model is in {target}")


def listing(client: httpx.Client, url: str) -> tuple[str, list[Entry]]:
    """The commit that a revision means, and the files of it that are wanted."""
    try:
        answer = client.get(url, params={"blobs": "true"})
        answer.raise_for_status()
        described = answer.json()
        entries = [_entry(file) for file in described["siblings"] if _is_wanted(file)]
        commit = str(described["sha"])
    except httpx.HTTPStatusError as error:
        raise FetchFailed(
            f"the hub answers {error.response.status_code} for this model; look at HF_ENDPOINT and "
            "HF_TOKEN"
        ) from None
    except httpx.HTTPError as error:
        raise FetchFailed(
            f"the hub cannot be reached ({type(error).__name__}); check the network, or set "
            "HF_ENDPOINT to a mirror"
        ) from None
    except (KeyError, TypeError, ValueError):
        raise FetchFailed("the hub's list of files makes no sense") from None
    if not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise FetchFailed("the hub names no commit")
    if not any(entry.name.endswith(".safetensors") for entry in entries):
        raise FetchFailed("the repository has no .safetensors files, and no others are loaded")
    return commit, sorted(entries, key=lambda entry: entry.size)


def obtain(client: httpx.Client, url: str, entry: Entry, path: Path) -> None:
    """Brings one file in, going on with what is there of it."""
    if path.exists() and path.stat().st_size == entry.size and digest(path, entry) == entry.digest:
        return
    part = path.with_name(f"{path.name}.part")
    for attempt in range(1, TRIES + 1):
        try:
            for done, rate in download(client, url, entry, part):
                say(f"{entry.name}: {done / 1e9:.2f} of {entry.size / 1e9:.2f} GB, {rate:.0f} MB/s")
            break
        except httpx.HTTPStatusError as error:
            raise FetchFailed(f"{entry.name}: {error.response.status_code} from the hub") from None
        except httpx.HTTPError as error:
            if attempt == TRIES:
                raise FetchFailed(
                    f"{entry.name}: the connection broke {TRIES} times ({type(error).__name__}); "
                    "start again to go on"
                ) from None
            say(f"{entry.name}: the connection broke; going on")
    found = digest(part, entry)
    if part.stat().st_size != entry.size or found != entry.digest:
        part.unlink()
        raise FetchFailed(
            f"{entry.name} is not the file that the hub describes: its digest is {found}, "
            f"expected {entry.digest}"
        )
    part.rename(path)


def download(
    client: httpx.Client, url: str, entry: Entry, part: Path
) -> Iterator[tuple[int, float]]:
    """Appends what is missing; every few seconds the bytes there and the rate in MB/s."""
    done = part.stat().st_size if part.exists() else 0
    if done >= entry.size > 0:
        return
    with client.stream("GET", url, headers={"Range": f"bytes={done}-"} if done else {}) as answer:
        answer.raise_for_status()
        is_rest = answer.status_code == httpx.codes.PARTIAL_CONTENT
        began = told = time.monotonic()
        came = 0
        with part.open("ab" if is_rest else "wb") as file:
            for piece in answer.iter_raw():
                file.write(piece)
                came += len(piece)
                now = time.monotonic()
                if now - told >= TELL_SECONDS:
                    told = now
                    yield (done if is_rest else 0) + came, came / 1e6 / (now - began)


def digest(path: Path, entry: Entry) -> str:
    """Of a file, as the hub gives it for this one."""
    if entry.is_large:
        return manifest.file_hash(path)
    content = path.read_bytes()
    blob = b"blob %d\0" % len(content) + content
    return hashlib.sha1(blob, usedforsecurity=False).hexdigest()


def _is_wanted(file: dict[str, Any]) -> bool:
    return _WANTED.fullmatch(file["rfilename"]) is not None


def _entry(file: dict[str, Any]) -> Entry:
    large = file.get("lfs")
    digest = large["sha256"] if large else file["blobId"]
    return Entry(file["rfilename"], int(file["size"]), str(digest), is_large=bool(large))


def say(line: str) -> None:
    """Shows progress."""
    print(f"fetch_hub: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
