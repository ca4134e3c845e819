"""The pool of fixed-size blocks that keys and values live in; counts, never touches memory."""

from __future__ import annotations

import heapq


class BlockPool:
    """Hands out block numbers, lowest first, so that neighbours in a sequence tend to be neighbours
    in memory. Ask `can_allocate`, then `allocate` cannot fail."""

    def __init__(self, total: int, block_size: int) -> None:
        assert total > 0
        assert block_size > 0
        self.total = total
        self.block_size = block_size  # tokens
        self._free = list(range(total))  # a heap
        self._is_used = [False] * total

    @property
    def used(self) -> int:
        """Blocks handed out."""
        return self.total - len(self._free)

    def blocks_for(self, tokens: int) -> int:
        """How many blocks that many tokens need."""
        return -(-tokens // self.block_size)

    def can_allocate(self, count: int) -> bool:
        """Whether `count` blocks are free."""
        return count <= len(self._free)

    def allocate(self, count: int) -> list[int]:
        """Takes `count` blocks; `can_allocate(count)` must hold."""
        assert self.can_allocate(count), "ask can_allocate first"
        blocks = [heapq.heappop(self._free) for _ in range(count)]
        for block in blocks:
            self._is_used[block] = True
        return blocks

    def release(self, blocks: list[int]) -> None:
        """Gives blocks back, each exactly once."""
        for block in blocks:
            assert self._is_used[block], f"block {block} is not in use"
            self._is_used[block] = False
            heapq.heappush(self._free, block)
