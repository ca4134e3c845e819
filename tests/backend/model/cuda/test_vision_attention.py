"""Every way to compute attention sees what the plain one sees: each picture itself, and whole."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from backend.model.cuda import vision_ways
from backend.model.cuda.vision_attention import CUTS, Cut, Plain, Segments, Tiled, best_cut
from backend.model.cuda.vision_ways import CuDnn, Trial, fastest, ways

SCALE = 1 / math.sqrt(32)


def given(lengths: tuple[int, ...], device: torch.device) -> tuple[torch.Tensor, Segments]:
    chance = torch.Generator().manual_seed(2)
    rows = torch.randn(sum(lengths), 3, 2, 32, generator=chance)
    return rows.to(device), Segments(lengths, device)


@pytest.mark.parametrize("described", [False, True])
@pytest.mark.parametrize("lengths", [(16,), (20, 32, 3)])
def test_tiles_see_what_the_plain_one_sees(
    lengths: tuple[int, ...], described: bool, device: torch.device
) -> None:
    if described and device.type == "cuda" and torch.cuda.get_device_capability() < (9, 0):
        pytest.skip("needs a card with a copy engine")
    rows, segments = given(lengths, device)
    seen = Tiled(Cut(16, 16, 4, 1, described))(rows, segments, SCALE)
    torch.testing.assert_close(seen, Plain()(rows, segments, SCALE), atol=1e-5, rtol=1e-5)


def test_a_picture_that_is_no_numbers_harms_no_neighbour(device: torch.device) -> None:
    rows, segments = given((20, 20), device)
    expected = Plain()(rows, segments, SCALE)[:20]
    rows[20:, 2] = torch.nan  # its values
    for described in (False, True):
        seen = Tiled(Cut(16, 16, 4, 1, described))(rows, segments, SCALE)[:20]
        torch.testing.assert_close(seen, expected, atol=1e-5, rtol=1e-5)


def test_a_processor_has_one_way() -> None:
    cpu = torch.device("cpu")
    assert best_cut(128, torch.bfloat16, cpu) == CUTS[-1]
    assert [type(way) for way in ways(2, 32, torch.float32, cpu)] == [Tiled]
    assert isinstance(fastest(2, 32, torch.bfloat16, cpu), Tiled)


class Noted(Plain):
    """Notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []

    def __call__(self, rows: torch.Tensor, segments: Segments, scale: float) -> torch.Tensor:
        self.asked.append(segments.lengths)
        return super().__call__(rows, segments, scale)


def test_cudnn_does_what_it_has_planned_and_another_way_all_else() -> None:
    """Without a GPU: cuDNN itself would raise, so torch's own attention stands in for it."""
    other = Noted()
    way = CuDnn(other)
    planned: list[int] = []

    def attend(
        query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, *_: object, scale: float
    ) -> tuple[torch.Tensor]:
        planned.append(query.shape[2])
        return (scaled_dot_product_attention(query, key, value, scale=scale),)

    way._attend = attend  # type: ignore[assignment]
    assert not way.prepare_more()  # nothing was met yet
    rows, segments = given((1024, 1500), torch.device("cpu"))
    expected = Plain()(rows, segments, SCALE)
    torch.testing.assert_close(way(rows, segments, SCALE), expected)
    assert other.asked == [(1024, 1500)]
    assert way.prepare_more()
    assert not way.prepare_more()
    assert planned == [1500, 1024]
    torch.testing.assert_close(way(rows, segments, SCALE), expected)
    assert len(other.asked) == 1
    few, small = given((20, 1500), torch.device("cpu"))
    way(few, small, SCALE)
    assert other.asked[1:] == [(20, 1500)]
    assert not way.prepare_more()


def test_what_cudnn_could_not_plan_stays_the_other_ways() -> None:
    other = Noted()
    way = CuDnn(other)  # there is no cuDNN on a processor, so planning raises
    rows, segments = given((1024,), torch.device("cpu"))
    way(rows, segments, SCALE)
    with pytest.raises(NotImplementedError):
        way.prepare_more()
    way(rows, segments, SCALE)
    assert other.asked == [(1024,), (1024,)]


def test_cudnn_plans_only_so_many_lengths() -> None:
    way = CuDnn(Plain())
    for length in range(1024, 1024 + 80):
        way._has_planned((length,))
    assert len(way._lengths()) == 64


@pytest.mark.parametrize("lengths", [(1500,), (300, 1500, 40)])
def test_all_ways_of_this_card_agree(lengths: tuple[int, ...], device: torch.device) -> None:
    if device.type != "cuda":
        pytest.skip("needs a GPU: there is one way in the interpreter")
    trial = Trial(4, 128, torch.bfloat16, device, lengths)
    for way in ways(4, 128, torch.bfloat16, device):
        error, _ = trial.run(way)
        assert error < vision_ways._TOLERANCE, way.name
