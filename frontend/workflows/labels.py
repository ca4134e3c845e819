"""The words that tables, exports and summaries are headed with, in both languages."""

from __future__ import annotations

from typing import Final

from frontend.workflows.fields import Language
from frontend.workflows.findings import State

_LABELS: Final = {
    "values": ("Values", "数据"),
    "evidence": ("Evidence", "依据"),
    "file": ("File", "文件"),
    "pages": ("Pages", "页数"),
    "status": ("Status", "状态"),
    "field": ("Field", "字段"),
    "value": ("Value", "值"),
    "state": ("Found", "核对结果"),
    "page": ("Page", "页"),
    "quote": ("Quote", "原文"),
    "model_value": ("Model's value", "模型给出的值"),
    "reviewer": ("Reviewed by", "复核人"),
    "remark": ("Remark", "备注"),
    "hidden": ("Text that the page does not show", "页面上看不到的文字"),
    "no_value": ("–", "–"),
    "required": ("required, but not stated", "必填，但合同未约定"),
    "summaries": ("Summaries", "摘要"),
    "summary": ("Summary", "摘要类型"),
    "sentence": ("Sentence", "内容"),
    "quoted": ("In the contract's own words", "合同原文"),
    "unsupported": ("not verified", "未能核实"),
    "dates": ("Dates", "日期"),
    "periods": ("Periods and deadlines", "期间与期限"),
    "more": ("and {n} more", "另有 {n} 项"),
    "done": ("done", "完成"),
    "waiting": ("waiting", "等待中"),
    "running": ("running", "进行中"),
    "failed": ("failed", "失败"),
}
_STATES: Final = {
    State.FOUND: ("found in the text", "原文中找到"),
    State.NEAR: ("found, but not verbatim", "原文中有近似表述"),
    State.NOT_STATED: ("not stated", "未约定"),
    State.CONFLICT: ("conflict", "前后不一致"),
    State.UNVERIFIED: ("not verified", "未能核实"),
}
_SUMMARIES: Final = {
    "clauses": ("Three key clauses", "三个关键条款"),
    "executive": ("Executive summary", "摘要"),
    "obligations": ("Obligations by party", "各方义务"),
    "dates": ("Dates and deadlines", "日期与期限"),
    "risks": ("Risks", "风险"),
}
_CORRECTED: Final = ("corrected by a reviewer", "已由复核人更正")
_CONFIRMED: Final = ("confirmed by a reviewer", "已由复核人确认")


def label(key: str, language: Language) -> str:
    """The word for a heading."""
    return _LABELS[key][_which(language)]


def state_label(state: State, language: Language) -> str:
    """What is known about a field, in words."""
    return _STATES[state][_which(language)]


def summary_label(about: str, language: Language) -> str:
    """The heading of a summary."""
    return _SUMMARIES[about][_which(language)]


def reviewed_label(language: Language, *, corrected: bool) -> str:
    """What a reviewer did to a field, in words."""
    return (_CORRECTED if corrected else _CONFIRMED)[_which(language)]


def _which(language: Language) -> int:
    return 1 if language is Language.CHINESE else 0
