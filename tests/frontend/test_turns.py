"""Turns: what of a conversation travels with the next question."""

from __future__ import annotations

from frontend.history.records import Attachment, Message, State
from frontend.messages import FilePart, Question, Role, TextPart, Turn
from frontend.presets import Parameters
from frontend.turns import MOST_PAIRS, question


def message(name: str, role: Role, text: str) -> Message:
    state = State.ASKED if role is Role.USER else State.FINISHED
    return Message(name, "c", role, state, text, "", f"request-{name}", 0, "", "", None, 0.0)


def pair(number: int, answer: str = "an answer") -> list[Message]:
    return [
        message(f"q{number}", Role.USER, f"question {number}"),
        message(f"a{number}", Role.ASSISTANT, answer),
    ]


def attachment(number: int, sent_with: str | None, *, removed: bool = False) -> Attachment:
    sha256 = str(number) * 64
    return Attachment(
        number,
        "c",
        sent_with,
        sha256,
        f"{number}.pdf",
        "document",
        1,
        1,
        0,
        0,
        1.0 if removed else None,
    )


def ask(
    messages: list[Message],
    attachments: list[Attachment],
    parameters: Parameters | None = None,
) -> Question:
    return question(messages, attachments, messages[-1], parameters or Parameters(model="m"))


def files(turn: Turn) -> list[str]:
    return [part.filename for part in turn.parts if isinstance(part, FilePart)]


def text(turn: Turn) -> str:
    return "".join(part.text for part in turn.parts if isinstance(part, TextPart))


def test_a_first_question_with_its_files() -> None:
    asked = ask(pair(1, ""), [attachment(1, "q1"), attachment(2, "q1", removed=True)])
    (turn,) = asked.turns
    assert (turn.role, files(turn), text(turn)) == (Role.USER, ["1.pdf"], "question 1")
    assert asked.request_id == "request-a1"
    assert asked.detached
    assert asked.model == "m"


def test_earlier_turns_come_along_in_order() -> None:
    turns = ask(pair(1) + pair(2, ""), [attachment(1, "q1"), attachment(2, "q2")]).turns
    assert [turn.role for turn in turns] == [Role.USER, Role.ASSISTANT, Role.USER]
    assert [files(turn) for turn in turns] == [["1.pdf"], [], ["2.pdf"]]


def test_a_question_without_an_answer_is_left_out_but_its_files_stay() -> None:
    turns = ask(pair(1, "") + pair(2, ""), [attachment(1, "q1")]).turns
    assert [text(turn) for turn in turns] == ["question 2"]
    assert files(turns[0]) == ["1.pdf"]


def test_long_conversations_are_shortened_from_the_front() -> None:
    messages = [m for number in range(20) for m in pair(number)] + pair(99, "")
    turns = ask(messages, [attachment(1, "q0")]).turns
    assert len(turns) == 2 * MOST_PAIRS + 1
    assert text(turns[-1]) == "question 99"
    assert files(turns[0]) == ["1.pdf"]


def test_standing_instructions_come_first() -> None:
    turns = ask(pair(1, ""), [], Parameters(system_prompt="  Quote the clause. ")).turns
    assert (turns[0].role, text(turns[0])) == (Role.SYSTEM, "Quote the clause.")
    assert ask(pair(1, ""), [], Parameters(system_prompt="  ")).turns[0].role is Role.USER
