"""A whole cluster on this machine as child processes, for the benchmark and the tests."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil
import yaml

from scripts.lib.system import ROOT, free_ports

START_SECONDS = 150.0  # on a busy machine
END_SECONDS = 20.0
PLACES = 4  # requests that a replica computes at once
_RAY = {  # as docs/operations.md has it
    "RAY_SERVE_USE_GRPC_BY_DEFAULT": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}


def environment(folder: Path, model: Path) -> dict[str, str]:
    """What a backend of that model is told, alone or in a cluster."""
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "HF_HUB_OFFLINE": "1",
        "PYTHONPATH": str(ROOT),
        "DATA_DIR": str(folder / "data"),
        "MODEL": str(model),
        "MAX_MODEL_LEN": "512",
        "NUM_THREADS": "1",
        "LOG_LEVEL": "warning",
    }


class Cluster:
    """Ray, its gRPC ingress and replicas of a model; all of it ends with the `with`."""

    def __init__(self, folder: Path, model: Path) -> None:
        """Starts Ray; the model's folder may be filled until `run` is called."""
        self.token = secrets.token_hex(16)
        self._ports = free_ports(2)
        self.address = f"127.0.0.1:{self._ports[0]}"
        self._log = folder / "cluster.log"
        self._ray = Path(tempfile.mkdtemp(prefix="ray-"))  # short: sockets lie in it
        folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._host = subprocess.Popen(
                [sys.executable, "-m", "scripts.cluster.host", str(self._ray)],
                cwd=ROOT,
                env=environment(folder, model) | _RAY | {"BACKEND_TOKEN": self.token},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )

    def run(self, minimum: int, maximum: int, router: str | None = None) -> None:
        """Runs serve.yaml with so many replicas of a tiny model; returns once Ray says it runs."""
        configuration = yaml.safe_load((ROOT / "serve.yaml").read_text())
        configuration["proxy_location"] = "HeadOnly"
        configuration["grpc_options"]["port"], configuration["http_options"]["port"] = self._ports
        (application,) = configuration["applications"]
        application["args"] = {"places": PLACES} | ({"request_router": router} if router else {})
        (replica,) = (each for each in application["deployments"] if each["name"] == "replica")
        replica["ray_actor_options"] = {"num_gpus": 0, "num_cpus": 1}
        replica["autoscaling_config"] |= {
            "min_replicas": minimum,
            "max_replicas": maximum,
            "target_ongoing_requests": PLACES,
            "look_back_period_s": 2.0,
            "upscale_delay_s": 0.5,
            "downscale_delay_s": 1.0,
        }
        assert self._host.stdin is not None
        assert self._host.stdout is not None
        late = threading.Timer(START_SECONDS, self._host.kill)
        late.start()
        try:
            self._host.stdin.write(json.dumps(configuration) + "\n")
            self._host.stdin.flush()
            for line in self._host.stdout:
                if line.strip() == "ready":
                    return
        finally:
            late.cancel()
        raise RuntimeError(f"the cluster did not start:\n{self._log.read_text()[-3000:]}")

    def backends(self) -> list[psutil.Process]:
        """The backend processes of all replicas."""
        return self._named(lambda line: line[1:3] == ["-m", "backend"])

    def replicas(self) -> list[psutil.Process]:
        """Ray's worker processes that watch over a backend each."""
        return self._named(lambda line: line[:1] and "ServeReplica:glm-flash:replica" in line[0])

    def _named(self, fits: Callable[[list[str]], object]) -> list[psutil.Process]:
        found = []
        for process in psutil.Process(self._host.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if fits(process.cmdline()):
                    found.append(process)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        family = []
        with contextlib.suppress(psutil.NoSuchProcess):
            family = psutil.Process(self._host.pid).children(recursive=True)
        assert self._host.stdin is not None
        with contextlib.suppress(OSError):
            self._host.stdin.close()
        try:
            self._host.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._host.send_signal(signal.SIGKILL)
            self._host.wait()
        assert self._host.stdout is not None
        self._host.stdout.close()
        for process in psutil.wait_procs(family, timeout=5)[1]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        shutil.rmtree(self._ray, ignore_errors=True)
