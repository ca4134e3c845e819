"""A file's pages, large, in a dialog."""

from __future__ import annotations

import base64

import streamlit as st

from frontend import state
from frontend.components import dialogs
from frontend.history.records import Attachment
from frontend.i18n import Phrases
from frontend.messages import BackendError

LARGE = 1600  # pixels


def picture(file: Attachment, page: int, side: int) -> bytes | None:
    """A page as WebP; None if it cannot be had now."""
    try:
        return state.services().shelf.picture(file.sha256, page, side)
    except BackendError:
        return None


def inline(picture: bytes) -> str:
    """A small WebP as an address that holds it.

    Streamlit forgets the pictures that it serves when the page begins to be drawn anew, until they
    are drawn again; a browser that asks for one in between is told that there is none.
    """
    return f"data:image/webp;base64,{base64.b64encode(picture).decode()}"


def show(file: Attachment, say: Phrases, *, page: int = 1) -> None:
    """Opens the dialog at a page."""
    dialogs.show(file.filename, _pages, file, page, say, width="large")


def _pages(file: Attachment, page: int, say: Phrases) -> None:
    if file.pages > 1:
        page = st.pagination(file.pages, default=page, key=f"page-{file.id}-{page}")
    shown = picture(file, page, LARGE)
    if shown is None:
        st.error(say("files.no_preview"))
        return
    st.image(shown, width="stretch", alt=say("files.page_of", page=page, pages=file.pages))
    st.caption(say("files.page_of", page=page, pages=file.pages))
