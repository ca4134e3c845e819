"""What the rest of the backend may know of the loaded model; free of torch."""

from __future__ import annotations

from dataclasses import dataclass

from backend.prompt.prompt import Sampling


@dataclass(frozen=True)
class ModelInfo:
    """A model as it is described to callers."""

    id: str
    name: str
    description: str  # what it is and what it is not, English
    description_zh: str
    sees_images: bool  # False: pictures and scans are read by OCR
    thinks: bool
    context_length: int  # prompt and answer tokens of one request
    reading_budget: int  # document tokens worth putting into one prompt at this model's speed
    license: str  # SPDX
    defaults: Sampling
    loaded: bool = False
    parameters: int = 0
    device: str = ""
    dtype: str = ""
    chosen_because: str = ""
    revision: str = ""
    fills_fields: bool = False  # has an adapter that reads documents and fills in forms from them
    calls_tools: bool = False  # its template has functions in GLM's form
    is_remote: bool = False  # another server computes it; unless told, its parameters are unknown
    form_defaults: Sampling | None = None  # of answers held to a form; None: `defaults`
