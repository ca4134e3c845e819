"""Makes text from models, files and people safe to show as Markdown."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
# Inline code, within one line and without "|": blocks and table cells end before code does. Where
# a backtick stays alone, what is code depends on other lines, so nothing of its paragraph is.
_CODE = re.compile(r"(?<![\\`])(`+)(?!`)([^|\n]+?)(?<!`)\1(?!`)")
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")

# What begins a link, a picture, a directive (":red[…]"), HTML or a formula. Without these a text
# can neither load anything from elsewhere nor run anything; amounts such as $100 stay amounts.
_ACTIVE = re.compile(r"(?<!\\)((?:\\\\)*)([\[<$])")


def safe(text: str) -> str:
    """Markdown that formats but neither loads, links by another name, nor computes."""
    out: list[str] = []
    fence: str | None = None
    paired = True
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence is None and found and not (found[1][0] == "`" and "`" in found[2]):
            fence, paired = found[1], True
            out.append(line)
        elif fence is None:
            paired = (paired or not line.strip()) and "`" not in _CODE.sub("", line)
            out.append(_outside_code(line) if paired else _escaped(line))
        else:
            out.append(line)
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = None
    return "\n".join(out)


def literal(text: str) -> str:
    """Markdown that shows the text exactly as it was typed, line by line."""
    lines = text.strip("\n").split("\n")
    return "  \n".join(_PUNCTUATION.sub(r"\\\1", _unindented(line)) or "\u200b" for line in lines)


def _outside_code(line: str) -> str:
    """Escapes what is not inline code."""
    out, last = [], 0
    for code in _CODE.finditer(line):
        out.append(_escaped(line[last : code.start()]))
        out.append(code[0])
        last = code.end()
    out.append(_escaped(line[last:]))
    return "".join(out)


def _escaped(text: str) -> str:
    return _ACTIVE.sub(r"\1\\\2", text)


def _unindented(line: str) -> str:
    """Leading blanks would make a code block; no-break spaces look the same."""
    stripped = line.lstrip(" \t")
    return "\u00a0" * (len(line.expandtabs(4)) - len(stripped.expandtabs(4))) + stripped
