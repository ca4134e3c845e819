"""The process: how it starts, refuses to start, and ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from structlog.testing import capture_logs

from backend import settings
from backend.__main__ import LOST, check_fonts, serve
from backend.errors import Unavailable
from backend.hardware import cores, gpu_memories
from backend.media import fonts
from backend.media.library import Library
from backend.model import catalogue
from backend.model.catalogue import Choice
from backend.readiness import Load, Ready, Report
from backend.settings import Settings
from protos import inference_pb2 as pb
from protos import inference_pb2_grpc
from tests.fakes.running import question, text_of
from tests.fakes.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / ".models" / "embedded"


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    keep = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return keep | {"DATA_DIR": str(tmp_path / "data")} | more


def run(tmp_path: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "backend"],
        cwd=ROOT,
        env=environment(tmp_path, **more),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.fixture
def broken_model(tmp_path: Path) -> str:
    folder = tmp_path / "broken"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    (folder / "model.safetensors").write_bytes(b"garbage")
    return str(folder)


@pytest.fixture
def broken(tmp_path: Path, broken_model: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A backend whose model cannot be loaded, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process = subprocess.Popen(
        [sys.executable, "-m", "backend"],
        cwd=ROOT,
        env=environment(tmp_path, MODEL=broken_model, BACKEND_ADDRESS=address),
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process, address
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_mistakes_are_told_at_once(tmp_path: Path) -> None:
    cases = [
        {"MODEL": "gpt-9", "MAX_QUEUE": "8"},
        {"MODEL": str(tmp_path / "nowhere")},
        {"MAX_QUEUE": "lots"},
        {"BACKEND_ADDRESS": "0.0.0.0:50051"},
    ]
    for case in cases:
        ended = run(tmp_path, **case)
        assert ended.returncode == 2
        assert len(ended.stderr.strip().splitlines()) == 1
        assert "Traceback" not in ended.stderr


def test_a_model_that_cannot_be_loaded_leaves_a_backend_that_says_so(
    tmp_path: Path, broken_model: str, broken: tuple[subprocess.Popen[str], str]
) -> None:
    process, address = broken
    with grpc.insecure_channel(address) as channel:
        stub = inference_pb2_grpc.InferenceStub(channel)
        stub.GetModel(pb.GetModelRequest(), wait_for_ready=True, timeout=PATIENCE)
        for stats in stub.WatchStats(pb.WatchStatsRequest(interval_seconds=0.1), timeout=PATIENCE):
            if stats.phase == pb.PHASE_FAILED:
                break
        described = stub.GetModel(pb.GetModelRequest(), timeout=5)
        assert described.detail.endswith(".")
        with pytest.raises(grpc.RpcError) as caught:
            list(stub.Generate(question(), timeout=5))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE

        second = run(tmp_path, MODEL=broken_model, BACKEND_ADDRESS=address)
        assert second.returncode == 2
        assert f"already running with this folder (pid {process.pid})" in second.stderr

    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    for line in log.splitlines():
        assert "event" in json.loads(line)


async def test_a_lost_device_ends_the_process_with_a_status_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loading(
        settings: Settings, choice: Choice, places: int, lost: Callable[[str], None]
    ) -> Load:
        def bring_in(report: Report) -> Ready:
            lost("The device has failed.")
            raise Unavailable("It has no device.")

        return bring_in

    monkeypatch.setattr("backend.__main__._loading", loading)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setenv("BACKEND_ADDRESS", "127.0.0.1:0")
    choice = Choice(catalogue.entries()[0], tmp_path, "a test asks for it")
    async with asyncio.timeout(30):
        assert await serve(settings.read(), choice, 1) == LOST


def test_the_machine_is_known() -> None:
    assert cores() >= 1
    assert all(memory > 0 for memory in gpu_memories())


@pytest.mark.model
def test_the_embedded_model_answers_and_is_stopped_mid_answer(tmp_path: Path) -> None:
    if not MODEL.is_dir():
        pytest.skip("the embedded model is not here: run scripts/fetch_models")
    address = f"unix://{tmp_path}/b.sock"
    process = subprocess.Popen(
        [sys.executable, "-m", "backend"],
        cwd=ROOT,
        env=environment(tmp_path, MODEL="embedded", BACKEND_ADDRESS=address, API_KEYS="a-test-key"),
        stderr=subprocess.DEVNULL,
    )
    key = (("authorization", "Bearer a-test-key"),)
    try:
        with grpc.insecure_channel(address) as channel:
            stub = inference_pb2_grpc.InferenceStub(channel)
            stub.GetModel(pb.GetModelRequest(), wait_for_ready=True, timeout=20, metadata=key)
            watch = pb.WatchStatsRequest(interval_seconds=0.2)
            for stats in stub.WatchStats(watch, timeout=90, metadata=key):
                assert stats.phase != pb.PHASE_FAILED
                if stats.phase == pb.PHASE_READY:
                    break
            asked = question("Say hello.", max_tokens=8, temperature=0.0)
            events = list(stub.Generate(asked, timeout=30, metadata=key))
            assert text_of(events)
            assert events[-1].finished.usage.completion_tokens <= 8

            endless = question("Write a long story.", min_tokens=2000, max_tokens=3000)
            call = stub.Generate(endless, timeout=60, metadata=key)
            assert next(call).WhichOneof("event") == "started"
            process.send_signal(signal.SIGTERM)
            assert list(call)[-1].finished.choices[0].reason == pb.FINISH_REASON_CANCELLED
        assert process.wait(timeout=PATIENCE) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


class Fontless(Library):
    """A library on a machine that cannot draw Chinese, or can."""

    def __init__(self, draws: bool) -> None:
        self._draws = draws

    async def draws_chinese(self) -> bool:
        return self._draws


@pytest.mark.parametrize("draws", [True, False])
async def test_a_missing_chinese_font_is_told_at_the_start(draws: bool) -> None:
    with capture_logs() as logged:
        await check_fonts(Fontless(draws))

    assert [entry.get("advice") for entry in logged] == ([] if draws else [fonts.ADVICE])
