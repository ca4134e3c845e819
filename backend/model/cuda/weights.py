"""Reads a model's weights from safetensors straight to the device, several files at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers.initialization import no_init_weights

_READERS = 4  # files


def load(model_class: type[Any], folder: Path, dtype: torch.dtype, device: torch.device) -> Any:  # noqa: ANN401  # a class of transformers
    """transformers' model with its weights on the device, in `dtype`.

    Answers None where the files hold other names or shapes than the model's own: then transformers
    has to translate or to say what is wrong. Raises whatever unreadable files make it raise.
    """
    config = model_class.config_class.from_pretrained(folder, local_files_only=True)
    with no_init_weights(), device:
        model = model_class._from_config(config, dtype=dtype, attn_implementation="sdpa")
    model.eval().requires_grad_(requires_grad=False)
    model.tie_weights()
    places: dict[str, torch.Tensor] = model.state_dict()

    def read(path: Path) -> list[str] | None:
        with safe_open(path, framework="pt", device=str(device)) as file:
            names = list(file.keys())
            for name in names:
                if (
                    name not in places
                    or tuple(file.get_slice(name).get_shape()) != places[name].shape
                ):
                    return None
                places[name].copy_(file.get_tensor(name))
        return names

    with ThreadPoolExecutor(_READERS) as readers:
        found = list(readers.map(read, sorted(folder.glob("*.safetensors"))))
    names = [name for part in found if part is not None for name in part]
    filled = {places[name].data_ptr() for name in names}
    is_whole = all(place.data_ptr() in filled for place in places.values())  # tied ones too
    return model if is_whole and None not in found else None
