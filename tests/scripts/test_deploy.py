"""Containers as they are written: no engine runs them here, so what can be held is held."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.lib import healthy
from scripts.lib.system import free_ports

pytestmark = pytest.mark.recipes

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "scripts" / "deploy"
COMPOSE = ("compose.yaml", "compose.split.yaml")
NOTEBOOK = ("compose.yaml", "compose.notebook.yaml")


def compose(*names: str) -> dict[str, dict[str, Any]]:
    """The services of compose files laid over each other, by name."""
    services: dict[str, dict[str, Any]] = {}
    for name in names:
        for service, told in yaml.safe_load((DEPLOY / name).read_text())["services"].items():
            known = services.setdefault(service, {})
            for key, value in told.items():
                known[key] = known.get(key, {}) | value if isinstance(value, dict) else value
    return services


def stages() -> dict[str, list[str]]:
    """The Dockerfile's stages by name, each with its instructions; continued lines are one."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if begun := re.fullmatch(r"FROM \S+ AS (\S+)", line):
            found[begun[1]] = []
        elif found and re.match(r"[A-Z]+ ", line):
            found[next(reversed(found))].append(re.sub(r"\s+", " ", line))
    return found


def test_the_dockerfile_keeps_to_good_practice() -> None:
    linter = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if linter is None:
        pytest.skip("no hadolint: run scripts/test.sh")
    done = subprocess.run(
        [linter, "Dockerfile"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_only_the_notebooks_image_has_a_notebook_server() -> None:
    """It is the plain one with JupyterLab, which nobody's root serves on a port of its own."""
    text = (ROOT / "Dockerfile").read_text()
    assert "FROM cpu AS notebook" in text
    lines = stages()["notebook"]
    assert lines.index("USER 0") < lines.index("USER 10001") < lines.index('CMD ["notebook"]')
    assert any(line.startswith("HEALTHCHECK") and "notebook" in line for line in lines)
    assert "EXPOSE 8888" in lines
    installing = [name for name, said in stages().items() if "set_up notebook" in " ".join(said)]
    assert installing == ["notebook"]


@pytest.mark.parametrize("target", ["cpu", "gpu"])
def test_an_image_is_nobodys_root_and_says_how_it_is(target: str) -> None:
    lines = stages()[target]
    assert "USER 10001" in lines
    assert lines.index("USER 10001") < lines.index('CMD ["all"]')
    assert any(line.startswith("HEALTHCHECK") and "healthy.py" in line for line in lines)
    assert 'VOLUME ["/data", "/models"]' in lines
    assert "EXPOSE 8080" in lines
    assert 'ENTRYPOINT ["/app/scripts/container"]' in lines


def test_both_kinds_are_made_alike() -> None:
    def common(target: str) -> list[str]:
        return [line for line in stages()[target] if "wheels" not in line and "set_up" not in line]

    assert common("cpu") == common("gpu")


def test_what_is_copied_is_there() -> None:
    copied = [
        path
        for lines in stages().values()
        for line in lines
        if line.startswith("COPY ") and "--from" not in line
        for path in line.split()[1:-1]
    ]
    assert {"backend", "frontend", "protos", "scripts"} <= set(copied)
    assert [path for path in copied if not (ROOT / path).exists()] == []


def test_flash_attn_is_built_for_the_torch_that_the_gpu_image_has() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert '"torch==${TORCH_GPU}"' in text
    assert "TORCH_VERSION=$TORCH_GPU" in text
    indexes = set(re.findall(r"TORCH_INDEX=(\S+/whl/cu\d+)", text))
    (cuda,) = re.findall(r"ARG CUDA=(\d+)\.(\d+)", text)
    assert [index.rpartition("/")[2] for index in indexes] == [f"cu{cuda[0]}{cuda[1]}"]
    pinned = dict(re.findall(r"\b(numpy|packaging)==([\d.]+)", text))
    constraints = (ROOT / "constraints.txt").read_text()
    assert len(pinned) == 2
    for name, version in pinned.items():
        assert f"\n{name}=={version}\n" in constraints


@pytest.mark.parametrize(
    "names", [(name,) for name in COMPOSE] + [("compose.yaml", "compose.gpu.yaml"), NOTEBOOK]
)
def test_every_container_is_shut_and_watched(names: tuple[str, ...]) -> None:
    for service in compose(*names).values():
        assert service["user"] == "10001"
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "/tmp" in service["tmpfs"]
        assert service["healthcheck"]["test"][1] == "/app/.venv/bin/python"
        assert any(volume.endswith(":/data") for volume in service["volumes"])
        if "build" in service:
            assert service["build"]["target"] in stages()
            assert (DEPLOY / service["build"].get("context", "../..")).resolve() == ROOT


def test_ports_are_the_pages_alone_and_open_to_this_machine_only() -> None:
    published = [
        port
        for name in COMPOSE
        for service in compose(name).values()
        for port in service.get("ports", ())
    ]
    assert published == ["127.0.0.1:8080:8080"] * 2


def test_a_notebook_is_added_only_where_it_is_asked_for_and_sees_the_interface_alone() -> None:
    services = compose(*NOTEBOOK)
    assert [services[name]["ports"] for name in ("desk", "notebook")] == [
        ["127.0.0.1:8080:8080"],
        ["127.0.0.1:8888:8888"],
    ]
    guest = services["notebook"]
    assert guest["build"]["target"] == "notebook"
    assert guest["environment"]["GLM_FLASH_URL"] == "http://desk:8080/v1"
    assert services["desk"]["environment"]["ALLOWED_HOSTS"].startswith("desk,")
    assert not set(guest["volumes"]) & set(services["desk"]["volumes"]), "none of its data"
    plain = [compose(name) for name in COMPOSE] + [compose("compose.yaml", "compose.gpu.yaml")]
    assert not any("notebook" in str(services) for services in plain)


def test_the_gpu_is_reserved_with_memory_to_share() -> None:
    desk = compose("compose.yaml", "compose.gpu.yaml")["desk"]
    (device,) = desk["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
    assert desk["build"] == {"context": "../..", "target": "gpu"}
    assert desk["shm_size"] == "8gb"
    assert desk["environment"]["ENGINE"], "what the first file sets stays"


def test_two_containers_share_a_socket_and_a_token() -> None:
    services = compose("compose.split.yaml")
    backend, web = services["backend"], services["web"]
    assert backend["network_mode"] == "none"
    for name in ("BACKEND_ADDRESS", "BACKEND_TOKEN"):
        assert backend["environment"][name] == web["environment"][name]
    assert "socket:/run/desk" in backend["volumes"]
    assert "socket:/run/desk" in web["volumes"]
    assert (backend["command"], web["command"]) == (["backend"], ["web"])


def test_whoever_is_not_there_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    port, backend = free_ports(2)
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("BACKEND_ADDRESS", f"127.0.0.1:{backend}")
    assert not healthy.is_ready()
    assert not healthy.is_serving()
    monkeypatch.setenv("NOTEBOOK_PORT", str(port))
    assert not healthy.has_notebook()


def test_a_container_knows_its_four_parts(tmp_path: Path) -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "container", "both"],
        env={
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(tmp_path / "data"),
            "MODELS_DIR": str(tmp_path / "models"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "error: use all, backend, web or notebook, not 'both'\n"
    assert (tmp_path / "models" / "embedded").is_symlink()
