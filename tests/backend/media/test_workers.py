"""Work is killed when it passes its bounds, and neighbours do not notice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.media import fonts
from backend.media.workers import Workers, WorkOutgrew, WorkTimedOut

MEMORY = 700_000_000
ROOT = Path(__file__).parents[3]


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    workers = Workers(2)
    yield workers
    await workers.close()


def alive(process_id: int) -> bool:
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def gone(process_id: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while alive(process_id) and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    return not alive(process_id)


async def test_each_way_to_fail_leaves_the_neighbour_alone(workers: Workers) -> None:
    endless = asyncio.create_task(workers.run(1.0, MEMORY, time.sleep, 60))
    assert await workers.run(10, MEMORY, pow, 2, 10) == 1024
    with pytest.raises(WorkTimedOut):
        await endless
    with pytest.raises(WorkOutgrew):
        await workers.run(10, MEMORY, bytearray, 2 * MEMORY)
    with pytest.raises(WorkOutgrew):
        await workers.run(10, MEMORY, os.abort)
    with pytest.raises(ValueError, match="math domain"):
        await workers.run(10, MEMORY, __import__("math").sqrt, -1)
    assert await workers.run(10, MEMORY, pow, 2, 11) == 2048


async def test_cancelling_kills_the_work_soon(workers: Workers) -> None:
    await workers.run(10, MEMORY, os.getpid)
    before = set(workers.process_ids())
    work = asyncio.create_task(workers.run(60, MEMORY, time.sleep, 60))
    await asyncio.sleep(0.3)
    work.cancel()
    await asyncio.wait([work])
    assert work.cancelled()
    killed = [await gone(process_id, 2) for process_id in before]
    assert any(killed)
    assert not all(killed)


async def test_an_idle_worker_that_dies_is_replaced(workers: Workers) -> None:
    process_id = await workers.run(10, MEMORY, os.getpid)
    os.kill(process_id, signal.SIGKILL)
    await asyncio.sleep(0.4)
    assert await workers.run(10, MEMORY, pow, 2, 10) == 1024


async def test_workers_carry_no_heavy_libraries(workers: Workers) -> None:
    await workers.run(10, MEMORY, fonts.draws_chinese)
    loaded = await workers.run(10, MEMORY, eval, "sorted(__import__('sys').modules)")
    assert not {"torch", "grpc", "cv2", "onnxruntime", "transformers"} & set(loaded)


async def test_close_leaves_no_process() -> None:
    workers = Workers(2)
    await workers.run(10, MEMORY, os.getpid)
    process_ids = workers.process_ids()
    assert len(process_ids) == 2
    await workers.close()
    assert not any(map(alive, process_ids))


async def test_workers_die_with_a_killed_parent() -> None:
    script = (
        "import asyncio, os, time\n"
        "from backend.media.workers import Workers\n"
        "async def main():\n"
        "    workers = Workers(2)\n"
        "    await workers.run(10, 700_000_000, os.getpid)\n"
        "    work = asyncio.create_task(workers.run(60, 700_000_000, time.sleep, 60))\n"
        "    await asyncio.sleep(0.2)\n"
        "    print(*workers.process_ids(), flush=True)\n"
        "    await work\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, cwd=ROOT, stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    process_ids = [int(part) for part in (await parent.stdout.readline()).split()]
    assert len(process_ids) == 2
    parent.kill()
    await parent.wait()
    assert all([await gone(process_id, 5) for process_id in process_ids])
