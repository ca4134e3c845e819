"""How fields are asked of a document."""

from __future__ import annotations

import json

from backend.prompt import windows
from backend.prompt.extraction import ASK, ASK_ZH, DEFAULT, DEFAULT_ZH, question
from backend.prompt.fields import Field, fields
from backend.prompt.windows import Document
from tests.fakes.library import page_text

FILLER = "The parties shall act in good faith and keep proper records of all that they do.\n"


def count(text: str) -> int:
    return len(text.split())


def asked(**descriptions: str) -> tuple[Field, ...]:
    properties = {
        name: {"type": "string", "description": told} for name, told in descriptions.items()
    }
    return fields(json.dumps({"properties": properties, "required": list(properties)}))


def shown(text: str, wanted: tuple[Field, ...], budget: int) -> str:
    document = Document("a" * 64, "lease.pdf", (page_text(text),))
    return windows.excerpts([document], "", budget, count, wanted)[0].text


def test_the_fields_stand_after_the_users_words() -> None:
    text = question("Please read this.", asked(rent="How much?"))

    assert text == f"Please read this.\n\n{ASK}\n- rent (text): How much?"


def test_without_words_of_the_user_there_is_a_plain_instruction() -> None:
    assert question(" ", asked(rent="How much?")).startswith(f"{DEFAULT}\n\n{ASK}\n")
    assert question("", asked(租金="多少")).startswith(f"{DEFAULT_ZH}\n\n{ASK_ZH}\n")


def test_a_chinese_instruction_is_answered_in_kind() -> None:
    assert ASK_ZH in question("请提取租金", asked(rent="How much?"))


def test_every_field_has_its_passage_in_a_long_document() -> None:
    middle = [
        "The tenant shall pay a deposit of $4,500 on signing this lease.",
        "This lease is governed by the laws of the State of Ohio.",
        "Either party may terminate on sixty days' prior written notice.",
        "Pets may not be kept on the premises at any time.",
    ]
    text = "LEASE between Ann Lee and Bo Chen.\n" + "".join(
        FILLER * 25 + line + "\n" + FILLER * 25 for line in middle
    )
    wanted = asked(
        deposit="Security deposit",
        governing_law="Which law governs?",
        notice_period="How much notice ends the lease?",
        pets_allowed="May pets be kept?",
    )

    found = shown(text, wanted, 700)

    assert count(found) <= 700 < count(text) / 4
    assert [line for line in middle if line not in found] == []
    assert found.startswith("LEASE between")


def test_chinese_clauses_are_found_for_fields_with_english_names() -> None:
    clauses = [
        "押金为人民币五千元整。",
        "本合同适用中华人民共和国法律。",
        "任何一方提前三十日书面通知可解除合同。",
    ]
    filler = "双方应当诚实信用，妥善保管全部往来文件，并互相提供必要的协助。\n"
    text = "".join(filler * 60 + clause + "\n" + filler * 60 for clause in clauses)
    document = Document("a" * 64, "合同.pdf", (page_text(text),))

    found = windows.excerpts(
        [document], "", 1200, len, asked(deposit="", governing_law="", termination_notice="")
    )[0].text

    assert [clause for clause in clauses if clause not in found] == []


def test_a_short_document_is_shown_whole() -> None:
    text = "Rent is $900 a month.\nNo pets."

    assert shown(text, asked(rent="How much?"), 100) == text
