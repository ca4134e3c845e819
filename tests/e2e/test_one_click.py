"""scripts/1键推理.sh with the real system: one start, one answer, one stop."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import httpx
import psutil
import pytest

from scripts.lib.system import free_ports, models_folder

pytestmark = pytest.mark.recipes

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def set_up() -> None:
    """A test is no place to install packages."""
    asked = ["bash", "-c", ". scripts/lib/setup.sh && have_packages runtime"]
    if subprocess.run(asked, cwd=ROOT, check=False).returncode:
        pytest.skip("not set up: run scripts/test.sh")


def test_one_click_starts_it_and_one_stops_it(tmp_path: Path) -> None:
    port, backend = free_ports(2)
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "PORT": str(port),
        "BACKEND_ADDRESS": f"127.0.0.1:{backend}",
        "DATA_DIR": str(tmp_path / "data"),
        "MODELS_DIR": str(models_folder()),
        "MODEL": "embedded",
    }

    def click(command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "scripts/1键推理.sh", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    try:
        started = click("start")
        assert started.returncode == 0, started.stdout + started.stderr
        url = f"http://127.0.0.1:{port}"
        assert f"✅ ready: {url}" in started.stdout
        with httpx.Client(base_url=url, timeout=60) as client:
            body = {"model": "embedded", "messages": [{"role": "user", "content": "Say a word."}]}
            answer = client.post("/v1/chat/completions", json={**body, "max_tokens": 4})
        assert answer.status_code == 200
        assert "✅ ready" in click("status").stdout
        family = [
            process
            for process in psutil.process_iter()
            if str(tmp_path / "data") in _environment(process).get("DATA_DIR", "")
        ]
        assert len(family) >= 3
    finally:
        stopped = click("stop")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    assert click("status").returncode == 3
    assert "first answer" in (tmp_path / "data/logs/system.log").read_text(encoding="utf-8")


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}
