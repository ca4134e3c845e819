"""Small tables of figures: names to the left, numbers to the right, no more than is read."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st


def show(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, key: str, bars: int | None = None
) -> None:
    """Draws it; the first column names its row. Column `bars` holds shares, shown as bars too."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        "<tr>"
        + f'<th scope="row">{escape(row[0])}</th>'
        + "".join(
            f"<td>{_bar(cell) if place == bars else ''}{escape(cell)}</td>"
            for place, cell in enumerate(row[1:], start=1)
        )
        + "</tr>"
        for row in rows
    )
    st.html(
        f'<div class="figures" data-table="{escape(key)}" tabindex="0"><table><thead><tr>{top}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def _bar(share: str) -> str:
    number = share.removesuffix("%")
    width = int(number) if number.isdecimal() else 0
    return f'<i class="bar"><i style="width:{min(100, width)}%"></i></i>'
