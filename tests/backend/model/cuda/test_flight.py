"""Steps that begin before the last one's tokens are known change no answer."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
import torch

from backend.engine import Engine
from backend.errors import RequestError
from backend.model.catalogue import entries
from backend.model.cuda.forward import FusedForward
from backend.model.cuda.layers import FusedText
from backend.model.flight import Flight, Landed
from backend.model.kv_cache import KVCache
from backend.model.loader import LoadedModel
from backend.model.outcome import Sampled
from backend.model.packing import Embeddings
from backend.model.runner import Runner
from backend.model.sampler import Sampler
from backend.prompt.events import Delta
from backend.prompt.prompt import FinishReason, Sampling
from backend.prompt.template import Template
from backend.prompt.tokenizer import Tokenizer
from backend.scheduling.batch import Batch, Slice
from backend.scheduling.sequence import Sequence
from backend.work import Work
from tests.fakes import checkpoints
from tests.fakes.tokenizer import EOS, TEMPLATE, description

BLOCK = 16
ENDS = frozenset({EOS, 17, 33, 65, 129})  # some that random weights come to now and then
TOKENIZER = Tokenizer(description())


class InStep(Runner):
    """Knows every token before it begins the next step."""

    def launch(self, batch: Batch, embeddings: Embeddings) -> Flight:
        return Landed(batch, self.run(batch, embeddings))


class Ahead(Runner):
    """Counts the steps that it began ahead; once, its numbers are none."""

    followed = 0
    prompts_followed = 0
    spoils_at: int | None = None

    def go_on(self, flight: Flight, batch: Batch, embeddings: Embeddings) -> Flight | None:
        self.followed += 1
        self.prompts_followed += bool(batch.prefills)
        if self.followed == self.spoils_at:
            self.cache.write(0, *_not_numbers(self.cache, batch))
        return super().go_on(flight, batch, embeddings)


def _not_numbers(cache: KVCache, batch: Batch) -> Any:
    """What to write over the first token of the batch's first sequence."""
    place = torch.tensor(cache.slots(batch.decodes[0].sequence.blocks, 0, 1), device=cache.device)
    rows = torch.full((1, *cache.shape), torch.nan, dtype=cache.dtype, device=cache.device)
    return place, rows, rows


@dataclass
class Heard:
    """What came of a request."""

    ended: threading.Event = field(default_factory=threading.Event)
    text: str = ""
    tokens: int = 0
    error: RequestError | None = None
    reasons: tuple[FinishReason, ...] = ()

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        pass

    def delta(self, delta: Delta) -> None:
        self.text += f"/{delta.index}{delta.text}"

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        self.reasons, self.tokens, self.error = reasons, completion_tokens, error
        self.ended.set()

    @property
    def answer(self) -> tuple[str, int, tuple[FinishReason, ...]]:
        return self.text, self.tokens, self.reasons


def runner_of(kind: type[Runner], device: torch.device) -> Runner:
    model = checkpoints.build("glm4v").to(device)
    text = model.model.language_model
    config = text.config
    cache = KVCache(
        layers=config.num_hidden_layers,
        blocks=40,
        block_size=BLOCK,
        heads=config.num_key_value_heads,
        head_dim=config.head_dim,
        dtype=model.dtype,
        device=device,
    )
    head, embed = model.get_output_embeddings(), text.embed_tokens
    return kind(
        text,
        head,
        cache,
        Sampler(ENDS),
        position_rows=3,
        decode_rows=1,
        attend_rows=1,
        tile_tokens=BLOCK,
        packed=True,
        fused=FusedForward(FusedText(text), embed, head, cache, ENDS, longest=128),
    )


def engine_on(runner: Runner) -> Engine:
    loaded = LoadedModel(
        info=replace(entries()[0], context_length=128),
        tokenizer=TOKENIZER,
        template=Template(TEMPLATE, TOKENIZER),
        eos_ids=ENDS,
        runner=runner,
        blocks=runner.cache.blocks,
        block_size=BLOCK,
        vocabulary_size=checkpoints.VOCABULARY,
        chunk_tokens=BLOCK,
        step_tokens=BLOCK,
    )
    return Engine(loaded, max_running=4, max_queue=64)


ASKED = (
    Sampling(max_tokens=6),
    Sampling(max_tokens=6, temperature=1.0, top_p=0.9),
    Sampling(max_tokens=4, temperature=0.8, top_k=5, min_tokens=4),
    Sampling(max_tokens=3, min_tokens=2),
    Sampling(max_tokens=2, top_logprobs=1),  # for which the next step has to wait
)


def ask(engine: Engine, sampling: SequenceOf[Sampling]) -> list[Heard]:
    chance = random.Random(5)
    heard = []
    for number, one in enumerate(sampling):
        prompt = tuple(chance.randrange(140, 260) for _ in range(chance.choice((2, 14, 20))))
        heard.append(Heard())
        engine.submit(Work(str(number), "o", prompt, replace(one, seed=number)), heard[-1])
    return heard


def answers(runner: Runner) -> list[tuple[str, int, tuple[FinishReason, ...]]]:
    engine = engine_on(runner)
    engine.start()
    heard = ask(engine, ASKED)
    for one in heard:
        assert one.ended.wait(500)
    assert engine.stats().blocks_used == 0
    engine.stop(0)
    return [one.answer for one in heard]


@pytest.mark.timeout(900)  # Triton's interpreter takes its time
def test_answers_are_those_of_steps_one_after_the_other(device: torch.device) -> None:
    ahead = runner_of(Ahead, device)
    assert answers(ahead) == answers(runner_of(InStep, device))
    assert isinstance(ahead, Ahead)
    assert ahead.followed > 1
    assert ahead.prompts_followed


@pytest.mark.timeout(900)
def test_numbers_that_are_none_end_their_own_answer(device: torch.device) -> None:
    plain = ask_two(runner_of(Ahead, device))
    spoiling = runner_of(Ahead, device)
    assert isinstance(spoiling, Ahead)
    spoiling.spoils_at = 2
    bad, good = ask_two(spoiling)
    assert bad.reasons == (FinishReason.ERROR,)
    assert bad.tokens < plain[0].tokens
    assert bad.error is not None
    assert "none" in bad.error.message
    assert good.answer == plain[1].answer


def ask_two(runner: Runner) -> list[Heard]:
    engine = engine_on(runner)
    engine.start()
    heard = ask(engine, [Sampling(max_tokens=6, min_tokens=6)] * 2)
    for one in heard:
        assert one.ended.wait(500)
    engine.stop(0)
    return heard


@pytest.mark.timeout(900)
def test_what_was_preempted_is_computed_again_without_choices(device: torch.device) -> None:
    runner = runner_of(Runner, device)
    again = Sequence("a", "o", 0, (140, 150), Sampling(max_tokens=9), blocks=[1])
    steps = [Slice(again, 0, 2), Slice(again, 2, 3), Slice(again, 3, 4)]
    first, second = (_sampled(runner, again, steps[place]) for place in (0, 1))
    third = runner.run(Batch(decodes=(steps[2],)), {})
    again.blocks[:] = [2]
    for step in steps[:2]:
        assert runner.run(Batch(prefills=(step,)), {}) == [None]
    assert again.output_ids == [first, second]
    assert runner.run(Batch(decodes=(steps[2],)), {}) == third


def _sampled(runner: Runner, sequence: Sequence, step: Slice) -> int:
    """The token that a step chooses, put behind the sequence."""
    (outcome,) = runner.run(Batch(decodes=(step,)), {})
    assert isinstance(outcome, Sampled)
    sequence.output_ids.append(outcome.token)
    return outcome.token
