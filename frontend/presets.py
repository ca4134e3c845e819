"""Ready-made settings, and the values that the right-hand panel edits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, TypeVar

from frontend.messages import ModelCard, Sampling

Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Parameters:
    """How the next answer is asked for. Seed None draws a new one each time."""

    model: str = ""
    temperature: float = 0.2
    top_p: float = 0.9
    top_k: int = 0
    max_tokens: int = 512
    seed: int | None = None
    repetition_penalty: float = 1.1
    system_prompt: str = ""
    thinking: bool = False

    def sampling(self) -> Sampling:
        """What of this concerns the choice of tokens."""
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            max_tokens=self.max_tokens,
            seed=self.seed,
            repetition_penalty=self.repetition_penalty,
        )

    def values(self) -> dict[str, Any]:
        """As plain values, to be kept with a conversation."""
        return asdict(self)


@dataclass(frozen=True)
class Preset:
    """A named way to sample; the name is a key of the phrase book. The rest stays the model's."""

    name: str
    temperature: float
    top_p: float
    top_k: int


PRESETS = (
    Preset("preset.exact", temperature=0.0, top_p=1.0, top_k=0),
    Preset("preset.balanced", temperature=0.3, top_p=0.9, top_k=40),
    Preset("preset.free", temperature=0.9, top_p=0.95, top_k=0),
)

# The middle one is what a model's makers recommend, once the model is known: see `offered`.
RECOMMENDED = "preset.balanced"


def defaults(card: ModelCard) -> Parameters:
    """What the model's makers recommend, where they say so."""
    own, plain = card.defaults, Parameters()
    return Parameters(
        model=card.id,
        temperature=_either(own.temperature, plain.temperature),
        top_p=_either(own.top_p, plain.top_p),
        top_k=_either(own.top_k, plain.top_k),
        max_tokens=min(_either(own.max_tokens, plain.max_tokens), max(1, card.context_length // 2)),
        repetition_penalty=_either(own.repetition_penalty, plain.repetition_penalty),
    )


def restored(kept: Mapping[str, Any], start: Parameters, card: ModelCard) -> Parameters:
    """What a conversation was last asked with, as far as it still means something here."""
    known = {field.name for field in fields(Parameters)}
    values = {name: value for name, value in kept.items() if name in known}
    parameters = replace(start, **values)
    return replace(
        parameters,
        model=card.id,
        max_tokens=max(1, min(parameters.max_tokens, card.context_length)),
        thinking=parameters.thinking and card.thinks,
    )


def kept(values: Mapping[str, Any]) -> Parameters:
    """Exactly what an answer was asked with."""
    known = {field.name for field in fields(Parameters)}
    return Parameters(**{name: value for name, value in values.items() if name in known})


def offered(card: ModelCard) -> tuple[Preset, ...]:
    """The presets for a model; the balanced one is the model's own settings."""
    own = defaults(card)
    recommended = Preset(RECOMMENDED, own.temperature, own.top_p, own.top_k)
    return tuple(recommended if preset.name == RECOMMENDED else preset for preset in PRESETS)


def matching(parameters: Parameters, presets: Sequence[Preset]) -> Preset | None:
    """The preset that these settings are, if they are one."""
    return next((preset for preset in presets if _applied(preset, parameters) == parameters), None)


def _applied(preset: Preset, parameters: Parameters) -> Parameters:
    return replace(
        parameters,
        temperature=preset.temperature,
        top_p=preset.top_p,
        top_k=preset.top_k,
    )


def _either(value: Number | None, otherwise: Number) -> Number:
    return otherwise if value is None else value
