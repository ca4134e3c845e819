"""One click: starting in the background, asking until it answers, the cause where it does not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.alias.api import server
from scripts.lib import one_click
from scripts.lib.one_click import NOT_RUNNING, Desk, Running, born, cause_of
from scripts.lib.system import free_ports

pytestmark = pytest.mark.recipes

ROOT = Path(__file__).parents[2]

# Stands in for scripts/start.sh: answers /ready as it is told by a file, whose last answer stays.
STAND_IN = """#!{python}
import http.server, json, os, pathlib, sys
print("13:00:00 backend.1 | a secret of nobody", flush=True)
said = pathlib.Path(os.environ["DATA_DIR"], "said.json")
class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def log_message(self, *_): pass
    def do_GET(self):
        answers = json.loads(said.read_text())
        status, content = answers[min(Handler.asked, len(answers) - 1)]
        Handler.asked += 1
        self.send_response(status); self.end_headers()
        self.wfile.write(json.dumps(content).encode())
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


class Room:
    """A data folder, a port, and a stand-in for start.sh."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (port,) = free_ports(1)
        self.folder = folder
        self.url = f"http://127.0.0.1:{port}"
        for name, value in {"DATA_DIR": str(folder), "HOST": "127.0.0.1", "PORT": port}.items():
            monkeypatch.setenv(name, str(value))
        monkeypatch.delenv("BASE_PATH", raising=False)
        monkeypatch.setattr(one_click, "ROOT", folder)
        self.desk = Desk(folder)
        self.stands_in(STAND_IN.format(python=sys.executable))

    def stands_in(self, script: str) -> None:
        path = self.folder / "scripts" / "start.sh"
        path.parent.mkdir(exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)

    def says(self, status: int, **content: str) -> None:
        self.says_in_turn((status, content))

    def says_in_turn(self, *answers: tuple[int, dict[str, str]]) -> None:
        new = self.folder / "new.json"
        new.write_text(json.dumps(answers))
        new.replace(self.folder / "said.json")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    made = Room(tmp_path, monkeypatch)
    yield made
    one_click.stop(made.desk)


def test_it_starts_is_asked_and_is_stopped(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    loading = {"phase": "loading", "detail": "Reading the weights."}
    room.says_in_turn((503, loading), (200, {}))

    assert one_click.start(room.desk) == 0

    out = capsys.readouterr().out
    assert "Reading the weights." in out
    assert f"✅ ready: {room.url}" in out
    running = room.desk.running()
    assert running is not None
    assert one_click.status(room.desk) == 0
    assert one_click.start(room.desk) == 0
    assert "already running" in capsys.readouterr().out
    again = room.desk.running()
    assert again is not None
    assert again.pid == running.pid

    room.says(503, detail="The backend is being replaced.")
    assert one_click.status(room.desk) == 1
    assert "being replaced" in capsys.readouterr().out

    assert one_click.stop(room.desk) == 0
    assert not running.is_alive
    assert one_click.status(room.desk) == NOT_RUNNING
    assert one_click.stop(room.desk) == 0, "stopping twice is no mistake"


def test_a_model_that_fails_is_told_with_the_logs_end(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    room.says(503, phase="failed", detail="model.safetensors is damaged.")
    assert one_click.start(room.desk) == 1
    out = capsys.readouterr().out
    assert "❌ the model could not be brought in: model.safetensors is damaged." in out
    assert "a secret of nobody" in out  # the log's last lines
    assert room.desk.running() is None


def test_one_that_ends_is_told_with_its_last_words(
    room: Room, capsys: pytest.CaptureFixture[str]
) -> None:
    room.stands_in(
        "#!/bin/sh\n"
        "echo '13:00:00 web.1     | {}'\n"
        "echo '13:00:00 backend.1 | MODEL=x is unknown; use another'\n"
        "echo '13:00:00 system    | backend.1 stopped (rc=2)'\n"
        "echo '13:00:00 web.1     | going down'\n"
        "exit 2\n"
    )
    assert one_click.start(room.desk) == 1
    assert "❌ it ended with status 2: MODEL=x is unknown; use another" in capsys.readouterr().out
    assert one_click.status(room.desk) == NOT_RUNNING


def test_the_set_ups_error_is_the_cause(room: Room) -> None:
    room.desk.log.write_text("set-up: packages\nerror: no network\n13:00:00 web.1 | x\n")
    assert cause_of(room.desk) == "no network"


def test_the_last_log_is_kept(room: Room) -> None:
    room.stands_in("#!/bin/sh\necho $RANDOM; exit 1\n")
    room.desk.log.write_text("the first")
    one_click.start(room.desk)
    assert room.desk.log.with_suffix(".log.1").read_text() == "the first"


def test_another_process_of_the_same_number_is_left_alone(room: Room) -> None:
    with subprocess.Popen(["/bin/sleep", "30"], start_new_session=True) as sleeper:
        room.desk.remember(Running(sleeper.pid, "12345", "127.0.0.1", 1, ""))
        assert one_click.stop(room.desk) == 0
        assert sleeper.poll() is None
        sleeper.send_signal(signal.SIGKILL)


def test_what_does_not_end_is_killed(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one_click, "STOP_SECONDS", 0.3)
    script = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    with subprocess.Popen(
        ["/bin/sh", "-c", script], start_new_session=True, stdout=subprocess.PIPE
    ) as stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        running = Running(stubborn.pid, born(stubborn.pid) or "", "127.0.0.1", 1, "")
        assert one_click.end_it(running)
        assert not running.is_alive


def test_the_script_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    for arguments, more in ((["begin"], {}), (["status"], {"PORT": "http"})):
        done = subprocess.run(
            [ROOT / "scripts" / "1键推理.sh", *arguments],
            env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **more},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.startswith("error: ")


def test_the_script_tells_that_nothing_runs(tmp_path: Path) -> None:
    began = time.monotonic()
    done = subprocess.run(
        [ROOT / "scripts" / "1键推理.sh", "status"],
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (NOT_RUNNING, "❌ not running\n"), done.stderr
    assert time.monotonic() - began < 60, "nothing is set up for that"


def test_the_articles_command_is_the_start(tmp_path: Path) -> None:
    assert server.environment(["--host", "0.0.0.0", "--port", "8080"]) == {
        "HOST": "0.0.0.0",
        "PORT": "8080",
    }
    assert server.environment([]) == {}
    done = subprocess.run(
        [sys.executable, "-m", "api.server", "--port", "none"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "scripts" / "alias")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith("api.server is now: PORT=none scripts/start.sh\n")
    assert "PORT must be a whole number" in done.stderr, "start.sh took over"
    assert done.returncode == 2
