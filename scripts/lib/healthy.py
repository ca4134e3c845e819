"""A container's health as an exit status: `ready` asks the page, `serving` the backend, `notebook`
JupyterLab."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

SECONDS = 4


def is_ready() -> bool:
    """Whether the web process on this machine can have questions answered."""
    from scripts.lib.announce import asked

    status, _ = asked("127.0.0.1", int(os.environ.get("PORT") or 8080))
    return status == 200


def is_serving() -> bool:
    """Whether the backend at BACKEND_ADDRESS answers and has its model."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    address = os.environ.get("BACKEND_ADDRESS") or "127.0.0.1:50051"
    with grpc.insecure_channel(address) as channel:
        try:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=SECONDS
            )
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def has_notebook() -> bool:
    """Whether JupyterLab on this machine answers."""
    from scripts.lib.announce import asked

    status, _ = asked("127.0.0.1", int(os.environ.get("NOTEBOOK_PORT") or 8888), "/api")
    return status == 200


if __name__ == "__main__":
    questions = {"ready": is_ready, "serving": is_serving, "notebook": has_notebook}
    if len(sys.argv) != 2 or sys.argv[1] not in questions:
        sys.exit(f"healthy: ask one of {', '.join(questions)}")
    sys.exit(0 if questions[sys.argv[1]]() else 1)
