"""Starts the backend: settings, the model's choice, the server, and an end on SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # worker processes import this module as well and need nothing of it
    from backend.media.library import Library
    from backend.model.catalogue import Choice
    from backend.readiness import Load
    from backend.settings import Settings

LOST = 3  # exit status: the device answers nothing any more, another process has to take over
_SAME_SIGNAL_SECONDS = 0.5
_LAST_SECONDS = 8.0  # of a backend that is lost; then it ends, whatever hangs


def main(arguments: Sequence[str] | None = None) -> int:
    """The process, from its environment and its command line to its exit status."""
    parser = argparse.ArgumentParser("python -m backend", description="Answers over gRPC.")
    parser.add_argument(
        "--tensor-parallel-size",
        metavar="N",
        default=argparse.SUPPRESS,
        help="GPUs that compute the model together (TENSOR_PARALLEL_SIZE)",
    )
    given = vars(parser.parse_args(arguments))
    from backend import logs, settings
    from backend.hardware import gpu_memories
    from backend.model import catalogue
    from backend.model.parallel.sizes import refusal

    try:
        chosen = settings.read(**given)
        logs.configure(chosen.log_level)
        if chosen.engine_url is not None:
            return _until_told(chosen, None, chosen.places(None), chosen.patience(None))
        size = chosen.tensor_parallel_size
        memories = [] if chosen.device_map == "cpu" else gpu_memories()
        if size > 1 and chosen.device_map != "auto":
            return _refused("TENSOR_PARALLEL_SIZE: it takes the first GPUs, so DEVICE_MAP is auto.")
        if 0 < len(memories) < size:
            return _refused(f"TENSOR_PARALLEL_SIZE: this machine has fewer GPUs ({len(memories)}).")
        memory = memories[0] if memories else None
        choice = catalogue.choose(
            chosen.model,
            chosen.models_dir,
            None if memory is None else memory * size,
            is_quantised=chosen.quantization != "none",
        )
        if why := refusal(choice.folder, size):
            return _refused(f"TENSOR_PARALLEL_SIZE: {why}")
    except settings.Mistakes as mistakes:
        return _refused(*mistakes.lines)
    except catalogue.UnknownModel as unknown:
        return _refused(str(unknown))
    return _until_told(chosen, choice, chosen.places(memory), chosen.patience(memory))


def _until_told(settings: Settings, choice: Choice | None, places: int, step_seconds: float) -> int:
    """Serves, and ends the process."""
    last = threading.Timer(_LAST_SECONDS, os._exit, (LOST,))
    status = asyncio.run(serve(settings, choice, places, last.start, step_seconds))
    # Everything is closed by now; on a busy machine, taking torch apart takes longer than a
    # supervisor waits before it kills.
    sys.stderr.flush()
    os._exit(status)


async def serve(
    settings: Settings,
    choice: Choice | None,
    places: int,
    on_lost: Callable[[], object] = lambda: None,
    step_seconds: float = 600.0,
) -> int:
    """Serves until a signal comes, so many requests at once; the exit status. Without a choice
    another server computes. `on_lost` is called from any thread when nothing can be computed any
    more: the end may hang from then on. A step of the engine that takes longer than `step_seconds`
    is such an occasion."""
    import structlog

    from backend import heartbeat, tracing
    from backend.activity import Activity
    from backend.auth import Gate
    from backend.errors import RequestError
    from backend.media.library import Library
    from backend.media.limits import MediaLimits
    from backend.media.store import StoreInUse
    from backend.model import catalogue
    from backend.quarantine import Quarantine
    from backend.service.server import AddressInUse, Server

    log = structlog.get_logger(__name__)
    loop, stopped, status = asyncio.get_running_loop(), asyncio.Event(), 0

    def lost(reason: str) -> None:
        """Nothing can be computed here any more; whoever watches over this process replaces it."""
        nonlocal status
        if status == LOST:
            return
        status = LOST
        log.critical("ending", reason=reason)
        on_lost()
        with contextlib.suppress(RuntimeError):  # the loop has closed: the process ends
            loop.call_soon_threadsafe(stopped.set)

    limits = MediaLimits(quota_bytes=int(settings.media_quota_gb * 1e9))
    token = settings.backend_token
    try:
        library = Library(settings.data_dir / "media", limits)
    except StoreInUse as used:
        who = "" if used.holder is None else f" (pid {used.holder})"
        return _refused(f"DATA_DIR: a backend is already running with this folder{who}.")
    except OSError:
        return _refused("DATA_DIR: the folder cannot be made or written to.")
    except RequestError as error:
        return _refused(f"DATA_DIR: {error.message}")
    traces = tracing.begin(wanted=settings.is_traced, service=settings.otel_service_name)
    server = Server(
        library,
        limits,
        Gate(
            None if token is None else token.get_secret_value(),
            (key.get_secret_value() for key in settings.api_keys),
        ),
        [] if choice is None else catalogue.entries(),
        _asking(settings, places) if choice is None else _loading(settings, choice, places, lost),
        max_queue=settings.max_queue,
        max_running=places,
        answer_cache_bytes=settings.answer_cache_mb << 20,
        quarantine=Quarantine(settings.data_dir / "suspects"),  # nobody else's, as the library is
        tracing=traces,
    )

    asked: list[float] = []

    def obey() -> None:
        """The first signal asks for an end, a later one for it at once. One that comes along with
        the first is the same: a service manager signals a supervisor and its children alike."""
        if asked and loop.time() - asked[0] > _SAME_SIGNAL_SECONDS:
            os._exit(status)
        asked.append(loop.time())
        stopped.set()

    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, obey)
    try:
        port = await server.start(settings.backend_address, settings.tls)
    except AddressInUse:
        await library.close()
        return _refused(
            f"BACKEND_ADDRESS: a backend is already running at {settings.backend_address},"
            " or the address cannot be used."
        )
    log.info("listening", address=settings.backend_address, port=port)
    notifier = heartbeat.Notifier(settings.notify_socket)
    # Another server may be away for as long as it likes.
    loading = heartbeat.Loading(
        None if choice is None else Activity(os.getpid(), besides_main=True)
    )
    beating = asyncio.create_task(
        heartbeat.beat(notifier, server.readiness, step_seconds, lost, loading), name="heartbeat"
    )
    fonts_checked = asyncio.gather(library.warm(), check_fonts(library))
    await stopped.wait()
    log.info("stopping")
    fonts_checked.cancel()
    await server.close()
    await asyncio.to_thread(traces.close)
    beating.cancel()
    notifier.close()
    log.info("stopped")
    return status


async def check_fonts(library: Library) -> None:
    """Warns the operator if pages would silently lose their Chinese text."""
    import structlog

    from backend.media import fonts
    from backend.media.workers import WorkFailed

    log = structlog.get_logger(__name__)
    try:
        if not await library.draws_chinese():
            log.warning("font missing", advice=fonts.ADVICE)
    except WorkFailed:
        log.warning("fonts could not be checked")


def _loading(settings: Settings, choice: Choice, places: int, lost: Callable[[str], None]) -> Load:
    """What the loading thread does."""
    from backend.engine import Engine
    from backend.errors import Unavailable
    from backend.hardware import UnfitDevice, cores
    from backend.model.loader import DamagedModel, load
    from backend.prompt.guides import Guides
    from backend.readiness import Phase, Ready, Report

    # Kernels are compiled once for a card, not at every start.
    os.environ.setdefault(
        "TRITON_CACHE_DIR", str(settings.data_dir.absolute() / "cache" / "triton")
    )

    def bring_in(report: Report) -> Ready:
        try:
            model = load(
                choice,
                models_dir=settings.models_dir,
                max_model_len=settings.max_model_len,
                threads=settings.num_threads or cores(),
                memory_bytes=settings.memory_bytes,
                device=settings.device,
                dtype=None if settings.dtype == "auto" else settings.dtype,
                quantization=settings.quantization,
                processes=settings.tensor_parallel_size,
                on_lost=lost,
                on_phase=lambda doing: report(Phase.LOADING, f"{choice.entry.name}: {doing}."),
            )
        except (DamagedModel, UnfitDevice) as problem:
            raise Unavailable(f"The model cannot be loaded: {problem}.") from problem
        engine = Engine(model, max_running=places, max_queue=settings.max_queue, on_lost=lost)
        engine.start()
        guides = Guides(model.tokenizer, model.eos_ids, thinks=model.info.thinks)
        return Ready(model.info, model.tokenizer, model.template, engine, model.sight, guides)

    return bring_in


def _asking(settings: Settings, places: int) -> Load:
    """What the loading thread does where another server computes; nothing of torch is needed."""
    from backend.remote.address import Address
    from backend.remote.bring_up import Remote

    assert settings.engine_url is not None, "another server computes"
    key = settings.engine_api_key
    address = Address(
        settings.engine_url, None if key is None else key.get_secret_value(), settings.engine_ca
    )
    return Remote(
        address,
        model=settings.engine_model,
        sees=settings.engine_sees,
        most_tokens=settings.max_model_len,
        max_running=places,
        max_queue=settings.max_queue,
    ).bring_in


def _refused(*lines: str) -> int:
    for line in lines:
        print(line, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
