"""Who is looking at the page, as the way that was chosen for signing in tells it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from frontend import visitors
from frontend.settings import Settings
from frontend.visitors import LOCAL, Visitor


class NotSignedIn(Exception):
    """Nothing is asked for, and nothing shown, before somebody signs in."""


def claims() -> dict[str, Any]:
    """What the provider says of who signed in; empty before."""
    told = st.user.to_dict()
    return told if told.get("is_logged_in") is True else {}


def visitor(settings: Settings) -> Visitor | None:
    """None if nobody signed in, or somebody who may not use the page."""
    if not settings.signs_in:
        return Visitor(LOCAL, may_see_all=True)
    if settings.trusted_user_header:
        name = str(st.context.headers.get(settings.trusted_user_header) or "")
        owner = visitors.named(name)
    else:
        told = claims()
        name, owner = visitors.name_of(told), visitors.claimed(told)
    if owner is None or owner == LOCAL:
        return None
    if settings.allowed_users and not visitors.is_among(owner, settings.allowed_users):
        return None
    return Visitor(owner, name, visitors.is_among(owner, settings.admins))
