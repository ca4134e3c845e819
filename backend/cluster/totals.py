"""The figures of many replicas as those of one backend."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from google.protobuf.descriptor import FieldDescriptor

from protos import inference_pb2 as pb

REMEMBERED = 100  # replicas that do not answer, each of which may answer again

# Replicas of one machine tell the same of it: the largest stands for all. All else adds up.
_LARGEST = ("uptime_seconds", "available_bytes", "disk_bytes_free", "cores")
# What there is, not what was counted: it goes with its replica.
_SIZES = ("blocks_total",)


class Totals:
    """Adds up. What a replica counted until it went away stays counted, so no total ever falls; one
    that was only silent for a while is not counted twice when it answers again."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, pb.Stats] = OrderedDict()  # those heard of longest ago first
        self._departed = pb.Stats()  # the sum over those that are forgotten

    def of(self, present: Mapping[str, pb.Stats]) -> pb.Stats:
        """The sum over the replicas that answer now, and over the totals of those that are gone.

        Without any, the phase is LOADING.
        """
        for replica, stats in present.items():
            self._last[replica] = stats
            self._last.move_to_end(replica)
        while len(self._last) > len(present) + REMEMBERED:
            _add(self._departed, self._last.popitem(last=False)[1], only_totals=True)
        total = pb.Stats()
        _add(total, self._departed)
        for replica, stats in self._last.items():
            if replica not in present:
                _add(total, stats, only_totals=True)
        for stats in present.values():
            _add(total, stats)
        total.phase = phase(stats.phase for stats in present.values())
        return total


def phase(phases: Iterable[pb.Phase.ValueType]) -> pb.Phase.ValueType:
    """How far the whole is: READY as soon as one replica answers."""
    found = set(phases)
    if pb.PHASE_READY in found:
        return pb.PHASE_READY
    return pb.PHASE_DRAINING if found == {pb.PHASE_DRAINING} else pb.PHASE_LOADING


def _add(total: pb.Stats, stats: pb.Stats, *, only_totals: bool = False) -> None:
    for known, value in stats.ListFields():
        if known.name == "phase":
            continue
        if isinstance(value, pb.Histogram):
            _add_histogram(getattr(total, known.name), value)
        elif known.name == "owners":
            _add_owners(total, value)
        elif only_totals and (known.name in _SIZES or not known.name.endswith("_total")):
            continue
        elif known.type == FieldDescriptor.TYPE_MESSAGE:  # a map of numbers
            counted = getattr(total, known.name)
            for key, count in value.items():
                counted[key] += count
        elif known.name in _LARGEST:
            setattr(total, known.name, max(getattr(total, known.name), value))
        else:
            setattr(total, known.name, getattr(total, known.name) + value)


def _add_owners(total: pb.Stats, uses: Iterable[pb.OwnerUse]) -> None:
    known = {use.owner: use for use in total.owners}
    for use in uses:
        if use.owner not in known:
            known[use.owner] = total.owners.add(owner=use.owner)
        added = known[use.owner]
        for field, value in use.ListFields():
            if field.name != "owner":
                setattr(added, field.name, getattr(added, field.name) + value)


def _add_histogram(total: pb.Histogram, histogram: pb.Histogram) -> None:
    if not total.bounds:
        total.CopyFrom(histogram)
        return
    assert list(total.bounds) == list(histogram.bounds), "all replicas run the same code"
    for place, count in enumerate(histogram.counts):
        total.counts[place] += count
    total.sum += histogram.sum
