"""Trains the contract adapter of the embedded model, and measures it. See `scripts/train_reader`."""

from __future__ import annotations

import argparse
import datetime
import json
import math
import multiprocessing
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
from scripts.reader import agreements, exam, lessons, marks, plain, replies, shelf
from scripts.reader.agreements import Agreement
from scripts.reader.lessons import Desk, Lesson, Plan
from scripts.reader.network import ALPHA, Learner, Shape, merged
from scripts.reader.requests import Asked

EOS = 2  # <|im_end|>


def main() -> None:
    """Trains, measures and writes `adapter.safetensors` and `record.json`."""
    options = _options()
    began = time.monotonic()
    torch.manual_seed(options.seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    weights = {
        name: weight.to(device)
        for name, weight in load_file(options.model / "model.safetensors").items()
    }
    config = json.loads((options.model / "config.json").read_text())
    shape = Shape.of(config)
    labelled = agreements.read(options.agreements)
    if options.agreements.is_dir():  # read once, not by every process
        options.agreements = agreements.write(labelled, options.out / "agreements.json")
    training, validation = agreements.split(labelled)
    plan = Plan(options.english, options.chinese, options.rounds)
    _say(began, f"{len(training)} agreements to train on, {len(validation)} to validate; {plan}")
    desk = Desk.of(options.model, EOS)
    if options.lessons:
        given = [one for path in sorted(options.lessons.glob("*.npz")) for one in shelf.take(path)]
    else:
        given = _made(options, plan, len(training))
    before = replies.Model(weights, config, device)
    kept = _replay(before, desk, options, began)
    fifty = _fifty(before, desk, 4 if options.few else 96)
    _say(began, f"plain questions before: {sum(right for right, _ in fifty)} of 50")
    del before
    _say(
        began, f"{len(given)} lessons, {sum(len(x.prompt) + len(x.answer) for x in given):,} tokens"
    )
    learner = Learner(weights, shape, options.rank).to(device)
    if options.resume:
        learner.resume(load_file(options.resume))
    held = _held(desk, options.seed)
    losses = _train(learner, [*given, *kept], options, device, began, held)
    factors = dict(learner.factors())
    options.out.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: one.cpu().contiguous() for name, one in factors.items()},
        options.out / "adapter.safetensors",
    )
    del learner
    after = replies.Model(merged(weights, factors, shape), config, device)
    figures = _figures(after, desk, validation, options, began)
    again = _fifty(after, desk, 4 if options.few else 96)
    figures["plain_questions"] = {
        "before": sum(right for right, _ in fifty),
        "after": sum(right for right, _ in again),
        "of": len(fifty),
        "same_answer": sum(one == two for (_, one), (_, two) in zip(fifty, again, strict=True)),
    }
    record = {
        "made": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "base": options.base,
        "rank": options.rank,
        "alpha": ALPHA,
        "seed": options.seed,
        "learning_rate": options.rate,
        "batch_tokens": options.batch,
        "data": {
            **asdict(plan),
            "agreements": len(training),
            "replayed_answers": len(kept),
            "lessons": len(given) + len(kept),
            "tokens": sum(len(x.prompt) + len(x.answer) for x in [*given, *kept]),
        },
        "losses": losses,
        "figures": figures,
        "seconds": round(time.monotonic() - began),
        "device": torch.cuda.get_device_name() if device == "cuda" else "CPU",
        "torch": torch.__version__,
    }
    (options.out / "record.json").write_text(
        json.dumps(record, indent=1, ensure_ascii=False) + "\n"
    )
    shown = {
        "fifty": [
            [*plain.FIFTY[n], a, b]
            for n, ((_, a), (_, b)) in enumerate(zip(fifty, again, strict=True))
        ]
    }
    (options.out / "answers.json").write_text(
        json.dumps({**_SHOWN, **shown}, indent=1, ensure_ascii=False)
    )
    _say(began, json.dumps(figures, indent=1))


_SHOWN: dict[str, Any] = {}


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
    ask.add_argument("--lessons", type=Path, help="a folder of lessons made before, see shelf")
    ask.add_argument("--resume", type=Path, help="an adapter to go on from")
    ask.add_argument("--rank", type=int, default=32)
    ask.add_argument("--rate", type=float, default=8e-4)
    ask.add_argument("--batch", type=int, default=32_768, help="tokens of a step, padding included")
    ask.add_argument("--english", type=int, default=6000)
    ask.add_argument("--chinese", type=int, default=6000)
    ask.add_argument("--rounds", type=int, default=10, help="times each agreement is seen")
    ask.add_argument(
        "--replay", type=int, default=700, help="plain questions the model answers itself"
    )
    ask.add_argument("--replay-rounds", type=int, default=2)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--workers", type=int, default=14)
    ask.add_argument("--papers", type=int, default=8, help="exam contracts of each kind")
    ask.add_argument("--limit", type=int, default=10**9, help="steps at most; for a trial run")
    ask.add_argument("--brief", action="store_true", help="measure the agreements alone")
    ask.add_argument("--few", action="store_true", help="measure on a handful; for a trial run")
    return ask.parse_args()


def _say(began: float, line: str) -> None:
    print(f"{time.monotonic() - began:6.1f} s  {line}", flush=True)


def _parts(items: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [items[at : at + size] for at in range(0, len(items), size)]


def _made(options: argparse.Namespace, plan: Plan, count: int) -> list[Lesson]:
    """All lessons of a plan, made by several processes."""
    todo = _parts(lessons.tasks(plan, count, options.seed), 256)
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        parts: list[list[Lesson]] = pool.starmap(
            _make, [(options.model, options.agreements, part) for part in todo]
        )
    return [lesson for part in parts for lesson in part]


def _make(model: Path, labelled: Path, todo: Sequence[tuple[str, int, int]]) -> list[Lesson]:
    desk, training = _desk(model, labelled)
    return [lessons.give(desk, task, training) for task in todo]


_DESKS: dict[Path, tuple[Desk, list[Agreement]]] = {}


def _desk(model: Path, labelled: Path) -> tuple[Desk, list[Agreement]]:
    if model not in _DESKS:
        _DESKS[model] = (Desk.of(model, EOS), agreements.split(agreements.read(labelled))[0])
    return _DESKS[model]


def _replay(
    model: replies.Model, desk: Desk, options: argparse.Namespace, began: float
) -> list[Lesson]:
    """The untrained model's own answers to plain questions, so that it keeps giving them."""
    asked = plain.others(Random(options.seed), options.replay)
    longest = 8 if options.few else 200
    prompts = [desk.prompt(question) for question in asked]
    answers = model.answers(prompts, longest)
    kept = [
        Lesson(prompt, [*answer, EOS], 0.5)
        for prompt, answer in zip(prompts, answers, strict=True)
        if 0 < len(answer) < longest
    ]
    # An answer that was cut off is kept without its end.
    kept += [Lesson(p, a, 0.5) for p, a in zip(prompts, answers, strict=True) if len(a) == longest]
    _say(began, f"{len(kept)} plain questions answered by the model itself")
    rounds: int = options.replay_rounds
    return kept * rounds


def _fifty(model: replies.Model, desk: Desk, most: int) -> list[tuple[bool, str]]:
    answers = model.answers([desk.prompt(question) for question, _ in plain.FIFTY], most)
    texts = [desk.tokenizer.decode(answer) for answer in answers]
    return [
        (plain.is_right(text, expected), text)
        for text, (_, expected) in zip(texts, plain.FIFTY, strict=True)
    ]


def _held(desk: Desk, seed: int) -> list[Lesson]:
    """Made-up lessons that are not trained on."""
    return [
        lessons.made_up(desk, 10**6 + seed + number, language)
        for number in range(24)
        for language in ("en", "zh")
    ]


def _batches(given: Sequence[Lesson], most: int, chance: Random) -> Iterator[list[Lesson]]:
    """Lessons of similar length together, in random order; `most` tokens with padding."""
    groups: list[list[Lesson]] = []
    shuffled = chance.sample(list(given), len(given))
    for pool in _parts(shuffled, 4096):
        group: list[Lesson] = []
        for lesson in sorted(pool, key=lambda one: len(one.prompt) + len(one.answer)):
            length = len(lesson.prompt) + len(lesson.answer)
            if group and (len(group) + 1) * length > most:
                groups.append(group)
                group = []
            group.append(lesson)
        groups.append(group)
    chance.shuffle(groups)
    yield from (group for group in groups if group)


def _tensors(
    group: Sequence[Lesson], device: str
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(tokens [batch, length], where a token of an answer comes next, those tokens)."""
    length = max(len(one.prompt) + len(one.answer) for one in group)
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
    given: Sequence[Lesson],
    options: argparse.Namespace,
    device: str,
    began: float,
    held: Sequence[Lesson],
) -> dict[str, Any]:
    groups = list(_batches(given, options.batch, Random(options.seed)))[: options.limit]
    factors = [one for one in learner.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(factors, lr=options.rate, betas=(0.9, 0.98), weight_decay=0.01)
    warm = max(1, len(groups) // 30)
    seen = 0
    recent: list[torch.Tensor] = []
    curve: list[list[float]] = []
    for step, group in enumerate(groups):
        share = step / len(groups)
        rate = options.rate * min((step + 1) / warm, 0.5 * (1 + math.cos(math.pi * share)))
        for part in optimizer.param_groups:
            part["lr"] = rate
        loss = _loss(learner, group, device)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(factors, 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        recent.append(loss.detach())
        seen += sum(len(one.prompt) + len(one.answer) for one in group)
        if (step + 1) % max(1, len(groups) // 12) == 0:
            with torch.no_grad():
                unseen = [float(_loss(learner, part, device)) for part in _parts(held, 12)]
            mean = float(torch.stack(recent).mean())
            curve.append([step + 1, round(mean, 4), round(sum(unseen) / len(unseen), 4)])
            recent = []
            _say(
                began,
                f"step {step + 1}/{len(groups)} loss {mean:.4f} held out {curve[-1][2]} tokens {seen:,}",
            )
    return {"columns": ["step", "training", "held out"], "rows": curve}


# What the adapter is worth.

_NDA_SCHEMA = {
    "type": "object",
    "properties": {
        "effective_date": {"type": ["string", "null"], "description": "Effective date, YYYY-MM-DD"},
        "jurisdiction": {
            "type": ["string", "null"],
            "description": "State or country whose law governs",
        },
        "party": {
            "type": "array",
            "items": {"type": "string"},
            "description": "All parties to the agreement",
        },
        "term": {
            "type": ["string", "null"],
            "description": "How long it lasts, for example 2 years",
        },
    },
    "required": ["effective_date", "jurisdiction", "party", "term"],
}
_NDA_BARE = {
    **_NDA_SCHEMA,
    "properties": {
        name: {key: value for key, value in kind.items() if key != "description"}
        for name, kind in _NDA_SCHEMA["properties"].items()  # type: ignore[attr-defined]
    },
}
_NDA_ASK = (
    "Extract the effective date, the governing law, the parties and the term of this agreement."
)


def _figures(
    model: replies.Model,
    desk: Desk,
    validation: Sequence[Agreement],
    options: argparse.Namespace,
    began: float,
) -> dict[str, Any]:
    papers = validation[:3] if options.few else validation
    gold = [{key: list(found) for key, found in one.labels.items()} for one in papers]
    figures: dict[str, Any] = {}
    for title, schema, ask, budget in (
        ("nda_1000", _NDA_SCHEMA, _NDA_ASK, 1000),
        ("nda_1600", _NDA_SCHEMA, _NDA_ASK, 1600),
        ("nda_2400", _NDA_SCHEMA, _NDA_ASK, 2400),
        ("nda_1600_names_alone", _NDA_BARE, "", 1600),
        (
            "nda_1600_verbatim",
            _NDA_SCHEMA,
            f"{_NDA_ASK} Copy every value exactly as it is written.",
            1600,
        ),
    ):
        asked = requests_of(ask, schema)
        turns = [desk.extraction(one.name, one.pages, asked, budget)[0] for one in papers]
        texts = _texts(model, desk, turns, 8 if options.few else 160)
        given = [marks.parsed(text) for text in texts]
        if "verbatim" in title:
            given = [normal(one) for one in given]
        figures[title] = marks.micro(gold, given)
        figures[title]["parsed"] = sum(bool(one) for one in given)
        _SHOWN[title] = [
            [one.name, {k: list(v) for k, v in one.labels.items()}, text]
            for one, text in zip(papers, texts, strict=True)
        ]
        _say(began, f"{title}: F1 {figures[title].get('all', {}).get('f1')}")
    for language in () if options.brief else ("zh", "en"):
        sheets = exam.papers(options.seed, language, 1 if options.few else options.papers)
        turns = []
        for sheet in sheets:
            asked = requests_of(sheet.instruction, sheet.schema)
            turns.append(desk.extraction("", sheet.pages, asked, 1600)[0])
        texts = _texts(model, desk, turns, 8 if options.few else 420)
        given = [marks.parsed(text) for text in texts]
        figures[f"exam_{language}"] = {
            "papers": len(sheets),
            "parsed": sum(bool(one) for one in given),
            "field_accuracy": marks.field_accuracy([sheet.answer for sheet in sheets], given),
        }
        _SHOWN[f"exam_{language}"] = [
            [sheet.kind, sheet.answer, text] for sheet, text in zip(sheets, texts, strict=True)
        ]
        _say(began, f"exam {language}: {figures[f'exam_{language}']}")
    if not options.brief:
        _SHOWN["summaries"] = _summaries(model, desk, validation, options)
    return figures


def requests_of(instruction: str, schema: dict[str, Any]) -> Asked:
    """A request without a known answer."""
    return Asked(instruction, schema, {})


def normal(answer: dict[str, Any]) -> dict[str, Any]:
    """A verbatim answer in the labels' normal form."""
    from scripts.reader.values import find_dates, find_durations, plain_name

    found = dict(answer)
    found["party"] = [plain_name(str(one)) for one in answer.get("party") or []]
    for key, finder in (("effective_date", find_dates), ("term", find_durations)):
        place = next(iter(finder(str(answer.get(key) or ""))), None)
        found[key] = place.normal if place else None
    law = str(answer.get("jurisdiction") or "")
    for lead in ("the ", "State of ", "Commonwealth of ", "laws of ", "state of "):
        law = law.removeprefix(lead)
    found["jurisdiction"] = law or None
    return found


def _summaries(
    model: replies.Model, desk: Desk, validation: Sequence[Agreement], options: argparse.Namespace
) -> list[list[str]]:
    asked = [
        (one.pages, question)
        for one in validation[:4]
        for question in ("Summarise the three key clauses.", "Who are the parties?")
    ]
    sheets = exam.papers(options.seed + 1, "zh", 1)
    asked += [(sheet.pages, "请总结这份合同中的三个关键条款") for sheet in sheets]
    turns = [desk.telling("", pages, question)[0] for pages, question in asked]
    return [
        [question, text]
        for (_, question), text in zip(
            asked, _texts(model, desk, turns, 8 if options.few else 160), strict=True
        )
    ]


def _texts(model: replies.Model, desk: Desk, turns: Sequence[str], most: int) -> list[str]:
    answers = model.answers([desk.prompt(turn) for turn in turns], most)
    return [desk.tokenizer.decode(answer) for answer in answers]


if __name__ == "__main__":
    main()
