"""A file's pages, large, in a dialog."""

from __future__ import annotations

import streamlit as st

from frontend import state
from frontend.components import dialogs, pictures
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
    caption = say("files.page_of", page=page, pages=file.pages)
    pictures.show(shown, caption, "stretch")
    st.caption(caption)
