"""A supervised backend with a fault to order: `FAULT=… python -m tests.fakes.faulty`.

`start:exit` ends at every start. `load:hang` never has the model loaded. `crash_if_prompt:WORD` is
killed in the step that computes a prompt with that word, as by a kernel that reads where it must
not.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any

from backend.supervisor import supervised


def serve(fault: str) -> int:
    """The backend with its fault."""
    from backend.__main__ import main
    from backend.engine import Engine
    from backend.model import loader
    from backend.model.flight import Flight
    from backend.scheduling.scheduler import Batch

    kind, _, word = fault.partition(":")
    if kind == "start":
        return 1
    if kind == "load":
        loader.load = lambda *_, **__: threading.Event().wait()  # type: ignore[assignment]
    compute = Engine._compute

    def poisoned(engine: Engine, batch: Batch, embeddings: Mapping[bytes, Any]) -> Flight:
        for part in batch.slices:
            prompt = engine._model.tokenizer.decode(list(part.sequence.prompt_ids))
            if kind == "crash_if_prompt" and word in prompt:
                time.sleep(0.3)  # a step of a large model takes longer
                os.kill(os.getpid(), signal.SIGKILL)
        return compute(engine, batch, embeddings)

    Engine._compute = poisoned  # type: ignore[assignment,method-assign]
    return main([])


if __name__ == "__main__":
    if sys.argv[1:] == ["child"]:
        sys.exit(serve(os.environ.get("FAULT", "")))
    sys.exit(supervised([sys.executable, "-m", "tests.fakes.faulty", "child"]))
