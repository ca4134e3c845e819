"""The file maps of both READMEs, held against the folders they tell of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.settings import Settings as BackendSettings
from frontend.settings import Settings as WebSettings

ROOT = Path(__file__).resolve().parents[2]
MAPPED = ("protos", "backend", "frontend", "scripts")
GENERATED = re.compile(r"_pb2(_grpc)?\.pyi?$")
DATA = {".br", ".gz", ".json", ".jsonl", ".safetensors"}  # a folder of data has one line for itself
READMES = ("README.md", "README.zh.md")


def map_of(readme: str) -> list[tuple[str, str]]:
    """The paths that a README lists and the sentence of each, in its order."""
    listed: list[tuple[str, str]] = []
    folder = ""
    for line in (ROOT / readme).read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\*\*(\S+/)\*\*", line):
            folder = heading[1]
        elif line.startswith("#"):
            folder = ""
        elif folder and (entry := re.fullmatch(r"- `([^`]+)` – (.+)", line)):
            listed.append((folder + entry[1], entry[2]))
    return listed


def sources() -> set[str]:
    """What a map has to list."""
    wanted: set[str] = set()
    for top in MAPPED:
        for path in (ROOT / top).rglob("*"):
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            if path.name == "__init__.py" or GENERATED.search(path.name):
                continue
            name = path.relative_to(ROOT).as_posix()
            wanted.add(f"{name.rpartition('/')[0]}/" if path.suffix in DATA else name)
    return wanted


@pytest.mark.parametrize("readme", READMES)
def test_every_source_file_is_on_the_map(readme: str) -> None:
    missing = sources() - {path for path, _ in map_of(readme)}
    assert not missing, f"{readme} does not list {sorted(missing)}"


@pytest.mark.parametrize("readme", READMES)
def test_everything_on_the_map_is_there(readme: str) -> None:
    gone = {path for path, _ in map_of(readme)} - sources()
    assert not gone, f"{readme} lists what is not there: {sorted(gone)}"


@pytest.mark.parametrize("readme", READMES)
def test_every_file_has_one_line_among_its_neighbours(readme: str) -> None:
    paths = [path for path, _ in map_of(readme)]
    assert len(paths) == len(set(paths))
    for folder in {path.rstrip("/").rpartition("/")[0] for path in paths}:
        own = [path for path in paths if path.rstrip("/").rpartition("/")[0] == folder]
        assert own == sorted(own), f"{readme}: {folder}/ is not sorted"


def test_both_maps_list_the_same_files_in_the_same_order() -> None:
    english, chinese = (map_of(readme) for readme in READMES)
    assert [path for path, _ in english] == [path for path, _ in chinese]


@pytest.mark.parametrize("readme", READMES)
def test_what_the_text_names_by_path_is_there(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    commands = re.findall(r"\bscripts/[\w./]+", text)
    gone = [path for path in (*links, *commands) if not (ROOT / path).exists()]
    assert links
    assert not gone


def test_every_setting_is_told_of_where_running_it_is_described() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", text, re.MULTILINE))
    read = {
        name.upper() for chosen in (BackendSettings, WebSettings) for name in chosen.model_fields
    }
    assert told == read


@pytest.mark.parametrize("readme", READMES)
def test_the_main_settings_have_the_defaults_that_are_told(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `([A-Z_]+)` \| `?([^|`]+?)`? \|", text, re.MULTILINE))
    assert "PORT" in told
    fields = {**BackendSettings.model_fields, **WebSettings.model_fields}
    for name, shown in told.items():
        default = fields[name.lower()].default
        if isinstance(default, Path):
            default = default.relative_to(ROOT)
        assert shown == str(default) or (shown in ("none", "无") and not default), name
