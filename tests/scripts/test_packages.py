"""What is installed is what the project says it runs on."""

from __future__ import annotations

import subprocess
import tomllib
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def pinned() -> dict[str, str]:
    lines = (line.split("#")[0] for line in (ROOT / "constraints.txt").read_text().splitlines())
    pairs = (line.split("==") for line in lines if "==" in line)
    return {canonicalize_name(name.strip()): version.strip() for name, version in pairs}


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0"])
def test_every_package_takes_the_first_release_of_each_python_that_is_promised(python: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert python in SpecifierSet(project["requires-python"])
    names = pinned()
    refuse = [
        f"{one.name} {one.version} ({one.metadata['Requires-Python']})"
        for one in distributions()
        if canonicalize_name(one.name) in names
        and python not in SpecifierSet(one.metadata["Requires-Python"] or "")
    ]
    assert refuse == []


@pytest.mark.parametrize(("group", "wants"), [("runtime", 0), ("notebook", 0), ("dev", 1)])
def test_only_the_tests_want_a_browser(group: str, wants: int) -> None:
    script = f"""
. scripts/lib/setup.sh
has_chinese_font() {{ true; }}
has_chromium() {{ false; }}
can_install_debian() {{ false; }}
debian_packages {group}
"""
    done = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.count("missing: Chromium") == wants, done.stderr
