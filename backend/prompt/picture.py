"""A picture as a model will see it, and where it stands in a prompt; free of torch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pixels:
    """An RGB picture as plain bytes, rows from the top, three bytes a pixel."""

    data: bytes | memoryview
    width: int
    height: int


@dataclass(eq=False)
class Picture:
    """A picture at the size at which a model looks at it.

    `pixels` is the only thing that changes: the encoder lets them go once the embedding is made,
    and they are None from the start where the embedding was known.
    """

    key: bytes  # 32 bytes; see Sight.key. Same key, same embedding
    owner: str
    sha256: str  # the file it comes from
    page: int  # from 1
    rows: int  # of tokens
    columns: int
    pixels: Pixels | None = None

    @property
    def tokens(self) -> int:
        """Tokens that it takes in a prompt."""
        return self.rows * self.columns


@dataclass(frozen=True)
class ImageSpan:
    """The tokens [start, end) of a prompt stand for a picture, row by row."""

    start: int
    picture: Picture

    @property
    def end(self) -> int:
        """The place after its last token."""
        return self.start + self.picture.tokens
