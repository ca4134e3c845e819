"""Chooses the next tokens of many sequences on the device, and leaves them there for the next step.

For requests that ask for nothing but the likeliest token, or for chance within temperature, top_k,
top_p and min_p; the definition of both is `backend.model.sampler`, which serves all others.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass

import torch
import triton
import triton.language as tl

from backend.model.sampler import COLDEST, NUCLEUS, chance
from backend.model.sending import sent
from backend.prompt.prompt import Sampling
from backend.scheduling.batch import Slice

_NONE = -1  # instead of a token, on the device
_BLOCK = 4096  # tokens of a program


class Choice:
    """The next tokens of some slices, on their way to the host."""

    def __init__(self, tokens: torch.Tensor, mine: SequenceOf[int]) -> None:
        """int64 `tokens` of all slices, on the device, of which the rows `mine` count."""
        self.tokens = tokens
        self._mine = mine
        self._host = tokens
        self._arrived: torch.cuda.Event | None = None
        if tokens.device.type == "cuda":
            self._host = torch.empty(tokens.shape, dtype=tokens.dtype, pin_memory=True)
            self._host.copy_(tokens, non_blocking=True)
            self._arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._arrived.record()

    def wait(self) -> list[int | None]:
        """One token for each slice, when the device has come so far.

        None where `Sampler` has to choose, or to say what is wrong: where a request asks for more,
        where logits are not finite, where a nucleus is larger than what was sorted.
        """
        if self._arrived is not None:
            self._arrived.synchronize()
        found = self._host.tolist()
        tokens: list[int | None] = [None] * len(found)
        for row in self._mine:
            tokens[row] = None if found[row] == _NONE else found[row]
        return tokens


@dataclass(frozen=True)
class _Asked:
    """How a slice's next token is to be chosen."""

    sampling: Sampling
    index: int  # of the answer
    place: int  # of the token in it

    @classmethod
    def of(cls, part: Slice) -> _Asked:
        """Counts the answer's tokens by the slice's end: the last of them may be unknown yet."""
        sequence = part.sequence
        return cls(sequence.sampling, sequence.index, part.end - len(sequence.prompt_ids))


@triton.jit
def _best_of_block(
    logits: tl.tensor,  # [rows, vocabulary]
    held: tl.tensor,  # [rows]: may not end yet
    ends: tl.tensor,  # [end count]
    peaks: tl.tensor,  # [rows, blocks]
    places: tl.tensor,
    stride: tl.tensor,  # of logits
    vocabulary: tl.constexpr,
    end_count: tl.constexpr,
    block: tl.constexpr,
) -> None:
    row = tl.program_id(1).to(tl.int64)
    number = tl.program_id(0)
    token = number * block + tl.arange(0, block)
    inside = token < vocabulary
    score = tl.load(logits + row * stride + token, mask=inside, other=float("-inf"))
    score = score.to(tl.float32)
    # Not a number wins, as infinity does: both say that the row is of no use.
    score = tl.where(score == score, score, float("inf"))
    is_held = tl.load(held + row) != 0
    for end in tl.static_range(end_count):
        banned = is_held & (token == tl.load(ends + end)) & (score < float("inf"))
        score = tl.where(banned, float("-inf"), score)
    peak, place = tl.max(score, 0, return_indices=True)
    blocks = tl.num_programs(0)
    tl.store(peaks + row * blocks + number, peak)
    tl.store(places + row * blocks + number, place + number * block)


@triton.jit
def _best_of_blocks(
    peaks: tl.tensor, places: tl.tensor, best: tl.tensor, blocks: tl.constexpr, block: tl.constexpr
) -> None:
    row = tl.program_id(0)
    number = tl.arange(0, block)
    peak = tl.load(peaks + row * blocks + number, mask=number < blocks, other=float("-inf"))
    top, winner = tl.max(peak, 0, return_indices=True)
    token = tl.load(places + row * blocks + winner)
    tl.store(best + row, tl.where(tl.abs(top) < float("inf"), token, -1))


class DeviceSampler:
    """Owns nothing but the tokens that end an answer."""

    def __init__(self, eos_ids: frozenset[int], device: torch.device) -> None:
        self._device = device
        self._ends = torch.tensor(sorted(eos_ids), dtype=torch.int32, device=device)

    def choose(self, logits: torch.Tensor, parts: SequenceOf[Slice]) -> Choice:
        """The next token of each slice from its row of logits [slices, vocabulary]. Does not wait
        for the device."""
        asked = [_Asked.of(part) for part in parts]
        mine = [row for row, part in enumerate(parts) if is_plain(part)]
        drawn = [row for row in mine if asked[row].sampling.temperature >= COLDEST]
        held = self._held(asked)
        best = self._best(logits, held)
        if drawn:
            rows = self._sent(drawn)
            chosen = self._drawn(logits[rows], held[rows], [asked[row] for row in drawn])
            best[rows] = torch.where(best[rows] == _NONE, _NONE, chosen)
        return Choice(best, mine)

    def _best(self, logits: torch.Tensor, held: torch.Tensor) -> torch.Tensor:
        """The likeliest token of each row that may be chosen, or _NONE."""
        rows, vocabulary = logits.shape
        blocks = triton.cdiv(vocabulary, _BLOCK)
        peaks = torch.empty(rows, blocks, device=logits.device)
        places = torch.empty(rows, blocks, dtype=torch.int32, device=logits.device)
        best = torch.empty(rows, dtype=torch.int64, device=logits.device)
        _best_of_block[(blocks, rows)](
            logits,
            held,
            self._ends,
            peaks,
            places,
            logits.stride(0),
            vocabulary,
            len(self._ends),
            _BLOCK,
        )
        _best_of_blocks[(rows,)](peaks, places, best, blocks, triton.next_power_of_2(blocks))
        return best

    def _drawn(
        self, logits: torch.Tensor, held: torch.Tensor, asked: SequenceOf[_Asked]
    ) -> torch.Tensor:
        """A token drawn from what temperature, top_k, top_p and min_p leave of each row."""
        numbers = [
            (
                one.sampling.temperature,
                float(one.sampling.top_k or NUCLEUS),
                one.sampling.top_p,
                one.sampling.min_p,
                chance(one.sampling, one.index, one.place),
            )
            for one in asked
        ]
        given = self._sent(numbers)[:, :, None]  # [rows, 5, 1], float64
        temperature, top_k, top_p, min_p, target = given.unbind(1)
        scores = logits.float()
        ends = self._ends.long()
        scores[:, ends] = torch.where(held[:, None] != 0, -torch.inf, scores[:, ends])
        scores /= temperature.float()
        ranks = [
            row
            for row, one in enumerate(asked)
            if one.sampling.top_k > 0 or one.sampling.top_p < 1.0
        ]
        if not ranks:
            return _place(torch.softmax(scores, -1), min_p, target)
        best, ids = torch.topk(scores, min(NUCLEUS, scores.shape[1]))
        rank = torch.arange(best.shape[1], device=best.device)
        limited = self._sent([one.sampling.top_k > 0 for one in asked])[:, None]
        best = best.masked_fill(limited & (rank >= top_k), -torch.inf)
        total = torch.where(
            limited, best.logsumexp(1, keepdim=True), scores.logsumexp(1, keepdim=True)
        )
        probabilities = (best - total).exp()
        mass = probabilities.cumsum(1, dtype=torch.float64)
        before = mass - probabilities
        kept = torch.where((before < top_p) | (rank == 0), probabilities, 0.0)
        place = _place(kept, min_p, target)
        tokens = ids.gather(1, place[:, None])[:, 0]
        reaches = limited | (mass[:, -1:] >= top_p)
        tokens = torch.where(reaches[:, 0], tokens, _NONE)
        if len(ranks) < len(asked):
            whole = [row for row in range(len(asked)) if row not in set(ranks)]
            rows = self._sent(whole)
            tokens[rows] = _place(torch.softmax(scores[rows], -1), min_p[rows], target[rows])
        return tokens

    def _held(self, asked: SequenceOf[_Asked]) -> torch.Tensor:
        """Which answers may not end yet."""
        early = [one.place < one.sampling.min_tokens for one in asked]
        return self._sent(early).to(torch.int32)

    def _sent(self, values: SequenceOf[object]) -> torch.Tensor:
        """Numbers on the device; those that come in tuples as float64."""
        return sent(values, self._device, torch.float64 if isinstance(values[0], tuple) else None)


def is_plain(part: Slice) -> bool:
    """Whether the request asks for nothing that needs the host."""
    sampling = part.sequence.sampling
    return (
        part.sequence.guide is None
        and sampling.top_logprobs is None
        and sampling.repetition_penalty == 1.0
        and not sampling.presence_penalty
        and not sampling.frequency_penalty
        and not sampling.logit_bias
        and sampling.top_k <= NUCLEUS
    )


def may_need_logits(part: Slice) -> bool:
    """Whether a plain slice's nucleus may turn out to be larger than what is sorted here."""
    sampling = part.sequence.sampling
    return sampling.temperature >= COLDEST and sampling.top_p < 1.0 and not sampling.top_k


def _place(probabilities: torch.Tensor, min_p: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Where in each row of probabilities [rows, n] the target, in [0, 1), falls [rows]."""
    peak = probabilities.amax(1, keepdim=True)
    kept = torch.where(probabilities >= min_p * peak, probabilities, 0.0)
    cumulative = kept.cumsum(1, dtype=torch.float64)
    place = torch.searchsorted(cumulative, target * cumulative[:, -1:], right=True)[:, 0]
    number = torch.arange(kept.shape[1], device=kept.device)
    last = torch.where(kept > 0, number, 0).amax(1)  # rounding may step past it
    return torch.minimum(place, last)
