"""Choosing files that are here already, by name: many of them, or one instead of another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

import streamlit as st

from frontend import state
from frontend.history.known_files import KnownFile
from frontend.i18n import Phrases


def many(key: str, say: Phrases, *, but: Collection[str] = ()) -> list[KnownFile]:
    """Any number of files, `but` of these hashes; nothing is drawn where none is known."""
    known = {sha256: one for sha256, one in _known().items() if sha256 not in but}
    if not known:
        return []
    told = _told(known, say)
    chosen = st.multiselect(
        say("known.many"),
        list(known),
        format_func=lambda one: told.get(one, ""),
        key=key,
        placeholder=say("known.search"),
        filter_mode="contains",
    )
    return [known[one] for one in chosen if one in known]


def one(key: str, say: Phrases, *, is_needed: bool) -> KnownFile | None:
    """One file, where no other was given; nothing is drawn where none is known."""
    known = _known()
    if not known:
        return None
    told = _told(known, say)
    chosen = st.selectbox(
        say("known.one"),
        list(known),
        index=None,
        format_func=lambda one: told.get(one, ""),
        key=key,
        placeholder=say("known.one"),
        filter_mode="contains",
        label_visibility="collapsed",
        disabled=not is_needed,
    )
    return known.get(chosen or "") if is_needed else None


def _known() -> dict[str, KnownFile]:
    return {one.file.sha256: one for one in state.services().bench.known_files()}


def _told(known: dict[str, KnownFile], say: Phrases) -> dict[str, str]:
    """What each file is called here; those of the same name are told apart by their hash."""
    named = Counter(one.filename for one in known.values())
    return {
        sha256: say(
            "known.file" if named[one.filename] == 1 else "known.namesake",
            name=one.filename,
            n=one.file.pages,
            hash=sha256[:6],
        )
        for sha256, one in known.items()
    }
