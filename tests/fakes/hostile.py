"""The shared collection of hostile inputs, where it lies beside the checkout."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "hostile"
ABSENT = "../shared/hostile is absent"


def is_there() -> bool:
    """Whether the collection can be used."""
    return (FOLDER / "builders.py").exists()


def builders() -> ModuleType:
    """A fresh copy of the module that makes the inputs; its names may be set."""
    spec = importlib.util.spec_from_file_location("hostile_builders", FOLDER / "builders.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entries(kind: str | None = None) -> list[dict[str, Any]]:
    """The list, or what of it is of one kind: rest, upload or grpc; nothing where it is absent."""
    if not is_there():
        return []
    listed = json.loads((FOLDER / "inputs.json").read_text())
    return [entry for entry in listed if kind in (None, entry["kind"])]


def build(entry: dict[str, Any], made: ModuleType, **names: str) -> list[dict[str, Any]]:
    """What is to be sent for an entry, in order; `names` stand in for the recipe's placeholders."""
    recipe = entry["how_to_build"].replace("REDIRECTOR", names.pop("REDIRECTOR", "REDIRECTOR"))
    built = eval(recipe, {**vars(made), **names})  # the list is ours
    return built if isinstance(built, list) else [built]


def expected(entry: dict[str, Any]) -> list[Any]:
    """The statuses that an entry may end with."""
    status = entry["expect_status"]
    return status if isinstance(status, list) else [status]
