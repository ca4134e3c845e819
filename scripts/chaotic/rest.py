"""Whether a system has come to rest."""

from __future__ import annotations

import re
import time
from typing import Final

from scripts.lib.system import System

QUIET: Final = 60.0  # seconds in which everything must have


def at_rest(system: System) -> str:
    """Empty once the system is ready, computes nothing and holds no block; else what it says."""
    said, end = "nothing", time.monotonic() + QUIET
    while time.monotonic() < end:
        answer = system.get("/metrics") if system.status("/ready") == 200 else None
        if answer is not None:
            names = r"(?:backend_requests_running|backend_requests_queued|backend_kv_blocks_used)"
            found = re.findall(rf"^glm_flash_{names} ([0-9.e+]+)$", answer[1], re.MULTILINE)
            said = f"running, queued, blocks: {', '.join(found)}"
            if len(found) == 3 and not any(map(float, found)):
                return ""
        time.sleep(0.5)
    return said
