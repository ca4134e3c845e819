"""How calls to the backend are made, and that each of them ends."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress

from frontend.client.blocking import Client
from frontend.client.channel import options
from frontend.messages import BackendError, Question
from scripts.lib.system import ROOT, free_ports
from tests.fakes.backend import FakeBackend

CALLERS = 24
SECONDS = 8.0  # in which, before retries were off, several of some thousand calls were lost
DEADLINE = 3.0  # of a call
SERVER = """
import asyncio, random, sys
import grpc
class Refuses(grpc.GenericRpcHandler):
    def service(self, call):
        async def refuse(request, context):
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Not now.")
        return grpc.unary_unary_rpc_method_handler(refuse)
async def main():
    while True:
        server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        server.add_generic_rpc_handlers((Refuses(),))
        server.add_insecure_port(sys.argv[1])
        await server.start()
        print("listening", flush=True)
        await asyncio.sleep(random.uniform(0.1, 0.3))
        await server.stop(0)
        await asyncio.sleep(random.uniform(0.02, 0.1))
asyncio.run(main())
"""


def test_every_call_to_a_server_that_comes_and_goes_ends() -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    clients = [Client(address) for _ in range(2)]
    enough = threading.Event()
    told: list[str] = []

    def call(client: Client, caller: int) -> None:
        number = 0
        while not enough.is_set():
            number += 1
            try:
                list(client.generate("me", Question(f"{caller}-{number}", ()), timeout=DEADLINE))
            except BackendError as error:
                told.append(error.kind)

    callers = [
        threading.Thread(target=call, args=(clients[n % 2], n), daemon=True) for n in range(CALLERS)
    ]
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, address], cwd=ROOT, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        for one in callers:
            one.start()
        time.sleep(SECONDS)
        enough.set()
        end = time.monotonic() + DEADLINE + 10
        for one in callers:
            one.join(max(0.0, end - time.monotonic()))
        server.kill()
    assert sum(one.is_alive() for one in callers) == 0
    assert set(told) <= {"unavailable", "deadline"}
    assert len(told) > 100
    for client in clients:
        client.close()


def test_a_channel_pings_as_often_as_it_is_told_and_not_at_all_at_zero() -> None:
    assert dict(options(2.5))["grpc.keepalive_time_ms"] == 2_500
    assert not [name for name, _ in options(0) if "keepalive" in name or "ping" in name]
    assert set(options(0)) < set(options())


def test_a_backend_that_is_slow_to_greet_is_waited_for() -> None:
    """As one on a machine that has much else to do."""

    def pass_on(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):  # they are closed at the end
            while data := source.recv(1 << 16):
                sink.sendall(data)

    with (
        FakeBackend() as backend,
        socket.create_server(("127.0.0.1", 0)) as door,
        closing(Client(f"127.0.0.1:{door.getsockname()[1]}")) as client,
    ):

        def greet() -> None:
            caller, _ = door.accept()
            time.sleep(1.0)
            host, _, port = backend.address.rpartition(":")
            with caller, socket.create_connection((host, int(port))) as there:
                threading.Thread(target=pass_on, args=(there, caller), daemon=True).start()
                pass_on(caller, there)

        threading.Thread(target=greet, daemon=True).start()
        assert client.status().models
