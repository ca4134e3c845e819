"""The encoder: transformers' own embeddings, many pictures in one call, each as if alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from transformers.models.glm46v.image_processing_pil_glm46v import Glm46VImageProcessorPil

from backend.prompt.sight import Sight
from backend.vision.encoder import LinearPatchEmbed, PlainEncoder
from tests.fakes import checkpoints
from tests.fakes.pictures import noise, picture

SIZES = ((28, 28), (56, 84), (140, 56), (84, 84))


@pytest.fixture(scope="module")
def encoder(model: Any, sight: Sight) -> PlainEncoder:
    return PlainEncoder(copy.deepcopy(model.model.visual), sight)


def test_a_linear_layer_does_what_the_convolution_did(model: Any) -> None:
    original = model.model.visual.patch_embed
    rows = torch.randn(9, 3 * 2 * 14 * 14)
    with torch.inference_mode():
        torch.testing.assert_close(
            LinearPatchEmbed(original)(rows), original(rows), atol=1e-5, rtol=1e-5
        )


def test_embeddings_are_transformers_own(model: Any, encoder: PlainEncoder, sight: Sight) -> None:
    images = [noise(*size, seed=seed) for seed, size in enumerate(SIZES)]
    inputs = Glm46VImageProcessorPil(**checkpoints.PROCESSOR)(images=images, return_tensors="pt")
    with torch.inference_mode():
        expected = model.model.get_image_features(
            inputs["pixel_values"], inputs["image_grid_thw"]
        ).pooler_output
    pictures = [picture(image, sight.size(*image.size)) for image in images]
    for embedding, reference, seen in zip(
        encoder.encode(pictures), expected, pictures, strict=True
    ):
        assert embedding.shape == (seen.tokens, 64)
        torch.testing.assert_close(embedding, reference, atol=1e-4, rtol=1e-4)


def test_company_changes_nothing(encoder: PlainEncoder, sight: Sight) -> None:
    pictures = [
        picture(noise(*size, seed=seed), sight.size(*size)) for seed, size in enumerate(SIZES)
    ]
    together = encoder.encode(pictures)
    for seen, embedding in zip(pictures, together, strict=True):
        torch.testing.assert_close(encoder.encode([seen])[0], embedding, atol=1e-5, rtol=1e-5)


def test_an_embedding_keeps_no_others_alive(encoder: PlainEncoder, sight: Sight) -> None:
    pictures = [picture(noise(56, 56, seed=seed), sight.size(56, 56)) for seed in range(3)]
    for embedding in encoder.encode(pictures):
        assert embedding.untyped_storage().nbytes() == embedding.numel() * embedding.element_size()
