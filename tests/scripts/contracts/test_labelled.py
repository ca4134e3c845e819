"""Marks of labelled agreements, held against the score that comes with the data."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from random import Random
from typing import Any

import pytest

from scripts.contracts import labelled
from scripts.contracts.labelled import Labelled

SCORE = Path(__file__).parents[4] / "shared" / "tools" / "score_nda.py"
LAWS = ("Ohio", "New York", "new_york", "Delaware")
NAMES = ("Acme Inc.", "ACME  Inc.", "Blue LLC", "Ada Brandt", "Blue, LLC")


def made_up(chance: Random) -> dict[str, list[str]]:
    labels = {"party": chance.sample(NAMES, chance.randint(1, 4))}
    if chance.random() < 0.8:
        labels["jurisdiction"] = [chance.choice(LAWS)]
    if chance.random() < 0.6:
        labels["effective_date"] = [f"2019-0{chance.randint(1, 9)}-01"]
    if chance.random() < 0.4:
        labels["term"] = [chance.choice(("2 years", "24 months"))]
    return labels


def answered(chance: Random, labels: dict[str, list[str]]) -> dict[str, Any]:
    """The labels as a model might say them: some left out, some changed, one that nobody asked."""
    found: dict[str, Any] = {"notes": "nothing", "effective_date": "", "term": None}
    for key, values in labels.items():
        kept = [value for value in values if chance.random() < 0.8]
        if chance.random() < 0.2:
            kept.append(chance.choice(NAMES))
        found[key] = kept if key == "party" else kept[0] if kept else None
    return found


@pytest.mark.shared
@pytest.mark.skipif(not SCORE.is_file(), reason="../shared/tools is not there")
def test_the_marks_are_those_of_the_data_sets_own_score() -> None:
    chance = Random(5)
    gold = {f"{number}.pdf": made_up(chance) for number in range(40)}
    answers = {name: answered(chance, labels) for name, labels in gold.items()}
    papers = [Labelled(Path(name), labels) for name, labels in gold.items()]

    marks = labelled.marked(papers, [labelled.given(json.dumps(one)) for one in answers.values()])

    theirs = runpy.run_path(str(SCORE))["table"](gold, answers)
    for key, (hits, found, wanted, precision, recall, f1) in theirs.items():
        ours = marks[key]
        assert (ours["hits"], ours["found"], ours["gold"]) == (hits, found, wanted), key
        assert ours["precision"] == round(precision, 1)
        assert ours["recall"] == round(recall, 1)
        assert ours["f1"] == round(f1, 1)
    assert 0 < marks["all"]["f1"] < 100


def test_every_fifth_by_name_is_kept_for_validation(tmp_path: Path) -> None:
    names = [f"{number:02}.pdf" for number in range(12)]
    rows = [{"file": name, "labels": {"term": ["2 years"]}} for name in reversed(names)]
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))

    assert [paper.name for paper in labelled.validation(tmp_path)] == [
        "00.pdf", "05.pdf", "10.pdf",
    ]  # fmt: skip


def test_mistakes_are_told_apart() -> None:
    paper = Labelled(
        Path("a.pdf"),
        {"party": ["Acme Inc.", "Blue LLC"], "jurisdiction": ["Ohio"], "term": ["2 years"]},
    )
    answer = {"party": ["Acme, Inc.", "Blue LLC"], "effective_date": "2019-01-01", "term": "1 year"}

    found = {one.key: one.kind for one in labelled.mistakes([paper], [answer])}

    assert found == {
        "party": "spelled otherwise",
        "effective_date": "invented",
        "jurisdiction": "missed",
        "term": "another value",
    }


def test_a_name_that_was_cut_is_not_one_that_was_missed() -> None:
    paper = Labelled(Path("a.pdf"), {"party": ["Acme Holdings Inc.", "Blue LLC"]})

    def kind(*names: str) -> str:
        return next(labelled.mistakes([paper], [{"party": list(names)}])).kind

    assert kind("Acme Holdings", "Blue LLC") == "name cut or prolonged"
    assert kind("Blue LLC") == "missed"
    assert kind("Acme Holdings Inc.", "Blue LLC", "Vice President") == "invented"
    assert kind("Blue LLC", "Vice President") == "missed and invented"


def test_an_answer_that_is_no_object_is_an_empty_one() -> None:
    assert set(labelled.given("[1").values()) == {None}
