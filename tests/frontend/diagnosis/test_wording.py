"""Every finding that can be made has its sentence, and what is not good its remedy."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from frontend.diagnosis.findings import Check, Grade
from frontend.help_phrases import HELP

ROOM = Path(__file__).resolve().parents[3] / "frontend" / "diagnosis"


def constants(module: str) -> set[str]:
    """Words written out in a module."""
    tree = ast.parse((ROOM / f"{module}.py").read_text(encoding="utf-8"))
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_no_sentence_is_left_over() -> None:
    for key in HELP:
        kind, _, name = key.partition(".")
        if kind in ("finding", "remedy"):
            module, _, rest = name.partition("_")
            assert {name, rest} & constants(module), key
            assert f"finding.{name}" in HELP


def test_every_name_has_a_sentence() -> None:
    for check in Check:
        text = (ROOM / f"{check.value}.py").read_text(encoding="utf-8")
        made = re.findall(r"_(?:bad|poor|found)\(\s*(?:Grade\.\w+, )?\"(\w+)\"", text)
        whole = re.findall(rf"\"({check.value}_\w+)\"", text)
        assert made or whole
        for name in (*(f"{check.value}_{one}" for one in made), *whole):
            assert f"finding.{name}" in HELP, name
            is_good = name.endswith("_good")
            assert (f"remedy.{name}" in HELP) is not is_good, name


def test_checks_and_grades_are_named() -> None:
    assert {f"check.{check.value}" for check in Check} < set(HELP)
    assert {f"grade.{grade.value}" for grade in Grade} < set(HELP)
