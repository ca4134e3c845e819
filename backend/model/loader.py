"""Loads a chosen model: checks its files, builds its network, fills every parameter.

Free of torch until `load` is called.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.model import manifest
from backend.model.catalogue import Choice, entries
from backend.model.info import ModelInfo
from backend.model.manifest import DamagedModel
from backend.prompt.prompt import Sampling
from backend.prompt.sight import Sight
from backend.prompt.template import Template
from backend.prompt.tokenizer import Tokenizer

if TYPE_CHECKING:
    from backend.model.parallel.leader import Crew
    from backend.model.runner import Runner
    from backend.vision.vision import Vision

__all__ = ["DamagedModel", "LoadedModel", "load"]


@dataclass(frozen=True)
class LoadedModel:
    """Everything needed to answer."""

    info: ModelInfo
    tokenizer: Tokenizer
    template: Template
    eos_ids: frozenset[int]
    runner: Runner
    blocks: int
    block_size: int  # tokens
    vocabulary_size: int
    vision: Vision | None = None  # None: it does not see
    sight: Sight | None = None  # how it looks at pictures, if it does
    chunk_tokens: int = 256  # of a prompt in one piece
    step_tokens: int = 256  # of all prompts in one step
    beside_tokens: int | None = None  # in one that answers wait for; None: as many
    reuse_tokens: int | None = None  # pieces in which a prefix is taken over; None: blocks
    encode_tokens: int = 1024  # of pictures encoded in one step
    close: Callable[[], None] = lambda: None  # ends the other processes that compute it
    threads: int = 0  # of one computation
    device_bytes: Callable[[], tuple[int, int]] = lambda: (0, 0)  # in use, and all there are


def load(
    choice: Choice,
    *,
    models_dir: Path,
    max_model_len: int,
    threads: int,
    on_phase: Callable[[str], None],
    embedding_bytes: int | None = None,
    memory_bytes: int | None = None,
    device: str | None = None,
    dtype: str | None = None,
    plain: bool = False,
    quantization: str = "none",
    processes: int = 1,
    on_lost: Callable[[str], None] | None = None,
) -> LoadedModel:
    """Loads the chosen model, or raises DamagedModel with a sentence that names the file, or
    UnfitDevice with one that says what the machine lacks.

    `device` and `dtype` are torch's names of them; None is chosen. `embedding_bytes`,
    `memory_bytes`, `plain` and `quantization` are as `load_network` has them. So many `processes`
    compute it together, and `on_lost` hears, from any thread, that one has ended by itself.
    """
    began = time.monotonic()
    folder = choice.folder
    on_phase("checking the model's files")
    check_files(folder)
    if choice.is_converted:
        manifest.check(folder)
    on_phase("starting the compute library")
    # Threads that wait must sleep, not spin: a busy neighbour on a core made decoding ten times
    # slower otherwise. Read once, when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    import torch

    from backend.model import adapter
    from backend.model.network import load_network

    crew: Crew | None = None
    if processes > 1:
        from backend.model.parallel.leader import Crew

        on_phase(f"starting {processes - 1} more to compute it together")
        crew = Crew(processes, on_lost or (lambda reason: None))
    on_phase("reading the weights")
    entry = choice.entry
    revision = entry.revision or _fingerprint(folder)
    adapted_by = adapter.CONTRACT if entry.fills_fields else None
    if adapted_by is not None:
        revision = f"{revision}+{adapter.revision(adapted_by)}"
    thinks = entry.thinks if entry in entries() else _can_think(folder)
    try:
        network = load_network(
            folder,
            max_model_len=max_model_len,
            threads=threads,
            revision=revision,
            adapted_by=adapted_by,
            embedding_bytes=embedding_bytes,
            memory_bytes=memory_bytes,
            device=None if device is None else torch.device(device),
            dtype=None if dtype is None else getattr(torch, dtype),
            plain=plain,
            quantization=quantization,
            team=None if crew is None else crew.team,
            on_phase=on_phase,
        )
    except BaseException:
        if crew is not None:
            crew.close()
        raise
    tokenizer = Tokenizer.from_folder(folder)
    template = Template.from_folder(folder, tokenizer, thinks=thinks)
    info = replace(
        entry,
        sees_images=network.vision is not None,
        thinks=thinks,
        calls_tools=template.calls_tools,
        revision=revision,
        context_length=min(max_model_len, network.context_length),
        reading_budget=min(entry.reading_budget, max_model_len // 2),
        defaults=entry.defaults if choice.is_converted else _defaults(folder, entry.defaults),
        loaded=True,
        parameters=network.parameters,
        device=network.device,
        dtype=network.dtype,
        chosen_because=choice.reason,
    )
    on_phase(f"loaded in {time.monotonic() - began:.1f} s")
    return LoadedModel(
        info=info,
        tokenizer=tokenizer,
        template=template,
        eos_ids=network.eos_ids,
        runner=network.runner,
        blocks=network.runner.cache.blocks,
        block_size=network.runner.cache.block_size,
        vocabulary_size=network.vocabulary_size,
        vision=network.vision,
        sight=None if network.vision is None else network.vision.sight,
        chunk_tokens=network.pace.chunk_tokens,
        step_tokens=network.pace.step_tokens,
        beside_tokens=network.pace.beside_tokens,
        reuse_tokens=network.reuse_tokens,
        encode_tokens=network.pace.encode_tokens,
        close=(lambda: None) if crew is None else crew.close,
        threads=threads,
        device_bytes=_device_bytes(network.device),
    )


def _device_bytes(device: str) -> Callable[[], tuple[int, int]]:
    """Asks the driver, from any thread, how much of a GPU's memory is in use."""
    if not device.startswith("cuda"):
        return lambda: (0, 0)
    import torch

    def asked() -> tuple[int, int]:
        free, total = torch.cuda.mem_get_info(device)
        return total - free, total

    return asked


def check_files(folder: Path) -> None:
    """Refuses what could run code or read elsewhere: pickles, and links that leave the folder."""
    root = folder.resolve()
    for path in sorted(folder.iterdir()):
        if not path.resolve().is_relative_to(root):
            raise DamagedModel(f"{folder.name}/{path.name} is a link that leaves the model folder")
        if path.suffix in {".bin", ".pt", ".pth", ".ckpt", ".pkl"}:
            raise DamagedModel(
                f"{folder.name}/{path.name} may hold code; only .safetensors weights are loaded"
            )
    for name in ("config.json", "tokenizer.json"):
        try:
            json.loads((folder / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DamagedModel(f"{folder.name}/{name} is missing or not JSON") from error


def _fingerprint(folder: Path) -> str:
    """Tells a folder's weights from others without reading them whole."""
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        found = path.stat()
        digest.update(f"{path.name}/{found.st_size}/{found.st_mtime_ns}".encode())
    return digest.hexdigest()[:12]


def _can_think(folder: Path) -> bool:
    """Whether a model's chat template knows of reasoning before the answer."""
    names = ("chat_template.jinja", "tokenizer_config.json")
    paths = [folder / name for name in names if (folder / name).exists()]
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    return "enable_thinking" in text or "<think>" in text


def _defaults(folder: Path, fallback: Sampling) -> Sampling:
    """The sampling that the model's makers recommend in generation_config.json."""
    try:
        given: dict[str, Any] = json.loads((folder / "generation_config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return fallback
    if not given.get("do_sample", False):
        return fallback
    return Sampling(
        temperature=float(given.get("temperature", 1.0)),
        top_p=float(given.get("top_p", 1.0)),
        top_k=int(given.get("top_k", 0)),
        repetition_penalty=float(given.get("repetition_penalty", 1.0)),
    )
