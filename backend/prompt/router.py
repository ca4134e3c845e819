"""How a request runs through the model and how each page is read, and why, in one sentence each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import Enum

from backend.errors import InvalidRequest
from backend.media.media import MediaKind
from backend.prompt.events import PageUse
from backend.prompt.material import Material
from backend.prompt.prompt import (
    MediaPart,
    Message,
    Priority,
    Prompt,
    ReadingMethod,
    Role,
    Route,
    TextPart,
)
from backend.prompt.windows import Excerpt

MANY = 8  # files that one instruction is about, from which on it is a batch


class Way(Enum):
    """How the pages of a file reach the model."""

    WORDS = "words"
    SIGHT = "sight"
    EITHER = "either"  # each page as words where its text layer is worth reading, else seen


def way(part: MediaPart, kind: MediaKind, *, sees_images: bool) -> Way:
    """How a file is read. Raises InvalidRequest where a model without eyes is to look at it."""
    if part.reading is ReadingMethod.VISION:
        if not sees_images:
            raise InvalidRequest(
                "This model reads words and cannot see pages; leave out the way of reading, or"
                " choose the text layer or OCR."
            )
        return Way.SIGHT
    if part.reading is not None or not sees_images:
        return Way.WORDS
    return Way.SIGHT if kind is MediaKind.IMAGE else Way.EITHER


def is_batch(message: Message, materials: Mapping[str, Material], priority: Priority) -> bool:
    """Whether a turn is one instruction over many pictures.

    Many are pictures of `MANY` files; of a job, as its priority tells, pages of fewer files count
    as well. A person's question about one long scan is not: the next one will be about it, too.
    """
    if message.role is not Role.USER:
        return False
    instructions = [part for part in message.parts if isinstance(part, TextPart)]
    hashes = dict.fromkeys(part.sha256 for part in message.parts if isinstance(part, MediaPart))
    seen = [len(materials[sha256].views) for sha256 in hashes if materials[sha256].views]
    many = sum(seen) if priority is Priority.BATCH else len(seen)
    return len(instructions) == 1 and bool(instructions[0].text.strip()) and many >= MANY


def route(prompt: Prompt, materials: Mapping[str, Material]) -> Route:
    """The way of this request."""
    if not any(material.views for material in materials.values()):
        return Route.TEXT
    if is_batch(prompt.messages[-1], materials, prompt.priority):
        return Route.IMAGE_BATCH
    return Route.MULTIMODAL


def priority(prompt: Prompt, taken: Route) -> Priority:
    """Who waits: a batch of pictures yields to people whatever it says of itself."""
    return Priority.BATCH if taken is Route.IMAGE_BATCH else prompt.priority


def reason(
    taken: Route,
    pages: Collection[PageUse],
    excerpts: Iterable[Excerpt],
    *,
    sees_images: bool,
) -> str:
    """Why the request runs this way; one English sentence for people."""
    methods = Counter(page.method for page in pages)
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
    if taken is Route.IMAGE_BATCH:
        sentence += "; one instruction over many pictures yields to people who wait"
    elif not sees_images:
        sentence += "; this model reads words, not pictures"
    return sentence + "."


def page_reason(material: Material, method: ReadingMethod, *, sees_images: bool) -> str:
    """Why a page is read this way; one English sentence for people."""
    is_picture = material.media.kind is MediaKind.IMAGE
    if material.insisted:
        return {
            ReadingMethod.TEXT_LAYER: "The request asks for the text layer.",
            ReadingMethod.OCR: "The request asks for OCR.",
            ReadingMethod.VISION: "The request asks for it to be seen.",
        }[method]
    match method:
        case ReadingMethod.TEXT_LAYER:
            return "Its text layer is worth reading."
        case ReadingMethod.VISION:
            return "A picture." if is_picture else "It has no text layer worth reading."
        case ReadingMethod.OCR if sees_images:
            return "Its words were recognised."
        case ReadingMethod.OCR:
            what = "A picture" if is_picture else "It has no text layer worth reading"
            return f"{what}, and this model reads words only."


def _pages(number: int) -> str:
    return "1 page" if number == 1 else f"{number:,} pages"
