"""Names of fields get other endings that mean the same."""

from __future__ import annotations

from random import Random

import pytest

from scripts.reader.synonyms import renamed


@pytest.mark.parametrize(
    ("kind", "name", "others"),
    [
        ("date", "交货日期", {"交货日期", "交货时间", "交货之日", "交货日"}),
        ("money", "加工费", {"加工费", "加工费用"}),
        ("flag", "能否转包", {"能否转包", "可否转包", "是否可以转包", "允许转包"}),
        ("flag", "是否住家", {"住家与否", "是不是住家", "住家"}),
        ("number", "件数", {"件数"}),  # too short to lose an ending
        ("text", "定作物", {"定作物"}),
    ],
)
def test_a_name_keeps_its_meaning(kind: str, name: str, others: set[str]) -> None:
    assert {renamed(Random(seed), kind, name) for seed in range(60)} == others
