"""Chooses the next token of one sequence from its logits.

Chance is a function of the request's seed, the answer's index and the token's place, and of nothing
else: a seed repeats a text whatever runs beside it, and after a preemption too.
"""

from __future__ import annotations

import hashlib

import torch

from backend.model.outcome import Sampled
from backend.prompt.prompt import Sampling
from backend.scheduling.sequence import Sequence

_COLDEST = 1e-5  # a temperature below this is none: dividing by it would overflow
_NUCLEUS = 1024  # tokens that are sorted first; they hold the mass of top_p nearly always


class UnusableLogits(Exception):
    """The model computed numbers that are none."""


class Sampler:
    """Applies a request's sampling parameters."""

    def __init__(self, eos_ids: frozenset[int]) -> None:
        self._eos_ids = sorted(eos_ids)

    def sample(self, logits: torch.Tensor, sequence: Sequence) -> Sampled:
        """The sequence's next token from the logits [vocabulary] of its last one."""
        sampling = sequence.sampling
        scores = logits.float()
        if not torch.isfinite(scores.amax()):  # not a number wins any maximum
            raise UnusableLogits
        scores = self._biased(scores, sequence)
        is_cold = sampling.temperature < _COLDEST
        token = _greedy(scores) if is_cold else _drawn(scores, sequence)
        if sampling.top_logprobs is None:
            return Sampled(token)
        logprobs = torch.log_softmax(scores, dim=-1)
        best = torch.topk(logprobs, sampling.top_logprobs)
        top = tuple(zip(best.indices.tolist(), best.values.tolist(), strict=True))
        return Sampled(token, float(logprobs[token]), top)

    def _biased(self, scores: torch.Tensor, sequence: Sequence) -> torch.Tensor:
        """Penalties, bias and the ban on ending too early, in a copy."""
        sampling = sequence.sampling
        scores = scores.clone()
        if sampling.repetition_penalty != 1.0:
            seen = _ids({*sequence.prompt_ids, *sequence.output_ids}, scores)
            values = scores[seen]
            penalty = sampling.repetition_penalty
            scores[seen] = torch.where(values > 0, values / penalty, values * penalty)
        if sequence.output_ids and (sampling.presence_penalty or sampling.frequency_penalty):
            ids, counts = torch.unique(torch.tensor(sequence.output_ids), return_counts=True)
            penalty = sampling.presence_penalty + sampling.frequency_penalty * counts.float()
            scores[ids.to(scores.device)] -= penalty.to(scores.device)
        if sampling.logit_bias:
            bias = torch.tensor(list(sampling.logit_bias.values()), device=scores.device)
            scores[_ids(sampling.logit_bias, scores)] += bias
        if len(sequence.output_ids) < sampling.min_tokens:
            scores[self._eos_ids] = -torch.inf
        return scores


def _ids(tokens: object, scores: torch.Tensor) -> torch.Tensor:
    return torch.tensor(sorted(tokens), device=scores.device)  # type: ignore[call-overload]


def _greedy(scores: torch.Tensor) -> int:
    return int(scores.argmax())


def _drawn(scores: torch.Tensor, sequence: Sequence) -> int:
    """A token drawn from what temperature, top_k, top_p and min_p leave."""
    sampling = sequence.sampling
    scores = scores / sampling.temperature
    ids: torch.Tensor | None = None  # None: every token, in the vocabulary's order
    if sampling.top_k > 0:
        scores, ids = torch.topk(scores, min(sampling.top_k, len(scores)))
    total = scores.logsumexp(0)
    if sampling.top_p < 1.0 and ids is None:
        best = torch.topk(scores, min(_NUCLEUS, len(scores)))
        reaches = float((best.values - total).exp().sum()) >= sampling.top_p
        scores, ids = best if reaches else torch.sort(scores, descending=True)
    probabilities = (scores - total).double().exp()
    keep = probabilities >= sampling.min_p * probabilities.amax()
    if sampling.top_p < 1.0:  # best first here: the smallest set that reaches the mass
        keep &= probabilities.cumsum(0) - probabilities < sampling.top_p
        keep[0] = True
    cumulative = torch.where(keep, probabilities, 0.0).cumsum(0)
    target = _chance(sampling, sequence.index, len(sequence.output_ids)) * float(cumulative[-1])
    place = int(torch.searchsorted(cumulative, target, right=True))
    place = min(place, int(keep.nonzero()[-1]))  # rounding may step past the last one
    return place if ids is None else int(ids[place])


def _chance(sampling: Sampling, index: int, place: int) -> float:
    """A number in [0, 1) that seed, answer and place alone decide."""
    assert sampling.seed is not None
    digest = hashlib.blake2b(f"{sampling.seed}/{index}/{place}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) * 2.0**-53
