"""The command `fields`: the lists of fields there are, shown, saved and deleted."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from frontend import settings
from frontend.cli.desk import OWNER, CannotDo, as_json, fields_in, opened
from frontend.history.review import Review
from frontend.workflows.field_draft import key_of
from frontend.workflows.field_lists import FieldLists
from frontend.workflows.fields import FieldList, Language


def fields(asked: argparse.Namespace) -> int:
    """Does what is asked for with the lists that the page has too. No backend is needed."""
    with opened(settings.load()) as history:
        _ACTIONS[asked.action](asked, FieldLists(Review(history.database), OWNER))
    return 0


def _list(asked: argparse.Namespace, lists: FieldLists) -> None:
    offered = lists.offered(Language(asked.language))
    if asked.json:
        rows = [
            {"name": one.name, "title": one.title, "fields": len(one.fields)}
            | {"language": one.language.value, "own": lists.is_own(one.name)}
            for one in offered
        ]
        print(as_json(rows))
        return
    width = max(len(one.name) for one in offered)
    for one in offered:
        whose = "your own" if lists.is_own(one.name) else "preset"
        print(f"{one.name:{width}}  {len(one.fields):2} fields  {whose:8}  {one.title}")


def _show(asked: argparse.Namespace, lists: FieldLists) -> None:
    """As JSON that `fields save` and `--fields` take back."""
    print(_named(asked, lists).to_json())


def _save(asked: argparse.Namespace, lists: FieldLists) -> None:
    wanted = fields_in(asked.file)
    name = asked.name or wanted.name or key_of(wanted.title) or key_of(asked.file.stem)
    title = asked.name or wanted.title or name
    lists.save(replace(wanted, name=key_of(name), title=title), instead_of=key_of(name))
    if asked.json:
        print(json.dumps({"name": key_of(name)}))
    elif not asked.quiet:
        print(f"Saved as {key_of(name)}.")


def _delete(asked: argparse.Namespace, lists: FieldLists) -> None:
    found = _named(asked, lists)
    if not lists.is_own(found.name):
        raise CannotDo(f"{found.name} comes with the product and cannot be deleted.")
    lists.forget(found.name)


def _named(asked: argparse.Namespace, lists: FieldLists) -> FieldList:
    found = lists.find(asked.name, Language(asked.language))
    if found is None:
        raise CannotDo(f"There is no list of fields {asked.name!r}.")
    return found


_ACTIONS: Final[dict[str, Callable[[argparse.Namespace, FieldLists], None]]] = {
    "list": _list,
    "show": _show,
    "save": _save,
    "delete": _delete,
}
