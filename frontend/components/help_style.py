"""The shape of the diagnosis: one block for each trouble, its findings with a sign before them."""

from __future__ import annotations

from typing import Final

import streamlit as st

_CSS: Final = """
.st-key-help { gap: 0.8rem; padding: 0.6rem 0 2rem; max-width: 52rem; }
.st-key-help [data-testid=stMarkdown] p { font-size: 0.88rem; }
.checks { display: flex; flex-direction: column; gap: 1rem; }
.checks section { border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.7rem 0.9rem; }
.found { display: flex; gap: 0.7rem; padding-top: 0.5rem; font-size: 0.88rem; line-height: 1.5; }
.found > i { flex: none; width: 1.3rem; height: 1.3rem; border-radius: 50%; color: #fff;
  font-style: normal; font-weight: 700; font-size: 0.8rem; display: grid; place-content: center; }
.found.good > i { background: #1f7a45; }
.found.poor > i { background: #9a6200; }
.found.bad > i { background: #b3343a; }
.found p { margin: 0; overflow-wrap: anywhere; font-size: 0.88rem; }
.found p + p { margin-top: 0.25rem; }
.found .grade { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
"""


def apply() -> None:
    """Puts the style on the page."""
    st.html(f"<style>{_CSS}</style>")
