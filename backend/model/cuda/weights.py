"""Reads a model's weights from safetensors straight to the device, several files at a time.

Weights that are to be quantised are, one by one, as they come: the device never holds them all as
they are in the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch.nn.modules.module import register_module_parameter_registration_hook
from transformers.initialization import no_init_weights

from backend.model.cuda.quantised import (
    Quantised,
    Quantization,
    large_layers,
    quantise,
    quantise_layers,
)
from backend.model.parallel.shard import Shard

_READERS = 4  # files


def load(
    model_class: type[Any],
    folder: Path,
    dtype: torch.dtype,
    device: torch.device,
    shard: Shard | None = None,
    *,
    text: str = "model",
    quantization: Quantization = Quantization.NONE,
    on_phase: Callable[[str], None] = lambda doing: None,
) -> Any:  # noqa: ANN401  # a class of transformers
    """transformers' model with its weights on the device, in `dtype`; where there is a shard, with
    no more of them than belong to it; with a quantization, the large layers of the text model of
    that name are quantised. `on_phase` hears how many files are read.

    Answers None where the files hold other names or shapes than the model's own: then transformers
    has to translate or to say what is wrong. Raises whatever unreadable files make it raise.
    """
    is_quantised = quantization is not Quantization.NONE
    model = _empty(model_class, folder, dtype, device, shard, spare=is_quantised)
    waiting: set[str] = set()  # names of layers to be quantised
    if is_quantised:
        waiting = {name for name, _ in large_layers(model, text)}
        _bring(model, device, waiting)
    places: dict[str, torch.Tensor] = model.state_dict()
    if shard is not None:
        places = {name: place for name, place in places.items() if name not in shard.elsewhere}
    made: dict[str, Quantised] = {}

    def read(path: Path) -> list[str] | None:
        with safe_open(path, framework="pt", device=str(device)) as file:
            names = list(file.keys())
            if shard is not None:
                names = [name for name in names if name not in shard.elsewhere]
            for name in names:
                shape = places[name].shape if name in places else None
                if shard is not None and name in shard.divided:
                    shape = shard.divided[name]
                whole = file.get_slice(name)
                if tuple(whole.get_shape()) != shape:
                    return None
                if shard is not None and name in shard.divided:
                    weight = shard.part(name, whole)
                else:
                    weight = file.get_tensor(name)
                layer = name.removesuffix(".weight")
                if layer in waiting:
                    made[layer] = quantise(weight.to(device, dtype), quantization)
                else:
                    places[name].copy_(weight)
        return names

    files = sorted(folder.glob("*.safetensors"))
    found: list[list[str] | None] = []
    with ThreadPoolExecutor(_READERS) as readers:
        for part in readers.map(read, files):
            found.append(part)
            on_phase(f"reading the weights, {len(found)} of {len(files)} files done")
    names = [name for part in found if part is not None for name in part]
    filled = {places[name].data_ptr() for name in names}
    is_whole = made.keys() == waiting and all(
        place.is_meta or place.data_ptr() in filled for place in places.values()
    )  # tied ones too
    if not is_whole or None in found:
        return None
    if is_quantised:
        quantise_layers(model, text, quantization, made.get)
    return model


def divide(
    whole: Any,  # noqa: ANN401  # a class of transformers
    folder: Path,
    device: torch.device,
    shard: Shard,
) -> Any:  # noqa: ANN401
    """What belongs to a shard of transformers' whole model, as a model on the device."""
    model = _empty(type(whole), folder, whole.dtype, device, shard)
    weights = whole.state_dict()
    for name, place in model.state_dict().items():
        if name in shard.divided:
            place.copy_(shard.part(name, weights[name]))
        elif name not in shard.elsewhere:
            place.copy_(weights[name])
    return model


def _empty(
    model_class: type[Any],
    folder: Path,
    dtype: torch.dtype,
    device: torch.device,
    shard: Shard | None,
    *,
    spare: bool = False,
) -> Any:  # noqa: ANN401
    """The model with room for its weights on the device, but for linear layers' to `spare`."""
    config = model_class.config_class.from_pretrained(folder, local_files_only=True)
    # Memory of the host that is never touched is never taken; a shard's is made on the device.
    first = device if shard is None else torch.device("cpu")
    with no_init_weights(), first, _linear_on_meta() if spare else nullcontext():
        model = model_class._from_config(config, dtype=dtype, attn_implementation="sdpa")
    model.eval().requires_grad_(requires_grad=False)
    model.tie_weights()
    if shard is not None:
        shard.trim(model, device)
    return model


@contextmanager
def _linear_on_meta() -> Iterator[None]:
    """Linear layers that are made here have weights without memory."""

    def emptied(
        module: torch.nn.Module, name: str, weight: torch.nn.Parameter | None
    ) -> torch.nn.Parameter | None:
        if weight is None or name != "weight" or not isinstance(module, torch.nn.Linear):
            return None
        return torch.nn.Parameter(weight.detach().to("meta"), requires_grad=False)

    # Its types leave out that what a hook answers takes the weight's place.
    hook = register_module_parameter_registration_hook(emptied)  # type: ignore[arg-type]
    try:
        yield
    finally:
        hook.remove()


def _bring(model: torch.nn.Module, device: torch.device, but: set[str]) -> None:
    """Gives memory to the weights that have none, but for those of the named layers."""
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and module.weight.is_meta and name not in but:
            weight = torch.empty_like(module.weight, device=device)
            module.weight = torch.nn.Parameter(weight, requires_grad=False)
