"""The contract: its stubs are what its sources say, and nothing in it goes without a word."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
)

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "protos").glob("*.proto"))

# Numbers of the fields of descriptor.proto that a source location's path is made of.
MESSAGE, ENUM, SERVICE = 4, 5, 6
FIELD, NESTED, NESTED_ENUM, ONEOF = 2, 3, 4, 8
VALUE, METHOD = 2, 2


def test_the_stubs_are_fresh(tmp_path: Path) -> None:
    subprocess.run([ROOT / "scripts/generate_protos", tmp_path], check=True, capture_output=True)
    made = sorted((tmp_path / "protos").iterdir())
    assert {file.name for file in made} == {
        file.name for file in (ROOT / "protos").iterdir() if "_pb2" in file.name
    }
    for file in made:
        assert file.read_text() == (ROOT / "protos" / file.name).read_text(), (
            f"{file.name} is stale: run scripts/generate_protos"
        )


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> list[FileDescriptorProto]:
    """The sources as protoc understands them, comments included."""
    target = tmp_path_factory.mktemp("protos") / "set"
    subprocess.run(
        ["python", "-m", "grpc_tools.protoc", "-I.", "--include_source_info"]
        + [f"--descriptor_set_out={target}"]
        + [str(source.relative_to(ROOT)) for source in SOURCES],
        cwd=ROOT,
        check=True,
    )
    return list(FileDescriptorSet.FromString(target.read_bytes()).file)


def places(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    """Everything that a reader may ask about, by its path in the file."""
    found: dict[tuple[int, ...], str] = {}
    waiting: list[tuple[tuple[int, ...], DescriptorProto]] = [
        ((MESSAGE, number), message) for number, message in enumerate(file.message_type)
    ]
    for path, message in waiting:
        found[path] = message.name
        for number, field in enumerate(message.field):
            found[(*path, FIELD, number)] = f"{message.name}.{field.name}"
        for number, nested in enumerate(message.nested_type):
            if not nested.options.map_entry:
                waiting.append(((*path, NESTED, number), nested))
    for number, enum in enumerate(file.enum_type):
        found[(ENUM, number)] = enum.name
        for place, value in enumerate(enum.value):
            found[(ENUM, number, VALUE, place)] = value.name
    for number, service in enumerate(file.service):
        for place, method in enumerate(service.method):
            found[(SERVICE, number, METHOD, place)] = f"{service.name}.{method.name}"
    return found


def test_everything_in_the_contract_has_a_comment(described: list[FileDescriptorProto]) -> None:
    silent = []
    for file in described:
        spoken = {
            tuple(location.path)
            for location in file.source_code_info.location
            if location.leading_comments.strip() or location.trailing_comments.strip()
        }
        silent += [name for path, name in places(file).items() if path not in spoken]
    assert silent == []


def test_enums_begin_with_an_unspecified_zero(described: list[FileDescriptorProto]) -> None:
    enums = [enum for file in described for enum in file.enum_type]
    assert enums
    for enum in enums:
        assert enum.value[0].number == 0
        assert enum.value[0].name.endswith("_UNSPECIFIED")


def test_the_package_carries_a_version(described: list[FileDescriptorProto]) -> None:
    assert {file.package for file in described} == {"inference.v1"}
    assert {source.name for source in SOURCES} == {"inference.proto", "media.proto"}
