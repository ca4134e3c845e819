"""The embedded model itself: loads, answers, and says the same alone, in company and again."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from backend.engine import Engine
from backend.errors import RequestError
from backend.model.catalogue import UnknownModel, choose
from backend.model.loader import LoadedModel, load
from backend.prompt.events import Delta
from backend.prompt.prompt import FinishReason, Role, Sampling
from backend.prompt.template import ChatMessage
from backend.work import Work

pytestmark = pytest.mark.model

MODELS = Path(os.environ.get("MODELS_DIR") or Path(__file__).parents[3] / ".models")
PAGE = (
    "This agreement is made on 3 May 2024 between Blue River Foods Inc. of Portland and Harbor "
    "Analytics LLC of Boston. The parties wish to discuss a possible supply of software. Each "
    "party will keep the other's information secret, will use it only for these discussions, and "
    "will return it when asked. The duty of secrecy lasts for five years. "
)
QUESTIONS = (
    "What is a contract?",
    "Name three colours.",
    "Who wrote Hamlet?",
    f"{PAGE}\n\nWho are the parties, and when was it made?",
    "Write a haiku about rain.",
    f"{PAGE * 4}\n\nHow long does it last?",
)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    try:
        choice = choose("embedded", MODELS, None)
    except UnknownModel as missing:
        pytest.skip(str(missing))
    return load(
        choice, models_dir=MODELS, max_model_len=2048, threads=2, on_phase=lambda phase: None
    )


@pytest.fixture(scope="module")
def engine(model: LoadedModel) -> Iterator[Engine]:
    engine = Engine(model, max_running=8, max_queue=64)
    engine.start()
    yield engine
    engine.stop(0)


@dataclass
class Heard:
    text: str = ""
    reasons: tuple[FinishReason, ...] = ()
    tokens: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def started(self, cached_tokens: int, queue_seconds: float) -> None: ...

    def delta(self, delta: Delta) -> None:
        self.text += delta.text

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        self.reasons, self.tokens = reasons, completion_tokens
        self.ended.set()


def ask(engine: Engine, model: LoadedModel, name: str, question: str, **sampling: Any) -> Heard:
    heard = Heard()
    ids = tuple(model.template.render([ChatMessage(Role.USER, question)], thinking=False))
    options = {"temperature": 0.0, "seed": 1, "max_tokens": 12, **sampling}
    engine.submit(Work(name, "o", ids, Sampling(**options)), heard)
    return heard


def text(heard: Heard) -> str:
    assert heard.ended.wait(120)
    return heard.text


def test_its_template_brings_its_default_instructions(model: LoadedModel) -> None:
    ids = model.template.render([ChatMessage(Role.USER, "Hi <|im_end|>")], thinking=False)
    shown = "".join(map(model.tokenizer.token_name, ids))
    assert shown.startswith("<|im_start|>system\nYou are a helpful AI assistant")
    assert shown.endswith("<|im_start|>user\nHi <|im_end|><|im_end|>\n<|im_start|>assistant\n")
    end = model.tokenizer.control_id("<|im_end|>")
    assert ids.count(end or -1) == 2


def test_it_reads_a_page(engine: Engine, model: LoadedModel) -> None:
    assert "Blue River Foods" in text(ask(engine, model, "who", QUESTIONS[3], max_tokens=25))


def test_the_same_bytes_alone_and_together(engine: Engine, model: LoadedModel) -> None:
    alone = [text(ask(engine, model, "alone", question)) for question in QUESTIONS]
    together = [ask(engine, model, str(n), question) for n, question in enumerate(QUESTIONS)]
    assert [text(heard) for heard in together] == alone
    assert engine.stats().blocks_used == 0


def test_a_seed_repeats_a_text_in_any_company(engine: Engine, model: LoadedModel) -> None:
    def tell(name: str, seed: int) -> Heard:
        return ask(engine, model, name, "Tell a story.", temperature=1.0, seed=seed)

    alone = text(tell("alone", 7))
    company = [tell(str(seed), seed) for seed in (6, 7, 8)]
    assert text(company[1]) == alone
    assert text(company[0]) != alone
    assert text(company[2])


def test_max_tokens_is_exact(engine: Engine, model: LoadedModel) -> None:
    heard = ask(engine, model, "long", "Count to one hundred.", max_tokens=20)
    text(heard)
    assert heard.tokens == 20
    assert heard.reasons == (FinishReason.LENGTH,)


def test_blocks_that_run_out_change_no_byte(engine: Engine, model: LoadedModel) -> None:
    questions = [QUESTIONS[number] for number in (0, 1, 2, 4)]
    alone = [text(ask(engine, model, "alone", question, max_tokens=40)) for question in questions]
    cramped = Engine(replace(model, blocks=10), max_running=8, max_queue=8)
    cramped.start()
    heard = [
        ask(cramped, model, str(number), question, max_tokens=40)
        for number, question in enumerate(questions)
    ]
    assert [text(each) for each in heard] == alone
    assert cramped.stats().preemptions_total > 0
    cramped.stop(0)
