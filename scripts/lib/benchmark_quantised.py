"""Measures decode steps with quantised weights on a GPU, beside those in bfloat16: their times, and
how far their logits are from those of float32.

GLM-4.6V-Flash's true shape with random weights made on the device; no engine, no files. A time is
a step's from its graph, between two events of the device, at a context of 1,500 tokens. Errors are
at full depth: of the rows of prompts, and of one token after them, alone and in company.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from backend.model.cuda.quantised import Quantization, quantise_layers
from backend.prompt.prompt import Sampling
from backend.scheduling.batch import Slice
from backend.scheduling.sequence import Sequence
from scripts.lib.benchmark_steps import BLOCK, MOST, Steps, model

TEXT = "model.language_model"
COUNTS = (1, 2, 4, 8, 16, 32, 64)  # sequences
PROMPTS = (32, 64, 128, 256, 1024, 1433)  # tokens
PROMPT = 128  # tokens whose logits are compared, of each of
COMPARED = 8  # sequences
RUNS = 30

Prompt = tuple[int, ...]


@dataclass(frozen=True)
class Logits:
    """What is compared, in float32."""

    prompt: torch.Tensor  # [COMPARED * PROMPT, vocabulary]
    alone: torch.Tensor  # [1, vocabulary]: of the token after the first prompt
    together: torch.Tensor  # [COMPARED, vocabulary]: of the tokens after all

    def errors(self, of: Logits) -> dict[str, float]:
        """Relative, by what is compared; and how often the likeliest token is the same."""
        found = {
            name: _relative(getattr(self, name), getattr(of, name))
            for name in ("prompt", "alone", "together")
        }
        same = self.prompt.argmax(-1) == of.prompt.argmax(-1)
        return found | {"likeliest": float(same.float().mean())}


def compared(steps: Steps) -> list[Sequence]:
    """Short sequences in the memory of the long ones."""
    return [
        Sequence(
            f"short {one.request_id}",
            "o",
            0,
            one.prompt_ids[:PROMPT],
            Sampling(),
            output_ids=[7],
            blocks=one.blocks[: PROMPT // BLOCK + 1],
        )
        for one in steps.sequences[:COMPARED]
    ]


def said(steps: Steps, embed: torch.nn.Module) -> Logits:
    """By the fused model."""
    some = compared(steps)
    ids = torch.tensor([token for one in some for token in one.prompt_ids], device="cuda")
    places = torch.arange(PROMPT, device="cuda").repeat(len(some)).expand(3, -1)
    forward = steps.forward
    parts = [Slice(one, 0, PROMPT) for one in some]
    prompt = forward.head(forward.hidden(embed(ids), places, parts)).float()
    nexts = [Slice(one, PROMPT, PROMPT + 1) for one in some]
    alone = forward.decode(nexts[:1]).float()
    return Logits(prompt, alone, forward.decode(nexts).float())


@torch.inference_mode()
def exact(layers: int, prompts: list[Prompt]) -> Logits:
    """By transformers in float32."""
    whole = model(layers).float()
    ids = torch.tensor([[*prompt, 7] for prompt in prompts], device="cuda")
    logits: torch.Tensor = whole(input_ids=ids, use_cache=False).logits.float()
    last = logits[:, PROMPT]
    return Logits(logits[:, :PROMPT].flatten(0, 1), last[:1], last)


def step_time(steps: Steps, count: int) -> float:
    """Milliseconds of a decode step's graph."""
    some = steps.sequences[:count]
    slices = [Slice(one, one.length - 1, one.length) for one in some]
    for _ in range(3):
        steps.forward.decode(slices)
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    begin.record()
    for _ in range(RUNS):
        steps.forward.decode(slices)
    end.record()
    torch.cuda.synchronize()
    return float(begin.elapsed_time(end)) / RUNS


def prompt_time(steps: Steps, tokens: int) -> float:
    """Milliseconds of a prompt, by the host's clock."""
    times = []
    for _ in range(RUNS // 3):
        torch.cuda.synchronize()
        began = time.perf_counter()
        steps.prompt(tokens)
        torch.cuda.synchronize()
        times.append((time.perf_counter() - began) * 1e3)
    return statistics.median(times[2:])


@torch.inference_mode()
def measured(kind: Quantization, layers: int) -> tuple[dict[str, Any], Logits, list[Prompt]]:
    """The figures of one way to keep weights, what was said, and to what."""
    whole: Any = model(layers)
    if kind is not Quantization.NONE:
        quantise_layers(whole, TEXT, kind)
    steps = Steps(whole, layers)
    embed = whole.get_submodule(f"{TEXT}.embed_tokens")
    logits = said(steps, embed)
    prompts = [one.prompt_ids[:PROMPT] for one in steps.sequences[:COMPARED]]
    torch.cuda.synchronize()
    figures: dict[str, Any] = {"gigabytes": torch.cuda.memory_allocated() / 1e9}
    for one in steps.sequences:
        one.output_ids[:] = [7]
    figures["step"] = {count: step_time(steps, count) for count in COUNTS if count <= MOST}
    figures["prompt"] = {tokens: prompt_time(steps, tokens) for tokens in PROMPTS}
    return figures, logits, prompts


def table(name: str, rows: dict[str, dict[Any, float]], form: str) -> None:
    """Prints one line for each key, one column for each way."""
    print(f"\n{name:>24s} " + " ".join(f"{way:>9s}" for way in rows))
    for key in next(iter(rows.values())):
        print(f"{key!s:>24s} " + " ".join(f"{row[key]:9{form}}" for row in rows.values()))


def main() -> None:
    """Prints tables; writes the figures as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quantization", nargs="*", default=["fp8", "int8"], choices=["fp8", "int8"]
    )
    parser.add_argument("--layers", type=int, default=40, help="of the text model")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    began = time.perf_counter()
    print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}, {options.layers} layers")
    figures: dict[str, dict[str, Any]] = {}
    kept: dict[str, Logits] = {}
    for name in ("none", *options.quantization):
        figures[name], kept[name], prompts = measured(Quantization(name), options.layers)
        torch.cuda.empty_cache()
        print(f"{name} measured after {time.perf_counter() - began:.0f} s", flush=True)
    reference = exact(options.layers, prompts)
    plain = figures["none"]["step"]
    for name, found in figures.items():
        found["gain"] = {count: plain[count] / taken for count, taken in found["step"].items()}
        found["against float32"] = kept[name].errors(reference)
        found["against bfloat16"] = kept[name].errors(kept["none"])
    for key, title, form in (
        ("step", "sequences: ms a step", ".3f"),
        ("gain", "times as fast", ".2f"),
        ("prompt", "prompt tokens: ms", ".2f"),
        ("against float32", "error against float32", ".4f"),
        ("against bfloat16", "error against bfloat16", ".4f"),
    ):
        table(title, {name: found[key] for name, found in figures.items()}, form)
    print("GB held: " + ", ".join(f"{n} {found['gigabytes']:.2f}" for n, found in figures.items()))
    print(f"all in {time.perf_counter() - began:.0f} s")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _relative(said: torch.Tensor, of: torch.Tensor) -> float:
    return float((said - of).norm() / of.norm())


if __name__ == "__main__":
    main()
