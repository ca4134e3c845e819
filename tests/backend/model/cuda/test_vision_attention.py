"""Every way to compute attention sees what the plain one sees: each picture itself, and whole."""

from __future__ import annotations

import math

import pytest
import torch

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


def test_cudnn_is_asked_for_few_lengths() -> None:
    way = CuDnn(Plain(), 2, 32, torch.bfloat16)
    patches = range(600, 24_000, 4)
    asked = {way._length(count) for count in patches}
    assert len(asked) <= 10
    assert asked <= set(way._lengths)
    assert all(count <= way._length(count) <= 2 * count for count in patches)
    segments = Segments((700, 5476), torch.device("cpu"))
    assert way.spare(segments) == 6144 - 5476


def test_what_cudnn_has_not_planned_is_done_another_way() -> None:
    """Without a GPU: cuDNN itself would raise."""
    rows, segments = given((20, 12), torch.device("cpu"))
    way = CuDnn(Plain(), 2, 32, torch.float32)
    spare = rows.new_empty(way.spare(segments), 3, 2, 32)
    seen = way(torch.cat([rows, spare]), segments, SCALE)
    torch.testing.assert_close(seen, Plain()(rows, segments, SCALE))


@pytest.mark.parametrize("lengths", [(1500,), (300, 1500, 40)])
def test_all_ways_of_this_card_agree(lengths: tuple[int, ...], device: torch.device) -> None:
    if device.type != "cuda":
        pytest.skip("needs a GPU: there is one way in the interpreter")
    trial = Trial(4, 128, torch.bfloat16, device, lengths)
    for way in ways(4, 128, torch.bfloat16, device):
        error, _ = trial.run(way)
        assert error < vision_ways._TOLERANCE, way.name
