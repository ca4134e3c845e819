"""The environment of the web process: what it means, and one line per mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from frontend.settings import Mistakes, Settings, load


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_defaults() -> None:
    settings = load()
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.backend_address == "127.0.0.1:50051"
    assert settings.database_url == f"sqlite:///{settings.data_dir}/history.sqlite3"
    assert settings.host_names == {"127.0.0.1", "localhost", "::1"}
    assert settings.api_keys == ()


def test_values(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "PORT": "9000",
        "HOST": "192.168.0.5",
        "API_KEYS": " one, two ,",
        "BACKEND_TOKEN": "t",
        "BACKEND_ADDRESS": "unix:///tmp/a.sock",
        "DATA_DIR": "somewhere",
        "ALLOWED_HOSTS": "Reader.Example, other",
        "REQUEST_TIMEOUT": "2.5",
        "REMOTE_IMAGES": "OFF",
        "LOG_LEVEL": "Debug",
    }.items():
        monkeypatch.setenv(name, value)
    settings = load()
    assert settings.api_keys == ("one", "two")
    assert settings.data_dir == Path.cwd() / "somewhere"
    assert {"reader.example", "other", "192.168.0.5"} < settings.host_names
    assert (settings.request_timeout, settings.remote_images) == (2.5, "off")
    assert settings.log_level == "debug"
    assert "two" not in repr(settings)


def test_empty_values_mean_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("API_KEYS", "")
    assert load().port == 8080


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "-7"),
        ("PORT", "70000"),
        ("HOST", "a b"),
        ("BACKEND_ADDRESS", "localhost"),
        ("BACKEND_ADDRESS", "localhost:99999"),
        ("BACKEND_ADDRESS", "unix:////"),
        ("BACKEND_TOKEN", "with space"),
        ("API_KEYS", "good,schlüssel"),
        ("ALLOWED_HOSTS", "a.example:80"),
        ("REQUEST_TIMEOUT", "nan"),
        ("REQUEST_TIMEOUT", "-3"),
        ("REMOTE_IMAGES", "maybe"),
        ("LOG_LEVEL", "loud"),
        ("DATABASE_URL", "history.db"),
        ("TRUSTED_USER_HEADER", "X User"),
        ("TRUSTED_USER_HEADER", "Cookie"),
        ("TRUSTED_PROXIES", "proxy.example"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("ALLOWED_USERS", "ann smith"),
        ("BASE_PATH", "/a b"),
        ("BASE_PATH", "/../up"),
        ("BASE_PATH", "/v1/desk"),
        ("OIDC_SECRETS", "/nonexistent"),
    ],
)
def test_mistakes(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Mistakes) as caught:
        load()
    (line,) = caught.value.lines
    assert line.startswith(f"{name}: ")
    assert value not in line.split(": ", 1)[1]
    assert "\n" not in line


def test_keys_need_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "secret-key")
    with pytest.raises(Mistakes) as caught:
        load()
    (line,) = caught.value.lines
    assert line.startswith("BACKEND_TOKEN: ")
    assert "secret-key" not in line


def test_an_allowlist_needs_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOTE_IMAGES", "allowlist")
    with pytest.raises(Mistakes):
        load()
    monkeypatch.setenv("REMOTE_IMAGE_HOSTS", "pictures.example")
    assert load().remote_image_hosts == {"pictures.example"}


def test_every_mistake_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "x")
    monkeypatch.setenv("LOG_LEVEL", "y")
    with pytest.raises(Mistakes) as caught:
        load()
    assert len(caught.value.lines) == 2


def test_signing_in_with_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not load().signs_in
    monkeypatch.setenv("TRUSTED_USER_HEADER", "X-Forwarded-User")
    with pytest.raises(Mistakes, match="TRUSTED_PROXIES"):
        load()
    monkeypatch.setenv("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,::1")
    with pytest.raises(Mistakes, match="BACKEND_TOKEN"):
        load()
    monkeypatch.setenv("BACKEND_TOKEN", "t")
    monkeypatch.setenv("ALLOWED_USERS", "@Example.org, bo")
    settings = load()
    assert settings.signs_in
    assert [str(network) for network in settings.trusted_proxies] == [
        "127.0.0.1/32",
        "10.0.0.0/8",
        "::1/128",
    ]
    assert settings.allowed_users == {"@example.org", "bo"}


def test_lists_of_people_need_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMINS", "ann@example.org")
    with pytest.raises(Mistakes, match="unless people sign in"):
        load()


@pytest.mark.parametrize("path", ["/desk", "desk", "/desk/", "desk/"])
def test_a_base_path_has_one_form(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("BASE_PATH", path)
    assert load().base_path == "/desk"
