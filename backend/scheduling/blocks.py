"""The pool of fixed-size blocks that keys and values live in; counts, never touches memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

from backend.scheduling.free import FreeBlocks


class BlockPool:
    """Hands out blocks, counts who holds each, and knows by key what the full ones contain.

    A block is free, held by one or several sequences, or idle: held by nobody, but still holding
    tokens that somebody may ask for again. Free blocks go first, in such a way that neighbours in
    a sequence tend to be neighbours in memory; after them the idle one that nobody has held for
    the longest time, its sequence's tail before its head. Ask `can_allocate`, then `allocate`
    cannot fail. The engine's thread changes it; `match` and the figures may be asked from any.
    """

    def __init__(self, total: int, block_size: int) -> None:
        assert total > 0
        assert block_size > 0
        self.total = total
        self.block_size = block_size  # tokens
        self.evictions = 0  # idle blocks that were taken for something else
        self._holders = [0] * total
        self._free = FreeBlocks(total)
        self._idle: OrderedDict[int, None] = OrderedDict()  # least recently held first
        self._blocks: dict[bytes, int] = {}  # by key
        self._keys: dict[int, bytes] = {}  # of held and idle blocks
        self._parents: dict[int, bytes] = {}  # key of the block before
        self._owners: dict[int, str] = {}
        self._trusted: set[int] = set()

    @property
    def used(self) -> int:
        """Blocks that somebody holds."""
        return self.total - len(self._free) - len(self._idle)

    @property
    def cached(self) -> int:
        """Idle blocks: nobody holds them, and what they contain can be asked for."""
        return len(self._idle)

    def blocks_for(self, tokens: int) -> int:
        """How many blocks that many tokens need."""
        return -(-tokens // self.block_size)

    def match(self, keys: Iterable[bytes]) -> list[int]:
        """The blocks of the longest known run of keys from the first on; changes nothing."""
        blocks = []
        for key in keys:
            block = self._blocks.get(key)
            if block is None:
                break
            blocks.append(block)
        return blocks

    def can_allocate(self, count: int, beside: Iterable[int] = ()) -> bool:
        """Whether `count` blocks can be had, even after `beside` have been held."""
        kept = sum(not self._holders[block] for block in beside)
        return count <= len(self._free) + len(self._idle) - kept

    def hold(self, blocks: Iterable[int]) -> None:
        """Adds a holder to blocks just matched."""
        for block in blocks:
            if not self._holders[block]:
                del self._idle[block]
            self._holders[block] += 1

    def allocate(self, count: int, after: int | None = None) -> list[int]:
        """Takes `count` blocks, ascending, for one holder whose blocks so far end with `after`;
        `can_allocate(count)` must hold."""
        assert self.can_allocate(count), "ask can_allocate first"
        blocks = self._free.take(min(count, len(self._free)), after)
        while len(blocks) < count:
            block, _ = self._idle.popitem(last=False)
            self._unname(block)
            self.evictions += 1
            blocks.append(block)
        for block in blocks:
            self._holders[block] = 1
        blocks.sort()
        return blocks

    def release(self, blocks: Sequence[int]) -> None:
        """Takes one holder from each of a sequence's blocks, given in their order."""
        for block in reversed(blocks):
            assert self._holders[block], f"block {block} is not in use"
            self._holders[block] -= 1
            if self._holders[block]:
                continue
            if block in self._keys:
                self._idle[block] = None
            else:
                self._free.put(block)

    def register(self, block: int, key: bytes, parent: bytes, owner: str) -> bool:
        """Makes a held, full block known by its key; False where another block is known by it."""
        assert self._holders[block], f"block {block} is not in use"
        assert block not in self._keys, f"block {block} has a key"
        if key in self._blocks:
            return False
        self._blocks[key] = block
        self._keys[block] = key
        self._parents[block] = parent
        self._owners[block] = owner
        return True

    def trust(self, blocks: Iterable[int]) -> None:
        """Notes that what was computed from these blocks was sound."""
        self._trusted.update(block for block in blocks if block in self._keys)

    def doubtful(self, blocks: Iterable[int]) -> list[bytes]:
        """The keys of those of these blocks that were never found sound."""
        return [
            self._keys[block]
            for block in blocks
            if block in self._keys and block not in self._trusted
        ]

    def distrust(self, keys: Iterable[bytes]) -> frozenset[int]:
        """Makes these keys, and those that follow from them, unknown; answers whose they were.

        Whoever holds such a block keeps it. Takes time in proportion to the known blocks.
        """
        bad = [self._blocks[key] for key in keys if key in self._blocks]
        if not bad:
            return frozenset()
        followers: dict[bytes, list[int]] = {}
        for block, parent in self._parents.items():
            followers.setdefault(parent, []).append(block)
        stripped: set[int] = set()
        while bad:
            block = bad.pop()
            if block not in stripped:
                stripped.add(block)
                bad += followers.get(self._keys[block], ())
        self._strip(stripped)
        return frozenset(stripped)

    def forget(self, owner: str) -> int:
        """Makes all blocks of an owner unknown; how many. Whoever holds one keeps it."""
        stripped = [block for block, whose in self._owners.items() if whose == owner]
        self._strip(stripped)
        return len(stripped)

    def _strip(self, blocks: Iterable[int]) -> None:
        for block in blocks:
            self._unname(block)
            if block in self._idle:
                del self._idle[block]
                self._free.put(block)

    def _unname(self, block: int) -> None:
        del self._blocks[self._keys.pop(block)]
        del self._parents[block]
        del self._owners[block]
        self._trusted.discard(block)
