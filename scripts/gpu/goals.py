"""What the GPU could do at most, what is to be reached and what is aimed at, row by row.

For GLM-4.6V-Flash's true shape on one H100; a picture is of 1024x1024 pixels, 1,369 tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

READ_BYTES = 17.56e9  # weights that a decode step reads
TOKEN_BYTES = 40_960  # keys and values of a token


@dataclass(frozen=True)
class Row:
    """One figure of the table."""

    key: str
    label: str
    unit: str
    floor: float | None = None  # what memory and processors allow
    must: float | None = None
    aim: float | None = None
    higher_is_better: bool = False

    def reaches(self, value: float, goal: float | None) -> str:
        """Whether the value is as good as a goal, in a word."""
        if goal is None:
            return "–"
        is_good = value >= goal if self.higher_is_better else value <= goal
        return "yes" if is_good else "NO"

    def share(self, value: float) -> float | None:
        """How much of what is possible is reached."""
        if self.floor is None or not value:
            return None
        return value / self.floor if self.higher_is_better else self.floor / value


ROWS = (
    Row("start_s", "engine start to first answer", "s", None, 45, 25),
    Row("text_ms", "first token, 64 tokens of text", "ms", 5.8, 12, 8),
    Row("another_question_ms", "first token, another question, known document", "ms", 5.8, 15, 10),
    Row("known_picture_ms", "first token, another question, known picture", "ms", 5.8, 15, 10),
    Row("picture_ms", "first token, picture, from JPEG bytes", "ms", 46.4, 85, 65),
    Row("picture_at_hand_ms", "first token, picture, from its pixels", "ms", 46.4),
    Row("tower_ms", "vision tower, one picture", "ms", 15.8, 30, 22),
    Row("decode_1", "decode, 1 sequence", "tok/s", 171.5, 130, 155, True),
    Row("decode_32", "decode, 32 sequences at 1,500", "tok/s", None, None, None, True),
    Row("decode_64", "decode, 64 sequences at 1,500", "tok/s", None, None, None, True),
    Row("text_32", "32 text prompts at once", "tok/s", None, 3900, None, True),
    Row("text_64", "64 text prompts at once", "tok/s", None, 7200, None, True),
    Row("pictures_32", "32 picture prompts at once", "tok/s", 1776, 1300, 1500, True),
    Row("pictures_32_p50_s", "  first token, median", "s"),
    Row("pictures_32_p99_s", "  first token, 99 of 100", "s"),
    Row("pictures_64", "64 picture prompts at once", "tok/s", 2114, 1500, 1750, True),
    Row("pictures_64_p50_s", "  first token, median", "s"),
    Row("pictures_64_p99_s", "  first token, 99 of 100", "s"),
    Row("images_1_ms", "first token, 1 picture", "ms"),
    Row("images_2_ms", "first token, 2 pictures", "ms"),
    Row("images_4_ms", "first token, 4 pictures", "ms"),
    Row("images_8_ms", "first token, 8 pictures", "ms"),
    Row("context_1024", "decode, 1 sequence at 1,024 tokens", "tok/s", None, None, None, True),
    Row("context_8192", "decode, 1 sequence at 8,192 tokens", "tok/s", None, None, None, True),
    Row("context_32768", "decode, 1 sequence at 32,768 tokens", "tok/s", None, None, None, True),
    Row("small_text_ms", "24 GiB: first token, 64 tokens of text", "ms", 5.8, 50),
    Row("small_picture_ms", "24 GiB: first token, picture, from JPEG bytes", "ms", 46.4, 1500),
    Row("small_whole_s", "24 GiB: a request of 8,192 tokens with 4 pictures", "s"),
    Row("fp8_decode_1", "FP8 weights: decode, 1 sequence", "tok/s", None, None, None, True),
    Row("fp8_gain", "  times as fast as bfloat16", "x", 2, 1.6, None, True),
    Row("int8_decode_1", "int8 weights: decode, 1 sequence", "tok/s", None, None, None, True),
    Row("int8_gain", "  times as fast as bfloat16", "x", 2, None, None, True),
    Row("fp8_start_s", "FP8 weights: engine start to first answer", "s"),
    Row(
        "transformers_decode_1",
        "transformers: decode, 1 sequence",
        "tok/s",
        171.5,
        None,
        None,
        True,
    ),
    Row("transformers_text_ms", "transformers: first token, 64 tokens", "ms", 5.8),
    Row("transformers_picture_ms", "transformers: first token, picture, patches ready", "ms", 46.4),
    Row(
        "transformers_batch_32",
        "transformers: 32 picture prompts, one batch",
        "tok/s",
        1776,
        None,
        None,
        True,
    ),
    Row("same_tokens", "greedy answers as transformers' in float32", "of 1", 1, 1, None, True),
    Row("error_ours", "logits against float32, ours", "", None),
    Row("error_transformers", "logits against float32, transformers in bfloat16", "", None),
    Row("same_best", "likeliest token as in float32, ours", "of 1", 1, None, None, True),
)


def decode_floor(sequences: int, context: float, bytes_per_second: float) -> float:
    """Tokens a second where nothing but reading takes time."""
    return sequences * bytes_per_second / (READ_BYTES + sequences * context * TOKEN_BYTES)


def floors(bytes_per_second: float) -> dict[str, float]:
    """Those of rows that only the speed of this card's memory limits."""
    alone = decode_floor(1, 128, bytes_per_second)
    return {
        "decode_1": alone,
        "transformers_decode_1": alone,
        "decode_32": decode_floor(32, 1564, bytes_per_second),
        "decode_64": decode_floor(64, 1564, bytes_per_second),
        **{
            f"context_{context}": decode_floor(1, context + 64, bytes_per_second)
            for context in (1024, 8192, 32_768)
        },
        "text_ms": READ_BYTES / bytes_per_second * 1e3,
    }


def table(figures: Mapping[str, float], bytes_per_second: float) -> str:
    """What was measured, beside floors and goals: floors of an H100, but where only the speed of
    the memory counts, which is this card's."""
    own = floors(bytes_per_second)
    lines = [
        f"This card copies {bytes_per_second / 1e9:.0f} GB/s, the H100 of the goals 3022.",
        f"{'':52s}{'measured':>10s} {'unit':6s}{'floor':>8s}{'of it':>7s}"
        f"{'must':>8s}{'':>5s}{'aim':>8s}{'':>5s}",
    ]
    for row in ROWS:
        if row.key not in figures:
            continue
        value = figures[row.key]
        row = replace(row, floor=own.get(row.key, row.floor))
        share = row.share(value)
        lines.append(
            f"{row.label:52s}{value:10.4g} {row.unit:6s}{_shown(row.floor):>8s}"
            f"{'–' if share is None else f'{share:.0%}':>7s}"
            f"{_shown(row.must):>8s}{row.reaches(value, row.must):>5s}"
            f"{_shown(row.aim):>8s}{row.reaches(value, row.aim):>5s}"
        )
    return "\n".join(lines)


def _shown(number: float | None) -> str:
    return "–" if number is None else f"{number:.4g}"
