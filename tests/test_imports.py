"""Who may import whom: the table of the house, read from the source without running it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WIRE = ("grpc", "grpc_health", "grpc_reflection", "google.protobuf", "protos")
COMPUTE = ("torch", "transformers", "safetensors")


@dataclass(frozen=True)
class Rule:
    """`room` and everything in it imports nothing of `forbidden`, the exceptions aside."""

    room: str
    forbidden: tuple[str, ...]
    because: str
    except_in: tuple[str, ...] = ()


RULES = (
    Rule("frontend", ("backend", *COMPUTE), "the front end speaks to the backend over gRPC only"),
    Rule("backend", ("frontend", "streamlit", "starlette", "uvicorn"), "it has no face"),
    Rule("protos", ("frontend", "backend"), "both sides import it"),
    Rule("frontend", WIRE, "only the client knows the wire", ("frontend.client",)),
    Rule(
        "backend",
        WIRE,
        "only the service and wire know it",
        ("backend.service", "backend.wire", "backend.__main__", "backend.cluster"),
    ),
    Rule("backend", ("ray",), "it is optional", ("backend.cluster",)),
    Rule(
        "backend.cluster",
        (*COMPUTE, "backend.service", "backend.engine", "backend.model", "backend.scheduling"),
        "it runs backends, each in a process of its own",
    ),
    Rule("frontend.api", ("streamlit", "frontend.views", "frontend.components"), "it is no page"),
    Rule("frontend.workflows", ("streamlit",), "it serves every face"),
    Rule("frontend.monitor", ("streamlit",), "it only counts"),
    Rule("frontend.diagnosis", ("streamlit",), "the page and the command line tell of it"),
    Rule("frontend.client", ("streamlit", "frontend.views", "frontend.api"), "it serves both"),
    Rule(
        "backend.scheduling",
        (*COMPUTE, "numpy", "backend.model", "backend.media", "backend.service", "backend.engine"),
        "it decides and touches no tensor",
    ),
    Rule(
        "backend.prompt",
        (*COMPUTE, "backend.service", "backend.wire", "backend.engine", "backend.scheduling"),
        "it comes first",
    ),
    Rule(
        "backend.media",
        (*COMPUTE, "backend.service", "backend.wire", "backend.engine", "backend.scheduling"),
        "it knows files only",
    ),
    Rule(
        "backend.model", ("backend.service", "backend.wire", "backend.engine"), "it only computes"
    ),
    Rule("backend.engine", ("backend.service", "backend.wire"), "it runs beneath the service"),
    Rule(
        "backend.remote",
        (*COMPUTE, "backend.service", "backend.wire", "backend.engine", "backend.scheduling"),
        "another server computes",
    ),
    Rule("backend.wire", ("backend.service", *COMPUTE), "it translates"),
)


def modules() -> Iterator[tuple[str, Path]]:
    """Every module of the product by its dotted name."""
    for top in ("backend", "frontend", "protos"):
        for path in sorted((ROOT / top).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(name: str, room: str) -> bool:
    """Whether a dotted name is a room or lies in it."""
    return name == room or name.startswith(room + ".")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.room}: {rule.because}")
def test_imports_keep_to_the_table(rule: Rule) -> None:
    broken = [
        f"{module} imports {name}"
        for module, path in modules()
        if within(module, rule.room) and not any(within(module, room) for room in rule.except_in)
        for name in imported(path)
        if any(within(name, forbidden) for forbidden in rule.forbidden)
    ]
    assert broken == []


def test_only_settings_reads_the_environment() -> None:
    """`os.environ.setdefault` tells a library something before it is loaded and reads nothing."""
    readers = [
        module
        for module, path in modules()
        if not module.endswith(".settings")
        for line in path.read_text().splitlines()
        if re.search(r"\bos\.(environ\b(?!\.setdefault\()|getenv)", line)
    ]
    assert readers == []


def test_packages_have_empty_init_files() -> None:
    filled = [str(path) for _, path in modules() if path.name == "__init__.py" and path.read_text()]
    assert filled == []


def test_every_module_says_what_lives_there() -> None:
    silent = [
        module
        for module, path in modules()
        if path.name != "__init__.py"
        and "_pb2" not in path.name
        and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("backend.__main__", ("torch", "transformers", "onnxruntime", "cv2")),
        ("backend.scheduling", ("torch", "numpy", "grpc")),
        ("backend.remote.bring_up", ("torch", "transformers", "onnxruntime", "grpc")),
        ("frontend.api.routes", ("streamlit", "torch", "onnxruntime")),
    ],
)
def test_importing_a_module_stays_cheap(module: str, absent: tuple[str, ...]) -> None:
    rooms = f"import sys, {module}; print(*[name for name in {absent!r} if name in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", rooms], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == []


def test_no_file_names_a_place_of_one_machine() -> None:
    place = re.compile(r"(?<![\w.<{*])/(home|Users|root|work)/\w")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    named = [
        f"{name}: {found.group()}"
        for name in listed
        if name and (ROOT / name).is_file()
        for found in place.finditer((ROOT / name).read_bytes().decode(errors="ignore"))
    ]
    assert named == []
