"""A summary in the browser: points with the pages that stand for them; a click opens the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from frontend.components import pieces
from frontend.i18n import Phrases
from frontend.workflows.summary import Summary

_CSS: Final = """
:host, .points { display: block; }
.points { font: 0.88rem/1.5 var(--st-font); color: var(--st-text-color); overflow: auto;
  max-height: 46dvh; }
h4 { font-size: 0.8rem; font-weight: 650; margin: 0.7rem 0 0.2rem; opacity: 0.75; }
h4:first-child { margin-top: 0; }
ul { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; }
button { all: unset; box-sizing: border-box; display: block; width: 100%; cursor: pointer;
  padding: 0.3rem 0.5rem; border-radius: 0.4rem; overflow-wrap: anywhere; }
button:disabled { cursor: default; }
button:not(:disabled):hover { background: color-mix(in srgb, var(--st-primary-color) 8%,
  transparent); }
q { quotes: "“" "”"; opacity: 0.85; }
.page { color: var(--st-blue-text-color); font-size: 0.8rem; white-space: nowrap; }
.doubt { color: var(--st-red-text-color); font-size: 0.8rem; white-space: nowrap; }
"""
_JS: Final = """
function point(one, number) {
  const item = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  button.dataset.point = number;
  button.disabled = !one.page;
  button.setAttribute("aria-current", String(one.open));
  if (one.text) button.append(part("span", "", one.text + (one.quote ? one.colon : "")));
  if (one.quote) button.append(part("q", "", one.quote));
  button.append(" ", part("span", one.page ? "page" : "doubt", one.page || one.doubt));
  item.append(button);
  return item;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const frame = parentElement.querySelector(".points");
  frame.onclick = (event) => {
    const button = event.target.closest("button");
    if (button && !button.disabled) setTriggerValue("picked", Number(button.dataset.point));
  };
  if (!isNew(frame, data)) return;
  frame.replaceChildren();
  let list = null;
  data.points.forEach((one, number) => {
    if (one.heading) {
      frame.append(part("h4", "", one.text));
      list = null;
      return;
    }
    if (!list) {
      list = document.createElement("ul");
      frame.append(list);
    }
    list.append(point(one, number));
  });
}
"""
_POINTS: Final = st.components.v2.component(
    "points", html='<div class="points"></div>', css=_CSS + pieces.CSS, js=pieces.JS + _JS
)


def show(summary: Summary, opened: int | None, picked: Callable[[int], None], say: Phrases) -> None:
    """Draws the summary; `picked` hears the number of a sentence that is clicked."""
    key = f"points-{summary.about.value}"

    def heard() -> None:
        number: Any = st.session_state[key]["picked"]
        if number is not None:
            picked(int(number))

    _POINTS(
        key=key,
        data={
            "points": [
                {
                    "text": one.text,
                    "heading": one.is_heading,
                    "quote": one.quote if one.is_quoted else "",
                    "colon": say("summary.colon"),
                    "page": _pages(one.pages, say),
                    "doubt": "" if one.is_verified else say("summary.unsupported"),
                    "open": number == opened,
                }
                for number, one in enumerate(summary.sentences)
            ]
        },
        on_picked_change=heard,
    )


def _pages(pages: tuple[int, ...], say: Phrases) -> str:
    return say("summary.pages", pages=", ".join(map(str, pages))) if pages else ""
