"""Whether contract work cost the model its ordinary answers: fifty plain questions over REST."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import httpx

from scripts.contracts.kept import Heard
from scripts.contracts.report import Report
from scripts.lib.measuring import Figure
from scripts.reader.plain import FIFTY, is_right

_MOST: Final = 96  # tokens of an answer
_SECONDS: Final = 120.0
# The embedded model's own defaults, which a model that is a mere folder does not have.
_AS_SERVED: Final = {"repetition_penalty": 1.05, "frequency_penalty": 0.3}


def answers(url: str, told: Heard) -> list[str]:
    """What the service says to each of the questions, at temperature 0."""
    (model,) = httpx.get(f"{url}/v1/models", timeout=_SECONDS).raise_for_status().json()["data"]
    said = []
    for number, (question, _) in enumerate(FIFTY, 1):
        body = {
            "model": model["id"],
            "messages": [{"role": "user", "content": question}],
            "temperature": 0,
            "max_tokens": _MOST,
            **_AS_SERVED,
        }
        answer = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=_SECONDS)
        said.append(answer.raise_for_status().json()["choices"][0]["message"]["content"])
        told(f"{number} of {len(FIFTY)}  {question}")
    return said


def compared(ask: Callable[[bool], Sequence[str]]) -> Report:
    """Right answers of the model as it came (`ask(False)`), and with the adapter beside it."""
    before, after = ask(False), ask(True)
    rows: list[dict[str, Any]] = [
        {
            "question": question,
            "before": one,
            "after": other,
            "right before": is_right(one, expected),
            "right after": is_right(other, expected),
        }
        for (question, expected), one, other in zip(FIFTY, before, after, strict=True)
    ]
    right = {time: sum(row[f"right {time}"] for row in rows) for time in ("before", "after")}
    same = sum(row["before"] == row["after"] for row in rows)
    how = f"of {len(FIFTY)} plain questions, REST"
    return Report(
        (
            Figure("plain questions answered well before", right["before"], "", how=how),
            Figure("the same with the adapter", right["after"], "", right["before"], True, how),
            Figure("answers that are the same to the letter", same, "", len(FIFTY), True),
        ),
        {"answers": rows},
    )
