"""What of documents enters the prompt: whole, or the passages that answer."""

from __future__ import annotations

from backend.prompt.passages import asked_topics, split, terms
from backend.prompt.prompt import ReadingMethod
from backend.prompt.windows import Document, excerpts, further, highlights
from tests.fakes.library import page_text

FILLER = "The receiving side keeps records of its staff training in good order at all times."


def contract_text(contract: Document) -> str:
    return "\n".join(page.text for page in contract.pages)


def count(text: str) -> int:
    """Words, and a token for each line break."""
    return len(text.split()) + text.count("\n")


def document(*pages: str, name: str = "a.pdf") -> Document:
    read = tuple(page_text(text, n, ReadingMethod.TEXT_LAYER) for n, text in enumerate(pages, 1))
    return Document(name.ljust(64, "0"), name, read)


def long_document(needle: str, *, at: int = 7, pages: int = 12) -> Document:
    texts = [
        "\n".join(f"{number}.{line} {FILLER}" for line in range(30)) for number in range(pages)
    ]
    texts[0] = "AGREEMENT number nine\n" + texts[0]
    texts[at] += "\n" + needle
    texts[-1] += "\nsigned at the very end"
    return document(*texts)


def test_a_document_that_fits_enters_whole_with_its_pages_marked() -> None:
    (excerpt,) = excerpts([document("one two", "three")], "anything", 100, count)

    assert excerpt.text == "[Page 1]\none two\n[Page 2]\nthree"
    assert excerpt.whole
    assert [(use.page, use.words, use.tokens) for use in excerpt.pages] == [(1, 2, 2), (2, 1, 1)]


def test_a_single_page_needs_no_marker() -> None:
    assert excerpts([document("one")], "", 100, count)[0].text == "one"


def test_the_passage_that_answers_is_found_within_the_budget() -> None:
    cases = {
        "Which law governs?": "This agreement is governed by the laws of the State of Ohio.",
        "What is the widget's colour?": "Every widget shall be painted purple.",
        "How long does it last?": "The term is three (3) years from the first delivery.",
        "适用哪里的法律？": "本协议适用中华人民共和国法律，由北京法院管辖。",
    }
    for question, needle in cases.items():
        (excerpt,) = excerpts([long_document(needle)], question, 400, count)

        assert needle in excerpt.text
        assert not excerpt.whole
        assert excerpt.tokens <= 400
        assert count(excerpt.text) == excerpt.tokens
        assert excerpt.pages[7].tokens > 0
        assert 0 in [use.tokens for use in excerpt.pages]


def test_head_and_tail_are_kept_in_the_documents_order() -> None:
    text = excerpts([long_document("Purple widgets.")], "widgets?", 500, count)[0].text

    places = [text.index(part) for part in ("AGREEMENT", "[Page 8]", "Purple", "very end")]
    assert places == sorted(places)
    assert "..." in text


def test_documents_share_fairly_and_small_ones_leave_their_rest() -> None:
    small = document("Just a few words.", name="small")
    big = [long_document("Purple widgets.", pages=n) for n in (9, 12)]

    found = excerpts([big[0], small, big[1]], "widgets?", 800, count)

    assert found[1].whole
    assert sum(excerpt.tokens for excerpt in found) <= 800
    assert min(found[0].tokens, found[2].tokens) > 300


def test_what_answers_is_said_again_each_topic_once() -> None:
    law = "This agreement is governed by the laws of the State of Ohio."
    contract = long_document(law)

    again = highlights([contract], "Which law governs?", 100, count)
    both = highlights([contract], "Who signed and which law governs?", 300, count)

    assert law in again
    assert count(again) <= 100
    assert law in both
    assert count(both) <= 300
    assert highlights([contract], "Which law governs?", 3, count) == ""


def test_what_a_prompt_lacks_is_found_and_what_it_has_is_not_said_again() -> None:
    law = "This agreement is governed by the laws of the State of Ohio."
    contract = long_document(law)

    lacking = further([contract], "Which law governs?", 200, count, besides="nothing of it")
    passage = next(line for line in lacking.splitlines() if law in line)
    again = further([contract], "Which law governs?", 200, count, besides=contract_text(contract))

    assert passage
    assert 100 < count(lacking) <= 200
    assert law not in again


def test_no_budget_is_no_text() -> None:
    (excerpt,) = excerpts([long_document("x")], "x", 0, count)

    assert (excerpt.text, excerpt.tokens, excerpt.whole) == ("", 0, False)


def test_splitting_loses_and_repeats_nothing() -> None:
    texts = ["a b c\n" * 200, "word " * 5000, "没有空格的很长的一行" * 300]
    for text in texts:
        page = page_text(text)
        passages = list(split(page, lambda text: len(text) // 4))
        assert "".join("".join(p.text.split()) for p in passages) == "".join(text.split())
        assert all(len(p.text) <= 400 + 360 for p in passages)


def test_words_are_compared_by_their_stems_and_characters_by_pairs() -> None:
    assert terms("terminated")[0] == terms("termination")[0] == terms("terminate")[0]
    assert terms("governing law") == terms("governed laws")
    assert terms("保密信息") == ["保密", "密信", "信息"]


def test_questions_touch_topics() -> None:
    assert len(asked_topics("Who are the parties, when does it start, which law governs?")) >= 3
    assert asked_topics("Summarise the three key clauses") == ()
