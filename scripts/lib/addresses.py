"""Settles the two addresses before anything starts: prints the backend's, refuses a taken port."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from frontend.folder import holder

DEFAULT_BACKEND = ("127.0.0.1", 50051)


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError:
        return False
    return True


def free_port(host: str) -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
    return port


def _because() -> str:
    running = holder(Path(os.environ["DATA_DIR"]))
    if running is not None:
        return f"already running (pid {running})"
    return "it is in use or not this machine's"


def main() -> int:
    """Print the backend's address; 2 if the page's port cannot be had."""
    host, port = os.environ["HOST"], int(os.environ["PORT"])
    if not is_free(host, port):
        print(
            f"error: nothing can listen on {host} port {port}: {_because()};"
            " set PORT (and HOST) to another",
            file=sys.stderr,
        )
        return 2
    address = os.environ.get("BACKEND_ADDRESS", "")
    if not address:
        backend_host, backend_port = DEFAULT_BACKEND
        if not is_free(backend_host, backend_port) or backend_port == port:
            backend_port = free_port(backend_host)
            print(f"port 50051 is in use; the backend takes {backend_port}", file=sys.stderr)
        address = f"{backend_host}:{backend_port}"
    print(address)
    return 0


if __name__ == "__main__":
    sys.exit(main())
