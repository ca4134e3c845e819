"""A button that puts a text on the clipboard; over plain HTTP as well."""

from __future__ import annotations

from typing import Final

import streamlit as st

from frontend.i18n import Phrases

_CSS: Final = """
:host, .copy { display: block; }
button { all: unset; box-sizing: border-box; display: inline-flex; align-items: center;
  justify-content: center; gap: 0.35rem; height: 1.75rem; min-width: 1.75rem; cursor: pointer;
  padding: 0 0.35rem; border-radius: 0.4rem; font: 0.78rem/1 var(--st-font);
  color: var(--st-text-color); opacity: 0.65; white-space: nowrap; }
button:hover { opacity: 1; color: var(--st-primary-color); }
button:focus-visible { opacity: 1; outline: 2px solid var(--st-primary-color);
  outline-offset: -2px; }
svg { width: 1rem; height: 1rem; fill: none; stroke: currentColor; stroke-width: 1.6;
  stroke-linecap: round; stroke-linejoin: round; }
"""
_HTML: Final = '<div class="copy"><button type="button"></button></div>'
_JS: Final = """
const SHEETS = '<path d="M5.5 5.5h8v8h-8z"/><path d="M10.5 5.5v-3h-8v8h3"/>';
const TICK = '<path d="M3 8.5l3.2 3.2L13 4.8"/>';

function icon(path) {
  return `<svg viewBox="0 0 16 16" aria-hidden="true">${path}</svg>`;
}

function withoutClipboard(text) {  // pages of plain HTTP have no clipboard to write to
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  area.style.opacity = "0";
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}

export default function ({ data, parentElement }) {
  const button = parentElement.querySelector("button");
  if (!button.firstChild) button.innerHTML = icon(SHEETS);
  button.title = data.label;
  button.setAttribute("aria-label", data.label);
  button.onclick = async () => {
    try {
      await navigator.clipboard.writeText(data.text);
    } catch {
      if (!withoutClipboard(data.text)) return;
      button.focus();
    }
    button.innerHTML = icon(TICK);
    button.append(data.done);
    setTimeout(() => { button.innerHTML = icon(SHEETS); }, 1600);
  };
}
"""
_COPY: Final = st.components.v2.component("copy", html=_HTML, css=_CSS, js=_JS)


def show(text: str, key: str, say: Phrases) -> None:
    """Draws the button; `text` is copied as it is."""
    _COPY(
        key=key,
        data={"text": text, "label": say("answer.copy"), "done": say("answer.copied")},
        width="content",
        height="content",
    )
