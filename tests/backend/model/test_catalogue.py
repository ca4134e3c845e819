"""The catalogue: which model a machine gets, and what is said when it cannot have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.model import manifest
from backend.model.catalogue import EMBEDDED_REVISION, UnknownModel, choose, entries

GIB = 1 << 30


def place(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        (folder / name).write_text("{}")
    return folder


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A models folder with the embedded model."""
    manifest.write(place(tmp_path / "embedded" / EMBEDDED_REVISION))
    return tmp_path


@pytest.mark.parametrize(
    ("cuda", "present", "chosen", "because"),
    [
        (None, ["glm-4.6v-flash", "glm-ocr"], "embedded", "no GPU"),
        (24 * GIB, ["glm-4.6v-flash", "glm-ocr"], "glm-4.6v-flash", "24 GiB"),
        (24 * GIB, ["glm-ocr"], "glm-ocr", "not here"),
        (8 * GIB, ["glm-4.6v-flash", "glm-ocr"], "glm-ocr", "needs 22 GiB"),
        (24 * GIB, [], "embedded", "weights"),
    ],
)
def test_auto_takes_the_best_and_says_why(
    models: Path, cuda: int | None, present: list[str], chosen: str, because: str
) -> None:
    for name in present:
        place(models / name)
    choice = choose("auto", models, cuda)
    assert choice.entry.id == chosen
    assert because in choice.reason


@pytest.mark.parametrize(("cuda", "chosen"), [(12, "glm-ocr"), (16, "glm-4.6v-flash")])
def test_quantised_weights_need_less(models: Path, cuda: int, chosen: str) -> None:
    for name in ("glm-4.6v-flash", "glm-ocr"):
        place(models / name)
    choice = choose("auto", models, cuda * GIB, is_quantised=True)
    assert choice.entry.id == chosen
    assert chosen != "glm-ocr" or "needs 14 GiB" in choice.reason


def test_a_name_is_obeyed(models: Path) -> None:
    place(models / "glm-ocr")
    assert choose("embedded", models, 80 * GIB).folder == models / "embedded" / EMBEDDED_REVISION
    assert choose("glm-ocr", models, None).entry.id == "glm-ocr"


def test_a_local_folder_is_a_model(models: Path, tmp_path: Path) -> None:
    choice = choose(str(place(tmp_path / "mine")), models, None)
    assert choice.entry.id == "mine"
    assert choice.folder == tmp_path / "mine"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("gpt-4", "embedded, glm-4.6v-flash, glm-ocr"),
        ("glm-ocr", "zai-org/GLM-OCR"),
        ("{empty}", "config.json"),
    ],
)
def test_what_cannot_be_run_is_one_clear_line(models: Path, name: str, says: str) -> None:
    (models / "empty").mkdir()
    with pytest.raises(UnknownModel) as refusal:
        choose(name.format(empty=models / "empty"), models, None)
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_missing_embedded_model_names_the_script(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="scripts/fetch_models"):
        choose("auto", tmp_path, None)


def test_every_entry_describes_itself_in_both_languages() -> None:
    for entry in entries():
        assert len(entry.description) > 40
        assert any("\u4e00" <= char <= "\u9fff" for char in entry.description_zh)
        assert entry.license
