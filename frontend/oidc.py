"""The file that says where people sign in: its `[auth]` is what Streamlit's `st.login` reads."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Final

_KEYS: Final = (
    "redirect_uri",
    "cookie_secret",
    "client_id",
    "client_secret",
    "server_metadata_url",
)
SHORTEST_SECRET: Final = 32  # characters of the secret that signs cookies


def mistake(path: Path, base_path: str) -> str | None:
    """What is wrong with the file, in words that repeat nothing of it; None if nothing is."""
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            return "must be readable by its owner only: chmod 600 it"
        section = tomllib.loads(path.read_text(encoding="utf-8")).get("auth")
    except (OSError, ValueError):
        return "must be a TOML file that can be read"
    if not isinstance(section, dict):
        return "must have a section [auth]"
    for key in _KEYS:
        if not isinstance(section.get(key), str) or not section[key]:
            return f"must have {key} in [auth]"
    if len(section["cookie_secret"]) < SHORTEST_SECRET:
        return f"must have at least {SHORTEST_SECRET} characters in cookie_secret"
    if not section["redirect_uri"].endswith(f"{base_path}/oauth2callback"):
        return f"must have a redirect_uri that ends with {base_path}/oauth2callback"
    return None
