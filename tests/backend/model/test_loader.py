"""Loading: whole folders load, and what is damaged, dangerous or foreign is refused by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from backend.model.catalogue import Choice, choose
from backend.model.loader import DamagedModel, LoadedModel, load
from backend.prompt.prompt import Role
from backend.prompt.template import ChatMessage
from tests.fakes import checkpoints


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    checkpoints.save("llama", folder)
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy to damage."""
    return Path(shutil.copytree(original, tmp_path / "tiny"))


def bring(folder: Path, phases: list[str] | None = None) -> LoadedModel:
    choice: Choice = choose(str(folder), folder, None)
    return load(
        choice,
        models_dir=folder,
        max_model_len=128,
        threads=1,
        on_phase=(phases if phases is not None else []).append,
    )


def test_a_folder_loads_and_describes_itself(folder: Path) -> None:
    phases: list[str] = []
    model = bring(folder, phases)
    assert model.info.loaded
    assert model.info.context_length == 128
    assert model.info.parameters > 0
    assert not model.info.sees_images
    assert model.eos_ids == {0}
    assert model.blocks * model.block_size >= 128
    assert model.template.render([ChatMessage(Role.USER, "hi")], thinking=False)
    assert any("weights" in phase for phase in phases)


@pytest.mark.parametrize("architecture", ["glm4v", "glm46v", "glm_ocr"])
def test_a_folder_with_eyes_sees(architecture: str, tmp_path: Path) -> None:
    checkpoints.save(architecture, tmp_path)
    model = bring(tmp_path)
    assert model.info.sees_images
    assert model.vision is not None
    assert model.sight is not None
    assert model.sight.revision == model.info.revision != ""
    assert model.sight.side == 28
    assert model.vision.cache.bytes == 0  # the look at the start leaves nothing


def test_a_folder_without_eyes_does_not(folder: Path) -> None:
    model = bring(folder)
    assert model.vision is None
    assert model.sight is None
    assert model.block_size == 16
    assert model.reuse_tokens in (16, model.chunk_tokens)


@pytest.mark.parametrize(
    "template", ["{% if enable_thinking %}<x>{% endif %}", "<think></think>{{ messages }}", "plain"]
)
def test_a_template_tells_whether_a_folders_model_thinks(folder: Path, template: str) -> None:
    (folder / "chat_template.jinja").write_text(template)
    assert bring(folder).info.thinks == (template != "plain")


def test_other_weights_are_another_revision(folder: Path) -> None:
    before = bring(folder).info.revision
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"] += 1
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert bring(folder).info.revision != before


def test_weights_in_several_files_load(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(weights)
    index: dict[str, str] = {}
    for number, part in enumerate((names[::2], names[1::2]), start=1):
        file = f"model-0000{number}-of-00002.safetensors"
        save_file({name: weights[name] for name in part}, folder / file, metadata={"format": "pt"})
        index |= dict.fromkeys(part, file)
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": index})
    )
    assert bring(folder).info.parameters > 0
    (folder / "model-00002-of-00002.safetensors").unlink()
    assert folder.name in refusal(folder)


def test_a_model_whose_eyes_are_dead_is_refused(tmp_path: Path) -> None:
    checkpoints.save("glm46v", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights["model.visual.patch_embed.proj.weight"] *= 0
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert "different pictures" in refusal(tmp_path)


def test_a_patch_embedding_left_random_is_refused(tmp_path: Path) -> None:
    checkpoints.save("glm46v", tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["model.visual.patch_embed.proj.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert "model.visual.patch_embed.proj.weight" in refusal(tmp_path)


def test_end_of_text_ids_come_from_all_sources(folder: Path) -> None:
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [7, 9]}))
    assert bring(folder).eos_ids == {0, 7, 9}


def test_recommended_sampling_is_taken_over(folder: Path) -> None:
    recommended = {"do_sample": True, "temperature": 0.8, "top_p": 0.6, "top_k": 2}
    (folder / "generation_config.json").write_text(json.dumps(recommended))
    defaults = bring(folder).info.defaults
    assert (defaults.temperature, defaults.top_p, defaults.top_k) == (0.8, 0.6, 2)


def refusal(folder: Path) -> str:
    with pytest.raises(DamagedModel) as damage:
        bring(folder)
    assert "\n" not in str(damage.value)
    return str(damage.value)


def test_a_pickle_is_refused(folder: Path) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"")
    assert "pytorch_model.bin" in refusal(folder)


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.json"
    outside.write_text("{}")
    (folder / "generation_config.json").unlink(missing_ok=True)
    (folder / "generation_config.json").symlink_to(outside)
    assert "generation_config.json" in refusal(folder)


def test_a_missing_weight_is_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.up_proj.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert "model.layers.1.mlp.up_proj.weight" in refusal(folder)


def test_an_unexpected_weight_is_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["model.extra.weight"] = weights["model.norm.weight"].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert "model.extra.weight" in refusal(folder)


def test_truncated_weights_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert "tiny" in refusal(folder)


def test_a_wrong_shape_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "intermediate_size": 48}))
    assert "tiny" in refusal(folder)


@pytest.mark.parametrize("config", ['{"model_type": "gpt2"}', "{}", "no json"])
def test_a_foreign_config_is_refused(folder: Path, config: str) -> None:
    (folder / "config.json").write_text(config)
    assert "config.json" in refusal(folder)
