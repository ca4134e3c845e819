"""Measures adding an 11 MB scan in the browser: how long it takes, and how much is sent.

    python -m scripts.lib.benchmark_uploader [--runs 5]

The whole product runs as two processes on this machine, and Chromium beside them. The time is that
from choosing the file to its being stored and shown; processor time is what all of them together
spend meanwhile, which says more where other programs are busy.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, BrowserContext, Request, sync_playwright

from scripts.lib import papers
from scripts.lib.measuring import Figure, conditions, shown
from scripts.lib.screenshots import CARD, INPUT, SWITCHES
from scripts.lib.system import System

UPLOAD = ".st-key-dropzone input[type=file]"
SECONDS = 3.0
BYTES = 0.5  # MB


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; 1 if a goal is missed or there is no Chromium."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="repetitions of each measurement")
    runs: int = parser.parse_args(arguments).runs
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        sys.stderr.write("Chromium is not installed (apt-get install chromium).\n")
        return 1
    print("  ".join(f"{name}: {value}" for name, value in conditions().items()))
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        scans = [Path(folder) / f"scan {number}.jpg" for number in range(2 * runs)]
        for number, scan in enumerate(scans):
            scan.write_bytes(papers.heavy_scan(number))
        print(f"a scan has {scans[0].stat().st_size / 1e6:.1f} MB")
        with System(Path(folder)) as system, sync_playwright() as playwright:
            system.wait_until_ready(180)
            browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
            figures += measured(browser, system.url, scans)
            browser.close()
    shown(figures)
    return int(any(figure.met is False for figure in figures))


def measured(browser: Browser, url: str, scans: Sequence[Path]) -> Iterator[Figure]:
    """Every figure: of a browser that was never here, of one that comes back, of a known file."""
    first, later, known = [], [], []
    for one, other in zip(scans[::2], scans[1::2], strict=True):
        context = browser.new_context()
        first.append(added(context, url, one))
        later.append(added(context, url, other))
        known.append(added(context, url, other))
        context.close()
    every = f"median of {len(first)}"

    def seconds(runs: list[Added]) -> float:
        return statistics.median(run.seconds for run in runs)

    yield Figure("first visit, nothing loaded before", seconds(first), "s", SECONDS, how=every)
    yield Figure("later visit, from the browser's cache", seconds(later), "s", SECONDS, how=every)
    spent = statistics.median(run.processor for run in first)
    yield Figure("processor time of the first visit's", spent, "s", how=every)
    sent = max(run.sent for run in first + later) / 1e6
    yield Figure("sent", sent, "MB", BYTES, how="bodies of requests, largest sum")
    yield Figure("a file that is known already", seconds(known), "s", how=every)
    unsent = sum(run.sent for run in known) / 1e6
    yield Figure("sent of it", unsent, "MB", 0, how="all runs together")


@dataclass(frozen=True)
class Added:
    """What adding a file took."""

    seconds: float  # from choosing it until it is there
    processor: float  # seconds, of this program and all that it started
    sent: int  # bytes of the bodies of all requests


def added(context: BrowserContext, url: str, scan: Path) -> Added:
    """Adds a file to a new conversation."""
    page = context.new_page()
    sent: list[Request] = []
    page.on("requestfinished", lambda one: sent.append(one) if one.method != "GET" else None)
    page.goto(url)
    page.wait_for_selector(INPUT)
    page.wait_for_load_state("networkidle")
    spent, began = processor_seconds(), time.monotonic()
    page.set_input_files(UPLOAD, scan)
    page.locator(CARD).wait_for()
    taken = time.monotonic() - began
    spent = processor_seconds() - spent
    size = sum(int(one.all_headers().get("content-length", 0)) for one in sent)
    page.close()
    return Added(taken, spent, size)


def processor_seconds() -> float:
    """Of this program and all that it started."""
    ours = psutil.Process()
    times = [one.cpu_times() for one in (ours, *ours.children(recursive=True))]
    return sum(one.user + one.system for one in times)


if __name__ == "__main__":
    sys.exit(main())
