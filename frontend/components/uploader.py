"""The plain uploader's helper in the browser: files become small and upright before they are sent.

It sends nothing by itself. It stands between choosing and sending, hands files on to the plain
uploader, and asks before, through the page's own connection, which of them are here already.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import streamlit as st
from streamlit import config

from frontend.i18n import Phrases
from frontend.uploader import assets
from frontend.uploader.offer import Offer, read

_HERE: Final = Path(assets.__file__).parent
WORDS: Final = (
    *("preparing", "looking", "waiting", "sending", "sent", "as_is", "known", "total"),
    *("document", "photo", "line", "lines", "picture", "pictures", "turned"),
)
_HELPER: Final = st.components.v2.component(
    "uploader",
    html='<details class="files" open hidden><summary><span role="status"></span></summary>'
    '<div class="rows"></div></details>',
    css=(_HERE / "uploader.css").read_text(encoding="utf-8"),
    js=(_HERE / "browser" / "uploader.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Answer:
    """Which files of an offer were here already, in its order."""

    batch: str
    known: tuple[bool, ...]


def is_there() -> bool:
    """Whether the helper can be had in this installation."""
    return _assets() is not None


def show_opener(around: str, say: Phrases, *, disabled: bool) -> None:
    """A button, anywhere on the page, that opens the uploader's choice of files."""
    st.button(
        say("files.drop"),
        key=f"{around}-opener",
        icon=":material/attach_file:",
        type="tertiary",
        help=say("files.drop"),
        disabled=disabled,
    )


def show(
    around: str,
    taken: str,
    say: Phrases,
    *,
    conversation: str = "",
    offered: Callable[[Offer], Answer] | None = None,
) -> None:
    """Helps the plain uploader in the container with the key `around`, and shows what it does.

    Files that are dropped anywhere else on the page, or pasted, go to it as well.

    `taken` changes whenever the plain uploader has taken files. `offered` is asked which files that
    are about to be sent are here already; without it, all are sent.
    """
    folder = _assets()
    if folder is None:
        return
    key, kept = f"uploader-{around}", f"uploader-answer-{around}"

    def heard() -> None:
        value: Any = st.session_state[key]["offered"]
        offer = read(value)
        if offer is not None and offered is not None:
            st.session_state[kept] = offered(offer)

    answer = st.session_state.get(kept)
    _HELPER(
        key=key,
        data={
            "assets": folder,
            "around": around,
            "conversation": conversation,
            "taken": taken,
            "asks": offered is not None,
            "answer": asdict(answer) if isinstance(answer, Answer) else None,
            "words": {name: say(f"uploader.{name}") for name in WORDS},
        },
        on_offered_change=heard,
    )


def _assets() -> str | None:
    base = config.get_option("server.baseUrlPath").strip("/")
    return assets.folder(f"/{base}" if base else "")
