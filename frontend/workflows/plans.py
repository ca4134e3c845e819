"""How contracts are asked about with a certain model: the room for their text, quotes or not."""

from __future__ import annotations

from typing import Final

from frontend.messages import ModelCard
from frontend.workflows.extraction import Plan

_SHARE: Final = 0.7  # of the model's context for the document; the rest is instruction and answer
_SMALL: Final = 1_000_000_000  # parameters; a smaller model gets passages that the backend chooses


def plan_for(model: ModelCard | None) -> Plan:
    """The plan for a model; the careful one if none is loaded."""
    if model is None or model.parameters < _SMALL:
        return Plan()
    return Plan(window_tokens=round(model.context_length * _SHARE), quotes=True)
