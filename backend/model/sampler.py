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
        token = _greedy(scores) if sampling.temperature == 0 else _drawn(scores, sequence)
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
    if sampling.top_k > 0:
        count = min(sampling.top_k, scores.shape[-1])
        ordered, ids = torch.topk(scores, count)
    else:
        ordered, ids = torch.sort(scores, descending=True, stable=True)
    probabilities = torch.softmax(ordered.double() / sampling.temperature, dim=-1)
    keep = torch.ones_like(probabilities, dtype=torch.bool)
    if sampling.top_p < 1.0:  # the smallest set that reaches the mass; never empty
        keep &= probabilities.cumsum(0) - probabilities < sampling.top_p
    if sampling.min_p > 0.0:
        keep &= probabilities >= sampling.min_p * probabilities[0]
    keep[0] = True
    cumulative = torch.where(keep, probabilities, 0.0).cumsum(0)
    target = _chance(sampling, sequence.index, len(sequence.output_ids)) * float(cumulative[-1])
    place = int(torch.searchsorted(cumulative, target, right=True))
    return int(ids[min(place, int(keep.nonzero()[-1]))])


def _chance(sampling: Sampling, index: int, place: int) -> float:
    """A number in [0, 1) that seed, answer and place alone decide."""
    assert sampling.seed is not None
    digest = hashlib.blake2b(f"{sampling.seed}/{index}/{place}".encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> 11) * 2.0**-53
