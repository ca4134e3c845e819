"""What of the documents enters the prompt: all of it where it fits, else the best passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.media.media import PageText
from backend.prompt.events import PageUse
from backend.prompt.passages import Count, Passage, asked_topics, cue_score, scores, split

HEAD = 0.25  # share of the budget for the document's first passages
TAIL = 0.10  # and for its last
GAP = "..."
HIGHLIGHTS = 4  # passages said again right before the question, at most


@dataclass(frozen=True)
class Document:
    """A file whose words are known."""

    sha256: str
    name: str
    pages: tuple[PageText, ...]

    @property
    def has_words(self) -> bool:
        """Whether there is anything to read; OCR takes a sun for a dot, and a dot is no word."""
        words = (word.text for page in self.pages for word in page.words)
        return sum(character.isalnum() for text in words for character in text) > 1


@dataclass(frozen=True)
class Excerpt:
    """The part of a document that is in the prompt."""

    text: str  # with page markers; empty if nothing fits
    pages: tuple[PageUse, ...]  # every page of the document
    tokens: int  # of the text
    whole: bool  # whether every word of the document is in it


def excerpts(
    documents: Sequence[Document], question: str, budget: int, count: Count
) -> tuple[Excerpt, ...]:
    """One excerpt per document, together within `budget` tokens, shared fairly.

    A document that needs less than its share leaves the rest to the others.
    """
    full = [_whole(document, count) for document in documents]
    chosen: dict[int, Excerpt] = {}
    left = max(0, budget)
    by_size = sorted(range(len(documents)), key=lambda place: full[place].tokens)
    for rank, place in enumerate(by_size):
        share = left // (len(documents) - rank)
        excerpt = full[place]
        if excerpt.tokens > share:
            excerpt = _best(documents[place], question, share, count)
        chosen[place] = excerpt
        left -= excerpt.tokens
    return tuple(chosen[place] for place in range(len(documents)))


def highlights(documents: Sequence[Document], question: str, budget: int, count: Count) -> str:
    """The few passages that answer best, within `budget` tokens, in the documents' order.

    For each topic asked about its best passage; without a topic, the best of all.
    """
    passages = [
        passage
        for document in documents
        for page in document.pages
        for passage in split(page, count)
    ]
    ranked = scores(passages, question)
    wanted = _best_by_topic(passages, ranked, question) or sorted(
        range(len(passages)), key=lambda place: (-ranked[place], place)
    )
    kept: list[int] = []
    for place in wanted[:HIGHLIGHTS]:
        tokens = count("\n".join(passages[held].text for held in [*kept, place]))
        if tokens <= budget:
            kept.append(place)
    return "\n".join(passages[place].text for place in sorted(kept))


def _whole(document: Document, count: Count) -> Excerpt:
    passages = [
        Passage(page.number, page.text, count(page.text)) for page in document.pages if page.words
    ]
    return _excerpt(document, passages, set(range(len(passages))), count, whole=True)


def _best(document: Document, question: str, budget: int, count: Count) -> Excerpt:
    passages = [passage for page in document.pages for passage in split(page, count)]
    order = _preference(passages, question, budget)
    kept: set[int] = set()
    estimate = 0
    for place in order:
        # 8 tokens are about what a page marker or a gap costs; the true count follows below.
        if estimate + passages[place].tokens + 8 <= budget:
            kept.add(place)
            estimate += passages[place].tokens + 2
    while True:
        excerpt = _excerpt(document, passages, kept, count, whole=False)
        if excerpt.tokens <= budget or not kept:
            return excerpt
        kept.remove(next(place for place in reversed(order) if place in kept))


def _preference(passages: Sequence[Passage], question: str, budget: int) -> list[int]:
    """Every passage's place, the most wanted first.

    First the document's opening words and the best passage for each topic asked about, then the
    rest of the head's and the tail's shares, then whatever scores highest.
    """
    ranked = scores(passages, question)
    by_score = sorted(range(len(passages)), key=lambda place: (-ranked[place], place))
    order: dict[int, None] = dict.fromkeys(range(min(1, len(passages))))
    order.update(dict.fromkeys(_best_by_topic(passages, ranked, question)))
    order.update(dict.fromkeys(_share(passages, range(len(passages)), budget * HEAD)))
    order.update(dict.fromkeys(_share(passages, range(len(passages) - 1, -1, -1), budget * TAIL)))
    order.update(dict.fromkeys(by_score))
    return list(order)


def _best_by_topic(
    passages: Sequence[Passage], ranked: Sequence[float], question: str
) -> list[int]:
    """Where each topic that the question touches is told best, each place once."""
    found: dict[int, None] = {}
    for topic in asked_topics(question):
        best = max(
            range(len(passages)),
            key=lambda place: (cue_score(topic, passages[place]), ranked[place]),
            default=None,
        )
        if best is not None and cue_score(topic, passages[best]) > 0:
            found[best] = None
    return list(found)


def _share(passages: Sequence[Passage], places: range, budget: float) -> list[int]:
    taken: list[int] = []
    for place in places:
        budget -= passages[place].tokens
        if budget < 0:
            break
        taken.append(place)
    return taken


def _excerpt(
    document: Document,
    passages: Sequence[Passage],
    kept: set[int],
    count: Count,
    *,
    whole: bool,
) -> Excerpt:
    lines: list[str] = []
    tokens = dict.fromkeys((page.number for page in document.pages), 0)
    page = None
    previous = -1
    for place in sorted(kept):
        passage = passages[place]
        skipped = place != previous + 1
        if passage.page != page and len(document.pages) > 1:
            lines.append(f"[Page {passage.page}]")
        if skipped:
            lines.append(GAP)
        lines.append(passage.text)
        tokens[passage.page] += passage.tokens
        page, previous = passage.page, place
    if lines and previous != len(passages) - 1:
        lines.append(GAP)
    text = "\n".join(lines)
    return Excerpt(
        text=text,
        pages=tuple(
            PageUse(
                sha256=document.sha256,
                page=page.number,
                method=page.method,
                words=len(page.words),
                tokens=tokens[page.number],
            )
            for page in document.pages
        ),
        tokens=count(text) if text else 0,
        whole=whole,
    )
