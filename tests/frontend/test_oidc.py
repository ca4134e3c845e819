"""The file that says where people sign in: what is wrong with it, told without repeating it."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontend import oidc

GOOD = {
    "redirect_uri": "https://desk.example/oauth2callback",
    "cookie_secret": "s" * 32,
    "client_id": "desk",
    "client_secret": "very-secret",
    "server_metadata_url": "https://id.example/.well-known/openid-configuration",
}


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "secrets.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def section(**changes: object) -> str:
    values = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    lines = (f"{name} = {value!r}" for name, value in values.items())
    return "\n".join(["[auth]", *lines])


def test_a_good_file(tmp_path: Path) -> None:
    assert oidc.mistake(write(tmp_path, section()), "") is None
    under = section(redirect_uri="https://desk.example/desk/oauth2callback")
    assert oidc.mistake(write(tmp_path, under), "/desk") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[auth", "TOML"),
        ("", "[auth]"),
        ("auth = 1", "[auth]"),
        (section(client_secret=None), "client_secret"),
        (section(client_id=""), "client_id"),
        (section(server_metadata_url=7), "server_metadata_url"),
        (section(cookie_secret="short"), "32 characters"),
        (section(redirect_uri="https://desk.example/"), "/oauth2callback"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, told: str) -> None:
    said = oidc.mistake(write(tmp_path, text), "")
    assert said is not None
    assert told in said
    assert "very-secret" not in said


def test_a_file_that_others_can_read_is_not_taken(tmp_path: Path) -> None:
    said = oidc.mistake(write(tmp_path, section(), 0o644), "")
    assert said is not None
    assert "chmod 600" in said


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert oidc.mistake(tmp_path / "none.toml", "") is not None


def test_the_base_path_is_part_of_the_address(tmp_path: Path) -> None:
    said = oidc.mistake(write(tmp_path, section()), "/desk")
    assert said is not None
    assert "/desk/oauth2callback" in said
