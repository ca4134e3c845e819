"""What is proposed makes the request fit, and is said in numbers."""

from __future__ import annotations

from backend.media.media import Media, MediaKind
from backend.prompt.material import Material, View
from backend.prompt.prompt import Detail
from backend.prompt.proposals import Change, DoesNotFit, Shortage, for_excerpts, for_shortage
from backend.prompt.windows import Document
from tests.fakes import glm
from tests.fakes.library import page_text


def shortage(
    *details: Detail, words: int = 100, answer: int = 1000, context: int = 8192
) -> Shortage:
    views = tuple(
        View("a" * 64, number, 1654, 2339, detail) for number, detail in enumerate(details, 1)
    )
    return Shortage(words, views, glm.sight(), answer, context)


def fits(prompt_tokens: int, answer: int, context: int = 8192) -> bool:
    return prompt_tokens + answer <= context


def test_lower_detail_is_proposed_first_where_it_is_enough() -> None:
    first, *_ = for_shortage(shortage(*[Detail.HIGH] * 10))

    assert (first.change, first.detail, first.requests) == (Change.LOWER_DETAIL, Detail.LOW, 1)
    assert fits(first.prompt_tokens, 1000)
    assert f"{first.prompt_tokens:,}" in first.sentence


def test_a_shorter_answer_is_proposed_where_there_is_room_for_one() -> None:
    (only, *_) = for_shortage(shortage(*[Detail.AUTO] * 10, answer=7000))

    assert only.change is Change.SHORTER_ANSWER
    assert 4000 < only.max_tokens < 7000
    assert fits(only.prompt_tokens, only.max_tokens)


def test_pages_in_groups_or_some_of_them_otherwise() -> None:
    groups, some = for_shortage(shortage(*[Detail.LOW] * 60))

    assert (groups.change, some.change) == (Change.MAP_REDUCE, Change.FEWER_PAGES)
    (number,) = groups.pages
    assert some.pages == tuple(range(1, number + 1))
    assert groups.requests == -(-60 // number) + 1
    assert fits(groups.prompt_tokens, 1000)
    assert not fits(groups.prompt_tokens + 300, 1000)  # one more would not have fitted


def test_words_alone_can_only_be_said_to_be_too_many() -> None:
    words = Shortage(9000, (), None, 100, 8192)

    assert for_shortage(words) == ()
    assert "9,000" in DoesNotFit(words).message
    assert DoesNotFit(words).code == "context_length_exceeded"


def test_a_refusal_says_what_would_help() -> None:
    refused = DoesNotFit(shortage(*[Detail.HIGH] * 10))

    assert refused.message.endswith(refused.proposals[0].sentence)


def test_every_group_of_pages_fits_and_not_only_the_first() -> None:
    lengths = (10, 300, 10, 300, 300, 10)
    pages = tuple(page_text("word " * words, number) for number, words in enumerate(lengths, 1))
    media = Media("a" * 64, MediaKind.DOCUMENT, "application/pdf", 1, len(pages))
    material = Material(media, Document(media.sha256, "nda.pdf", pages))

    (found,) = for_excerpts([material], [media.sha256], 400, 0, lambda text: len(text.split()))

    assert (found.pages, found.requests) == ((2,), 4)


def test_a_document_too_long_to_be_whole_is_read_in_groups_of_pages() -> None:
    pages = tuple(page_text("word " * 100, number) for number in range(1, 8))
    media = Media("a" * 64, MediaKind.DOCUMENT, "application/pdf", 1, 7)
    material = Material(media, Document(media.sha256, "nda.pdf", pages))

    def count(text: str) -> int:
        return len(text.split())

    (found,) = for_excerpts([material], [media.sha256], 350, 40, count)

    assert (found.pages, found.requests, found.prompt_tokens) == ((3,), 4, 364)
    assert found.sentence.startswith("To have all 7 pages read, ask about groups of 3 pages")
    (less,) = for_excerpts([material], [media.sha256], 90, 40, count)
    assert (less.pages, less.requests, less.prompt_tokens) == ((1,), 8, 130)
    assert less.sentence.startswith("To have more of all 7 pages read, ask about them one by one")
    assert for_excerpts([material], [media.sha256], 800, 40, count) == ()
    assert for_excerpts([material], [], 350, 40, count) == ()
