"""The figures as Prometheus reads them."""

from __future__ import annotations

import math
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from frontend.api.metrics import Metrics
from frontend.messages import Usage
from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web

UNITS = ("_seconds", "_bytes", "_bytes_limit", "_per_second")


def samples(web: Web) -> dict[str, list[Sample]]:
    """By the sample's own name."""
    found: dict[str, list[Sample]] = {}
    for family in text_string_to_metric_families(web.get("/metrics").content.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


def by(label: str, found: list[Sample]) -> dict[str, float]:
    return {sample.labels[label]: sample.value for sample in found}


def test_every_family_keeps_to_the_conventions(web: Web) -> None:
    text = web.get("/metrics").content.decode()
    families = list(text_string_to_metric_families(text))

    names = [family.name for family in families]
    assert len(names) == len(set(names))
    for family in families:
        assert re.fullmatch(r"glm_flash_(web|backend)_[a-z_]+", family.name)
        assert family.documentation.endswith("."), family.name
        assert family.type in ("counter", "gauge", "histogram"), family.name
        if family.type == "histogram":
            assert family.name.endswith("_seconds"), family.name
        if family.type == "gauge":
            assert not family.name.endswith("_total"), family.name
        if "seconds" in family.name or "bytes" in family.name:
            assert family.name.endswith(UNITS), family.name
        for sample in family.samples:
            if family.type == "counter":
                assert sample.name.endswith(("_total", "_created")), sample.name
            assert sample.value >= 0
    assert text.endswith("\n")


def test_histograms_are_cumulative_to_infinity(web: Web) -> None:
    found = samples(web)

    name = "glm_flash_backend_first_token_seconds"
    assert by("le", found[f"{name}_bucket"]) == {"0.5": 3, "1.0": 5, "+Inf": 6}
    assert [sample.value for sample in found[f"{name}_count"]] == [6]
    assert [sample.value for sample in found[f"{name}_sum"]] == [4.5]
    assert by("le", found["glm_flash_backend_queue_seconds_bucket"]) == {"+Inf": 0}
    for bucket in [name for name in found if name.endswith("_bucket")]:
        last: dict[tuple[tuple[str, str], ...], tuple[float, float]] = {}
        for sample in found[bucket]:
            rest = tuple(pair for pair in sample.labels.items() if pair[0] != "le")
            bound, below = last.get(rest, (-math.inf, 0.0))
            assert float(sample.labels["le"]) > bound
            assert sample.value >= below
            last[rest] = float(sample.labels["le"]), sample.value
        assert {bound for bound, _ in last.values()} == {math.inf}


def test_each_cache_tells_what_it_was_good_for(web: Web) -> None:
    found = samples(web)

    hits = found["glm_flash_backend_cache_hits_total"]
    assert by("layer", hits) == {"pages": 1, "embeddings": 2, "prefix": 3, "answers": 4}
    assert {sample.labels["layer"]: sample.labels["unit"] for sample in hits} == {
        "pages": "pages",
        "embeddings": "pictures",
        "prefix": "tokens",
        "answers": "answers",
    }
    misses = by("layer", found["glm_flash_backend_cache_misses_total"])
    assert misses == {"pages": 5, "embeddings": 6, "prefix": 7, "answers": 8}
    saved = by("layer", found["glm_flash_backend_cache_saved_seconds_total"])
    assert saved == {"pages": 0.5, "embeddings": 0, "prefix": 1.5, "answers": 2.5}
    evicted = by("layer", found["glm_flash_backend_cache_evictions_total"])
    assert evicted == {"embeddings": 9, "prefix": 10, "answers": 0}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("reasoning_tokens_total", 2),
        ("image_tokens_total", 5),
        ("cached_tokens_total", 3),
        ("preemptions_total", 1),
        ("kv_blocks", 100),
        ("kv_blocks_cached", 12),
        ("embedding_cache_bytes", 13),
        ("answer_cache_bytes", 14),
        ("damaged_entries_total", 15),
        ("prefill_tokens_per_second", 1000),
        ("encode_tokens_per_second", 0),
    ],
)
def test_figures_of_the_engine(web: Web, name: str, value: float) -> None:
    assert [sample.value for sample in samples(web)[f"glm_flash_backend_{name}"]] == [value]


def test_without_a_backend_only_its_absence_is_told(web: Web, backend: FakeBackend) -> None:
    backend.stop()
    found = samples(web)

    told = [name for name in found if name.startswith("glm_flash_backend_")]
    assert told == ["glm_flash_backend_up"]
    assert found["glm_flash_backend_up"][0].value == 0


def test_tokens_are_counted_by_kind() -> None:
    metrics = Metrics()
    metrics.count_tokens(Usage(10, 7, cached_tokens=4, reasoning_tokens=3, image_tokens=2))

    counted = {
        sample.labels["kind"]: sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.name == "glm_flash_web_tokens_total"
    }
    assert counted == {"prompt": 10, "completion": 7, "cached": 4, "reasoning": 3, "image": 2}
