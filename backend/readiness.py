"""How far the backend is: the model loaded and warmed in a thread of its own, and let go."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import structlog

from backend.errors import RequestError, Unavailable
from backend.model.info import ModelInfo
from backend.prompt.events import Delta
from backend.prompt.guide import Guide
from backend.prompt.picture import ImageSpan
from backend.prompt.prompt import FinishReason, Prompt, Role, Sampling
from backend.prompt.sight import Sight
from backend.prompt.template import ChatMessage, Renders
from backend.prompt.tokenizer import Counts
from backend.work import Asked, EngineStats, Listener, Work

WARM_UP_TOKENS = 4
WARM_UP_SECONDS = 300.0

log = structlog.get_logger(__name__)


class Phase(Enum):
    """How far the backend is."""

    STARTING = "starting"
    LOADING = "loading"
    WARMING = "warming"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"


class Computes(Protocol):
    """What the rest of the backend asks of an engine; see backend.engine.Engine."""

    @property
    def resizes_pictures(self) -> bool: ...

    @property
    def busy_since(self) -> float | None: ...

    def submit(self, work: Work, listener: Listener) -> int: ...

    def cancel(self, owner: str, request_id: str) -> bool: ...

    def hold_pictures(self, keys: Iterable[bytes]) -> frozenset[bytes]: ...

    def release_pictures(self, keys: Iterable[bytes]) -> None: ...

    def known_tokens(
        self,
        owner: str,
        prompt_ids: Sequence[int],
        images: Sequence[ImageSpan],
        *,
        adapted: bool = False,
    ) -> int: ...

    def forget(self, owner: str, sha256: str) -> int: ...

    def stats(self) -> EngineStats: ...

    def stop(self, grace: float) -> None: ...


class Forms(Protocol):
    """What makes the guides of answers; see backend.prompt.guides.Guides."""

    def factory(self, prompt: Prompt, max_tokens: int) -> Callable[[], Guide] | None: ...


@dataclass(frozen=True)
class Ready:
    """Everything an answer needs of the loaded model."""

    info: ModelInfo
    tokenizer: Counts
    template: Renders
    engine: Computes
    sight: Sight | None = None  # None: the model does not see
    guides: Forms | None = None  # None: answers are held to nothing
    tokenize: Callable[[str], list[int]] | None = None  # where `tokenizer` only estimates
    watch: Callable[[Heard], None] | None = None  # tells whenever the engine goes and comes back


# The engine is away, and why; or what answers are made with from now on.
Heard = Callable[[Ready | str], None]


Report = Callable[[Phase, str], None]
Load = Callable[[Report], Ready]


class Readiness:
    """The backend's phase. Written on the event loop; the loading thread only sends word."""

    def __init__(self, load: Load, on_change: Callable[[Phase], None]) -> None:
        """`load` brings the model in and starts its engine; it runs in a thread and reports."""
        self._load = load
        self._on_change = on_change
        self._phase = Phase.STARTING
        self._detail = "The process has started; the model is being found."
        self._ready: Ready | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def phase(self) -> Phase:
        """How far it is."""
        return self._phase

    @property
    def detail(self) -> str:
        """A sentence about the phase, for people."""
        return self._detail

    @property
    def model(self) -> ModelInfo | None:
        """The loaded model, in whatever phase."""
        return None if self._ready is None else self._ready.info

    @property
    def engine(self) -> Computes | None:
        """The engine, once there is one."""
        return None if self._ready is None else self._ready.engine

    def ready(self) -> Ready:
        """What answers are made with. Raises Unavailable in every phase but READY."""
        if self._phase is Phase.READY and self._ready is not None:
            return self._ready
        if self._phase is Phase.DRAINING:
            raise Unavailable("The backend is going down.", retry_after=5)
        if self._phase is Phase.FAILED:
            raise Unavailable(self._detail, retry_after=60)
        raise Unavailable(f"The model is not ready yet. {self._detail}", retry_after=2)

    def start(self) -> None:
        """Begin to load, in the background."""
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._bring_up, name="loading", daemon=True).start()

    def drain(self) -> None:
        """From now on, refuse new requests."""
        self._enter(Phase.DRAINING, "The backend finishes what it has begun and goes down.")

    async def stop(self, grace: float) -> None:
        """Let the engine go, if there is one."""
        if self._ready is not None:
            await asyncio.to_thread(self._ready.engine.stop, grace)

    # On the loading thread.

    def _bring_up(self) -> None:
        try:
            ready = self._load(self._report)
            self._report(Phase.WARMING, "A first answer is being produced.")
            warm_up(ready)
        except RequestError as error:
            log.exception("model failed")
            self._report(Phase.FAILED, error.message)
        except Exception:
            log.exception("model failed")
            self._report(Phase.FAILED, "The model could not be loaded; the backend's log says why.")
        else:
            self._hop(self._become_ready, ready)

    def _report(self, phase: Phase, detail: str) -> None:
        self._hop(self._enter, phase, detail)

    def _hop(self, do: Callable[..., None], *values: object) -> None:
        assert self._loop is not None, "started"
        with contextlib.suppress(RuntimeError):  # the loop has closed: the process ends
            self._loop.call_soon_threadsafe(do, *values)

    # On the event loop.

    def _become_ready(self, ready: Ready) -> None:
        self._hear(ready)
        if ready.watch is not None:
            ready.watch(lambda heard: self._hop(self._hear, heard))

    def _hear(self, heard: Ready | str) -> None:
        if isinstance(heard, str):
            self._enter(Phase.LOADING, heard)
            return
        self._ready = heard
        self._enter(Phase.READY, f"{heard.info.name} answers.")

    def _enter(self, phase: Phase, detail: str) -> None:
        if self._phase is Phase.DRAINING:  # there is no way back
            return
        self._phase, self._detail = phase, detail
        log.info("phase", phase=phase.value, detail=detail)
        self._on_change(phase)


def warm_up(ready: Ready) -> None:
    """Produces a real answer. Raises Unavailable if none comes."""
    turns = (ChatMessage(Role.USER, "Hello"),)
    prompt = ready.template.render(turns, thinking=False)
    listener = _WarmUp()
    work = Work(
        request_id="warm-up",
        owner="",
        prompt_ids=tuple(prompt),
        sampling=Sampling(seed=0, max_tokens=WARM_UP_TOKENS),
        asked=Asked(turns, WARM_UP_TOKENS),
    )
    ready.engine.submit(work, listener)
    if not listener.done.wait(WARM_UP_SECONDS) or listener.failed:
        raise Unavailable("The model was loaded but gave no answer; the backend's log says why.")


class _WarmUp:
    """Listens for the first answer."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.failed = False

    def started(self, cached_tokens: int, queue_seconds: float) -> None:
        """Nothing to tell."""

    def delta(self, delta: Delta) -> None:
        """Nobody reads it."""

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        """It is there, or it will never be."""
        self.failed = completion_tokens == 0 or FinishReason.ERROR in reasons
        self.done.set()
