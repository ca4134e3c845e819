"""The set of Chinese contracts: as many as are promised; references are read as written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from backend.media.documents import inspect, text_layers
from backend.media.limits import MediaLimits
from scripts.contracts import chinese, press
from scripts.reader import exam


def test_there_are_forty_contracts_of_five_kinds() -> None:
    kinds = Counter(paper.kind for paper in exam.papers(chinese.SEED, "zh", chinese.EACH))

    assert len(kinds) >= 5
    assert kinds.total() >= 40


def test_references_are_read_in_both_languages() -> None:
    told = "期限为两年。[第2页] 费用见第 10 页。 Law: Ohio. [p. 3]"

    assert chinese.claimed(told) == [2, 3, 10]
    assert chinese.claimed("第2条 不得转让。") == []


def test_chinese_is_told_from_english() -> None:
    assert chinese.is_chinese("甲方为 Acme Inc. 的子公司，本合同自签字之日起生效，期限两年。")
    assert not chinese.is_chinese("The term is two years. 合同")
    assert not chinese.is_chinese("")


@pytest.mark.browser
def test_a_printed_contract_says_what_it_was_given(tmp_path: Path) -> None:
    (paper, *_) = exam.papers(1, "zh", 1)
    text = "\n".join(paper.pages)
    pages = press.sheets(text)
    try:
        (document,) = press.printed([pages])
    except press.NoPress:
        pytest.skip("no Chromium")
    path = tmp_path / "contract.pdf"
    path.write_bytes(document)
    limits = MediaLimits()
    count = inspect(path, limits)

    assert count == len(pages) > 1
    layers = text_layers(path, range(1, count + 1), limits)
    read = ["".join(word.text for word in layer.words) for layer in layers]
    assert read == ["".join(page.split()) for page in pages]
