"""Processes that can be killed: work on files of strangers happens in them, within bounds."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import ParamSpec, TypeVar

from pebble import ProcessExpired, ProcessPool

Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


_ATTEMPTS = 3  # a pool that breaks takes innocent work with it


class WorkFailed(Exception):
    """The work did not end well for a reason that lies in its input."""


class WorkTimedOut(WorkFailed):
    """The work took longer than allowed; its process was killed."""


class WorkOutgrew(WorkFailed):
    """The work wanted more memory than allowed, or brought its process down."""


class Workers:
    """A few processes that start with the first piece of work and die with this process.

    The pool replaces a process that was killed; a pool that broke altogether is replaced here.
    Used from one event loop.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPool | None = None
        self._closed = False

    async def run(
        self,
        seconds: float,
        memory: int,
        function: Callable[Arguments, Result],
        *args: Arguments.args,
        **kwargs: Arguments.kwargs,
    ) -> Result:
        """Runs a module's function elsewhere; time counts from its start, not from its queueing.

        Exceptions of the function come back as they are. Cancelling this coroutine kills the
        process that is at the work.
        """
        for _ in range(_ATTEMPTS):
            pool = self._running_pool()
            try:
                future = pool.schedule(_bounded, (memory, function, args, kwargs), timeout=seconds)
                result: Result = await asyncio.wrap_future(future)
                return result
            except BrokenProcessPool:
                continue  # this work or a neighbour's broke the whole pool
            except TimeoutError:
                raise WorkTimedOut from None
            except (ProcessExpired, MemoryError):
                raise WorkOutgrew from None
        raise WorkOutgrew

    async def close(self) -> None:
        """Ends the processes, whatever they are at. Idempotent."""
        self._closed = True
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(_stop, pool)

    def process_ids(self) -> list[int]:
        """The processes alive now."""
        if self._pool is None:
            return []
        return list(self._pool._pool_manager.worker_manager.workers)

    def _running_pool(self) -> ProcessPool:
        if self._closed:
            raise RuntimeError("work after close")
        if self._pool is not None and not self._pool.active:
            broken, self._pool = self._pool, None
            threading.Thread(target=_stop, args=(broken,), daemon=True).start()
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=self._count,
                initializer=_prepare,
                context=multiprocessing.get_context("spawn"),
            )
        return self._pool


def _stop(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]
    pool.join()


def _prepare() -> None:
    """Makes the process killable at once, silent when it crashes, and mortal with its parent."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # a handler would wait for foreign code to end
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
    os._exit(1)


def _bounded(
    memory: int,
    function: Callable[..., Result],
    args: tuple[object, ...],
    kwargs: dict[str, object],
) -> Result:
    """Runs the function within that much address space."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (memory, hard))
    return function(*args, **kwargs)
