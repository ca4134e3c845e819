"""What the model is told: one wording for each task, in English and Chinese."""

from __future__ import annotations

from typing import Final

from frontend.workflows.fields import Field, FieldList, Kind, Language

_FORMS: Final = {
    Kind.TEXT: ("text", "文字"),
    Kind.DATE: ("date as YYYY-MM-DD", "日期，格式 YYYY-MM-DD"),
    Kind.MONEY: ("currency and amount", "币种和金额"),
    Kind.DURATION: ("number and unit, such as 2 years", "数字和单位，如 2 years"),
    Kind.PARTIES: ("list of names", "名称列表"),
    Kind.YES_NO: ("yes or no", "yes 或 no"),
    Kind.CHOICE: ("one of", "选项"),
}
_EXTRACT: Final = (
    "Find these facts in the contract and answer with one JSON object. Copy names and numbers as "
    "the contract has them. What the contract does not say is null (an empty list for a list).",
    "请在合同中找出以下信息，用一个 JSON 对象回答。名称和数字照合同原文抄写。"
    "合同没有写明的填 null（列表则为空列表）。",
)
_QUOTES: Final = (
    "For every fact give its `value` and, as `quote`, the words of the contract that say it.",
    "每一项给出 `value`，并在 `quote` 中给出合同中说明它的原文。",
)
_PART: Final = (
    "This is a part of the contract; the other parts are asked separately.",
    "以下是合同的一部分，其余部分另行询问。",
)
_AGAIN: Final = (
    "Your last answer was not a JSON object of these keys. Answer with that object alone.",
    "上一个回答不是包含这些键的 JSON 对象。请只用该对象回答。",
)


def extraction(
    fields: FieldList,
    *,
    text: str = "",
    is_part: bool = False,
    quotes: bool = False,
    again: bool = False,
) -> str:
    """The request for all fields, of a text if there is one and of the file handed over if not."""
    which = _which(fields.language)
    lines = [_EXTRACT[which]]
    if quotes:
        lines.append(_QUOTES[which])
    if is_part:
        lines.append(_PART[which])
    lines += [_line(field, which) for field in fields.fields]
    if again:
        lines.append(_AGAIN[which])
    return _over("\n".join(lines), text)


def _line(field: Field, which: int) -> str:
    form = _FORMS[field.kind][which]
    if field.choices:
        form = f"{form}: {', '.join(field.choices)}"
    return f"- {field.name} ({form}): {field.question}"


def _over(task: str, text: str) -> str:
    """The task after the text that it is about, if it comes with one."""
    return f"{text}\n\n{task}" if text else task


def _which(language: Language) -> int:
    return 1 if language is Language.CHINESE else 0
