from __future__ import annotations

import pytest

from backend.cluster.totals import REMEMBERED, Totals
from protos import inference_pb2 as pb

pytestmark = pytest.mark.recipes


def stats(tokens: int, running: int, *, uptime: float = 1.0) -> pb.Stats:
    return pb.Stats(
        phase=pb.PHASE_READY,
        running=running,
        prompt_tokens_total=tokens,
        requests_total={"stop": tokens, "error": 1},
        uptime_seconds=uptime,
        disk_bytes_free=100,
        blocks_total=64,
        owners=[pb.OwnerUse(owner="ann", requests_total=tokens)],
        tokens_per_second=2.5,
        queue_seconds=pb.Histogram(bounds=[1.0, 2.0], counts=[tokens, 0, 1], sum=3.0),
    )


def test_figures_add_up() -> None:
    total = Totals().of({"a": stats(10, 1, uptime=5.0), "b": stats(5, 2, uptime=9.0)})
    assert total.phase == pb.PHASE_READY
    assert (total.running, total.prompt_tokens_total) == (3, 15)
    assert dict(total.requests_total) == {"stop": 15, "error": 2}
    assert (total.uptime_seconds, total.tokens_per_second) == (9.0, 5.0)
    assert total.disk_bytes_free == 100  # of the same disk
    assert [(use.owner, use.requests_total) for use in total.owners] == [("ann", 15)]
    assert list(total.queue_seconds.counts) == [15, 0, 2]
    assert total.queue_seconds.sum == 6.0


def test_what_a_replica_counted_stays_counted_when_it_goes() -> None:
    totals = Totals()
    totals.of({"a": stats(10, 1), "b": stats(5, 2)})
    left = totals.of({"a": stats(11, 1)})
    assert left.prompt_tokens_total == 16
    assert dict(left.requests_total) == {"stop": 16, "error": 2}
    assert left.owners[0].requests_total == 16
    assert left.running == 1  # what ran there does not run any more
    assert left.blocks_total == 64  # and its memory is gone
    assert list(left.queue_seconds.counts) == [16, 0, 2]
    again = totals.of({"a": stats(11, 1), "c": stats(1, 0)})
    assert again.prompt_tokens_total == 17


def test_one_that_was_silent_for_a_while_is_not_counted_twice() -> None:
    totals = Totals()
    totals.of({"a": stats(10, 1), "b": stats(5, 2)})
    assert totals.of({"b": stats(6, 2)}).prompt_tokens_total == 16
    again = totals.of({"a": stats(12, 1), "b": stats(7, 2)})
    assert again.prompt_tokens_total == 19
    assert dict(again.requests_total) == {"stop": 19, "error": 2}
    assert list(again.queue_seconds.counts) == [19, 0, 2]
    assert again.owners[0].requests_total == 19


def test_totals_of_many_that_went_one_after_the_other_stay() -> None:
    totals = Totals()
    for number in range(3 * REMEMBERED):
        total = totals.of({f"replica {number}": stats(2, 1)})
    assert total.prompt_tokens_total == 2 * 3 * REMEMBERED
    assert list(total.queue_seconds.counts) == [2 * 3 * REMEMBERED, 0, 3 * REMEMBERED]
    assert total.running == 1


def test_without_replicas_it_is_loading() -> None:
    assert Totals().of({}).phase == pb.PHASE_LOADING


def test_draining_replicas_do_not_hide_one_that_is_ready() -> None:
    draining = pb.Stats(phase=pb.PHASE_DRAINING)
    assert Totals().of({"a": draining}).phase == pb.PHASE_DRAINING
    assert Totals().of({"a": draining, "b": stats(1, 0)}).phase == pb.PHASE_READY


def test_every_kind_of_figure_is_known() -> None:
    """A new kind of field in Stats has to be thought of here, or every listener gets an error."""
    kinds = {
        field.message_type.name
        for field in pb.Stats.DESCRIPTOR.fields
        if field.message_type is not None and not field.message_type.GetOptions().map_entry
    }
    assert kinds == {"Histogram", "OwnerUse"}
