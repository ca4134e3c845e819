"""A labelled agreement of two pages."""

from __future__ import annotations

from scripts.reader.agreements import Agreement

PAGES = (
    "This Agreement is made as of May 10, 2016, by and between VERSO PAPER HOLDINGS, L.L.C.\n"
    "and Peter H. Kesser. On May 10, 2016 Peter H. Kesser joined.",
    "It lasts for two (2) years and is governed by the laws of the State of Ohio.",
)
LABELS = {
    "effective_date": ("2016-05-10",),
    "jurisdiction": ("Ohio",),
    "party": ("Verso Paper Holdings LLC", "Peter H. Kesser"),
    "term": ("2 years",),
}
ONE = Agreement("a.pdf", PAGES, LABELS)
