"""What became of a computed slice; free of torch."""

from __future__ import annotations

from dataclasses import dataclass

NOT_SEEN = "A picture could not be encoded."
NO_MEMORY = (
    "The device's memory did not suffice for this request. Try again, with fewer or smaller"
    " pictures or a shorter text. Whoever runs the backend can give each request more room:"
    " MAX_RUNNING=1 computes one at a time, a smaller MAX_MODEL_LEN bounds them, QUANTIZATION and"
    " DTYPE=bfloat16 make the weights smaller, DEVICE_MAP names another device."
)
NOT_NUMBERS = "The model computed numbers that are none."
LOST = "The device has failed; the backend starts anew."


@dataclass(frozen=True)
class Sampled:
    """A token, and how likely it and the best others were, if the request asked."""

    token: int
    logprob: float | None = None
    top: tuple[tuple[int, float], ...] = ()  # likeliest tokens, best first


@dataclass(frozen=True)
class Failed:
    """A slice that could not be computed; the log says more."""

    reason: str = ""  # a sentence for people, if there is a better one than that it failed
    is_passing: bool = False  # whether the same may well succeed when it is asked again


Outcome = Sampled | Failed | None  # None: computed, and no token was due


class DeviceLost(Exception):
    """What computes answers nothing any more; only another process can go on.

    The message is a sentence for people.
    """


class TeamLost(DeviceLost):
    """One of the processes that compute together is gone, and so is what they were computing."""
