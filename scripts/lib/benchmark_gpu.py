"""Measures the engine on a GPU at GLM-4.6V-Flash's true shape, with random weights.

One process, no network: starts the engine on a model folder, which it writes first if there is
none, asks it as the service would, and prints one table beside what the card allows and what is to
be reached. Parts can be chosen; each that needs another engine starts its own.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
from pathlib import Path
from typing import Any

from scripts.gpu.bench import WORDS, Bench, bandwidth
from scripts.gpu.goals import table
from scripts.lib import true_shape

PARTS = (
    *("text", "decode", "image", "many", "long", "memory"),
    *("quantised", "correct", "transformers"),
)
CONTEXT = 1500  # tokens before an answer where many decode
LONG = 34_000  # tokens of the longest request with the part `long`
SMALL_GIB = 24


class Session:
    """What was asked for, and the figures so far."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.folder: Path = options.folder
        self.runs: int = options.runs
        self.parts: list[str] = options.parts
        self.profile: bool = options.profile
        self.load: dict[str, Any] = {"plain": True} if options.plain else {}
        if options.beside is not None:
            self.load["beside_tokens"] = options.beside
        if options.memory_gib is not None:
            self.load["memory_bytes"] = int(options.memory_gib * (1 << 30))
        self.figures: dict[str, float] = {}
        self.notes: dict[str, Any] = {}
        self._began = time.perf_counter()

    def add(self, **figures: float) -> None:
        """Notes figures, and says them at once: a command may be cut off."""
        self.figures |= figures
        said = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
        print(f"[{time.perf_counter() - self._began:6.1f} s] {said}", flush=True)

    def start(self, **options: Any) -> Bench:  # noqa: ANN401  # of `load`
        """Another engine, ready; what is prepared in the background is prepared."""
        bench = Bench(self.folder, **{"max_model_len": 8192, **self.load, **options})
        print(
            f"started in {bench.start_seconds:.1f} s, all recorded after"
            f" {bench.prepared_seconds:.1f} s, {bench.model.blocks} blocks:",
            flush=True,
        )
        for seconds, doing in bench.phases:
            print(f"  {seconds:6.1f} s {doing}", flush=True)
        return bench

    def usual(self) -> None:
        """The parts that need nothing but an engine as it comes."""
        if not {"text", "decode", "image", "many"} & set(self.parts):
            return
        bench, runs = self.start(), self.runs
        self.add(start_s=bench.start_seconds)
        self.notes |= {"device": bench.model.info.device, "blocks": bench.model.blocks}
        bench.decode(2, WORDS, 8)  # what is compiled at the first use is compiled now
        if "text" in self.parts:
            self.add(text_ms=bench.text(runs))
            self.add(another_question_ms=bench.another_question(runs))
        if "decode" in self.parts:
            self.add(decode_1=bench.decode(1, WORDS))
            for count in (32, 64):
                self.add(**{f"decode_{count}": bench.decode(count, CONTEXT)})
        if "image" in self.parts:
            self.notes["pictures"] = bench.album.way
            self.add(picture_ms=bench.pictures(1, runs))
            self.add(picture_at_hand_ms=bench.picture_at_hand(runs))
            self.add(tower_ms=bench.tower(runs))
            self.add(known_picture_ms=bench.known_picture(runs))
        if "many" in self.parts:
            for count in (32, 64):
                self.add(**{f"text_{count}": bench.texts_at_once(count)})
            bench.pictures_at_once(8, 8)
            for count in (32, 64):
                rate, middle, last = bench.pictures_at_once(count)
                name = f"pictures_{count}"
                self.add(**{name: rate, f"{name}_p50_s": middle, f"{name}_p99_s": last})
        if self.profile:
            from scripts.gpu import profile

            profile.show(bench)
        bench.close()

    def long(self) -> None:
        """How cost grows with pictures and with the context."""
        bench = self.start(max_model_len=LONG)
        for count in (1, 2, 4, 8):
            self.add(**{f"images_{count}_ms": bench.pictures(count, 3)})
        for context in (1024, 8192, 32_768):
            bench.decode(1, context, 4)
            self.add(**{f"context_{context}": bench.decode(1, context)})
        bench.close()

    def memory(self) -> None:
        """A small card: the same engine within its memory."""
        import torch

        torch.cuda.reset_peak_memory_stats()
        bench = self.start(memory_bytes=SMALL_GIB << 30)
        self.add(small_text_ms=bench.text(self.runs))
        self.add(small_picture_ms=bench.pictures(1, self.runs))
        self.add(small_whole_s=bench.whole(8192, 4))
        self.add(small_reserved_gib=torch.cuda.max_memory_reserved() / (1 << 30))
        bench.close()
        torch.cuda.set_per_process_memory_fraction(1.0)

    def quantised(self) -> None:
        """Smaller weights."""
        if "decode_1" not in self.figures:
            bench = self.start()
            self.add(decode_1=bench.decode(1, WORDS))
            bench.close()
        for kind in ("fp8", "int8"):
            bench = self.start(quantization=kind)
            rate = bench.decode(1, WORDS)
            self.add(
                **{
                    f"{kind}_decode_1": rate,
                    f"{kind}_gain": rate / self.figures["decode_1"],
                    f"{kind}_start_s": bench.start_seconds,
                    f"{kind}_text_64": bench.texts_at_once(64),
                }
            )
            bench.close()

    def correct(self) -> None:
        """Whether it is right: answers on a small configuration, logits at full size."""
        import torch

        from scripts.gpu import correct, reference

        folder = self.folder.with_name(f"{self.folder.name}-small")
        self.add(same_tokens=correct.same_tokens(folder))
        bench, asked = self.start(), reference.prompts(16)
        ours = reference.our_logits(bench.model, asked)
        bench.close()
        model = reference.load(self.folder)
        theirs = reference.logits(model, asked)
        exact = reference.logits(model.float(), asked)
        del model
        torch.cuda.empty_cache()
        self.add(
            error_ours=reference.error(ours, exact),
            error_transformers=reference.error(theirs, exact),
            same_best=float((ours.argmax(1) == exact.argmax(1)).float().mean()),
            same_best_transformers=float((theirs.argmax(1) == exact.argmax(1)).float().mean()),
        )

    def transformers(self) -> None:
        """transformers' own `generate`, in the same run."""
        from scripts.gpu.reference import Reference

        reference = Reference(self.folder)
        self.add(transformers_decode_1=reference.decode())
        self.add(transformers_text_ms=reference.text())
        self.add(transformers_picture_ms=reference.picture())
        self.add(transformers_batch_32=reference.batch(32))


def main() -> None:
    """Prints a table; writes the figures as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="of the model; written if it is not there")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--plain", action="store_true", help="transformers' own modules")
    parser.add_argument("--memory-gib", type=float, help="the most of the GPU's memory to take")
    parser.add_argument("--runs", type=int, default=9, help="of a first token; the median counts")
    parser.add_argument("--beside", type=int, help="tokens of prompts in a step with answers")
    parser.add_argument("--profile", action="store_true", help="show the kernels of some steps")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args()
    options.parts = [part for part in options.parts.split(",") if part]
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    if not (options.folder / "config.json").exists():
        true_shape.write(options.folder)
    log = logging.getLogger("backend")
    log.setLevel(logging.INFO)
    log.addHandler(logging.StreamHandler())
    session = Session(options)
    session.notes["copy_bytes_per_second"] = bandwidth()
    session.usual()
    for part in PARTS[4:]:
        if part in options.parts:
            getattr(session, part)()
    print(table(session.figures, session.notes["copy_bytes_per_second"]))
    if options.json:
        found = {"notes": session.notes, "figures": session.figures}
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
