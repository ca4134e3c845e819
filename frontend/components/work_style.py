"""The shape of the documents view."""

from __future__ import annotations

from typing import Final

import streamlit as st

_CSS: Final = """
.st-key-table, .st-key-evidence { gap: 0.6rem; }
.progress { display: flex; flex-wrap: wrap; gap: 0.15rem 1.1rem; font-size: 0.84rem;
  font-variant-numeric: tabular-nums; padding-top: 0.5rem; }
.progress span:first-child { font-weight: 650; }
.share { height: 3px; border-radius: 1rem; overflow: hidden; margin-top: 0.45rem; }
.share.on { background: var(--line); }
.share i { display: block; height: 100%; background: #2e7de0; transition: width 0.4s; }
.st-key-refused { margin-top: 0.5rem; }
.st-key-refused p { font-size: 0.86rem; }
.st-key-tools { row-gap: 0.4rem; }
.st-key-tools > [data-testid=stElementContainer], .st-key-tools > [data-testid=stLayoutWrapper] {
  flex: none; width: auto !important; }
.st-key-tools > [class*=st-key-filter-] { margin-right: auto; }

/* The form of a new job. */
.st-key-new-job-form { width: 100%; max-width: 44rem; margin-inline: auto; padding-top: 6vh;
  gap: 0.9rem; }
.st-key-new-job-form [data-testid=stFileUploaderDropzone] { min-height: 8rem;
  align-content: center; }
.st-key-new-job-form h3 { font-size: 1.4rem; padding: 0; }

/* A list of fields. */
.st-key-list-form { width: 100%; max-width: 60rem; margin-inline: auto; gap: 0.9rem;
  padding: 1rem 0 3rem; }
.st-key-list-form [class*=st-key-field-] { gap: 0.55rem; padding: 0.75rem 0.9rem; }
[class*=st-key-flags-] { column-gap: 1.4rem; row-gap: 0.4rem; }
[class*=st-key-flags-] > :has([data-testid=stCheckbox]) { flex: none; width: auto !important; }
[class*=st-key-flags-] > :last-child { flex: 1 1 16rem; }
.st-key-list-actions > *, .st-key-list-choice > * { flex: none; width: auto !important; }
.st-key-list-choice { gap: 1.2rem; margin-top: -0.4rem; }
.st-key-list-import [data-testid=stFileUploaderDropzoneInstructions]::after { content: "JSON"; }

/* Evidence: stays in sight while the table scrolls, and scrolls itself. */
.st-key-evidence { border-left: 1px solid var(--line); padding: 0.2rem 0.2rem 0 1.2rem;
  max-height: calc(100dvh - 4.6rem); overflow-y: auto; overflow-x: hidden; margin-top: 0.5rem; }
.st-key-evidence > * { flex: none; }
.st-key-evidence-head { flex-wrap: nowrap; column-gap: 0.9rem; }
.st-key-evidence-head > :first-child { flex: 1 1 0; min-width: 0; }
.st-key-evidence-head > * { width: auto !important; }
.counts { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.3rem 0.8rem; }
.counts .value { font-size: 1.15rem; font-weight: 650; margin: 0; overflow-wrap: anywhere; }
.badge { font-size: 0.8rem; white-space: nowrap; border: 1px solid var(--line);
  border-radius: 1rem; padding: 0.05rem 0.6rem; }
.quote { margin: 0; padding: 0.1rem 0 0.1rem 0.8rem; border-left: 3px solid #d67a00;
  font-size: 0.9rem; line-height: 1.5; overflow-wrap: anywhere; }
.st-key-evidence [data-testid=stForm] { padding: 0; border: none; }
.st-key-correction { flex-wrap: nowrap; }
.st-key-correction > :first-child { flex: 1 1 0; min-width: 0; }
.st-key-correction > :last-child { flex: none; width: auto !important; }
.st-key-evidence [data-testid=stImage] img { border: 1px solid var(--line);
  border-radius: 0.3rem; }

/* A phone shows one thing at a time: the table, or the value that was opened. */
@media (max-width: 640px) {
  [data-testid=stColumn]:has(.st-key-table):has(+ [data-testid=stColumn] .st-key-evidence) {
    display: none; }
  .st-key-evidence { border-left: none; padding-left: 0; max-height: none; }
  .st-key-new-job-form { padding-top: 1rem; }
}
"""


def apply() -> None:
    """Puts the style on the page, beside `style`'s."""
    st.html(f"<style>{_CSS}</style>")
