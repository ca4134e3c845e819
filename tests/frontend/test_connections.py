"""A web process with few file descriptors: a crowd is refused, and served once it has thinned."""

from __future__ import annotations

import resource
import socket
import subprocess
import sys
from contextlib import ExitStack, closing, suppress
from pathlib import Path

from frontend import connections
from tests.fakes.backend import FakeBackend
from tests.fakes.waiting import wait_until
from tests.frontend.test_main import ROOT, ask, environment, free_port, get, is_up

DESCRIPTORS = 64
CROWD = 100


def is_refused(connection: socket.socket) -> bool:
    """Whether the service has told somebody to come back later."""
    with suppress(BlockingIOError, OSError):
        return connection.recv(12, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"HTTP/1.1 503"
    return False


def test_a_crowd_beyond_the_descriptors_is_refused_and_passes(tmp_path: Path) -> None:
    port = free_port()
    with FakeBackend() as backend, (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            ["bash", "-c", f"ulimit -n {DESCRIPTORS}; exec {sys.executable} -m frontend"],
            cwd=ROOT,
            env=environment(
                PORT=str(port), BACKEND_ADDRESS=backend.address, DATA_DIR=str(tmp_path / "data")
            ),
            stderr=log,
        )
        try:
            wait_until(lambda: is_up(port), 60)
            with ExitStack() as crowd:
                came = []
                for _ in range(CROWD):
                    with suppress(OSError):
                        opened = socket.create_connection(("127.0.0.1", port), timeout=5)
                        came.append(crowd.enter_context(opened))
                wait_until(lambda: sum(map(is_refused, came)) > CROWD // 4)
                assert process.poll() is None
            wait_until(lambda: is_up(port))
            assert get(port, "/ready").json["status"] == "ready"
            assert get(port, "/").status == 200
            with closing(ask(port, "Still there?")) as connection:
                assert connection.getresponse().read().endswith(b"data: [DONE]\n\n")
        finally:
            process.kill()
            process.wait()


def test_all_descriptors_are_taken_that_there_may_be() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(200, before[1]), before[1]))
        assert connections.most() == min(10_000, before[1] - 40)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
