"""Other endings of Chinese names of fields, by the kind of their values: 交货日期 is also 交货时间."""

from __future__ import annotations

from random import Random

# By kind, groups of endings that mean the same; within a group the longer ones come first.
_ENDINGS = {
    "date": (("日期", "时间", "之日", "日"),),
    "duration": (("期限", "时限", "时长", "时间", "期"),),
    "percent": (("百分比", "比例", "比率", "占比", "率"),),
    "money": (("金额", "数额", "额"), ("费用", "费"), ("价款", "价格", "价")),
    "number": (("数量", "总数", "个数", "数"),),
    "person": (("姓名", "名字"),),
    "company": (("公司", "单位"),),
    "place": (("所在地", "地址", "地点", "位置", "场所"),),
    "text": (("名称", "名"),),
}


def renamed(chance: Random, kind: str, name: str) -> str:
    """The name with another ending that means the same; as it is if it has none of them."""
    if kind == "flag":
        return _asked_otherwise(chance, name)
    for alike in _ENDINGS.get(kind, ()):
        for ending in alike:
            stem = name.removesuffix(ending)
            if stem != name and len(stem) > 1:
                return stem + chance.choice(alike)
    return name


def _asked_otherwise(chance: Random, name: str) -> str:
    if name.startswith("是否"):
        stem = name.removeprefix("是否")
        return chance.choice((f"{stem}与否", f"是不是{stem}", stem))
    for asking in ("能否", "可否"):
        stem = name.removeprefix(asking)
        if stem != name:
            return chance.choice((f"能否{stem}", f"可否{stem}", f"是否可以{stem}", f"允许{stem}"))
    return name
