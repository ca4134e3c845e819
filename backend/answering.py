"""Takes accepted requests in, one task each, and sees every one to its end."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import structlog

from backend.errors import Internal, InvalidRequest, ModelNotFound, RequestError, Unavailable
from backend.generations import Generation, Generations
from backend.journey import Journey
from backend.kept_answers import KeptAnswers, may_be_kept
from backend.media.media import Media
from backend.metrics import Metrics
from backend.planning import Planner
from backend.prompt import reading
from backend.prompt.plan import Plan
from backend.prompt.prompt import Prompt, Role
from backend.prompt.reading import Reader
from backend.quarantine import Quarantine
from backend.readiness import Ready
from backend.tracing import Tracing, Untraced

log = structlog.get_logger(__name__)


class Answerer:
    """Takes requests in and sees each to its one end. Lives on the event loop."""

    def __init__(
        self,
        library: Reader,
        generations: Generations,
        kept: KeptAnswers,
        metrics: Metrics,
        quarantine: Quarantine,
        tracing: Tracing | None = None,
    ) -> None:
        self._library = library
        self._generations = generations
        self._kept = kept
        self._metrics = metrics
        self._quarantine = quarantine
        self._tracing = tracing or Untraced()
        # Laying out long texts is slow; two at a time leave the cores to the engine.
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="assembly")
        self._planner = Planner(library, kept, self._threads)
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, prompt: Prompt, ready: Ready) -> Generation:
        """Starts the journey. Raises what can be known at once: model, files, id, queue, and
        whether it is quarantined."""
        media = self._found(prompt, ready)
        self._quarantine.check(prompt)
        generation = self._generations.open(
            prompt.owner,
            prompt.request_id,
            frozenset(media),
            may_be_known=may_be_kept(prompt),
        )
        journey = Journey(
            prompt,
            media,
            ready,
            self._library,
            self._threads,
            self._metrics,
            self._quarantine.suspect(prompt),
            self._kept,
            self._generations,
            generation,
        )
        task = asyncio.create_task(self._see_through(journey, generation))
        self._tasks.add(task)  # the loop itself holds tasks weakly
        task.add_done_callback(self._tasks.discard)
        return generation

    async def plan(self, prompt: Prompt, ready: Ready) -> Plan:
        """What the request would cost. Raises what would be wrong with it, but not its length."""
        return await self._planner.plan(prompt, self._found(prompt, ready), ready)

    def close(self) -> None:
        """Lets go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _found(self, prompt: Prompt, ready: Ready) -> dict[str, Media]:
        if prompt.model not in ("", ready.info.id):
            raise ModelNotFound("No such model is loaded.", param="model")
        if not ready.info.calls_tools:
            _check_calls_nothing(prompt)
        return reading.find(self._library, prompt, sees_images=ready.sight is not None)

    async def _see_through(self, journey: Journey, generation: Generation) -> None:
        try:
            finished = await journey.run()
        except RequestError as error:
            self._fail(generation, error)
        except Exception:
            log.exception("request failed")
            self._fail(
                generation, Internal("Something went wrong while answering; the log says what.")
            )
        else:
            self._tracing.answered(finished)  # before its call can end
            generation.append(finished)
            self._metrics.finished(finished, generation.owner)
            log.info(
                "request finished",
                reasons=[reason.value for reason in finished.reasons],
                prompt_tokens=finished.usage.prompt_tokens,
                completion_tokens=finished.usage.completion_tokens,
                seconds=round(finished.timing.total, 3),
            )
        finally:
            if not generation.ended:  # the loop is being torn down
                generation.fail(Unavailable("The backend is going down.", retry_after=5))
            self._generations.close(generation)

    def _fail(self, generation: Generation, error: RequestError) -> None:
        generation.fail(error)
        self._metrics.refused(error.code, generation.owner)
        log.info("request refused", code=error.code, param=error.param)


def _check_calls_nothing(prompt: Prompt) -> None:
    """Refuses functions that the loaded model could not call, or would not understand."""
    found = "tools" if prompt.calling.tools else None
    for place, message in enumerate(prompt.messages):
        if message.calls or message.role is Role.TOOL:
            found = found or f"messages[{place}].role"
    if found is not None:
        raise InvalidRequest(
            "The loaded model cannot call functions.", param=found, code="unsupported_parameter"
        )
