"""What scripts of components share in the browser: elements of text, and drawing what changed.

Streamlit takes a component's script as one text, so each begins with a copy of this one.
"""

from __future__ import annotations

from typing import Final

JS: Final = """
const drawn = new WeakMap();  // by mounted root: what it shows now

function part(tag, kind, text) {
  const made = document.createElement(tag);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}

function isNew(frame, data) {
  const now = JSON.stringify(data), had = drawn.get(frame);
  drawn.set(frame, now);
  return had !== now;
}
"""
CSS: Final = """
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: -2px; }
button[aria-current=true] { box-shadow: inset 3px 0 var(--st-primary-color);
  background: color-mix(in srgb, var(--st-primary-color) 14%, transparent); }
"""


def nothing() -> None:
    """Streamlit wants a callback for everything that it is to pass on."""
