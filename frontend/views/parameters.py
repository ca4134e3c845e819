"""How the next question is asked, and of which model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import streamlit as st

from frontend import state, widget_keys
from frontend.components import markdown
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
    names = {model.id: model.name for model in loaded}
    st.selectbox(
        say("parameters.model"),
        list(names),
        index=list(names).index(start.model) if start.model in names else 0,
        format_func=lambda model: names.get(model, model),
        key=_key("model"),
    )
    _preset(_said(start), offered(card), say)
    st.slider(
        say("parameters.temperature"),
        0.0,
        2.0,
        _within(0.0, start.temperature, 2.0),
        step=0.05,
        key=_key("temperature"),
        help=say("parameters.temperature_help"),
    )
    st.number_input(
        say("parameters.max_tokens"),
        1,
        card.context_length,
        _within(1, start.max_tokens, card.context_length),
        step=64,
        key=_key("max_tokens"),
        help=say("parameters.max_tokens_help", n=card.context_length),
    )
    if card.thinks:
        st.toggle(
            say("parameters.thinking"),
            start.thinking,
            key=_key("thinking"),
            help=say("parameters.thinking_help"),
        )
    with st.expander(say("parameters.more")):
        st.slider(
            say("parameters.top_p"),
            0.05,
            1.0,
            _within(0.05, start.top_p, 1.0),
            step=0.05,
            key=_key("top_p"),
        )
        st.number_input(
            say("parameters.top_k"),
            0,
            1000,
            _within(0, start.top_k, 1000),
            key=_key("top_k"),
            help=say("parameters.top_k_help"),
        )
        st.slider(
            say("parameters.repetition_penalty"),
            0.5,
            2.0,
            _within(0.5, start.repetition_penalty, 2.0),
            step=0.05,
            key=_key("repetition_penalty"),
        )
        st.number_input(
            say("parameters.seed"),
            0,
            GREATEST_SEED,
            start.seed,
            key=_key("seed"),
            placeholder=say("parameters.seed_random"),
            help=say("parameters.seed_help"),
        )
    st.text_area(
        say("parameters.system_prompt"),
        start.system_prompt,
        key=_key("system_prompt"),
        max_chars=LONGEST_SYSTEM_PROMPT,
        placeholder=say("parameters.system_prompt_hint"),
        height=96,
    )
    return _said(start)


def _within(least: Number, value: Number, most: Number) -> Number:
    """The nearest that can be set here: a model's makers may recommend what cannot."""
    return max(least, min(value, most))


def _key(name: str) -> str:
    """The key of the widget for a parameter."""
    return widget_keys.key(f"p-{name}", "parameters")


def _said(start: Parameters) -> Parameters:
    """What the widgets say, also before they are drawn; what they start with where they are new."""
    said = {name: st.session_state.get(_key(name), value) for name, value in start.values().items()}
    made = Parameters(**said)
    return replace(
        made,
        model=made.model or start.model,
        temperature=round(made.temperature, 2),
        top_p=round(made.top_p, 2),
        top_k=int(made.top_k or 0),
        max_tokens=int(made.max_tokens or 1),
        repetition_penalty=round(made.repetition_penalty, 2),
        system_prompt=made.system_prompt or "",
    )


def _preset(said: Parameters, presets: Sequence[Preset], say: Phrases) -> None:
    preset = matching(said, presets)
    shown = preset.name if preset else None
    key = widget_keys.choice("p-preset", shown)
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
            _said(state.parameters()),
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
