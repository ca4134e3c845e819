"""Builds the network of a model folder from transformers' own classes and makes it run paged."""

from __future__ import annotations

import importlib
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers.configuration_utils import PreTrainedConfig
from transformers.models.llama.modeling_llama import LlamaForCausalLM
from transformers.utils import logging as transformers_logging

from backend.hardware import UnfitDevice
from backend.model import adapter, attention, probe
from backend.model.cuda import memory, weights
from backend.model.cuda.quantised import Quantization, quantise_layers
from backend.model.fused import fuse
from backend.model.kv_cache import KVCache
from backend.model.manifest import DamagedModel
from backend.model.packed import DECODE_ROWS
from backend.model.parallel.modules import Joined, add_up
from backend.model.parallel.shard import Shard
from backend.model.parallel.team import Alone, Load, Release, Team
from backend.model.runner import Runner
from backend.model.sampler import Sampler
from backend.prompt.sight import Sight
from backend.vision.cache import EmbeddingCache
from backend.vision.encoder import Encoder, PlainEncoder
from backend.vision.vision import Vision

if TYPE_CHECKING:  # it needs Triton
    from backend.model.cuda.forward import FusedForward

log = logging.getLogger(__name__)

BLOCK_SIZE = 16  # tokens
_CPU_CACHE_BYTES = 1 << 30
_CUDA_SPARE_BYTES = 1 << 30  # for what is not foreseen, and for recorded steps
_EMBEDDING_SHARE = 0.125  # at most, of what is free after loading
_RECORDED_DECODES = 64  # sequences; more are recorded when they first decode together


@dataclass(frozen=True)
class Pace:
    """How much is computed at a time."""

    chunk_tokens: int  # of a prompt in one piece
    step_tokens: int  # of all prompts in one step
    beside_tokens: int  # in a step that answers wait for
    encode_tokens: int  # of pictures in one call of the vision tower
    embedding_bytes: int  # of pictures that are remembered


# On a CPU a step must be short enough for the answers that run beside it; a GPU wants much to do.
_CPU_PACE = Pace(256, 256, 256, 1024, 256 << 20)
_CUDA_PACE = Pace(2048, 8192, 4096, 4096, 2 << 30)

# model_type -> module and class of transformers, and where the text model lies in it
_CLASSES = {
    "llama": ("llama.modeling_llama", "LlamaForCausalLM", "model"),
    "glm4v": ("glm4v.modeling_glm4v", "Glm4vForConditionalGeneration", "model.language_model"),
    "glm46v": ("glm46v.modeling_glm46v", "Glm46VForConditionalGeneration", "model.language_model"),
    "glm_ocr": (
        "glm_ocr.modeling_glm_ocr",
        "GlmOcrForConditionalGeneration",
        "model.language_model",
    ),
}


@dataclass(frozen=True)
class Network:
    """A network ready to run, and what is known about it."""

    runner: Runner
    vision: Vision | None  # None: it does not see
    pace: Pace
    reuse_tokens: int  # a cached prefix is taken over in whole pieces of this
    eos_ids: frozenset[int]
    context_length: int
    vocabulary_size: int
    parameters: int
    device: str
    dtype: str


def load_network(
    folder: Path,
    *,
    max_model_len: int,
    threads: int,
    revision: str = "",
    embedding_bytes: int | None = None,
    device: torch.device | None = None,
    dtype: torch.dtype | None = None,
    packed: bool | None = None,
    plain: bool = False,
    memory_bytes: int | None = None,
    adapted_by: Path | None = None,
    quantization: str = "none",
    team: Team | None = None,
    follow: Callable[[Runner], None] | None = None,
    on_phase: Callable[[str], None] = lambda doing: None,
) -> Network:
    """Loads the weights and lays out the memory for keys and values.

    `revision` tells the weights from others of the same name. What is None is chosen for the
    device; `packed` is as Runner has it. `plain` computes with transformers' own modules where
    faster ones could be had. `memory_bytes` is the most of a GPU's memory that is taken.
    `adapted_by` is the file of an adapter made for these weights. `quantization` is the name of
    how a GPU keeps the text model's large weights. `team` is who computes it together; its leader
    lets the others load the same, and they `follow` until they are released. `on_phase` hears what
    is being waited for. Raises DamagedModel, and UnfitDevice.
    """
    torch.set_num_threads(threads)
    team = team or Alone(_claimed(device))
    device = team.device
    kept = _quantization(quantization, device)
    if team.size > 1:
        packed = True
        if adapted_by is not None:
            raise DamagedModel(f"{folder.name} has an adapter, which needs one process alone")
        options: dict[str, Any] = {
            "max_model_len": max_model_len,
            "threads": threads,
            "dtype": dtype,
        }
        options |= {"plain": plain, "memory_bytes": memory_bytes, "quantization": quantization}
        team.tell(Load(folder.resolve(), options))  # they work in another folder
    packed = device.type == "cuda" if packed is None else packed
    pace = _CUDA_PACE if device.type == "cuda" else _CPU_PACE
    pace = replace(pace, embedding_bytes=embedding_bytes or pace.embedding_bytes)
    if device.type == "cuda" and memory_bytes is not None:
        memory.limit(memory_bytes)
    model, text, parameters = _build(
        folder, dtype or _best_dtype(device), device, team, kept, on_phase
    )
    sees = hasattr(model, "get_image_features")
    if device.type == "cpu" and isinstance(model, LlamaForCausalLM):
        fuse(model)
    switch = None if adapted_by is None else adapter.add(model, adapted_by)
    config = text.config
    config._attn_implementation = attention.NAME
    context_length = min(max_model_len, config.max_position_embeddings)
    eos_ids = _eos_ids(folder, config)
    head = model.get_output_embeddings()
    encoder = None
    if sees and team.rank == 0:
        sight = Sight.from_folder(folder, revision)
        encoder = _encoder(model.model.visual, sight, device, plain=plain)
    fused = _fused(text, device, team) if packed and not plain else None
    if fused is None and team.size > 1:
        add_up(text, team)
        head = Joined(head, team)
    decode_rows = attend_rows = 1
    reuse_tokens = BLOCK_SIZE

    def runner_on(cache: KVCache) -> Runner:
        return Runner(
            text,
            head,
            cache,
            Sampler(eos_ids),
            position_rows=3 if sees else 1,
            decode_rows=decode_rows,
            attend_rows=attend_rows,
            tile_tokens=pace.chunk_tokens,
            packed=packed,
            fused=None if fused is None else fused(head, cache, eos_ids, longest=context_length),
            switch=switch,
            team=team,
        )

    if device.type == "cuda":
        on_phase("measuring the memory that a step takes")
        trial = runner_on(_cache(config, pace.step_tokens // BLOCK_SIZE, model.dtype, device))
        needed = memory.peak(
            lambda: (
                memory.hardest_step(trial, encoder, pace.step_tokens, pace.encode_tokens)
                if follow is None
                else follow(trial)
            )
        )
        team.tell(Release())
        del trial
        room = memory.free(memory_bytes) - needed - _CUDA_SPARE_BYTES
        if encoder is not None:
            remembered = min(pace.embedding_bytes, int(room * _EMBEDDING_SHARE))
            pace = replace(pace, embedding_bytes=remembered)
            room -= remembered
    else:
        room = _CPU_CACHE_BYTES  # memory is taken as blocks are first used
    least = -(-context_length // BLOCK_SIZE)
    blocks = team.least(room // _block_bytes(config, model.dtype))
    cache = _cache(config, max(least, min(blocks, 64 * least)), model.dtype, device)
    if not packed:
        bench = probe.Bench(text, head, cache, pace.chunk_tokens)
        if switch is not None:  # what holds with the adapter holds without
            switch.is_on = True
        for attend_rows in (DECODE_ROWS, 1):
            if bench.decodes_are_independent(DECODE_ROWS, attend_rows):
                decode_rows = DECODE_ROWS
                break
        reuse_tokens = BLOCK_SIZE if bench.prefixes_are_exact() else pace.chunk_tokens
        if switch is not None:
            switch.is_on = False
        log.info("decoding up to %d at a time, reusing pieces of %d", decode_rows, reuse_tokens)
    runner = runner_on(cache)
    if follow is not None:
        follow(runner)
    vision = None
    if encoder is not None:
        # The last bits of a picture must not depend on its company where those of a chunk do not.
        pooled = packed or reuse_tokens == BLOCK_SIZE
        vision = Vision(encoder, EmbeddingCache(pace.embedding_bytes), pooled=pooled)
        on_phase("looking at two pictures")
        if not probe.sees(runner, encoder):
            raise DamagedModel(f"{folder.name}: the model says the same of different pictures")
    if follow is None:
        runner.prepare(_RECORDED_DECODES, on_phase)
    return Network(
        runner=runner,
        vision=vision,
        pace=pace,
        reuse_tokens=reuse_tokens,
        eos_ids=eos_ids,
        context_length=context_length,
        vocabulary_size=config.vocab_size,
        parameters=parameters,
        device=_device_name(device, team.size),
        dtype=_kept_as(model.dtype, kept),
    )


def _quantization(name: str, device: torch.device) -> Quantization:
    """What is asked for, where the device has kernels for it."""
    kind = Quantization(name)
    if kind is Quantization.NONE:
        return kind
    if device.type != "cuda":
        log.info("there is no GPU: weights are not quantised")
        return Quantization.NONE
    have, need = torch.cuda.get_device_capability(device), kind.least_capability
    if have < need:
        raise UnfitDevice(
            f"QUANTIZATION={name} needs a GPU of compute capability {need[0]}.{need[1]}, "
            f"this one has {have[0]}.{have[1]}: use int8 or none"
        )
    return kind


def _build(
    folder: Path,
    dtype: torch.dtype,
    device: torch.device,
    team: Team,
    kept: Quantization,
    on_phase: Callable[[str], None],
) -> tuple[Any, Any, int]:
    """transformers' model, or what of it belongs to this process, its text part, and how many
    parameters the whole has."""
    model_type = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("model_type")
    if model_type not in _CLASSES:
        raise DamagedModel(
            f"{folder.name}/config.json: model_type {model_type!r} is not supported; "
            f"supported are {', '.join(_CLASSES)}"
        )
    module, name, text_path = _CLASSES[model_type]
    model_class = getattr(importlib.import_module(f"transformers.models.{module}"), name)
    # It would write between the lines of the log.
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    shard = None if team.size == 1 else Shard(team.rank, team.size, text_path)

    def built(model: Any) -> tuple[Any, Any, int]:  # noqa: ANN401
        parameters = sum(weight.numel() for weight in model.parameters())
        if shard is not None:
            shard.finish(model)
            parameters = shard.parameters
        return model, model.get_submodule(text_path), parameters

    try:
        if device.type == "cuda" or shard is not None:
            model = weights.load(
                model_class,
                folder,
                dtype,
                device,
                shard,
                text=text_path,
                quantization=kept,
                on_phase=on_phase,
            )
            if model is not None:
                return built(model)
        model, report = model_class.from_pretrained(
            folder,
            dtype=dtype,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            output_loading_info=True,
            attn_implementation="sdpa",
        )
    except Exception as error:
        log.exception("the weights cannot be loaded")
        raise DamagedModel(
            f"{folder.name}: the weights cannot be read or do not fit config.json"
        ) from error
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if names := sorted(map(str, report[problem])):
            raise DamagedModel(
                f"{folder.name}: {len(names)} {problem.replace('_', ' ')}, first {names[0]}"
            )
    model.eval().requires_grad_(requires_grad=False)
    if shard is not None:
        model = weights.divide(model, folder, device, shard)
    model.to(device)
    if kept is not Quantization.NONE:
        quantise_layers(model, text_path, kept)
    return built(model)


def _claimed(wanted: torch.device | None) -> torch.device:
    """The device that was asked for, None being the best there is; from now on this thread's."""
    count = torch.cuda.device_count()
    device = wanted or torch.device("cuda" if count else "cpu")
    if device.type == "cuda":
        device = torch.device("cuda", device.index or 0)
        if device.index >= count:
            raise DamagedModel(f"{device} was asked for, and there are {count} GPUs")
        torch.cuda.set_device(device)
    return device


def _best_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the processor multiplies it, else float32; float16 would overflow in GLM."""
    if device.type == "cuda":
        return torch.bfloat16
    capable = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    log.info("the CPU %s bfloat16", "multiplies" if capable else "lacks")
    return torch.bfloat16 if capable else torch.float32


def _fused(
    text: torch.nn.Module, device: torch.device, team: Team
) -> Callable[..., FusedForward] | None:
    """Makes a text model's faster form on a memory, out of its weights; None where it has none.

    The text model is of no use afterwards, its embedding aside.
    """
    if device.type != "cuda" or find_spec("triton") is None:
        return None
    from backend.model.cuda.forward import FusedForward
    from backend.model.cuda.layers import FusedText, can_fuse

    if not can_fuse(text):
        return None
    log.info("the text model runs in fused kernels")
    return partial(FusedForward, FusedText(text, team), text.get_submodule("embed_tokens"))


def _device_name(device: torch.device, count: int) -> str:
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    return name if count == 1 else f"{count} x {name}"


def _encoder(tower: torch.nn.Module, sight: Sight, device: torch.device, *, plain: bool) -> Encoder:
    """What makes embeddings of pictures, faster than transformers' modules if it can be."""
    if device.type == "cuda" and not plain and find_spec("triton") is not None:
        from backend.model.cuda.vision_encoder import FusedEncoder
        from backend.model.cuda.vision_tower import FusedTower, can_fuse

        if can_fuse(tower):
            log.info("the vision tower runs in fused kernels")
            return FusedEncoder(FusedTower(tower), sight)
    return PlainEncoder(tower, sight)


def _kept_as(dtype: torch.dtype, kept: Quantization) -> str:
    """In what type weights are, for people."""
    name = str(dtype).removeprefix("torch.")
    return name if kept is Quantization.NONE else f"{name}, {kept.value} weights"


def _head_dim(config: PreTrainedConfig) -> int:
    given = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(given)


def _block_bytes(config: PreTrainedConfig, dtype: torch.dtype) -> int:
    heads = int(config.num_hidden_layers) * int(config.num_key_value_heads)
    return 2 * heads * _head_dim(config) * BLOCK_SIZE * dtype.itemsize


def _cache(
    config: PreTrainedConfig, blocks: int, dtype: torch.dtype, device: torch.device
) -> KVCache:
    return KVCache(
        layers=config.num_hidden_layers,
        blocks=blocks,
        block_size=BLOCK_SIZE,
        heads=config.num_key_value_heads,
        head_dim=_head_dim(config),
        dtype=dtype,
        device=device,
    )


def _eos_ids(folder: Path, config: PreTrainedConfig) -> frozenset[int]:
    """Every token that ends an answer, by config, generation config and tokenizer together."""
    ids: set[int] = set()
    for source in (config.to_dict(), _json(folder / "generation_config.json")):
        given = source.get("eos_token_id")
        ids.update(given if isinstance(given, list) else [] if given is None else [given])
    name = _json(folder / "tokenizer_config.json").get("eos_token")
    name = name.get("content") if isinstance(name, dict) else name
    for token in _json(folder / "tokenizer.json").get("added_tokens", []):
        if token["content"] == name:
            ids.add(token["id"])
    return frozenset(ids)


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
