"""Brings another server in as the engine, and tells whenever it goes away and comes back."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

import httpx

from backend.model.info import ModelInfo
from backend.prompt import schema
from backend.prompt.prompt import Form, Prompt, Sampling
from backend.readiness import Heard, Phase, Ready, Report
from backend.remote.address import Address
from backend.remote.engine import RemoteEngine
from backend.remote.estimate import Estimate, Layout, sight
from backend.remote.probe import Found, NotServed, card_of, look

EVERY_SECONDS = 2.0  # the server is asked whether it is there
SILENT_TIMES = 3  # without an answer in time; a busy server may miss one
READING_SHARE = 0.75  # of the context, for the words of documents
READING_MOST = 24_000  # tokens

log = logging.getLogger(__name__)


class Forms:
    """Lets forms through to the server, which enforces them; a bad schema is refused here."""

    def factory(self, prompt: Prompt, max_tokens: int) -> None:
        """Nothing guides the answer here. Raises InvalidRequest."""
        form = prompt.response_format
        if form is not None and form.form is Form.SCHEMA:
            schema.parsed(form.definition)


class Remote:
    """Another server as this backend's engine."""

    def __init__(
        self,
        address: Address,
        *,
        model: str | None,
        sees: bool | None,
        most_tokens: int,
        max_running: int,
        max_queue: int,
    ) -> None:
        """`model` of those that it serves, None for the first; `sees` None tries whether it does.
        `most_tokens` bounds prompt and answer of one request together."""
        self._address = address
        self._model = model
        self._sees = sees
        self._most_tokens = most_tokens
        self._max_running = max_running
        self._max_queue = max_queue
        self._returns = 0
        self._look_now = threading.Event()
        self._engine: RemoteEngine | None = None

    def bring_in(self, report: Report) -> Ready:
        """Waits until the server answers, finds out what it can, and starts the engine."""
        found = self._find(report)
        self._engine = RemoteEngine(
            self._address,
            found,
            context_length=self._context(found),
            max_running=self._max_running,
            max_queue=self._max_queue,
            on_away=self._look_now.set,
        )
        self._engine.start()
        return self._ready(found)

    def _find(self, report: Report) -> Found:
        """Asks until there is an answer."""
        while True:
            try:
                report(Phase.LOADING, "The engine's server is being asked what it can do.")
                return look(self._address, self._model, vision=self._sees)
            except NotServed as refusal:
                why = f"{str(refusal)[0].upper()}{str(refusal)[1:]}; it is asked again."
            except httpx.HTTPError as error:
                log.warning("the engine does not answer yet: %s", type(error).__name__)
                why = "The engine's server does not answer yet; it is asked again."
            report(Phase.LOADING, why)
            self._look_now.wait(EVERY_SECONDS)
            self._look_now.clear()

    def _ready(self, found: Found) -> Ready:
        assert self._engine is not None
        estimate = Estimate()
        # What the server computed before it went away need not be what it computes now.
        revision = f"{found.root}#{self._returns}"
        return Ready(
            info=self._info(found, revision),
            tokenizer=estimate,
            template=Layout(estimate),
            engine=self._engine,
            sight=sight(revision) if found.sees else None,
            guides=Forms() if found.holds_forms else None,
            tokenize=self._engine.tokenize,
            watch=self._watch,
        )

    def _info(self, found: Found, revision: str) -> ModelInfo:
        context = self._context(found)
        return ModelInfo(
            id=found.model,
            name=found.model,
            description="A model that another server computes; this one reads, routes and guards.",
            description_zh="由另一台服务器计算的模型；本服务负责阅读、路由和防护。",
            sees_images=found.sees,
            thinks=found.thinks,
            context_length=context,
            reading_budget=min(READING_MOST, int(context * READING_SHARE)),
            license="unknown",
            defaults=found.defaults,
            loaded=True,
            parameters=found.parameters,
            device="remote",
            chosen_because="ENGINE names a server",
            revision=revision,
            calls_tools=found.calls_tools,
            is_remote=True,
            form_defaults=Sampling(),
        )

    def _context(self, found: Found) -> int:
        return min(self._most_tokens, found.context_length or self._most_tokens)

    # The watch, on a thread of its own.

    def _watch(self, tell: Heard) -> None:
        threading.Thread(target=self._keep_looking, args=(tell,), name="watch", daemon=True).start()

    def _keep_looking(self, tell: Heard) -> None:
        silent = 0
        is_away = False
        while True:
            self._look_now.wait(EVERY_SECONDS)
            self._look_now.clear()
            try:
                if is_away:
                    tell(self._again())
                    log.info("the engine is back")
                else:
                    with self._address.client() as client:
                        card_of(client, self._address, self._model_now)
                silent, is_away = 0, False
            except httpx.TimeoutException:
                silent += 1
            except (httpx.HTTPError, NotServed):
                silent = SILENT_TIMES
            if silent >= SILENT_TIMES and not is_away:
                is_away = True
                log.warning("the engine is away")
                tell("The engine's server does not answer; it is asked again every two seconds.")

    def _again(self) -> Ready:
        """The server as it came back. Raises what looking raises."""
        assert self._engine is not None
        found = look(self._address, self._model, vision=self._sees)
        self._returns += 1
        self._engine.found = found
        self._engine.context_length = self._context(found)
        return replace(self._ready(found), watch=None)

    @property
    def _model_now(self) -> str | None:
        return self._model if self._engine is None else self._engine.found.model
