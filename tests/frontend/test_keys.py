"""API keys: made on the command line, kept as digests, known by the running service."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from frontend.__main__ import main as serve
from frontend.cli.__main__ import main
from frontend.keys import FILE, KeyFile, KeyRing, KeysUnusable
from tests.fakes.backend import FakeBackend
from tests.fakes.web import Answered, Web


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def backend() -> Iterator[FakeBackend]:
    with FakeBackend() as fake:
        yield fake


@pytest.fixture
def web(backend: FakeBackend, folder: Path) -> Iterator[Web]:
    with Web(backend.address, data_dir=folder) as running:
        yield running


def made(capsys: pytest.CaptureFixture[str], owner: str) -> tuple[str, str]:
    """A new key's id and words."""
    assert main(["keys", "create", owner, "--note", "for a test", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    return told["id"], told["key"]


def ask(web: Web, key: str) -> Answered:
    return web.chat(headers={"Authorization": f"Bearer {key}"})


def test_a_key_opens_and_a_revoked_one_does_not(
    web: Web, backend: FakeBackend, capsys: pytest.CaptureFixture[str]
) -> None:
    assert web.chat().status == 200, "open until there is a key"
    first, ann = made(capsys, "ann@example.org")
    _, bob = made(capsys, "bob")
    assert web.chat().status == 401
    assert ask(web, ann).status == ask(web, bob).status == 200
    assert backend.owners[-2:] == ["ann@example.org", "bob"]
    assert ask(web, ann[:-1] + "x").status == 401

    assert main(["keys", "revoke", first]) == 0
    assert ask(web, ann).status == 401
    assert ask(web, bob).status == 200
    assert main(["keys", "revoke", first]) == 2
    capsys.readouterr()
    assert main(["keys", "list"]) == 0
    told = capsys.readouterr().out
    assert "ann@example.org" in told
    assert "revoked" in told
    assert ann not in told


def test_only_digests_are_on_disk(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, words = made(capsys, "ann")
    kept = (folder / FILE).read_text()
    assert words not in kept
    assert words.rpartition("_")[2] not in kept
    assert (folder / FILE).stat().st_mode & 0o077 == 0
    assert len({made(capsys, "ann")[1] for _ in range(3)}) == 3


def test_a_service_whose_keys_were_all_revoked_stays_shut(
    web: Web, capsys: pytest.CaptureFixture[str]
) -> None:
    name, _ = made(capsys, "ann")
    main(["keys", "revoke", name])
    assert web.chat().status == 401


def test_a_file_that_cannot_be_trusted_opens_nothing(
    web: Web, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, words = made(capsys, "ann")
    assert ask(web, words).status == 200
    (folder / FILE).chmod(0o644)
    assert ask(web, words).status == 401
    with pytest.raises(KeysUnusable, match="chmod 600"):
        KeyRing((), KeyFile(folder))
    (folder / FILE).chmod(0o600)
    assert ask(web, words).status == 200
    (folder / FILE).write_text("{")
    assert ask(web, words).status == 401
    with pytest.raises(KeysUnusable):
        KeyRing((), KeyFile(folder))
    assert main(["keys", "list"]) == 2


def test_an_owner_is_a_plain_word(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "create", "../else"]) == 2
    assert not (folder / FILE).exists()


def test_a_service_does_not_start_on_keys_that_others_can_read(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made(capsys, "ann")
    (folder / FILE).chmod(0o644)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        monkeypatch.setenv("PORT", str(probe.getsockname()[1]))
    assert serve() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "DATA_DIR: api_keys.json can be read by other users: chmod 600 it."
