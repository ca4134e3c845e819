"""Pictures that the page holds itself."""

from __future__ import annotations

import base64
from typing import Literal

import streamlit as st


def show(picture: bytes, alt: str, width: int | Literal["stretch", "content"] = "content") -> None:
    """Draws a WebP as part of the page, not as something that is asked for by its address.

    Streamlit forgets the pictures that it serves when the page begins to be drawn anew, until they
    are drawn again; a browser that asks for one in between is told that there is none, and shows
    none from then on.
    """
    st.image(f"data:image/webp;base64,{base64.b64encode(picture).decode()}", width=width, alt=alt)
