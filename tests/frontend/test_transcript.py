"""A conversation as a file."""

from __future__ import annotations

import json

import pytest

from frontend import transcript
from frontend.history.earlier import EarlierAnswer
from frontend.history.records import Attachment, Conversation, Message, Receipt, Replay, State
from frontend.i18n import Phrases
from frontend.messages import Box, Role

CONVERSATION = Conversation("c1", "Who *are* the parties?", {}, 0.0, 86_400.0)
FILE = Attachment(1, "c1", "q", "a" * 64, "lease [1].pdf", "document", 1000, 3, 0, 0, None)
QUESTION = Message(
    "q", "c1", Role.USER, State.ASKED, "Who *are* they?", "", None, 0, "", "", None, 1.0
)
ANSWER = Message(
    "a",
    "c1",
    Role.ASSISTANT,
    State.FINISHED,
    "| Party | Role |\n|---|---|\n| ACME | lessor |",
    "Let me see.\nPage 1.",
    "r",
    9,
    "",
    "",
    Receipt(model="m", route="text", reason="stop", seed=7, boxes=(Box("a", 1, "x", 1, 2, 3, 4),)),
    2.0,
    {"temperature": 0.2},
    Replay(True, "", "", 5, 1.0, 3.0),
)
EARLIER = EarlierAnswer("Before.", "", Receipt(model="m"), {"temperature": 0.9}, 1.5)
FAILED = Message(
    "f", "c1", Role.ASSISTANT, State.FAILED, "", "", "r2", 1, "queue_full", "Full.", None, 2.0
)


def test_markdown_reads_as_the_page_does() -> None:
    text = transcript.markdown(CONVERSATION, [QUESTION, ANSWER], [FILE], Phrases("en"))
    assert text.startswith("# Who \\*are\\* the parties\\?\n")
    assert f"- lease \\[1\\]\\.pdf (SHA-256 `{'a' * 64}`)" in text
    assert "## Question\n\n*lease \\[1\\]\\.pdf*\n\nWho \\*are\\* they\\?\n" in text
    assert "> **Reasoning**\n>\n> Let me see.\n> Page 1.\n" in text
    assert ANSWER.text in text  # its table stays one
    assert "Seed 7" in text


def test_markdown_speaks_the_language_of_the_page_and_tells_failures() -> None:
    text = transcript.markdown(CONVERSATION, [QUESTION, FAILED], [], Phrases("zh"))
    assert "## 提问" in text
    assert "## 回答\n\n**等待的问题过多，请稍后重试。**" in text


def test_json_holds_everything() -> None:
    said = json.loads(
        transcript.as_json(CONVERSATION, [QUESTION, ANSWER], [FILE], {"a": (EARLIER,)})
    )
    assert said["updated_at"] == "1970-01-02T00:00:00+00:00"
    assert said["files"][0]["sent_with"] == "q"
    question, answer = said["messages"]
    assert question["text"] == "Who *are* they?"
    assert answer["parameters"] == {"temperature": 0.2}
    assert answer["receipt"]["seed"] == 7
    assert answer["receipt"]["boxes"][0]["label"] == "x"
    assert answer["replay"]["same"] is True
    assert answer["earlier"][0]["text"] == "Before."


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Who are the parties?", "Who are the parties.md"),
        ("../../etc/passwd", "etc passwd.md"),
        ("合同/附件：第一份", "合同 附件：第一份.md"),
        ("???", "conversation.md"),
    ],
)
def test_the_file_has_a_name_that_any_system_takes(title: str, name: str) -> None:
    named = Conversation("c1", title, {}, 0.0, 0.0)
    assert transcript.filename(named, "md") == name
