"""Recognises the words of a page's picture. Runs in a worker of its own that stays.

The models are those inside the recogniser's own package; nothing is ever fetched. Its imports
take a second and much memory, so they wait until the first page comes.
"""

from __future__ import annotations

import ctypes
import logging
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from backend.media.layout import Box, reading_order
from backend.media.media import Word
from backend.prompt.picture import Pixels

if TYPE_CHECKING:
    import numpy

    _Picture = numpy.ndarray[Any, Any]  # height x width x 3, blue first

MODEL = "pp-ocr-v6-small"  # part of the key under which results are kept
DPI = 150.0
MAX_SIDE = 1_754  # pixels; an A4 page at DPI

_DETECTOR = "PP-OCRv6_det_small.onnx"
_RECOGNISER = "PP-OCRv6_rec_small.onnx"
_SIDE = 960  # pixels the page's longer side has when lines are looked for
_FINE_SIDE = 1_600  # the same for a page of small print
_SMALL_PRINT = 13.0  # pixels a line is high at _SIDE; lower ones run into each other
_LEAST_SCORE = 0.5  # of a line; below, it is a smudge
_POOR_SCORE = 0.75  # of a page on average; below, the page may lie on its head
_LEAST_CONTRAST = 16  # of 255; below, the page is empty
_TALL = 1.5  # height over width of a line that runs down the page


def recognise(page: Pixels, threads: int) -> tuple[Word, ...]:
    """The words of a page in reading order; of a page that lies on its side as well."""
    import numpy

    picture = numpy.frombuffer(page.data, numpy.uint8).reshape(page.height, page.width, 3)
    picture = numpy.ascontiguousarray(picture[:, :, ::-1])  # the models know BGR
    if int(picture.max()) - int(picture.min()) < _LEAST_CONTRAST:
        return ()
    reader = _reader(threads)
    best, best_turn = reader.lines(picture), 0
    for turn in _turns_to_try(best):
        other = reader.lines(numpy.ascontiguousarray(numpy.rot90(picture, turn)))
        if _confidence(other) > _confidence(best):
            best, best_turn = other, turn
    _give_memory_back()
    return _words(best, best_turn, page.width, page.height)


_Edges = tuple[float, float, float, float]  # left, top, right, bottom
_Line = tuple[list[tuple[str, Box]], float]  # words with boxes in pixels, and the score


class _Reader:
    """The models: one finds lines, the other reads them, several lines at a time.

    Each line runs on a single thread: shared out within one line, threads mostly wait.
    """

    def __init__(self, threads: int) -> None:
        # Before onnxruntime is loaded, which otherwise gives the machine a number, keeps it in a
        # cache and reports to its maker's server how it is used.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        from rapidocr import RapidOCR

        logging.getLogger("RapidOCR").disabled = True
        models = model_folder()
        common = {
            "Global.log_level": "critical",
            "Global.use_preprocess_img": False,
            "Global.use_cls": False,
        }
        self._finder = RapidOCR(
            params=common
            | {
                "Global.use_rec": False,
                "EngineConfig.onnxruntime.intra_op_num_threads": threads,
                "Det.model_path": str(models / _DETECTOR),
                "Det.limit_side_len": _SIDE,
                "Det.limit_type": "max",
            }
        )
        self._reader = RapidOCR(
            params=common
            | {
                "Global.use_det": False,
                "Global.return_word_box": True,
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
                "Rec.model_path": str(models / _RECOGNISER),
                "Rec.rec_img_shape": [3, 48, 160],
            }
        )
        self._threads = ThreadPoolExecutor(threads)

    def lines(self, picture: _Picture) -> list[_Line]:
        """Every line found, read."""
        import numpy

        corners = self._find(picture, _SIDE)
        if not corners:
            return []
        if _line_height(corners) * _SIDE < _SMALL_PRINT * max(picture.shape):
            corners = self._find(picture, _FINE_SIDE)
        crops = self._finder.crop_text_regions(picture, numpy.stack(corners))
        return list(self._threads.map(self._line, crops, corners))

    def _find(self, picture: _Picture, side: int) -> list[_Picture]:
        """The corners of every line, 4 x 2 each, clockwise from the top left."""
        detector: Any = self._finder.text_det
        if detector is not None:  # it is made when first used, with _SIDE
            detector.limit_side_len = side
        found: Any = self._finder(picture)
        return [] if found.boxes is None else list(found.boxes)

    def _line(self, crop: _Picture, corners: _Picture) -> _Line:
        result: Any = self._reader(crop)
        if not result.txts or not result.txts[0].strip():
            return [], 0.0
        text, score = result.txts[0], float(result.scores[0])
        placed = self._reader.calc_word_boxes([crop], corners[None], result)
        return _line_words(text, _around(corners), placed[0] if placed else ()), score


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
    kept = [words for words, score in lines if words and score >= _LEAST_SCORE]
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


def _line_height(corners: Sequence[_Picture]) -> float:
    """How high most lines are, in pixels; of lines that run down the page, how wide."""
    boxes = [_around(quad) for quad in corners]
    heights = sorted(min(box.height, box.right - box.left) for box in boxes)
    return heights[len(heights) // 2]


def _around(corners: Iterable[Sequence[float]]) -> Box:
    xs, ys = zip(*((float(x), float(y)) for x, y in corners), strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def _union(boxes: Sequence[Box]) -> Box:
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


@cache
def _reader(threads: int) -> _Reader:
    """The models, loaded once in the life of a worker."""
    return _Reader(threads or len(os.sched_getaffinity(0)))


def _give_memory_back() -> None:
    """Returns what the C library holds for later to the system, where it can."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def model_folder() -> Path:
    """Where the recogniser's package keeps its models; found without importing it."""
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("rapidocr is not installed")
    return Path(spec.origin).parent / "models"
