"""Chooses the next token of one sequence from its logits.

A request's parameters act in the order of transformers' `generate()`, with the two that it lacks
beside their kin: repetition penalty, presence and frequency penalty, logit bias, the ban on ending
before `min_tokens`, what the guide allows, temperature, top_k, top_p, min_p. A token that the guide
forces is taken before any of it.

Chance is a function of the request's seed, the answer's index and the token's place, and of nothing
else: a seed repeats a text whatever runs beside it, and after a preemption too.
"""

from __future__ import annotations

import hashlib

import torch

from backend.model.outcome import Sampled
from backend.prompt.guide import GuideBroken
from backend.prompt.prompt import Sampling
from backend.scheduling.sequence import Sequence

COLDEST = 1e-5  # a temperature below this is none: dividing by it would overflow
LARGEST = 1e30  # of a score; with the coldest temperature still a number
NUCLEUS = 1024  # tokens that are sorted first; they hold the mass of top_p nearly always


class UnusableLogits(Exception):
    """The model computed numbers that are none."""


class Sampler:
    """Applies a request's sampling parameters."""

    def __init__(self, eos_ids: frozenset[int]) -> None:
        self._eos_ids = sorted(eos_ids)

    def sample(self, logits: torch.Tensor, sequence: Sequence) -> Sampled:
        """The sequence's next token from the logits [vocabulary] of its last one.

        Raises UnusableLogits, and GuideBroken where the guide leaves no token to choose.
        """
        sampling, guide = sequence.sampling, sequence.guide
        scores = logits.float()
        if not torch.isfinite(scores.amax()):  # not a number wins any maximum
            raise UnusableLogits
        scores = self._biased(scores, sequence)
        forced = None if guide is None else guide.forced()
        if forced is not None:
            return _reported(forced, scores, sampling.top_logprobs)
        scores = self._held(scores, sequence)
        is_cold = sampling.temperature < COLDEST
        token = _greedy(scores) if is_cold else _drawn(scores, sequence)
        return _reported(token, scores, sampling.top_logprobs)

    def _biased(self, scores: torch.Tensor, sequence: Sequence) -> torch.Tensor:
        """Penalties and bias, in a copy if there are any; they touch only the tokens concerned."""
        sampling = sequence.sampling
        repeats = sampling.repetition_penalty != 1.0
        recurs = sampling.presence_penalty or sampling.frequency_penalty
        if not (repeats or recurs or sampling.logit_bias):
            return scores
        scores = scores.clone()
        if repeats:
            seen = _ids({*sequence.prompt_ids, *sequence.output_ids}, scores)
            values = scores[seen]
            penalty = sampling.repetition_penalty
            values = torch.where(values > 0, values / penalty, values * penalty)
            scores[seen] = values.clamp(-LARGEST, LARGEST)  # a penalty near 0 would overflow
        if recurs and sequence.output_ids:
            ids, counts = torch.unique(torch.tensor(sequence.output_ids), return_counts=True)
            penalties = sampling.presence_penalty + sampling.frequency_penalty * counts.float()
            scores[ids.to(scores.device)] -= penalties.to(scores.device)
        if sampling.logit_bias:
            bias = torch.tensor(list(sampling.logit_bias.values()), device=scores.device)
            scores[_ids(sampling.logit_bias, scores)] += bias
        return scores

    def _held(self, scores: torch.Tensor, sequence: Sequence) -> torch.Tensor:
        """What the guide bans, and an end that comes too early, at minus infinity.

        Where the guide leaves nothing but the end, the answer ends before `min_tokens`.
        """
        is_early = len(sequence.output_ids) < sequence.sampling.min_tokens
        allowed = None if sequence.guide is None else sequence.guide.allowed()
        if allowed is None and not is_early:
            return scores
        may = (
            torch.ones(len(scores), dtype=torch.bool, device=scores.device)
            if allowed is None
            else _bits(allowed, scores)
        )
        if is_early:
            later = may.clone()
            later[self._eos_ids] = False
            may = later if bool(later.any()) else may
        if not bool(may.any()):
            raise GuideBroken("the guide leaves no token to choose")
        return scores.masked_fill(~may, -torch.inf)


def _ids(tokens: object, scores: torch.Tensor) -> torch.Tensor:
    return torch.tensor(list(tokens), device=scores.device)  # type: ignore[call-overload]


def _bits(words: bytes, scores: torch.Tensor) -> torch.Tensor:
    """A guide's bits as booleans [vocabulary]; tokens past them are padding and never allowed."""
    octets = torch.frombuffer(bytearray(words), dtype=torch.uint8).to(scores.device)
    places = torch.arange(8, dtype=torch.uint8, device=scores.device)
    bits = ((octets[:, None] >> places) & 1).bool().flatten()[: len(scores)]
    return torch.nn.functional.pad(bits, (0, len(scores) - len(bits)))


def _reported(token: int, scores: torch.Tensor, wanted: int | None) -> Sampled:
    """The token with its probability and the likeliest ones', of what penalties and guide left."""
    if wanted is None:
        return Sampled(token)
    logprobs = torch.log_softmax(scores, dim=-1)
    best = torch.topk(logprobs, min(wanted, len(scores)))
    top = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    possible = tuple((other, value) for other, value in top if value != -torch.inf)
    return Sampled(token, float(logprobs[token]), possible)


def _greedy(scores: torch.Tensor) -> int:
    return int(scores.argmax())


def _drawn(scores: torch.Tensor, sequence: Sequence) -> int:
    """A token drawn from what is left to chance."""
    sampling = sequence.sampling
    probabilities, ids = left_to_chance(scores, sampling)
    cumulative = probabilities.cumsum(0, dtype=torch.float64)
    target = chance(sampling, sequence.index, len(sequence.output_ids)) * float(cumulative[-1])
    place = int(torch.searchsorted(cumulative, target, right=True))
    if place == len(probabilities):  # rounding has stepped past the last one
        place = int(probabilities.nonzero()[-1])
    return place if ids is None else int(ids[place])


def left_to_chance(
    scores: torch.Tensor, sampling: Sampling
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """What temperature, top_k, top_p and min_p leave of scores [vocabulary].

    Probabilities that need not add up to one, of the tokens beside them, or of the whole vocabulary
    in its order where None stands there.
    """
    scores = scores / sampling.temperature
    ids: torch.Tensor | None = None
    if sampling.top_k > 0:
        scores, ids = torch.topk(scores, min(sampling.top_k, len(scores)))
    total = scores.logsumexp(0)
    if sampling.top_p < 1.0 and ids is None:
        best = torch.topk(scores, min(NUCLEUS, len(scores)))
        reaches = float((best.values - total).exp().sum()) >= sampling.top_p
        scores, ids = best if reaches else torch.sort(scores, descending=True)
    probabilities = (scores - total).exp()
    if sampling.top_p < 1.0:  # best first here: the smallest set that reaches the mass
        before = probabilities.cumsum(0, dtype=torch.float64) - probabilities
        kept = before < sampling.top_p
        kept[0] = True
        probabilities = torch.where(kept, probabilities, 0.0)
    if sampling.min_p > 0:
        least = sampling.min_p * probabilities.amax()
        probabilities = torch.where(probabilities >= least, probabilities, 0.0)
    return probabilities, ids


def chance(sampling: Sampling, index: int, place: int) -> float:
    """A number in [0, 1) that seed, answer and place alone decide."""
    assert sampling.seed is not None
    digest = hashlib.blake2b(f"{sampling.seed}/{index}/{place}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) * 2.0**-53
