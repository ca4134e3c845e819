"""One replica's own backend: `python -m backend` behind a socket that only the replica reaches."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import grpc

from backend.errors import Unavailable
from backend.settings import ROOT
from protos import inference_pb2 as pb
from protos import inference_pb2_grpc

END_SECONDS = 10.0  # from SIGTERM until it is killed; it drains for four of them
_ALIVE = "alive"


class BackendProcess:
    """The process, its socket and its data folder. All three end with `end`, or with the caller:
    the process is told to end when the thread that made this is gone."""

    def __init__(self, scratch: Path, name: str, max_running: int) -> None:
        """Starts it, with a folder called `name` in `scratch`."""
        sweep(scratch)
        self._folder = scratch / name
        self._folder.mkdir(parents=True)
        self._alive = (self._folder / _ALIVE).open("ab")
        fcntl.flock(self._alive, fcntl.LOCK_EX)
        # Elsewhere, because a socket's path may have about a hundred characters only.
        self._socket_folder = Path(tempfile.mkdtemp(prefix="glm-flash-"))
        self.address = f"unix://{self._socket_folder / 'backend.sock'}"
        self._process = subprocess.Popen(  # noqa: S603 - words of our own
            [
                *("setpriv", "--pdeathsig", "TERM", "env"),
                # Who calls was found out at the gateway, and nobody else sees the socket.
                *("-u", "API_KEYS", "-u", "BACKEND_TOKEN"),
                *("-u", "BACKEND_TLS_CERT", "-u", "BACKEND_TLS_KEY", "-u", "NOTIFY_SOCKET"),
                f"BACKEND_ADDRESS={self.address}",
                f"DATA_DIR={self._folder / 'data'}",
                f"MAX_RUNNING={max_running}",
                *(sys.executable, "-m", "backend"),
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._process.poll() is not None

    def wait_until_ready(self) -> None:
        """Returns once it answers requests. Raises Unavailable if it never will."""
        with grpc.insecure_channel(self.address) as channel:
            stub = inference_pb2_grpc.InferenceStub(channel)
            while not self.has_ended:
                with contextlib.suppress(grpc.RpcError):
                    model = stub.GetModel(pb.GetModelRequest(), timeout=5)
                    if model.phase == pb.PHASE_READY:
                        return
                    if model.phase == pb.PHASE_FAILED:
                        raise Unavailable(model.detail)
                time.sleep(0.2)
        raise Unavailable("The backend ended while it started; its log says why.")

    def wait_until_idle(self, seconds: float) -> None:
        """Returns once nothing is computed or waits, or when the time is over."""
        end = time.monotonic() + seconds
        with grpc.insecure_channel(self.address) as channel:
            stub = inference_pb2_grpc.InferenceStub(channel)
            while not self.has_ended and time.monotonic() < end:
                with contextlib.suppress(grpc.RpcError, StopIteration):
                    watch = stub.WatchStats(pb.WatchStatsRequest(), timeout=5)
                    stats = next(iter(watch))
                    watch.cancel()
                    if stats.running + stats.queued == 0:
                        return
                time.sleep(0.1)

    def end(self) -> None:
        """Ends it and takes away what it left."""
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._alive.close()
        shutil.rmtree(self._folder, ignore_errors=True)
        shutil.rmtree(self._socket_folder, ignore_errors=True)


def sweep(scratch: Path) -> None:
    """Takes away the folders of replicas that were killed: files of people may lie in them."""
    scratch.mkdir(parents=True, exist_ok=True)
    for folder in scratch.iterdir():
        with contextlib.suppress(OSError), (folder / _ALIVE).open("ab") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
