"""Settings: the model's own to begin with, a conversation's when it is opened again."""

from __future__ import annotations

from dataclasses import replace

from frontend.messages import ModelCard, Sampling
from frontend.presets import PRESETS, Parameters, defaults, matching, offered, restored

CARD = ModelCard(
    id="embedded",
    name="Embedded reader",
    description="",
    description_zh="",
    loaded=True,
    sees_images=False,
    thinks=False,
    context_length=8192,
    parameters=135_000_000,
    device="cpu",
    dtype="bfloat16",
    chosen_because="",
    revision="",
    license="Apache-2.0",
    defaults=Sampling(temperature=0.0, top_k=50),
)


def test_the_models_own_settings_come_first() -> None:
    start = defaults(CARD)
    assert (start.model, start.temperature, start.top_k) == ("embedded", 0.0, 50)
    assert start.top_p == Parameters().top_p


def test_the_longest_answer_leaves_room_for_the_question() -> None:
    assert defaults(replace(CARD, context_length=600)).max_tokens == 300


def test_a_conversation_brings_its_settings_back() -> None:
    kept = replace(Parameters(), temperature=0.7, seed=5, system_prompt="Be short.").values()
    opened = restored(kept, defaults(CARD), CARD)
    assert (opened.temperature, opened.seed, opened.system_prompt) == (0.7, 5, "Be short.")


def test_what_means_nothing_here_is_left_out() -> None:
    kept = {"model": "glm", "thinking": True, "max_tokens": 99_999, "unknown": 1}
    opened = restored(kept, defaults(CARD), CARD)
    assert (opened.model, opened.thinking, opened.max_tokens) == ("embedded", False, 8192)


def test_a_preset_is_recognised() -> None:
    exact = PRESETS[0]
    chosen = replace(
        Parameters(),
        temperature=exact.temperature,
        top_p=exact.top_p,
        top_k=exact.top_k,
    )
    assert matching(chosen, PRESETS) is exact
    assert matching(replace(chosen, temperature=0.15), PRESETS) is None


def test_the_models_own_settings_are_the_balanced_preset() -> None:
    for defaults_of in (CARD, replace(CARD, defaults=Sampling(temperature=0.2, top_p=0.9))):
        preset = matching(defaults(defaults_of), offered(defaults_of))
        assert preset is not None
        assert preset.name == "preset.balanced"


def test_sampling_carries_every_choice() -> None:
    sampling = Parameters(temperature=0.4, seed=3, max_tokens=64).sampling()
    assert (sampling.temperature, sampling.seed, sampling.max_tokens) == (0.4, 3, 64)
