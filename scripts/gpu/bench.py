"""An engine on a GPU and what it is asked, as the service would ask it."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.gpu.album import OWNER, PIXELS, Album, jpeg

if TYPE_CHECKING:
    from backend.engine import Engine
    from backend.errors import RequestError
    from backend.model.loader import LoadedModel
    from backend.prompt.events import Delta
    from backend.prompt.picture import ImageSpan, Picture
    from backend.prompt.prompt import FinishReason

WORDS = 64  # tokens of text in a prompt
ANSWER = 128  # tokens of an answer


@dataclass
class Heard:
    """Listens to one answer."""

    ended: threading.Event = field(default_factory=threading.Event)
    times: list[float] = field(default_factory=list)  # when tokens came
    tokens: int = 0
    cached: int = 0
    error: str = ""

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        self.cached = cached_tokens

    def delta(self, delta: Delta) -> None:
        self.times.append(time.perf_counter())

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        self.tokens = completion_tokens
        self.error = "" if error is None else error.message
        self.ended.set()


class Bench:
    """A started engine; `start_seconds` is what it took to the first answer."""

    def __init__(
        self,
        folder: Path,
        beside_tokens: int | None = None,
        **options: Any,  # noqa: ANN401  # of `load`
    ) -> None:
        """`beside_tokens` takes the place of the model's own."""
        from backend.engine import Engine
        from backend.model.catalogue import choose
        from backend.model.loader import load

        self._chance = random.Random(0)  # noqa: S311  # made-up prompts
        self._asked = 0
        self._drawn = 0
        self._albums: list[Album] = []
        self.phases: list[tuple[float, str]] = []
        began = time.perf_counter()
        self.model: LoadedModel = load(
            choose(str(folder), folder, None),
            models_dir=folder,
            threads=4,
            on_phase=lambda doing: self.phases.append((time.perf_counter() - began, doing)),
            **options,
        )
        if beside_tokens is not None:
            self.model = replace(self.model, beside_tokens=beside_tokens)
        self.engine: Engine = Engine(self.model, max_running=64, max_queue=64)
        self.engine.start()
        self.first_token(self.words(8))
        self.start_seconds = time.perf_counter() - began
        self.engine.is_prepared.wait()
        self.prepared_seconds = time.perf_counter() - began

    @property
    def album(self) -> Album:
        """Opens pictures; its workers start at the first use."""
        if not self._albums:
            assert self.model.sight is not None
            any_size = self.engine.resizes_pictures
            self._albums.append(Album(self.model.sight, any_size=any_size))
        return self._albums[0]

    def close(self) -> None:
        """Ends the engine and lets its memory go."""
        import gc

        import torch

        for album in self._albums:
            album.close()
        self.engine.stop(0)
        del self.engine, self.model
        gc.collect()
        torch.cuda.empty_cache()

    def words(self, count: int) -> list[int]:
        """A prompt that was never asked before."""
        return [self._chance.randrange(1000, 150_000) for _ in range(count)]

    def photos(self, count: int) -> list[bytes]:
        """Pictures that were never shown before, as JPEG."""
        self._drawn += count
        return [jpeg(number) for number in range(self._drawn - count, self._drawn)]

    def ask(
        self,
        prompt: list[int],
        tokens: int,
        images: tuple[ImageSpan, ...] = (),
        listener: Heard | None = None,
    ) -> Heard:
        """Begins a request for exactly so many tokens."""
        from backend.prompt.prompt import Sampling
        from backend.work import Work

        self._asked += 1
        heard = listener or Heard()
        sampling = Sampling(max_tokens=tokens, min_tokens=tokens, seed=0)
        work = Work(f"request {self._asked}", OWNER, tuple(prompt), sampling, images=images)
        self.engine.submit(work, heard)
        return heard

    def ask_of(self, pictures: Sequence[Picture], words: list[int], tokens: int) -> Heard:
        """The same about pictures, which stand before the words."""
        from backend.prompt.picture import ImageSpan

        sight = self.model.sight
        assert sight is not None
        prompt: list[int] = []
        spans: list[ImageSpan] = []
        for picture in pictures:
            spans.append(ImageSpan(len(prompt), picture))
            prompt += [sight.image_id] * picture.tokens
        self.engine.hold_pictures([picture.key for picture in pictures])
        return self.ask(prompt + words, tokens, tuple(spans))

    def first_token(self, prompt: list[int]) -> float:
        """Milliseconds until it is there."""
        return _milliseconds(lambda: self.ask(prompt, 1))

    # The rows of the table.

    def text(self, runs: int) -> float:
        """Milliseconds to the first token of a short text."""
        return _median(lambda: self.first_token(self.words(WORDS)), runs)

    def another_question(self, runs: int) -> float:
        """The same where 1,369 tokens before them are known."""
        document = self.words(1369)
        self.first_token(document + self.words(WORDS))
        return _median(lambda: self.first_token(document + self.words(WORDS)), runs)

    def known_picture(self, runs: int) -> float:
        """The same of a picture that was asked about before, its bytes known to the client."""
        [photo] = self.photos(1)
        shown = self.album.open(photo).result()
        self.ask_of([shown], self.words(WORDS), 1).ended.wait()
        return _median(
            lambda: _milliseconds(lambda: self.ask_of([shown], self.words(WORDS), 1)), runs
        )

    def pictures(self, count: int, runs: int) -> float:
        """Milliseconds from the bytes of so many new pictures to the first token."""
        photos = [self.photos(count) for _ in range(runs + 1)]
        return _median(lambda: self._shown(photos.pop()), runs)

    def _shown(self, photos: Sequence[bytes]) -> float:
        words = self.words(WORDS)

        def ask() -> Heard:
            opening = [self.album.open(photo) for photo in photos]
            return self.ask_of([one.result() for one in opening], words, 1)

        return _milliseconds(ask)

    def picture_at_hand(self, runs: int) -> float:
        """The same where the pixels are there already."""
        shown = [self.album.open(photo).result() for photo in self.photos(runs + 1)]
        return _median(
            lambda: _milliseconds(lambda: self.ask_of([shown.pop()], self.words(WORDS), 1)), runs
        )

    def tower(self, runs: int) -> float:
        """Milliseconds of the vision tower alone, patches and all, for one picture."""
        import torch

        vision = self.model.vision
        assert vision is not None
        shown = [self.album.open(photo).result() for photo in self.photos(runs + 2)]

        def encode() -> float:
            torch.cuda.synchronize()
            began = time.perf_counter()
            vision.embeddings([shown.pop()])
            torch.cuda.synchronize()
            return (time.perf_counter() - began) * 1e3

        encode()
        while vision.prepare_more():  # in this thread, too
            pass
        return _median(encode, runs)

    def decode(self, sequences: int, context: int, tokens: int = ANSWER) -> float:
        """Tokens a second while so many sequences decode together, no prompt beside them."""
        heard = [self.ask(self.words(context), tokens) for _ in range(sequences)]
        _hear(heard, tokens)
        began, ended = max(one.times[0] for one in heard), min(one.times[-1] for one in heard)
        times = [when for when in heard[-1].times if began <= when <= ended]
        # Not the median of the gaps: they come in pairs where a step is waited for.
        return sequences * (len(times) - 1) / (times[-1] - times[0])

    def texts_at_once(self, sequences: int, tokens: int = ANSWER) -> float:
        """Tokens a second over everything, prompts included."""
        prompts = [self.words(WORDS) for _ in range(sequences)]
        began = time.perf_counter()
        heard = [self.ask(prompt, tokens) for prompt in prompts]
        _hear(heard, tokens)
        return sequences * tokens / (time.perf_counter() - began)

    def pictures_at_once(self, sequences: int, tokens: int = ANSWER) -> tuple[float, float, float]:
        """Tokens a second from the pictures' bytes on, and seconds to the first token: median, and
        what 99 of 100 stay below."""
        photos = self.photos(sequences)
        prompts = [self.words(WORDS) for _ in range(sequences)]
        heard: list[Heard] = []
        began = time.perf_counter()
        opening = [self.album.open(photo) for photo in photos]
        for picture, words in zip(opening, prompts, strict=True):
            heard.append(self.ask_of([picture.result()], words, tokens))
        _hear(heard, tokens)
        seconds = time.perf_counter() - began
        waits = sorted(one.times[0] - began for one in heard)
        last = waits[min(len(waits) - 1, int(0.99 * len(waits)))]
        return sequences * tokens / seconds, statistics.median(waits), last

    def whole(self, tokens: int, pictures: int) -> float:
        """Seconds for one request of that many tokens, of which 1,024 are its answer."""
        shown = [self.album.open(photo).result() for photo in self.photos(pictures)]
        rest = tokens - 1024 - sum(picture.tokens for picture in shown)
        began = time.perf_counter()
        _hear([self.ask_of(shown, self.words(rest), 1024)], 1024)
        return time.perf_counter() - began


def bandwidth() -> float:
    """Bytes a second that a copy on the device moves."""
    import torch

    source = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    best = float("inf")
    for _ in range(10):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        begin.record()
        target.copy_(source)
        end.record()
        torch.cuda.synchronize()
        best = min(best, begin.elapsed_time(end) / 1e3)
    return 2 * (1 << 30) / best


def _milliseconds(ask: Callable[[], Heard]) -> float:
    began = time.perf_counter()
    heard = ask()
    heard.ended.wait()
    assert heard.tokens == 1, heard.error
    return (heard.times[0] - began) * 1e3


def _median(measure: Callable[[], float], runs: int) -> float:
    """The first is not counted: what is compiled at the first use is compiled in it."""
    return statistics.median([measure() for _ in range(runs + 1)][1:])


def _hear(heard: Sequence[Heard], tokens: int) -> None:
    for one in heard:
        one.ended.wait()
        assert one.tokens == tokens, one.error


__all__ = ["ANSWER", "PIXELS", "WORDS", "Bench", "Heard", "bandwidth"]
