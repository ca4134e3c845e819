"""What one card does in what time, as measured: docs/performance.md, one H100, bfloat16."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Rates:
    """Seconds by size; between two measured sizes a straight line."""

    step: Points  # answers in a decode step -> its seconds, host and sampling included
    prompt: Points  # tokens of a prompt computed alone -> seconds
    picture: float  # seconds of the vision tower for one picture
    chunk: int  # tokens of prompts in a step that answers wait for, at most
    places: int  # answers computed at once
    cache_tokens: int  # tokens whose keys and values fit beside the weights

    def step_seconds(self, answers: int) -> float:
        """One token for each of so many answers."""
        return _at(self.step, answers)

    def prompt_seconds(self, tokens: float, pictures: int) -> float:
        """A prompt's own time: its tokens and its pictures."""
        return _at(self.prompt, tokens) + pictures * self.picture

    def prompt_steps(self, tokens: float) -> int:
        """Steps that a prompt is spread over while answers wait."""
        return max(1, -(-int(tokens) // self.chunk))


KV_BYTES = 40_960  # of one token
WEIGHT_BYTES = 19.2 * 2**30
MEMORY_BYTES = 0.9 * 79.6 * 2**30  # what the engine takes of 80 GB

H100 = Rates(
    # "A decode step, context 1,500", with host and sampling; one sequence from 161 tokens/s.
    step=(
        (1, 1 / 161),
        (2, 0.00750),
        (4, 0.00761),
        (8, 0.00798),
        (16, 0.00834),
        (32, 0.00897),
        (64, 0.00992),
    ),
    # First tokens: 64 tokens of text, 1,433 and 8,000 tokens.
    prompt=((64, 0.0088), (1_433, 0.0416), (8_000, 0.269)),
    picture=0.0233,
    chunk=4_096,
    places=64,
    cache_tokens=int((MEMORY_BYTES - WEIGHT_BYTES) / KV_BYTES),
)


def _at(points: Points, size: float) -> float:
    """Below the first point as the first: a step reads all weights however little it computes."""
    if size <= points[0][0]:
        return points[0][1]
    place = min(bisect_left(points, (size,)), len(points) - 1)
    (left, low), (right, high) = points[place - 1], points[place]
    return low + (high - low) * (size - left) / (right - left)
