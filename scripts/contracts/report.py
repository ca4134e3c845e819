"""What a part of the benchmark found: figures beside their goals, and what lies behind them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scripts.lib.measuring import Figure


@dataclass(frozen=True)
class Report:
    """One part's figures, and details that JSON alone tells."""

    figures: tuple[Figure, ...]
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def misses(self) -> bool:
        """Whether a goal is missed."""
        return any(figure.met is False for figure in self.figures)

    def plain(self, conditions: Mapping[str, Any]) -> dict[str, Any]:
        """As JSON tells it."""
        figures = [{**asdict(figure), "met": figure.met} for figure in self.figures]
        return {"conditions": dict(conditions), "figures": figures, "details": dict(self.details)}


def keep(path: Path, part: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """Puts one part into the file of all parts, and returns all of them."""
    parts = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    parts[part] = told
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(parts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return dict(parts)


def line(figure: Figure) -> str:
    """One figure for people."""
    measured = "-" if figure.value is None else f"{figure.value:.4g} {figure.unit}"
    sign = ">=" if figure.at_least else "<="
    goal = "" if figure.goal is None else f"{sign} {figure.goal:g}"
    verdict = {True: " met", False: " MISSED", None: ""}[figure.met]
    return f"{figure.name:<52}{measured:>14}  {goal + verdict:<14}{figure.how}"
