"""A backend with few file descriptors: a crowd is kept waiting, and served once it has thinned."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import grpc

from protos import inference_pb2 as pb
from protos import inference_pb2_grpc
from tests.fakes import checkpoints
from tests.fakes.running import question, text_of

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTORS = 64
CROWD = 100


def test_a_crowd_beyond_the_descriptors_passes(tmp_path: Path) -> None:
    checkpoints.save("llama", tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    settings = {
        "DATA_DIR": str(tmp_path / "data"),
        "MODEL": str(tmp_path),
        "BACKEND_ADDRESS": f"127.0.0.1:{port}",
        "MAX_MODEL_LEN": "512",
        "NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        ["bash", "-c", f"ulimit -n {DESCRIPTORS}; exec {sys.executable} -m backend"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        stderr=subprocess.DEVNULL,
    )
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = inference_pb2_grpc.InferenceStub(channel)
            stub.GetModel(pb.GetModelRequest(), wait_for_ready=True, timeout=60)
            for stats in stub.WatchStats(pb.WatchStatsRequest(interval_seconds=0.2), timeout=120):
                assert stats.phase != pb.PHASE_FAILED
                if stats.phase == pb.PHASE_READY:
                    break
            asked = question("Hello", max_tokens=4, temperature=0.0)
            with ExitStack() as crowd:
                for _ in range(CROWD):
                    with suppress(OSError):
                        opened = socket.create_connection(("127.0.0.1", port), timeout=5)
                        crowd.enter_context(opened)
                # Who is connected is served on.
                assert text_of(list(stub.Generate(asked, timeout=30)))
                assert process.poll() is None
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            again = inference_pb2_grpc.InferenceStub(channel)
            again.GetModel(pb.GetModelRequest(), wait_for_ready=True, timeout=30)
            asked.request_id = "again"
            assert text_of(list(again.Generate(asked, timeout=30)))
    finally:
        process.kill()
        process.wait()
