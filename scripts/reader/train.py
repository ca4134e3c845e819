"""Trains the contract adapter of the embedded model, and measures it. See `scripts/train_reader`.

Lessons are made while others are learnt. Training ends when its time is up; lessons that have been
learnt by then come again.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import cross_entropy

from backend.model.adapter import CONTRACT
from backend.model.catalogue import EMBEDDED_REVISION
from scripts.reader import agreements, lessons, making, replies, shelf
from scripts.reader.lessons import Desk, Lesson, Plan
from scripts.reader.making import EOS
from scripts.reader.measure import Examiner
from scripts.reader.network import ALPHA, Learner, Shape, merged

_POOL = 3_072  # lessons among which those of similar length are looked for
_FIRST_POOL = 768  # the first pool is smaller, so that learning begins early
_WARM = 0.03  # share of the time in which the learning rate rises


def main() -> None:
    """Trains, measures and writes `adapter.safetensors` and `record.json`."""
    options = _options()
    began = time.monotonic()
    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    labelled = agreements.read(options.agreements)
    options.out.mkdir(parents=True, exist_ok=True)
    if options.agreements.is_dir():  # read once, not by every process
        options.agreements = agreements.write(labelled, options.out / "agreements.json")
    plan = Plan(options.english, options.chinese, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        maker = None
        if options.lessons is None:
            options.lessons = Path(folder) / "lessons"
            maker = making.begin(
                options.model, options.agreements, plan, options.seed, options.workers, options.lessons
            )  # fmt: skip
        try:
            _train_and_measure(options, labelled, plan, device, began)
        finally:
            if maker is not None:
                maker.terminate()
                maker.join()


def _train_and_measure(
    options: argparse.Namespace,
    labelled: list[agreements.Agreement],
    plan: Plan,
    device: str,
    began: float,
) -> None:
    weights = {
        name: weight.to(device)
        for name, weight in load_file(options.model / "model.safetensors").items()
    }
    config = json.loads((options.model / "config.json").read_text())
    shape = Shape.of(config)
    split = agreements.split(labelled)
    scanned = agreements.read(options.scans) if options.scans else []
    scans = {one.name: one.pages for one in scanned}
    _say(began, f"{len(split.training)} agreements to train on; {plan}")
    desk = Desk.of(options.model, EOS)

    def examiner(tried: dict[str, torch.Tensor]) -> Examiner:
        model = replies.Model(tried, config, device)
        return Examiner(model, desk, split, scans, lambda line: _say(began, line), few=options.few)

    learner = Learner(weights, shape, options.rank).to(device)
    if options.resume:
        learner.resume(load_file(options.resume))
    trained: dict[str, Any] = {}
    if options.minutes:
        trained = _train(learner, options, device, began, _held(desk, options.seed))
    factors = dict(learner.factors())
    save_file(
        {name: one.cpu().contiguous() for name, one in factors.items()},
        options.out / "adapter.safetensors",
    )
    del learner
    after = examiner(merged(weights, factors, shape))
    if options.brief:
        after.measure_briefly(options.seed, options.papers)
    else:
        after.measure(options.seed, options.papers, examiner(weights).fifty())
    record = {
        "made": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "base": options.base,
        "rank": options.rank,
        "alpha": ALPHA,
        "seed": options.seed,
        "learning_rate": options.rate,
        "batch_tokens": options.batch,
        "data": {**asdict(plan), "agreements": len(split.training)},
        **trained,
        "figures": after.figures,
        "seconds": round(time.monotonic() - began),
        "device": torch.cuda.get_device_name() if device == "cuda" else "CPU",
        "torch": torch.__version__,
    }
    for name, kept in (("record", record), ("answers", after.answers)):
        text = json.dumps(kept, indent=1, ensure_ascii=False)
        (options.out / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
    _say(began, "done")


def _options() -> argparse.Namespace:
    ask = argparse.ArgumentParser(prog="scripts/train_reader", description=__doc__)
    ask.add_argument(
        "--model",
        type=Path,
        default=Path(".models/embedded") / EMBEDDED_REVISION,
        help="the embedded model's folder",
    )
    ask.add_argument(
        "--agreements",
        type=Path,
        required=True,
        help="labelled agreements: a folder, or a file that scripts.reader.archive made of one",
    )
    ask.add_argument("--out", type=Path, default=CONTRACT.parent)
    ask.add_argument("--base", default=f"SmolLM2-135M-Instruct {EMBEDDED_REVISION}")
    ask.add_argument("--lessons", type=Path, help="a folder that scripts.reader.making fills")
    ask.add_argument(
        "--scans", type=Path, help="agreements as text recognition read them, as --agreements"
    )
    ask.add_argument("--resume", type=Path, help="an adapter to go on from")
    ask.add_argument("--rank", type=int, default=32)
    ask.add_argument("--rate", type=float, default=1e-3)
    ask.add_argument("--batch", type=int, default=32_768, help="tokens of a step, padding included")
    ask.add_argument(
        "--minutes", type=float, default=4.0, help="of training; 0 measures what is resumed"
    )
    ask.add_argument("--english", type=int, default=18_000)
    ask.add_argument("--chinese", type=int, default=24_000)
    ask.add_argument("--rounds", type=int, default=50, help="times each agreement is varied")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--workers", type=int, default=14)
    ask.add_argument("--papers", type=int, default=8, help="exam contracts of each kind")
    ask.add_argument("--brief", action="store_true", help="measure what adapters are chosen by")
    ask.add_argument("--few", action="store_true", help="measure on a handful; for a trial run")
    return ask.parse_args()


def _say(began: float, line: str) -> None:
    print(f"{time.monotonic() - began:6.1f} s  {line}", flush=True)


def _held(desk: Desk, seed: int) -> list[Lesson]:
    """Made-up lessons that are not trained on."""
    return [
        lessons.made_up(desk, 10**6 + seed + number, language)
        for number in range(24)
        for language in ("en", "zh")
    ]


def _groups(folder: Path, most: int, chance: Random) -> Iterator[list[Lesson]]:
    """Lessons of similar length together, in random order, without end; `most` tokens padded."""
    learnt: list[Lesson] = []
    pool: list[Lesson] = []
    for lesson in shelf.follow(folder):
        pool.append(lesson)
        if len(pool) >= (_POOL if learnt else _FIRST_POOL):
            yield from _grouped(pool, most, chance)
            learnt += pool
            pool = []
    learnt += pool
    while learnt:
        chance.shuffle(learnt)
        for at in range(0, len(learnt), _POOL):
            yield from _grouped(learnt[at : at + _POOL], most, chance)


def _grouped(pool: Sequence[Lesson], most: int, chance: Random) -> list[list[Lesson]]:
    groups: list[list[Lesson]] = []
    group: list[Lesson] = []
    for lesson in sorted(pool, key=_length):
        if group and (len(group) + 1) * _length(lesson) > most:
            groups.append(group)
            group = []
        group.append(lesson)
    groups.append(group)
    chance.shuffle(groups)
    return groups


def _length(lesson: Lesson) -> int:
    return len(lesson.prompt) + len(lesson.answer)


def _tensors(
    group: Sequence[Lesson], device: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(tokens [batch, length], where a token of an answer comes next, those tokens)."""
    length = max(map(_length, group))
    length += -length % 64  # few different lengths
    tokens = torch.full((len(group), length), EOS)
    chosen = torch.zeros((len(group), length), dtype=torch.bool)
    for row, one in enumerate(group):
        whole = [*one.prompt, *one.answer]
        tokens[row, : len(whole)] = torch.tensor(whole)
        chosen[row, len(one.prompt) - 1 : len(whole) - 1] = True
    targets = tokens[:, 1:][chosen[:, :-1]]
    return tokens.to(device), chosen.to(device), targets.to(device)


def _loss(learner: Learner, group: Sequence[Lesson], device: str) -> torch.Tensor:
    tokens, chosen, targets = _tensors(group, device)
    losses = cross_entropy(learner(tokens, chosen).float(), targets, reduction="none")
    # A short answer weighs more by the token than a long one: dates and names are as much worth
    # as the many fields of a form.
    weights = torch.cat(
        [torch.full((len(one.answer),), one.weight / len(one.answer) ** 0.5) for one in group]
    ).to(device)
    return (losses * weights).sum() / weights.sum()


def _train(
    learner: Learner,
    options: argparse.Namespace,
    device: str,
    began: float,
    held: Sequence[Lesson],
) -> dict[str, Any]:
    """Learns until the time is up; answers how it went."""
    groups = _groups(options.lessons, options.batch, Random(options.seed))
    factors = [one for one in learner.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(
        factors, lr=options.rate, betas=(0.9, 0.98), weight_decay=0.01, fused=device == "cuda"
    )
    group = next(groups)
    _say(began, "the first lessons are there")
    start, most = time.monotonic(), 60 * options.minutes
    count = steps = seen = 0
    recent: list[torch.Tensor] = []
    curve: list[list[float]] = []
    share = 0.0
    while share < 1:
        rate = options.rate * min(share / _WARM + 0.01, 0.5 * (1 + math.cos(math.pi * share)))
        for part in optimizer.param_groups:
            part["lr"] = rate
        loss = _loss(learner, group, device)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(factors, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        recent.append(loss.detach())
        steps += 1
        count += len(group)
        seen += sum(map(_length, group))
        if steps % 4 == 0 and device == "cuda":
            torch.cuda.synchronize()  # so that the time is what the steps took
        share = (time.monotonic() - start) / most
        if share * 10 >= len(curve) + 1:
            with torch.no_grad():
                unseen = [
                    float(_loss(learner, held[at : at + 12], device))
                    for at in range(0, len(held), 12)
                ]
            mean = float(torch.stack(recent).mean())
            curve.append([steps, round(mean, 4), round(sum(unseen) / len(unseen), 4)])
            recent = []
            _say(began, f"step {steps} loss {mean:.4f} held out {curve[-1][2]} tokens {seen:,}")
        group = next(groups)
    return {
        "lessons": count,
        "tokens": seen,
        "losses": {"columns": ["step", "training", "held out"], "rows": curve},
    }


if __name__ == "__main__":
    main()
