"""Makes the network of a model folder run paged, with what is fastest on its device."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from backend.model import adapter, probe, sizing
from backend.model.building import build
from backend.model.cuda import memory
from backend.model.cuda.quantised import Quantization
from backend.model.devices import best_dtype, claimed, quantization_on
from backend.model.kv_cache import KVCache
from backend.model.manifest import DamagedModel
from backend.model.packed import DECODE_ROWS
from backend.model.parallel.modules import Joined, add_up
from backend.model.parallel.team import Alone, Load, Release, Team
from backend.model.runner import Runner
from backend.model.sampler import Sampler
from backend.model.sizing import BLOCK_SIZE, Pace
from backend.prompt.sight import Sight
from backend.vision.cache import EmbeddingCache
from backend.vision.encoder import Encoder, PlainEncoder
from backend.vision.vision import Vision

if TYPE_CHECKING:  # it needs Triton
    from backend.model.cuda.forward import FusedForward

log = logging.getLogger(__name__)

_RECORDED_DECODES = 64  # sequences; more are recorded when they first decode together


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
    team = team or Alone(claimed(device))
    device = team.device
    kept = quantization_on(quantization, device)
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
    pace = sizing.pace_of(device, embedding_bytes)
    if device.type == "cuda" and memory_bytes is not None:
        memory.limit(memory_bytes)
    model, text, parameters = build(
        folder, dtype or best_dtype(device), device, team, kept, on_phase
    )
    sees = hasattr(model, "get_image_features")
    switch = None if adapted_by is None else adapter.add(model, adapted_by)
    config = text.config
    context_length = min(max_model_len, config.max_position_embeddings)
    eos_ids = _eos_ids(folder, config.eos_token_id)
    head = model.get_output_embeddings()
    encoder = None
    if sees and team.rank == 0:
        sight = Sight.from_folder(folder, revision)
        encoder = _encoder(model.model.visual, sight, device, plain=plain)
    fused = _fused(text, device, team) if packed and not plain else None
    if fused is None and team.size > 1:
        add_up(text, team)
        head = Joined(head, team)

    def runner_on(cache: KVCache, decode_rows: int = 1, attend_rows: int = 1) -> Runner:
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
        trial = runner_on(
            sizing.cache_of(config, pace.step_tokens // BLOCK_SIZE, model.dtype, device)
        )
        needed = memory.peak(
            lambda: (
                memory.hardest_step(trial, encoder, pace.step_tokens, pace.encode_tokens)
                if follow is None
                else follow(trial)
            )
        )
        team.tell(Release())
        del trial
        free = memory.free(memory_bytes) - needed
        room, pace = sizing.shared_out(free, pace, sees=encoder is not None)
    else:
        room = sizing.CPU_CACHE_BYTES
    fitting = team.least(sizing.blocks_in(room, config, model.dtype))
    blocks = sizing.blocks_wanted(fitting, context_length)
    cache = sizing.cache_of(config, blocks, model.dtype, device)
    decode_rows, attend_rows, reuse_tokens = 1, 1, BLOCK_SIZE
    if not packed:
        bench = probe.Bench(text, head, cache, pace.chunk_tokens)
        decode_rows, attend_rows, reuse_tokens = _unnoticed(bench, pace, switch)
        log.info("decoding up to %d at a time, reusing pieces of %d", decode_rows, reuse_tokens)
    runner = runner_on(cache, decode_rows, attend_rows)
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


def _unnoticed(
    bench: probe.Bench, pace: Pace, switch: adapter.Switch | None
) -> tuple[int, int, int]:
    """What no sequence notices of its neighbours: how many decode in one go, how many of them
    attend in one, and in pieces of how many tokens a cached prefix is taken over."""
    if switch is not None:  # what holds with the adapter holds without
        switch.is_on = True
    decode_rows = 1
    for attend_rows in (DECODE_ROWS, 1):
        if bench.decodes_are_independent(DECODE_ROWS, attend_rows):
            decode_rows = DECODE_ROWS
            break
    reuse_tokens = BLOCK_SIZE if bench.prefixes_are_exact() else pace.chunk_tokens
    if switch is not None:
        switch.is_on = False
    return decode_rows, attend_rows, reuse_tokens


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


def _encoder(tower: torch.nn.Module, sight: Sight, device: torch.device, *, plain: bool) -> Encoder:
    """What makes embeddings of pictures, faster than transformers' modules if it can be."""
    if device.type == "cuda" and not plain and find_spec("triton") is not None:
        from backend.model.cuda.vision_encoder import FusedEncoder
        from backend.model.cuda.vision_tower import FusedTower, can_fuse

        if can_fuse(tower):
            log.info("the vision tower runs in fused kernels")
            return FusedEncoder(FusedTower(tower), sight)
    return PlainEncoder(tower, sight)


def _device_name(device: torch.device, count: int) -> str:
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    return name if count == 1 else f"{count} x {name}"


def _kept_as(dtype: torch.dtype, kept: Quantization) -> str:
    """In what type weights are, for people."""
    name = str(dtype).removeprefix("torch.")
    return name if kept is Quantization.NONE else f"{name}, {kept.value} weights"


def _eos_ids(folder: Path, configured: int | list[int] | None) -> frozenset[int]:
    """Every token that ends an answer, by config, generation config and tokenizer together."""
    ids: set[int] = set()
    for given in (configured, _json(folder / "generation_config.json").get("eos_token_id")):
        ids.update(given if isinstance(given, list) else [] if given is None else [given])
    name = _json(folder / "tokenizer_config.json").get("eos_token")
    name = name.get("content") if isinstance(name, dict) else name
    for token in _json(folder / "tokenizer.json").get("added_tokens", []):
        if token["content"] == name:
            ids.add(token["id"])
    return frozenset(ids)


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
