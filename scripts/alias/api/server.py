"""`python -m api.server --host 0.0.0.0 --port 8080`, as an earlier article started the service: the
same address, served by scripts/start.sh."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

START = Path(__file__).resolve().parents[2] / "start.sh"


def environment(arguments: Sequence[str] | None = None) -> dict[str, str]:
    """What start.sh is to be told for a command line; settings of the environment stay."""
    parser = argparse.ArgumentParser("python -m api.server", description=__doc__)
    parser.add_argument("--host", help="HOST of scripts/start.sh")
    parser.add_argument("--port", help="PORT of scripts/start.sh")
    parser.add_argument("--model", help="MODEL of scripts/start.sh")
    given = vars(parser.parse_args(arguments))
    return {name.upper(): value for name, value in given.items() if value is not None}


def main() -> None:
    """Becomes scripts/start.sh."""
    told = environment()
    settings = " ".join(f"{name}={value}" for name, value in told.items())
    print(f"api.server is now: {settings} scripts/start.sh".replace("  ", " "), flush=True)
    # start.sh brings an environment of its own.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    os.execve(START, [str(START)], kept | told)  # noqa: S606


if __name__ == "__main__":
    main()
