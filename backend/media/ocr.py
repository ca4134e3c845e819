"""Recognises the words of a page's picture. Runs in a worker of its own that stays.

The models are those inside the recogniser's own package; nothing is ever fetched. Its imports
take a second and much memory, so they wait until the first page comes.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.media.images import Pixels
from backend.media.layout import Box, reading_order
from backend.media.media import Word

if TYPE_CHECKING:
    import numpy
    from rapidocr import RapidOCR

MODEL = "pp-ocr-v6-small"  # part of the key under which results are kept
DPI = 150.0
MAX_SIDE = 1_754  # pixels; an A4 page at DPI

_DETECTOR = "PP-OCRv6_det_small.onnx"
_RECOGNISER = "PP-OCRv6_rec_small.onnx"
_DETECTOR_SIDE = 960  # pixels the page's longer side has when lines are looked for
_LEAST_SCORE = 0.5  # of a line; below, it is a smudge
_POOR_SCORE = 0.75  # of a page on average; below, the page may lie on its head
_TALL = 1.5  # height over width of a line that runs down the page


def recognise(page: Pixels, threads: int) -> tuple[Word, ...]:
    """The words of a page in reading order; of a page that lies on its side as well."""
    import numpy

    picture = numpy.frombuffer(page.data, numpy.uint8).reshape(page.height, page.width, 3)
    picture = numpy.ascontiguousarray(picture[:, :, ::-1])  # the models know BGR
    if int(picture.max()) - int(picture.min()) < 16:
        return ()  # an empty page
    engine = _engine(threads)
    best, best_turn = _lines(engine, picture), 0
    for turn in _turns_to_try(best):
        other = _lines(engine, numpy.ascontiguousarray(numpy.rot90(picture, turn)))
        if _confidence(other) > _confidence(best):
            best, best_turn = other, turn
    return _words(best, best_turn, page.width, page.height)


_Edges = tuple[float, float, float, float]  # left, top, right, bottom
_Line = tuple[list[tuple[str, Box]], float]  # words with boxes in pixels, and the score


def _lines(engine: RapidOCR, picture: numpy.ndarray[Any, Any]) -> list[_Line]:
    result: Any = engine(picture, return_word_box=True)
    if result.txts is None or result.boxes is None:
        return []
    lines = []
    for text, score, corners, pieces in zip(
        result.txts, result.scores, result.boxes, result.word_results, strict=False
    ):
        box = _around(corners)
        lines.append((_line_words(text, box, pieces), float(score)))
    return lines


def _line_words(
    text: str, box: Box, pieces: Sequence[tuple[str, float, Any]]
) -> list[tuple[str, Box]]:
    """The line's words with their boxes: the recogniser's pieces, joined between spaces."""
    words = text.split()
    if "".join(piece[0] for piece in pieces) != "".join(words):
        return _shared_out(words, box)
    placed = []
    rest = list(pieces)
    for word in words:
        boxes = []
        length = 0
        while length < len(word):
            piece = rest.pop(0)
            length += len(piece[0])
            boxes.append(_around(piece[2]))
        if length > len(word):
            return _shared_out(words, box)
        placed.append((word, _union(boxes)))
    return placed


def _shared_out(words: Sequence[str], box: Box) -> list[tuple[str, Box]]:
    """The line's width shared out among its words by their letters."""
    letters = sum(map(len, words)) + len(words) - 1
    step = (box.right - box.left) / max(1, letters)
    placed, at = [], box.left
    for word in words:
        end = at + step * len(word)
        placed.append((word, Box(at, box.top, end, box.bottom)))
        at = end + step
    return placed


def _turns_to_try(lines: Sequence[_Line]) -> tuple[int, ...]:
    """Quarter turns, counter-clockwise, that might make a poorly read page readable."""
    if not lines:
        return ()
    boxes = [_union([box for _, box in words]) for words, _ in lines if words]
    tall = sum(1 for box in boxes if box.height > _TALL * (box.right - box.left))
    if tall > len(boxes) / 2:
        return (1, 3)
    if sum(score for _, score in lines) / len(lines) < _POOR_SCORE:
        return (2,)
    return ()


def _confidence(lines: Sequence[_Line]) -> float:
    """How much was read, and how surely."""
    return sum(score**4 * sum(len(text) for text, _ in words) for words, score in lines)


def _words(lines: Sequence[_Line], turn: int, width: int, height: int) -> tuple[Word, ...]:
    kept = [words for words, score in lines if score >= _LEAST_SCORE and words]
    rows = reading_order([_union([box for _, box in words]) for words in kept])
    turned_width, turned_height = (height, width) if turn % 2 else (width, height)
    found = []
    for number, row in enumerate(rows):
        for index in row:
            for text, box in kept[index]:
                shares = (
                    box.left / turned_width,
                    box.top / turned_height,
                    box.right / turned_width,
                    box.bottom / turned_height,
                )
                found.append(Word(text, *_turned_back(shares, turn), number))
    return tuple(found)


def _turned_back(box: _Edges, turn: int) -> _Edges:
    """A box on the turned picture, where it is on the page."""
    left, top, right, bottom = box
    match turn:
        case 1:
            return 1 - bottom, left, 1 - top, right
        case 2:
            return 1 - right, 1 - bottom, 1 - left, 1 - top
        case 3:
            return top, 1 - right, bottom, 1 - left
        case _:
            return left, top, right, bottom


def _around(corners: Sequence[Sequence[float]]) -> Box:
    xs = [float(corner[0]) for corner in corners]
    ys = [float(corner[1]) for corner in corners]
    return Box(min(xs), min(ys), max(xs), max(ys))


def _union(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


@cache
def _engine(threads: int) -> RapidOCR:
    """The recogniser with its models loaded. Kept for the life of the worker."""
    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").disabled = True
    models = model_folder()
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.max_side_len": 4_000,
            "Global.text_score": _LEAST_SCORE,
            "EngineConfig.onnxruntime.intra_op_num_threads": threads or -1,
            "Det.model_path": str(models / _DETECTOR),
            "Det.limit_side_len": _DETECTOR_SIDE,
            "Det.limit_type": "max",
            "Rec.model_path": str(models / _RECOGNISER),
        }
    )


def model_folder() -> Path:
    """Where the recogniser's package keeps its models; found without importing it."""
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("rapidocr is not installed")
    return Path(spec.origin).parent / "models"
