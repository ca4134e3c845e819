"""Reads a model's weights from safetensors straight to the device, several files at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers.initialization import no_init_weights

from backend.model.parallel.shard import Shard

_READERS = 4  # files


def load(
    model_class: type[Any],
    folder: Path,
    dtype: torch.dtype,
    device: torch.device,
    shard: Shard | None = None,
) -> Any:  # noqa: ANN401  # a class of transformers
    """transformers' model with its weights on the device, in `dtype`; where there is a shard, with
    no more of them than belong to it.

    Answers None where the files hold other names or shapes than the model's own: then transformers
    has to translate or to say what is wrong. Raises whatever unreadable files make it raise.
    """
    model = _empty(model_class, folder, dtype, device, shard)
    places: dict[str, torch.Tensor] = model.state_dict()
    if shard is not None:
        places = {name: place for name, place in places.items() if name not in shard.elsewhere}

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
                    places[name].copy_(shard.part(name, whole))
                else:
                    places[name].copy_(file.get_tensor(name))
        return names

    with ThreadPoolExecutor(_READERS) as readers:
        found = list(readers.map(read, sorted(folder.glob("*.safetensors"))))
    names = [name for part in found if part is not None for name in part]
    filled = {places[name].data_ptr() for name in names}
    is_whole = all(place.data_ptr() in filled for place in places.values())  # tied ones too
    return model if is_whole and None not in found else None


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
) -> Any:  # noqa: ANN401
    """The model with room for its weights on the device."""
    config = model_class.config_class.from_pretrained(folder, local_files_only=True)
    # Memory of the host that is never touched is never taken; a shard's is made on the device.
    first = device if shard is None else torch.device("cpu")
    with no_init_weights(), first:
        model = model_class._from_config(config, dtype=dtype, attn_implementation="sdpa")
    model.eval().requires_grad_(requires_grad=False)
    model.tie_weights()
    if shard is not None:
        shard.trim(model, device)
    return model
