"""Units and proxies as they are written, read by the programs they are for where those are here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from backend.settings import Settings as BackendSettings
from frontend.settings import Settings as WebSettings

pytestmark = pytest.mark.recipes

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "scripts" / "deploy"
UNITS = ("desk-backend.service", "desk-web.service")


def program(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def directives(unit: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / unit).read_text().splitlines():
        if match := re.fullmatch(r"([A-Z]\w+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    here = tmp_path / "desk"
    (here / ".venv" / "bin").mkdir(parents=True)
    (here / ".venv" / "bin" / "python").symlink_to("/bin/true")
    for unit in UNITS:
        text = (DEPLOY / unit).read_text().replace("/opt/desk", str(here))
        (tmp_path / unit).write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", *(str(tmp_path / unit) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS)
def test_a_service_is_nobodys_root_and_writes_to_its_own_folders_only(unit: str) -> None:
    told = directives(unit)
    assert told["User"] == ["desk"]
    assert told["ProtectSystem"] == ["strict"]
    assert told["NoNewPrivileges"] == ["yes"]
    assert told["CapabilityBoundingSet"] == [""]
    assert told["StateDirectory"] == ["desk"]
    assert any("DATA_DIR=/var/lib/desk" in line for line in told["Environment"])
    module = told["ExecStart"][0].rpartition(" ")[2]
    assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists() or (
        ROOT / module / "__main__.py"
    ).exists()


def test_both_services_meet_at_one_socket() -> None:
    addresses = {
        re.search(r"BACKEND_ADDRESS=(\S+)", " ".join(directives(unit)["Environment"]))[1]  # type: ignore[index]
        for unit in UNITS
    }
    assert addresses == {"unix:///run/desk/backend.sock"}
    assert directives("desk-backend.service")["RuntimeDirectory"] == ["desk"]


def test_the_environment_names_settings_that_there_are() -> None:
    text = (DEPLOY / "environment").read_text()
    named = set(re.findall(r"^#?([A-Z_]+)=", text, re.MULTILINE))
    known = {
        name.upper() for chosen in (BackendSettings, WebSettings) for name in chosen.model_fields
    }
    assert "OIDC_SECRETS" in named
    assert named <= known


def test_nginx_takes_its_example(tmp_path: Path) -> None:
    nginx, openssl = program("nginx"), program("openssl")
    certificate = [
        *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
        *("-subj", "/CN=desk.example.org"),
        *("-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "fullchain.pem")),
    ]
    subprocess.run(certificate, check=True, capture_output=True)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = " ".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in kinds)
    text = (DEPLOY / "nginx.conf").read_text().replace("/etc/desk/tls", str(tmp_path))
    path = tmp_path / "nginx.conf"
    text = text.replace("http {", f"http {{ access_log off; {folders}", 1)
    path.write_text(f"pid {tmp_path}/pid;\n{text}")
    done = subprocess.run(
        [nginx, "-t", "-p", str(tmp_path), "-c", str(path), "-e", str(tmp_path / "error.log")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_caddy_takes_its_example() -> None:
    done = subprocess.run(
        [program("caddy"), "validate", "--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", ["nginx.conf", "Caddyfile"])
def test_no_proxy_lets_callers_say_who_they_are(example: str) -> None:
    text = (DEPLOY / example).read_text()
    assert re.search(r'X-Forwarded-User\s+""|header_up -X-Forwarded-User', text)
    assert re.search(r"80MB|80m", text), "bodies of 72 MB pass"
    assert "/metrics" in text


def test_the_wheelhouse_wants_a_folder_and_a_set_up(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "wheelhouse"
    for arguments in ([], ["one", "two"]):
        done = subprocess.run([script, *arguments], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.startswith("error: name the folder")) == (2, True)
    lib = tmp_path / "scripts" / "lib"
    lib.mkdir(parents=True)
    for path in ("wheelhouse", "lib/setup.sh"):
        (tmp_path / "scripts" / path).symlink_to(ROOT / "scripts" / path)
    done = subprocess.run(
        [tmp_path / "scripts" / "wheelhouse", str(tmp_path / "wheels")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "error: nothing is set up here: run scripts/start.sh once\n",
    )
