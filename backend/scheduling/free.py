"""The blocks that hold nothing worth keeping, found by neighbourhood."""

from __future__ import annotations


class FreeBlocks:
    """A set of block numbers, kept as the bits of one integer: runs of neighbours are found by
    shifting it against itself, many blocks at a time."""

    def __init__(self, total: int) -> None:
        self._bits = (1 << total) - 1
        self._count = total

    def __len__(self) -> int:
        return self._count

    def put(self, block: int) -> None:
        """Adds a block that is not in the set."""
        self._bits |= 1 << block
        self._count += 1

    def take(self, count: int, after: int | None = None) -> list[int]:
        """Removes `count` blocks, ascending: the neighbours that follow `after` if they are free,
        else the lowest run of that many, else the lowest of all. There must be as many."""
        assert count <= self._count
        if count == 0:
            return []
        if after is not None and self._has_run(after + 1, count):
            return self._cut(after + 1, count)
        first = _lowest(self._bits)
        if self._has_run(first, count):
            return self._cut(first, count)
        if starts := self._starts(count):
            return self._cut(_lowest(starts), count)
        blocks: list[int] = []
        while len(blocks) < count:
            first = _lowest(self._bits)
            length = _lowest(~(self._bits >> first))  # of the run that begins there
            blocks += self._cut(first, min(length, count - len(blocks)))
        return blocks

    def _cut(self, first: int, count: int) -> list[int]:
        """Removes a run."""
        self._bits ^= ((1 << count) - 1) << first
        self._count -= count
        return list(range(first, first + count))

    def _has_run(self, first: int, count: int) -> bool:
        run = (1 << count) - 1
        return (self._bits >> first) & run == run

    def _starts(self, count: int) -> int:
        """The bits at which a run of `count` begins."""
        starts, length = self._bits, 1
        while length < count and starts:
            step = min(length, count - length)
            starts &= starts >> step
            length += step
        return starts


def _lowest(bits: int) -> int:
    """The lowest place that is set."""
    return (bits & -bits).bit_length() - 1
