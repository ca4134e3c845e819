"""How the next question is asked, and of which model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import streamlit as st

from frontend import state
from frontend.components import choices, markdown
from frontend.i18n import Phrases
from frontend.messages import ModelCard
from frontend.presets import Parameters, Preset, matching, offered
from frontend.state import Desk

Number = TypeVar("Number", int, float)

LONGEST_SYSTEM_PROMPT = 8_000  # characters
GREATEST_SEED = 2**31 - 1


def show(desk: Desk, say: Phrases) -> None:
    st.html(f"<h2>{say('parameters.title')}</h2>")
    start = state.load_parameters(desk)
    card = state.services().pulse.card
    if card is None:
        st.caption(say("parameters.wait"))
        return
    status = desk.beat.status
    loaded = [model for model in status.models if model.loaded] if status else []
    st.session_state["parameters"] = _widgets(start, card, loaded or [card], say)
    _about(card, say)


def _widgets(
    start: Parameters, card: ModelCard, loaded: list[ModelCard], say: Phrases
) -> Parameters:
    turn = state.parameters_turn()

    def key(name: str) -> str:
        return f"p-{name}-{turn}"

    names = {model.id: model.name for model in loaded}
    model = st.selectbox(
        say("parameters.model"),
        list(names),
        index=list(names).index(start.model) if start.model in names else 0,
        format_func=lambda model: names.get(model, model),
        key=key("model"),
    )
    _preset(_sampled(start, key), offered(card), say)
    temperature = st.slider(
        say("parameters.temperature"),
        0.0,
        2.0,
        _within(0.0, start.temperature, 2.0),
        step=0.05,
        key=key("temperature"),
        help=say("parameters.temperature_help"),
    )
    max_tokens = st.number_input(
        say("parameters.max_tokens"),
        1,
        card.context_length,
        _within(1, start.max_tokens, card.context_length),
        step=64,
        key=key("max_tokens"),
        help=say("parameters.max_tokens_help", n=card.context_length),
    )
    thinking = card.thinks and st.toggle(
        say("parameters.thinking"),
        start.thinking,
        key=key("thinking"),
        help=say("parameters.thinking_help"),
    )
    with st.expander(say("parameters.more")):
        top_p = st.slider(
            say("parameters.top_p"),
            0.05,
            1.0,
            _within(0.05, start.top_p, 1.0),
            step=0.05,
            key=key("top_p"),
        )
        top_k = st.number_input(
            say("parameters.top_k"),
            0,
            1000,
            _within(0, start.top_k, 1000),
            key=key("top_k"),
            help=say("parameters.top_k_help"),
        )
        penalty = st.slider(
            say("parameters.repetition_penalty"),
            0.5,
            2.0,
            _within(0.5, start.repetition_penalty, 2.0),
            step=0.05,
            key=key("repetition_penalty"),
        )
        seed = st.number_input(
            say("parameters.seed"),
            0,
            GREATEST_SEED,
            start.seed,
            key=key("seed"),
            placeholder=say("parameters.seed_random"),
            help=say("parameters.seed_help"),
        )
    system_prompt = st.text_area(
        say("parameters.system_prompt"),
        start.system_prompt,
        key=key("system_prompt"),
        max_chars=LONGEST_SYSTEM_PROMPT,
        placeholder=say("parameters.system_prompt_hint"),
        height=96,
    )
    return Parameters(
        model=model or card.id,
        temperature=round(temperature, 2),
        top_p=round(top_p, 2),
        top_k=int(top_k or 0),
        max_tokens=int(max_tokens or 1),
        seed=None if seed is None else int(seed),
        repetition_penalty=round(penalty, 2),
        system_prompt=system_prompt or "",
        thinking=bool(thinking),
    )


def _within(least: Number, value: Number, most: Number) -> Number:
    """The nearest that can be set here: a model's makers may recommend what cannot."""
    return max(least, min(value, most))


def _sampled(start: Parameters, key: Callable[[str], str]) -> Parameters:
    """With what was set just now, by widgets that are drawn below."""
    return replace(
        start,
        temperature=round(st.session_state.get(key("temperature"), start.temperature), 2),
        top_p=round(st.session_state.get(key("top_p"), start.top_p), 2),
        top_k=int(st.session_state.get(key("top_k"), start.top_k) or 0),
    )


def _preset(sampled: Parameters, presets: Sequence[Preset], say: Phrases) -> None:
    preset = matching(sampled, presets)
    shown = preset.name if preset else None
    key = choices.key("p-preset", shown)
    st.segmented_control(
        say("parameters.preset"),
        [preset.name for preset in presets],
        format_func=say,
        default=shown,
        key=key,
        on_change=_apply_preset,
        args=(key, presets),
        width="stretch",
    )


def _apply_preset(key: str, presets: Sequence[Preset]) -> None:
    name = st.session_state[key]
    preset = next((preset for preset in presets if preset.name == name), None)
    if preset is None:
        return
    state.set_parameters(
        replace(
            state.parameters(),
            temperature=preset.temperature,
            top_p=preset.top_p,
            top_k=preset.top_k,
        )
    )


def _about(card: ModelCard, say: Phrases) -> None:
    """What the model is and what it is not, and where it runs."""
    description = card.description_zh if say.language == "zh" else card.description
    facts = [
        say("model.parameters", n=card.parameters / 1e6) if card.parameters else "",
        say("model.context", n=card.context_length),
        " ".join(part for part in (card.dtype, card.device) if part),
        card.license,
    ]
    with st.container(key="about"):
        st.markdown(f"**{say('model.about')}**  \n{markdown.literal(card.name)}")
        if description:
            st.caption(markdown.literal(description))
        st.caption(
            markdown.literal(" · ".join(fact for fact in facts if fact)),
            help=markdown.literal(card.chosen_because) if card.chosen_because else None,
        )
