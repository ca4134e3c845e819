"""The shape of the monitor: tiles in a row, charts in a grid, tables as wide as they need."""

from __future__ import annotations

from typing import Final

import streamlit as st

_CSS: Final = """
.st-key-monitor { gap: 0.8rem; padding: 0.6rem 0 2rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.6rem, 1fr)); gap: 0.6rem; }
.tiles > div { border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.5rem 0.75rem;
  display: flex; flex-direction: column; min-width: 0; }
.tiles span, .tiles small { font-size: 0.76rem; line-height: 1.35; color: var(--quiet); }
.tiles b { font-size: 1.3rem; font-weight: 650; font-variant-numeric: tabular-nums;
  line-height: 1.45; }
.st-key-charts { display: grid !important; gap: 0.6rem;
  grid-template-columns: repeat(auto-fit, minmax(min(15.2rem, 100%), 1fr)); }
.st-key-charts > * { width: auto !important; min-width: 0; height: 100% !important; }
.st-key-monitor [data-stale=true] { opacity: 1 !important; }
.st-key-charts [class*=st-key-chart-] { padding: 0.5rem 0.75rem 0.2rem; gap: 0.1rem;
  height: 100%; }
.st-key-charts h2 { font-size: 0.84rem; }
.st-key-charts [data-testid=stVegaLiteChart] { min-height: 118px; }
.legend { display: flex; flex-wrap: wrap; gap: 0 0.8rem; font-size: 0.74rem; color: var(--quiet); }
.legend i { display: inline-block; width: 0.6rem; height: 0.6rem; border-radius: 0.15rem;
  margin-right: 0.3rem; }
.no-lines { height: 130px; display: grid; place-content: center; font-size: 0.8rem;
  color: var(--quiet); }
.heading { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.8rem;
  margin-top: 0.4rem; }
.heading small { font-size: 0.76rem; color: var(--quiet); }
.figures { overflow-x: auto; border: 1px solid var(--line); border-radius: 0.5rem;
  max-width: 60rem; }
.figures table { border-collapse: collapse; width: 100%; font-size: 0.84rem; margin: 0;
  font-variant-numeric: tabular-nums; }
.figures :is(th, td) { padding: 0.35rem 0.75rem; border: none; text-align: right;
  white-space: nowrap; font-weight: 400; }
.figures th:first-child { text-align: left; max-width: 22rem; overflow: hidden;
  text-overflow: ellipsis; }
.figures thead th { font-size: 0.76rem; color: var(--quiet); }
.figures tbody tr { border-top: 1px solid var(--line); }
.figures .bar { display: inline-block; width: 4rem; height: 0.4rem; border-radius: 1rem;
  background: var(--line); margin-right: 0.6rem; overflow: hidden; }
.figures .bar i { display: block; height: 100%; background: #3f7fd8; }
"""


def apply() -> None:
    """Puts the style on the page."""
    st.html(f"<style>{_CSS}</style>")
