"""The command `keys`: API keys made, listed and revoked, in the file that the web process reads."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import Any

from frontend.cli.desk import CannotDo
from frontend.keys import OWNER, Key, KeyFile, KeysUnusable
from frontend.settings import load


def keys(asked: argparse.Namespace) -> int:
    """Does one of the three; how many failed."""
    file = KeyFile(load().data_dir)
    try:
        match asked.action:
            case "create":
                _create(file, asked)
            case "revoke":
                if not file.revoke(asked.id):
                    raise CannotDo("There is no good key with this id.")
            case _:
                _list(file, asked)
    except KeysUnusable as unusable:
        raise CannotDo(str(unusable)) from None
    return 0


def _create(file: KeyFile, asked: argparse.Namespace) -> None:
    if not OWNER.fullmatch(asked.owner):
        raise CannotDo("An owner is 1-128 of letters, digits and . _ @ -")
    key, words = file.create(asked.owner, asked.note)
    if asked.json:
        print(json.dumps({**_shown(key), "key": words}, ensure_ascii=False))
        return
    print(words)
    if not asked.quiet:
        print(f"Key {key.id} of {key.owner}; it is shown this once.", file=sys.stderr)


def _list(file: KeyFile, asked: argparse.Namespace) -> None:
    known = file.read()
    if asked.json:
        print(json.dumps([_shown(key) for key in known], ensure_ascii=False, indent=1))
        return
    for key in known:
        until = "good" if key.revoked is None else f"revoked {_day(key.revoked)}"
        print(f"{key.id}  {key.owner}  since {_day(key.created)}  {until}  {key.note}".rstrip())


def _shown(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "owner": key.owner,
        "note": key.note,
        "created": key.created,
        "revoked": key.revoked,
    }


def _day(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d")
