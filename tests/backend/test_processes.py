"""A backend of several processes: it answers, ends as one, and says so when one of them is gone."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest

from protos import inference_pb2 as pb
from protos import inference_pb2_grpc
from tests.fakes import checkpoints
from tests.fakes.running import question, text_of

LOST = "One of the processes that compute the model has ended."

pytestmark = pytest.mark.timeout(300)  # torch is loaded four times, on a busy machine perhaps

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[tuple[psutil.Popen, str]]:
    """A backend with a tiny model in two processes, and its address."""
    checkpoints.save("llama", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    settings = {
        "DATA_DIR": str(tmp_path / "data"),
        "MODEL": str(tmp_path),
        "BACKEND_ADDRESS": address,
        "MAX_MODEL_LEN": "512",
        "NUM_THREADS": "1",
    }
    process = psutil.Popen(
        [sys.executable, "-m", "backend", "--tensor-parallel-size", "2"],
        cwd=ROOT,
        env=keep | settings,
        stderr=subprocess.DEVNULL,
    )
    yield process, address
    left = [process, *process.children(recursive=True)] if process.poll() is None else []
    for each in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            each.kill()
    process.wait()


def follower_of(process: psutil.Popen) -> psutil.Process:
    """The other process that computes, once it is there."""
    for _ in range(600):
        for child in process.children():
            if "backend.model.parallel.follower" in child.cmdline():
                return child
        time.sleep(0.1)
    raise AssertionError("no follower was started")


def test_a_lost_process_ends_every_request_with_a_reason_and_the_backend(
    backend: tuple[psutil.Popen, str],
) -> None:
    process, address = backend
    with grpc.insecure_channel(address) as channel:
        stub = inference_pb2_grpc.InferenceStub(channel)
        stub.GetModel(pb.GetModelRequest(), wait_for_ready=True, timeout=60)
        for stats in stub.WatchStats(pb.WatchStatsRequest(interval_seconds=0.2), timeout=150):
            assert stats.phase != pb.PHASE_FAILED
            if stats.phase == pb.PHASE_READY:
                break
        said = list(stub.Generate(question("Hello", max_tokens=8, temperature=0.0), timeout=30))
        assert text_of(said)

        endless = [
            stub.Generate(question(max_tokens=400, min_tokens=400), timeout=60) for _ in range(2)
        ]
        for call in endless:
            assert any(event.WhichOneof("event") == "started" for event in call)
        family = process.children(recursive=True)
        follower_of(process).kill()
        for call in endless:
            with pytest.raises(grpc.RpcError) as caught:
                list(call)
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert caught.value.details() == LOST
    assert process.wait(timeout=20) == 3
    assert psutil.wait_procs(family, timeout=10)[1] == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_however_the_backend_ends_nothing_is_left(
    backend: tuple[psutil.Popen, str], how: signal.Signals
) -> None:
    process, _ = backend
    follower_of(process)
    family = process.children(recursive=True)
    process.send_signal(how)
    assert process.wait(timeout=20) == (0 if how is signal.SIGTERM else -how)
    assert psutil.wait_procs(family, timeout=10)[1] == []


@pytest.mark.parametrize("size", ["3", "0", "two"])
def test_a_size_that_cannot_be_is_refused_in_one_line(tmp_path: Path, size: str) -> None:
    checkpoints.save("llama", tmp_path)
    ended = subprocess.run(
        [sys.executable, "-m", "backend"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DATA_DIR": str(tmp_path / "data"),
            "MODEL": str(tmp_path),
            "TENSOR_PARALLEL_SIZE": size,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert line.startswith("TENSOR_PARALLEL_SIZE: ")
