"""Says once, when the page can be used, where it is. Ends with the process it was started for."""

from __future__ import annotations

import http.client
import json
import os
import sys
import time


def phase(host: str, port: int) -> tuple[bool, str]:
    """Whether requests are served, and if not, how far the start is."""
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/ready", headers={"Host": f"localhost:{port}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status == 200:
            return True, ""
        said = json.loads(body)
        return False, str(said.get("phase", "")) if isinstance(said, dict) else ""
    except (OSError, http.client.HTTPException, ValueError):
        return False, ""
    finally:
        connection.close()


def main() -> None:
    """Ask twice a second until ready or until the parent is gone."""
    parent = int(sys.argv[1])
    host, port = os.environ["HOST"], int(os.environ["PORT"])
    reachable = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104
    began = time.monotonic()
    while os.getppid() == parent:
        ready, _ = phase(reachable, port)
        if ready:
            shown = f"[{reachable}]" if ":" in reachable else reachable
            seconds = time.monotonic() - began
            print(f"ready after {seconds:.0f} s: http://{shown}:{port}", flush=True)
            return
        time.sleep(0.5)


if __name__ == "__main__":
    main()
