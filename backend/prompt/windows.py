"""What of the documents enters the prompt: all of it where it fits, else the best passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from backend.media.media import PageText
from backend.prompt import extraction
from backend.prompt.events import PageUse
from backend.prompt.fields import Field
from backend.prompt.passages import Count, Passage, asked_topics, cue_score, scores, split, within

HEAD = 0.25  # share of the budget for the document's first passages
TAIL = 0.10  # and for its last
GAP = "..."
HIGHLIGHTS = 4  # passages said again right before the question, at most


@dataclass(frozen=True)
class Document:
    """A file whose words are known, or those of some of its pages."""

    sha256: str
    name: str
    pages: tuple[PageText, ...]
    length: int | None = None  # pages of the file; None: all of them are here

    @property
    def has_words(self) -> bool:
        """Whether there is anything to read; OCR takes a sun for a dot, and a dot is no word."""
        found = 0
        for page in self.pages:
            for word in page.words:
                found += sum(map(str.isalnum, word.text))
                if found > 1:
                    return True
        return False

    @property
    def words(self) -> int:
        """How many there are; each has a token or more."""
        return sum(len(page.words) for page in self.pages)

    @property
    def has_several_pages(self) -> bool:
        """Whether a page needs its number to be told from the others."""
        return (len(self.pages) if self.length is None else self.length) > 1


@dataclass(frozen=True)
class Excerpt:
    """The part of a document that is in the prompt."""

    sections: tuple[tuple[int, str], ...]  # the words of each page in it, with the page's marker
    pages: tuple[PageUse, ...]  # every page of the document
    tokens: int  # of the text
    whole: bool  # whether every word of the document is in it

    @property
    def text(self) -> str:
        """The words with page markers; empty if nothing fits."""
        return "\n".join(text for _, text in self.sections)


def excerpts(
    documents: Sequence[Document],
    question: str,
    budget: int,
    count: Count,
    asked: Sequence[Field] = (),
) -> tuple[Excerpt, ...]:
    """One excerpt per document, together within `budget` tokens, shared fairly.

    A document that needs less than its share leaves the rest to the others. Passages are chosen
    for the fields asked for, if there are any, else for the question.
    """
    chosen: dict[int, Excerpt] = {}
    left = max(0, budget)
    # Tokens are counted only where there are not more words already.
    full = [_whole(document, count) if document.words <= left else None for document in documents]
    sizes = [
        document.words if whole is None else whole.tokens
        for document, whole in zip(documents, full, strict=True)
    ]
    for rank, place in enumerate(sorted(range(len(documents)), key=lambda place: sizes[place])):
        share = left // (len(documents) - rank)
        excerpt = full[place]
        if excerpt is None or excerpt.tokens > share:
            excerpt = _best(documents[place], question, share, count, asked)
        chosen[place] = excerpt
        left -= excerpt.tokens
    return tuple(chosen[place] for place in range(len(documents)))


def highlights(documents: Sequence[Document], question: str, budget: int, count: Count) -> str:
    """The few passages that answer best, within `budget` tokens, in the documents' order.

    For each topic asked about its best passage; without a topic, the best of all.
    """
    passages = _passages(documents, count)
    ranked = scores(passages, question)
    wanted = _best_by_topic(passages, ranked, question) or sorted(
        range(len(passages)), key=lambda place: (-ranked[place], place)
    )
    return _joined(passages, wanted[:HIGHLIGHTS], budget, count)


def further(
    documents: Sequence[Document], question: str, budget: int, count: Count, *, besides: str
) -> str:
    """The best passages that are not part of the text `besides`, within `budget` tokens.

    For each topic asked about its best passage, then the best of all until nothing more fits.
    """
    passages = [passage for passage in _passages(documents, count) if passage.text not in besides]
    ranked = scores(passages, question)
    best = sorted(range(len(passages)), key=lambda place: (-ranked[place], place))
    wanted = dict.fromkeys([*_best_by_topic(passages, ranked, question), *best])
    # A passage has 72 tokens or more, but for the last of a page: that many are worth a look.
    return _joined(passages, list(wanted)[: 1 + budget // 36], budget, count)


def _passages(documents: Sequence[Document], count: Count) -> list[Passage]:
    return [
        passage
        for document in documents
        for page in document.pages
        for passage in split(page, count)
    ]


def _joined(passages: Sequence[Passage], wanted: Sequence[int], budget: int, count: Count) -> str:
    """Those of the wanted passages that fit, the first first, in the documents' order."""
    kept: list[int] = []
    for place in wanted:
        tokens = count("\n".join(passages[held].text for held in [*kept, place]))
        if tokens <= budget:
            kept.append(place)
    return "\n".join(passages[place].text for place in sorted(kept))


def _whole(document: Document, count: Count) -> Excerpt:
    passages = [
        Passage(page.number, page.text, count(page.text)) for page in document.pages if page.words
    ]
    return _excerpt(document, passages, set(range(len(passages))), count, whole=True)


def _best(
    document: Document, question: str, budget: int, count: Count, asked: Sequence[Field]
) -> Excerpt:
    passages = [passage for page in document.pages for passage in split(page, count)]
    order = (
        extraction.preference(passages, asked, budget)
        if asked
        else _preference(passages, question, budget)
    )
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
    order.update(dict.fromkeys(within(passages, range(len(passages)), budget * HEAD)))
    order.update(dict.fromkeys(within(passages, range(len(passages) - 1, -1, -1), budget * TAIL)))
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


def _excerpt(
    document: Document,
    passages: Sequence[Passage],
    kept: set[int],
    count: Count,
    *,
    whole: bool,
) -> Excerpt:
    sections: dict[int, list[str]] = {}
    tokens = dict.fromkeys((page.number for page in document.pages), 0)
    previous = -1
    for place in sorted(kept):
        passage = passages[place]
        if passage.page not in sections:
            sections[passage.page] = (
                [f"[Page {passage.page}]"] if document.has_several_pages else []
            )
        lines = sections[passage.page]
        if place != previous + 1:
            lines.append(GAP)
        lines.append(passage.text)
        tokens[passage.page] += passage.tokens
        previous = place
    if kept and previous != len(passages) - 1:
        sections[passages[previous].page].append(GAP)
    told = tuple((page, "\n".join(lines)) for page, lines in sections.items())
    text = "\n".join(lines for _, lines in told)
    return Excerpt(
        sections=told,
        pages=tuple(
            PageUse(
                sha256=document.sha256,
                page=page.number,
                method=page.method,
                words=len(page.words),
                tokens=tokens[page.number],
                hidden=len(page.hidden),
            )
            for page in document.pages
        ),
        tokens=count(text) if text else 0,
        whole=whole,
    )
