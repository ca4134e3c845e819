"""Says once, when the page can be used, where it is. Ends with the process it was started for."""

from __future__ import annotations

import http.client
import json
import os
import sys
import time


def asked(host: str, port: int, path: str = "/ready") -> tuple[int | None, dict[str, object]]:
    """The status and content of a route that answers with JSON; None if nobody listens yet."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": f"localhost:{port}"})
        answer = connection.getresponse()
        said = json.loads(answer.read())
        return answer.status, said if isinstance(said, dict) else {}
    except (OSError, http.client.HTTPException, ValueError):
        return None, {}
    finally:
        connection.close()


def is_running(process: int) -> bool:
    """Whether a process of ours exists."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def main() -> None:
    """Ask twice a second until there is an end to the start, or to the process that starts."""
    starting = int(sys.argv[1])
    host, port = os.environ["HOST"], int(os.environ["PORT"])
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared
    shown = f"[{reachable}]" if ":" in reachable else reachable
    path = os.environ.get("BASE_PATH", "").strip("/")
    address = f"http://{shown}:{port}/{path}".rstrip("/")
    began = time.monotonic()
    while is_running(starting):
        status, said = asked(reachable, port)
        if status == 200:
            seconds = time.monotonic() - began
            print(f"ready after {seconds:.0f} s: {address}", flush=True)
            return
        if said.get("phase") == "failed":
            print(f"not ready: {said.get('detail')} The page is at {address}", flush=True)
            return
        time.sleep(0.5)


if __name__ == "__main__":
    main()
