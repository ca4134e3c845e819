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

_BRIEF: Final = {
    "clauses": ("Summarise the three key clauses.", "请总结这份合同中的三个关键条款。"),
    "executive": ("Give me an executive summary of this contract.", "请总结这份合同。"),
    "obligations": ("What must each party do?", "各方有哪些义务？"),
    "risks": (
        "Which risks and liabilities does the contract contain?",
        "合同中有哪些风险和责任？",
    ),
}
_SUMMARIES: Final = {
    "clauses": (
        "Summarise the three key clauses of this contract, one line for each.",
        "请总结这份合同中的三个关键条款，每条一行。",
    ),
    "executive": (
        "Write an executive summary of this contract in at most six sentences: who, what for, "
        "since when and how long, for how much, how it ends.",
        "请用不超过六句话写出这份合同的摘要：当事人、目的、起止时间、金额、如何终止。",
    ),
    "obligations": (
        "List what each party must do, one line for each duty, beginning with the party's name.",
        "请按当事人列出各方的义务，每项一行，以当事人名称开头。",
    ),
    "risks": (
        "List the clauses of this contract that may become a risk, and for whom, one a line.",
        "请列出这份合同中可能带来风险的条款以及对谁不利，每项一行。",
    ),
}
_REFER: Final = (  # a small model was trained to do so unasked, and loses its way in long requests
    "End every sentence with the page that says so, as in [p. 3]. Say only what the text says.",
    "每句话末尾注明出处页码，例如 [第3页]。只写原文中有的内容。",
)
_NOTES: Final = (
    "This is a part of the contract. Write short notes for this task:",
    "以下是合同的一部分。请为下述任务做简短笔记：",
)
_OF_NOTES: Final = (
    "These are notes on all parts of a contract. Keep their page references.",
    "以上是对合同各部分的笔记。请保留其中的页码。",
)


def summary(
    about: str,
    language: Language,
    *,
    text: str = "",
    final: bool = True,
    of_notes: bool = False,
    briefly: bool = False,
) -> str:
    """The request for a summary (or for notes towards one) of a text or the file handed over.

    `briefly` asks a small model as it was trained to be asked.
    """
    which = _which(language)
    if briefly:
        return _BRIEF[about][which]
    lines = []
    if of_notes:
        lines.append(_OF_NOTES[which])
    elif not final:
        lines.append(_NOTES[which])
    lines += [_SUMMARIES[about][which], _REFER[which]]
    return _over("\n".join(lines), text)


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
