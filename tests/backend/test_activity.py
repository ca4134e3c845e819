"""Who is at work and who only waits, seen from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from backend.activity import Activity
from scripts.lib.system import ROOT

# A thread of a process is at it, while the main thread sleeps or, if that is asked for, computes.
PROGRAM = """
import os, signal, subprocess, sys, threading, time
def computes():
    while True: pass
def reads():
    with open(sys.executable, "rb") as file:
        while True:
            file.seek(0); file.read(1 << 16); time.sleep(0.05)
def waits():
    lock = threading.Lock(); lock.acquire(); lock.acquire()
def looks_around():
    while True: time.sleep(0.5)
def child():
    subprocess.run([sys.executable, "-c", "while True: pass"])
def children():
    while True: subprocess.run([sys.executable, "-c", "sum(range(10**6))"])
threading.Thread(target=globals()[sys.argv[1]], daemon=True).start()
print("ready", flush=True)
while len(sys.argv) > 2: pass
time.sleep(600)
"""


@contextmanager
def process(does: str, *main: str) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, does, *main],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        process_group=0,
    )
    try:
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"
        yield started
    finally:
        os.killpg(started.pid, 9)
        started.communicate()


def works_within(activity: Activity, seconds: float) -> bool:
    """Whether it shows any sign of work by then."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if activity.has_worked():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("does", ["computes", "reads", "child", "children"])
def test_who_gets_on_is_at_work(does: str) -> None:
    with process(does) as working:
        activity = Activity(working.pid)
        for _ in range(3):
            assert works_within(activity, 20)
        assert works_within(Activity(working.pid, besides_main=True), 20)


@pytest.mark.parametrize("does", ["waits", "looks_around"])
def test_who_waits_is_not(does: str) -> None:
    with process(does) as waiting:
        activity = Activity(waiting.pid)
        works_within(activity, 1)  # it may still have been starting
        assert not works_within(activity, 2)


def test_who_was_stopped_is_not() -> None:
    with process("computes") as stopped:
        os.kill(stopped.pid, 19)
        activity = Activity(stopped.pid)
        works_within(activity, 1)
        assert not works_within(activity, 2)


def test_the_main_thread_can_be_left_aside() -> None:
    with process("waits", "computes") as working:
        without_main = Activity(working.pid, besides_main=True)
        works_within(without_main, 1)  # it may still have been starting
        assert works_within(Activity(working.pid), 20)
        assert not works_within(without_main, 2)


def test_of_what_is_gone_nothing_can_be_told() -> None:
    with process("waits") as gone:
        pass
    assert Activity(gone.pid).has_worked()
