"""What changed between two versions, in the browser: both sides, the words that differ marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from frontend.components import pieces

_CSS: Final = """
:host, .changes { display: block; }
.changes { font: 0.86rem/1.5 var(--st-font); color: var(--st-text-color); display: flex;
  flex-direction: column; gap: 0.6rem; }
article { border: 1px solid var(--st-border-color); border-radius: 0.5rem; overflow: hidden; }
header { display: flex; align-items: baseline; gap: 0.6rem; padding: 0.35rem 0.7rem;
  background: var(--st-secondary-background-color); font-weight: 600; overflow-wrap: anywhere; }
header small { font-weight: 400; opacity: 0.8; white-space: nowrap; }
.sides { display: grid; grid-template-columns: 1fr 1fr; }
.sides > * + * { border-left: 1px solid var(--st-border-color); }
button, .none { all: unset; box-sizing: border-box; padding: 0.45rem 0.7rem; }
button { cursor: pointer; overflow-wrap: anywhere; }
button:hover { background: color-mix(in srgb, var(--st-primary-color) 8%, transparent); }
.none { opacity: 0.6; }
.value { font-weight: 600; display: block; }
.page { color: var(--st-blue-text-color); font-size: 0.8rem; white-space: nowrap; }
del { background: color-mix(in srgb, var(--st-red-color) 22%, transparent); }
ins { background: color-mix(in srgb, var(--st-green-color) 25%, transparent);
  text-decoration: none; font-weight: 600; }
@media (max-width: 640px) {
  .sides { grid-template-columns: 1fr; }
  .sides > * + * { border-left: none; border-top: 1px solid var(--st-border-color); }
}
"""
_JS: Final = """
function side(one, place, which) {
  if (!one) return part("span", "none", "–");
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.place = place;
  button.dataset.side = which;
  button.setAttribute("aria-current", String(one.open));
  if (one.value) button.append(part("span", "value", one.value));
  for (const [text, differs] of one.text) {
    button.append(differs ? part(which === "old" ? "del" : "ins", "", text) : text);
  }
  if (one.page) button.append(" ", part("span", "page", one.page));
  return button;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const frame = parentElement.querySelector(".changes");
  frame.onclick = (event) => {
    const button = event.target.closest("button");
    if (button) setTriggerValue("picked", [Number(button.dataset.place), button.dataset.side]);
  };
  if (!isNew(frame, data)) return;
  frame.replaceChildren(...data.changes.map((one, place) => {
    const article = document.createElement("article"), header = document.createElement("header");
    header.append(part("span", "", one.heading), part("small", "", one.kind));
    const sides = part("div", "sides", "");
    sides.append(side(one.old, place, "old"), side(one.new, place, "new"));
    article.append(header, sides);
    return article;
  }));
}
"""
_CHANGES: Final = st.components.v2.component(
    "changes", html='<div class="changes"></div>', css=_CSS + pieces.CSS, js=pieces.JS + _JS
)


@dataclass(frozen=True)
class Side:
    """How one version has it: its text in stretches that differ or not."""

    text: tuple[tuple[str, bool], ...]
    page: str  # as it is referred to; "": on none
    value: str = ""
    is_open: bool = False


@dataclass(frozen=True)
class Shown:
    """One change as it is shown."""

    heading: str
    kind: str
    old: Side | None
    new: Side | None


def show(key: str, changes: Sequence[Shown]) -> tuple[int, str] | None:
    """Draws the changes; which one was clicked in this moment, on which side: old or new."""
    result = _CHANGES(
        key=key,
        data={
            "changes": [
                {"heading": one.heading, "kind": one.kind}
                | {"old": _side(one.old), "new": _side(one.new)}
                for one in changes
            ]
        },
        on_picked_change=pieces.nothing,
    )
    picked: Any = result.picked
    return None if not picked else (int(picked[0]), str(picked[1]))


def _side(side: Side | None) -> dict[str, Any] | None:
    if side is None:
        return None
    return {"text": side.text, "page": side.page, "value": side.value, "open": side.is_open}
