"""Measures the engine beside transformers' own generate(): many questions over one document.

All run the same weights, the same prompts and the same number of answer tokens in one process, in
turn, several times; what counts is the ratio.
"""

from __future__ import annotations

import argparse
import os
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.lib import papers
from scripts.lib.system import ROOT

if TYPE_CHECKING:
    from backend.engine import Engine
    from backend.errors import RequestError
    from backend.model.loader import LoadedModel
    from backend.prompt.events import Delta
    from backend.prompt.prompt import FinishReason

QUESTIONS = (
    "Who are the parties?",
    "When does the agreement start?",
    "Which law governs it?",
    "How long does it last?",
    "What must be returned, and when?",
    "What is the purpose?",
    "Who signs for the English company?",
    "How long does the duty of secrecy survive?",
)


@dataclass
class Heard:
    """Listens to one answer."""

    ended: threading.Event = field(default_factory=threading.Event)
    first: float = 0.0  # when the first token came
    tokens: int = 0
    cached: int = 0

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        self.cached = cached_tokens

    def delta(self, delta: Delta) -> None:
        self.first = self.first or time.perf_counter()

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        self.tokens = completion_tokens
        self.ended.set()


class Bench:
    """Both ways of answering, and the prompts."""

    def __init__(self, folder: Path, tokens: int, copies: int, threads: int) -> None:
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        import torch
        from transformers.models.llama.modeling_llama import LlamaForCausalLM

        from backend.model.catalogue import choose
        from backend.model.loader import load

        self.tokens = tokens
        choice = choose("embedded", folder, None)
        self.model: LoadedModel = load(
            choice,
            models_dir=folder,
            max_model_len=8192,
            threads=threads,
            on_phase=lambda phase: None,
        )
        self.reference: Any = LlamaForCausalLM.from_pretrained(
            choice.folder, dtype=torch.bfloat16, local_files_only=True
        )
        self.document = papers.AGREEMENT * copies
        self._runs = 0

    def prompts(self) -> list[list[int]]:
        """A prompt for each question; the document is another one at every call."""
        from backend.prompt.prompt import Role
        from backend.prompt.template import ChatMessage

        self._runs += 1
        text = f"Contract number {self._runs}.\n{self.document}"
        return [
            self.model.template.render(
                [ChatMessage(Role.USER, f"{text}\n\n{question}")],
                thinking=False,
            )
            for question in QUESTIONS
        ]

    def one_after_the_other(self) -> float:
        """transformers, a question at a time: tokens a second."""
        prompts = self.prompts()
        began = time.perf_counter()
        for prompt in prompts:
            self._generate([prompt])
        return len(prompts) * self.tokens / (time.perf_counter() - began)

    def static_batch(self) -> float:
        """transformers, all questions padded into one batch: tokens a second."""
        prompts = self.prompts()
        began = time.perf_counter()
        self._generate(prompts)
        return len(prompts) * self.tokens / (time.perf_counter() - began)

    def ours(self) -> float:
        """The engine, all questions at once: tokens a second."""
        prompts = self.prompts()
        engine = self._engine()
        began = time.perf_counter()
        heard = [self._ask(engine, prompt) for prompt in prompts]
        for one in heard:
            one.ended.wait()
        seconds = time.perf_counter() - began
        assert all(one.tokens == self.tokens for one in heard)
        engine.stop(0)
        return len(prompts) * self.tokens / seconds

    def second_question(self) -> tuple[float, float]:
        """How much of the second question's prompt is cached, and its wait over the first's."""
        first, second = self.prompts()[:2]
        engine = self._engine()
        waits = []
        for prompt in (first, second):
            began = time.perf_counter()
            heard = self._ask(engine, prompt)
            heard.ended.wait()
            waits.append(heard.first - began)
        engine.stop(0)
        return heard.cached / len(second), waits[1] / waits[0]

    def _engine(self) -> Engine:
        from backend.engine import Engine

        engine = Engine(self.model, max_running=len(QUESTIONS), max_queue=len(QUESTIONS))
        engine.start()
        return engine

    def _ask(self, engine: Engine, prompt: Sequence[int]) -> Heard:
        from backend.prompt.prompt import Sampling
        from backend.work import Work

        heard = Heard()
        sampling = Sampling(max_tokens=self.tokens, min_tokens=self.tokens, seed=0)
        engine.submit(Work(str(id(heard)), "o", tuple(prompt), sampling), heard)
        return heard

    def _generate(self, prompts: Sequence[Sequence[int]]) -> None:
        import torch

        longest = max(map(len, prompts))
        ids = torch.tensor([[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts])
        mask = torch.tensor(
            [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        )
        with torch.inference_mode():
            self.reference.generate(
                ids,
                attention_mask=mask,
                do_sample=False,
                min_new_tokens=self.tokens,
                max_new_tokens=self.tokens,
                pad_token_id=0,
            )


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=64, help="of each answer")
    parser.add_argument("--copies", type=int, default=3, help="of the agreement in the document")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--models-dir", type=Path, default=ROOT / ".models")
    options = parser.parse_args()
    bench = Bench(options.models_dir, options.tokens, options.copies, options.threads)
    ways: dict[str, Callable[[], float]] = {
        "transformers, one after the other": bench.one_after_the_other,
        "transformers, one static batch": bench.static_batch,
        "this engine, all at once": bench.ours,
    }
    figures: dict[str, list[float]] = {name: [] for name in ways}
    bench.ours()  # the first of everything is slower
    for _ in range(options.runs):
        for name, way in ways.items():
            figures[name].append(way())
    seconds = [bench.second_question() for _ in range(options.runs)]
    length = len(bench.prompts()[0])
    print(f"{len(QUESTIONS)} questions over one document, prompts of {length} tokens, ", end="")
    print(f"answers of {options.tokens}, {options.threads} threads, median of {options.runs}")
    best = statistics.median(figures["this engine, all at once"])
    for name, values in figures.items():
        rate = statistics.median(values)
        print(f"  {name:36s} {rate:7.1f} tokens/s   engine is {best / rate:4.2f} times as quick")
    cached, wait = (statistics.median(column) for column in zip(*seconds, strict=True))
    print(f"  second question: {cached:.0%} of the prompt cached, ", end="")
    print(f"waits {wait:.2f} times as long as the first")


if __name__ == "__main__":
    main()
