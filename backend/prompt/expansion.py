"""Where a picture's one token becomes as many as it has pieces: here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from backend.prompt.picture import ImageSpan, Picture


class MisplacedPictures(Exception):
    """The template wrote another number of pictures than the conversation has."""


def expand(
    ids: Sequence[int], image_id: int, pictures: Sequence[Picture]
) -> tuple[list[int], tuple[ImageSpan, ...]]:
    """The prompt with rows x columns tokens for each picture, and where they stand, in order.

    `ids` holds `image_id` once for each picture, and never for anything that somebody wrote.
    Raises MisplacedPictures.
    """
    expanded: list[int] = []
    spans: list[ImageSpan] = []
    for token in ids:
        if token != image_id:
            expanded.append(token)
            continue
        if len(spans) == len(pictures):
            raise MisplacedPictures(f"more than {len(pictures)} pictures in the template's text")
        picture = pictures[len(spans)]
        spans.append(ImageSpan(len(expanded), picture))
        expanded += [image_id] * picture.tokens
    if len(spans) != len(pictures):
        raise MisplacedPictures(
            f"{len(spans)} pictures in the template's text, {len(pictures)} given"
        )
    return expanded, tuple(spans)
