"""Safe text: it formats, and does nothing else."""

from __future__ import annotations

import pytest

from frontend.components.markdown import literal, safe


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\n1. **bold** and *italic*\n- `code`",
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "```python\nprices[0] = '<b>' + \"$1\"\n```\nafter",
        "> quoted — “text”",
        "甲方：上海示例科技有限公司",
        "use `a[0] < b` here",
    ],
)
def test_formatting_stays(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("![x](http://evil.test/p.png)", r"!\[x](http://evil.test/p.png)"),
        ("[click](javascript:alert(1))", r"\[click](javascript:alert(1))"),
        ("[a]: http://evil.test\n![a]", "\\[a]: http://evil.test\n!\\[a]"),
        ("<img src=x onerror=alert(1)>", r"\<img src=x onerror=alert(1)>"),
        ("<javascript:alert(1)>", r"\<javascript:alert(1)>"),
        (":red[loud]", r":red\[loud]"),
        ("between $100 and $200", r"between \$100 and \$200"),
        (r"already \[escaped\] \$5", r"already \[escaped\] \$5"),
        (r"\\[not escaped](u)", r"\\\[not escaped](u)"),
        ("- ```\n![x](u)\n", "- ```\n!\\[x](u)\n"),
    ],
)
def test_what_loads_or_runs_is_taken_apart(text: str, shown: str) -> None:
    assert safe(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "a ` b\nc ` ![x](http://evil.test) ` d",  # the first backtick pairs across the lines
        "a ` b\n- ![x](http://evil.test) `",  # a list item ends the paragraph
        "| ` | ![x](http://evil.test) ` |",  # a cell ends before code does
        "`` ` ![x](http://evil.test) ` ",
        r"\` ![x](http://evil.test) `",
        "~~~\ncode\n~~~\n![x](http://evil.test)",
        "```\ncode\n```\n![x](http://evil.test)",
        "```a`b\n![x](http://evil.test)\n```",
        "    ```\n![x](http://evil.test)",
    ],
)
def test_half_open_code_hides_nothing(text: str) -> None:
    assert "![x]" not in safe(text)


def test_code_that_is_not_closed_yet_stays_code() -> None:
    assert safe("```\na[0] = $x") == "```\na[0] = $x"


def test_a_question_is_shown_as_typed() -> None:
    assert literal("**a** [b](c) <d> $1 `e`") == r"\*\*a\*\* \[b\]\(c\) \<d\> \$1 \`e\`"
    assert literal("one\n\n  two") == "one  \n\u200b  \n\u00a0\u00a0two"
    assert literal("# no title") == r"\# no title"
    assert literal("中文，标点。") == "中文，标点。"
