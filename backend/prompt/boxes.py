"""The places in pictures that an answer names between its model's box marks.

The marks never reach a reader; what stands between them does, because models frame plain answers
with them as well. It is a place only if it reads as four numbers of 0-1000, the model's units over
the width and height of the upright picture; one pair of marks may hold several.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.media.media import Media, MediaKind
from backend.prompt.events import Box, Mark
from backend.prompt.picture import ImageSpan
from backend.prompt.prompt import MediaPart, Prompt
from backend.prompt.stops import overlap

OPEN = "<|begin_of_box|>"
CLOSE = "<|end_of_box|>"
UNITS = 1000  # over a side
MOST_BOXES = 256  # of one answer
MOST_CHARACTERS = 8192  # between two marks; what is longer is no place
LABEL_CHARACTERS = 80

_NUMBER = r"\s*(\d{1,4}(?:\.\d{1,6})?)\s*"
_FOUR = re.compile(r"[\[(<]" + ",".join([_NUMBER] * 4) + r"[\])>]")
_BARE = re.compile(",".join([_NUMBER] * 4))
_BETWEEN = re.compile(r"[\s,;\[\]()]*")  # what may stand around places
_NTH_PICTURE = re.compile(
    r"(?:image|picture|photo|figure)\s*#?(\d{1,3})|[图圖]片?\s*(\d{1,3})", re.I
)
_NTH_PAGE = re.compile(r"page\s*#?(\d{1,4})|第\s*(\d{1,4})\s*[页頁]", re.I)
_ENDS = re.compile(r"[\n;]|[.!?]\s|[。；！？]")  # a label does not reach over these


@dataclass(frozen=True)
class Target:
    """A picture that the model saw."""

    sha256: str
    page: int  # from 1
    name: str  # of its file
    width: float  # pixels of the upright original; 1 for a document's page
    height: float


def targets(
    images: Iterable[ImageSpan], media: Mapping[str, Media], prompt: Prompt
) -> tuple[Target, ...]:
    """The pictures of a prompt in their order, each once."""
    names = {
        part.sha256: part.filename
        for message in prompt.messages
        for part in message.parts
        if isinstance(part, MediaPart)
    }
    found: dict[tuple[str, int], Target] = {}
    for span in images:
        sha256, page = span.picture.sha256, span.picture.page
        file = media[sha256]
        is_picture = file.kind is MediaKind.IMAGE
        width, height = (file.width, file.height) if is_picture else (1, 1)
        found.setdefault((sha256, page), Target(sha256, page, names.get(sha256, ""), width, height))
    return tuple(found.values())


class BoxReader:
    """Takes the marks out of one answer's text and notes the places between them."""

    def __init__(self) -> None:
        self._held = ""  # might be the beginning of a mark
        self._inside: str | None = None  # what stands since the opening mark
        self._before = ""  # the words before it
        self._marks: list[Mark] = []
        self._count = 0

    def push(self, text: str) -> str:
        """More text; what of it may be shown now."""
        self._held += text
        shown = ""
        while True:
            mark = OPEN if self._inside is None else CLOSE
            before, found, after = self._held.partition(mark)
            if not found:
                cut = len(self._held) - overlap(self._held, mark)
                before, self._held = self._held[:cut], self._held[cut:]
                return shown + self._take(before)
            shown += self._take(before)
            self._held = after
            self._cross()

    def flush(self) -> str:
        """What was held, when nothing follows."""
        text, self._held = self._held, ""
        return self._take(text)

    def taken(self) -> tuple[Mark, ...]:
        """The places that have come since the last time."""
        marks, self._marks = tuple(self._marks), []
        return marks

    def _take(self, text: str) -> str:
        if self._inside is None:
            self._before = (self._before + text)[-4 * LABEL_CHARACTERS :]
        else:
            self._inside = (self._inside + text)[: MOST_CHARACTERS + 1]
        return text

    def _cross(self) -> None:
        """Goes over a mark."""
        if self._inside is None:
            self._inside = ""
            return
        found = places(self._inside)[: MOST_BOXES - self._count]
        label = _label(self._before)
        self._marks += [Mark(name or label, *edges) for name, edges in found]
        self._count += len(found)
        self._inside, self._before = None, ""


def places(text: str) -> list[tuple[str, tuple[float, float, float, float]]]:
    """The places that a text between two marks says, each with a label of its own or none."""
    if len(text) > MOST_CHARACTERS:
        return []
    bare = _BARE.fullmatch(text)
    matches = [bare] if bare else list(_FOUR.finditer(text))
    if matches and (bare or _BETWEEN.fullmatch(_FOUR.sub("", text))):
        edges = [_edges(match.groups()) for match in matches]
        return [("", four) for four in edges if four is not None]
    return _from_json(text)


def placed(marks: Iterable[Mark], targets: Sequence[Target]) -> tuple[Box, ...]:
    """The places in pixels of the pictures they mean; none if the model saw no picture.

    One picture is meant by all. Of several, it is the one whose number, page or file name the words
    before the box name, the nearest before the box if they name more; else the last one.
    """
    if not targets:
        return ()
    boxes = []
    for mark in marks:
        target = _meant(mark.label, targets)
        across, down = target.width / UNITS, target.height / UNITS
        boxes.append(
            Box(
                sha256=target.sha256,
                page=target.page,
                label=mark.label,
                left=mark.left * across,
                top=mark.top * down,
                right=mark.right * across,
                bottom=mark.bottom * down,
            )
        )
    return tuple(boxes)


def _meant(label: str, targets: Sequence[Target]) -> Target:
    named: list[tuple[int, Target]] = []  # with where in the label
    for match in _NTH_PICTURE.finditer(label):
        number = int(match[1] or match[2])
        if 1 <= number <= len(targets):
            named.append((match.start(), targets[number - 1]))
    for match in _NTH_PAGE.finditer(label):
        number = int(match[1] or match[2])
        named += [(match.start(), target) for target in targets if target.page == number]
    named += [
        (place, target)
        for target in targets
        if target.name and (place := label.rfind(target.name)) >= 0
    ]
    return max(named, key=lambda found: found[0])[1] if named else targets[-1]


def _edges(numbers: Sequence[str]) -> tuple[float, float, float, float] | None:
    left, top, right, bottom = map(float, numbers)
    if max(left, top, right, bottom) > UNITS:
        return None
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def _from_json(text: str) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Places in the form {"bbox_2d": [four numbers], "label": "words"}, one or a list of them."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return []
    found = []
    for one in said if isinstance(said, list) else [said]:
        four = one.get("bbox_2d", one.get("bbox")) if isinstance(one, dict) else None
        if not isinstance(four, list) or not _BARE.fullmatch(",".join(map(str, four))):
            continue
        edges = _edges([str(number) for number in four])
        if edges is not None:
            found.append((str(one.get("label", ""))[:LABEL_CHARACTERS], edges))
    return found


def _label(before: str) -> str:
    """The words right before a box: the end of its line or sentence."""
    words = _ENDS.split(before.rstrip())[-1].strip(" \t:,-*[](){}\"'：，、")
    if len(words) > LABEL_CHARACTERS:
        words = words[-LABEL_CHARACTERS:].partition(" ")[2] or words[-LABEL_CHARACTERS:]
    return words
