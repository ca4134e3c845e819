"""How a request runs through the model, and why, in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from backend.errors import NotImplementedYet
from backend.media.media import Media, MediaKind
from backend.prompt.prompt import ReadingMethod, Route
from backend.prompt.windows import Document, Excerpt


def route(media: Collection[Media], *, sees_images: bool) -> Route:
    """The way of this request. Raises NotImplementedYet for a way that is not built."""
    pictures = sum(file.kind is MediaKind.IMAGE for file in media)
    if not sees_images or not pictures:
        return Route.TEXT  # documents are read as words, whatever the model could see
    raise NotImplementedYet(
        "This version cannot show pictures to a model that sees; the embedded model reads their"
        " words.",
        param="messages",
    )


def reason(documents: Iterable[Document], excerpts: Iterable[Excerpt], *, sees_images: bool) -> str:
    """Why the request runs as words only; one English sentence for people."""
    methods = Counter(page.method for document in documents for page in document.pages)
    if not methods:
        return "Words only: there is no file to read."
    by = {
        ReadingMethod.TEXT_LAYER: "by text layer",
        ReadingMethod.OCR: "by OCR",
        ReadingMethod.VISION: "by sight",
    }
    read = [f"{_pages(methods[method])} {how}" for method, how in by.items() if methods[method]]
    sentence = f"Read {' and '.join(read)}"
    if not all(excerpt.whole for excerpt in excerpts):
        sentence += "; the passages that fit the question best are in the prompt"
    if not sees_images:
        sentence += "; this model reads words, not pictures"
    return sentence + "."


def _pages(number: int) -> str:
    return "1 page" if number == 1 else f"{number:,} pages"
