"""Measures what it is worth to send a document's questions to one replica, beside taking turns."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from protos import inference_pb2 as pb
from scripts.cluster import questions
from scripts.cluster.local import Cluster, environment
from scripts.cluster.questions import Caller
from scripts.lib.system import ROOT, free_ports
from tests.fakes import checkpoints

ROUND_ROBIN = "scripts.cluster.round_robin:RoundRobinRouter"


def main() -> None:
    """Prints the hit rates of the same questions, each document asked about twice."""
    parser = argparse.ArgumentParser("scripts/benchmark_cluster", description=__doc__)
    parser.add_argument("--documents", type=int, default=48)
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    papers = questions.documents(chosen.documents, chosen.seed)
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        folder = Path(name)
        checkpoints.save("llama", folder / "model")
        alone = _alone(folder, papers, chosen.seed)
        print(f"one backend: {alone:.3f} of the prompt tokens found", flush=True)
        for label, router in (("affinity", None), ("round robin", ROUND_ROBIN)):
            with Cluster(folder / label, folder / "model") as cluster:
                cluster.run(chosen.replicas, chosen.replicas, router)
                caller = Caller(cluster.address, cluster.token)
                began = time.monotonic()
                rate = questions.hit_rate(questions.ask_all(caller, papers, chosen.seed))
                seconds = time.monotonic() - began
                caller.close()
            print(
                f"{chosen.replicas} replicas, {label}: {rate:.3f},"
                f" {rate / alone:.2f} of one backend's ({seconds:.0f} s)",
                flush=True,
            )


def _alone(folder: Path, papers: list[bytes], seed: int) -> float:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    told = environment(folder / "one", folder / "model") | {"BACKEND_ADDRESS": address}
    process = subprocess.Popen([sys.executable, "-m", "backend"], cwd=ROOT, env=told)
    caller = Caller(address)
    try:
        watch = caller.inference.WatchStats(pb.WatchStatsRequest(), wait_for_ready=True)
        while next(watch).phase != pb.PHASE_READY:
            pass
        watch.cancel()
        return questions.hit_rate(questions.ask_all(caller, papers, seed))
    finally:
        caller.close()
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
