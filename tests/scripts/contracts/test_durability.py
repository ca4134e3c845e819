"""What a run over many files proves: nothing lost, nothing done twice."""

from __future__ import annotations

from dataclasses import replace

from scripts.contracts.durability import Run, report

WHOLE = Run(
    files=10,
    kills=[{"killed": "command", "files done": 3}, {"killed": "backend", "files done": 6}],
    rows=10,
    done=9,
    failed={"a.pdf": "The file is encrypted."},
    asked=12,
    answered=14,
    table_rows=10,
)


def missed(run: Run) -> list[str]:
    return [figure.name for figure in report(run).figures if figure.met is False]


def test_answers_that_a_kill_cost_are_no_fault() -> None:
    assert WHOLE.twice == 2
    assert missed(WHOLE) == []


def test_what_was_lost_or_done_twice_is_told() -> None:
    assert missed(replace(WHOLE, rows=9, lost=["b.pdf"])) == ["files lost"]
    assert missed(replace(WHOLE, redone=["b.pdf"])) == ["kept results that changed after a kill"]
    assert missed(replace(WHOLE, answered=17)) == ["requests beyond those of the results"]
    assert missed(replace(WHOLE, table_rows=9)) == ["rows of the table"]
