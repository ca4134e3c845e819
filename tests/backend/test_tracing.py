"""Traces: off unless wanted, and then nothing of OpenTelemetry is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from backend import settings, tracing

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("side", ["backend", "frontend"])
def test_without_a_collector_nothing_of_it_is_loaded(side: str) -> None:
    code = (
        "import sys\n"
        f"from {side} import tracing\n"
        "tracing.begin(wanted=False)\n"
        "print('opentelemetry' in sys.modules)\n"
        "tracing.begin(wanted=True).close()\n"
        "print('opentelemetry' in sys.modules)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.split() == ["False", "True"]


def test_without_the_extra_it_goes_on_without_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "backend.spans", None)
    assert isinstance(tracing.begin(wanted=True), tracing.Untraced)


@pytest.mark.parametrize(
    "name", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
)
def test_either_name_of_a_collector_switches_them_on(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for known in settings.Settings.model_fields:
        monkeypatch.delenv(known.upper(), raising=False)
    assert not settings.read().is_traced
    monkeypatch.setenv(name, "http://127.0.0.1:4318")
    assert settings.read().is_traced
