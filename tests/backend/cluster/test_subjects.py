from __future__ import annotations

import pytest

from backend.cluster.subjects import files, subject, words
from protos import inference_pb2 as pb
from tests.fakes.running import question

pytestmark = pytest.mark.recipes

FIRST, SECOND = "a" * 64, "b" * 64


def turn(role: pb.Role.ValueType, text: str) -> pb.Message:
    return pb.Message(role=role, parts=[pb.Part(text=text)])


def test_questions_about_a_file_are_about_the_same_whoever_asks() -> None:
    asked = {
        subject(question("Who pays?", FIRST), "ann"),
        subject(question("Until when?", FIRST, SECOND), "bob"),
    }
    assert asked == {FIRST}
    assert subject(question("Who pays?", SECOND), "ann") == SECOND


def test_every_file_is_named_once_in_order() -> None:
    assert files(question("?", SECOND, FIRST, SECOND)) == (SECOND, FIRST)


def test_later_turns_of_a_conversation_are_about_the_same() -> None:
    system, hello = turn(pb.ROLE_SYSTEM, "Be short."), turn(pb.ROLE_USER, "Hello")
    first = pb.GenerateRequest(messages=[system, hello])
    later = pb.GenerateRequest(
        messages=[system, hello, turn(pb.ROLE_ASSISTANT, "Hi"), turn(pb.ROLE_USER, "More")]
    )
    assert subject(first, "ann") == subject(later, "ann")


def test_other_conversations_and_other_owners_are_apart() -> None:
    hello = question("Hello")
    assert subject(hello, "ann") != subject(hello, "bob")
    assert subject(hello, "ann") != subject(question("Goodbye"), "ann")


def test_the_same_words_and_files_are_the_same_however_they_are_to_be_answered() -> None:
    asked, again = question("Who pays?", FIRST), question("Who pays?", FIRST)
    again.request_id = "another"
    again.sampling.temperature = 1.0
    again.detached = True
    assert words(asked, "ann") == words(again, "ann")
    again.response_format.json_object = True
    others = [words(asked, "bob"), words(again, "ann"), words(question("Who pays?", SECOND), "ann")]
    assert len({words(asked, "ann"), *others}) == 4


def test_which_functions_may_be_called_is_part_of_what_is_asked() -> None:
    asked = [question("Who pays?") for _ in range(5)]
    for request in asked[1:]:
        request.tools.add(name="look_up")
        request.tools.add(name="add")
    asked[2].tool_choice = asked[3].tool_choice = pb.TOOL_CHOICE_REQUIRED
    asked[3].tool_name = "add"
    asked[4].parallel_tool_calls = False
    assert len({words(request, "ann") for request in asked}) == 5
    asked[1].parallel_tool_calls = True  # as where nothing is said of it
    again = question("Who pays?")
    again.tools.MergeFrom(asked[1].tools)
    assert words(again, "ann") == words(asked[1], "ann")
