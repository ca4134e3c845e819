"""The notebook, run from its first cell to its last against the whole product."""

from __future__ import annotations

import ast
import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from scripts.lib.system import System, models_folder

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "notebook.ipynb"

pytestmark = [
    pytest.mark.model,
    pytest.mark.recipes,
    pytest.mark.timeout(400),  # a small model answers eight questions on a busy machine
    pytest.mark.skipif(not models_folder().is_dir(), reason="the embedded model is not there"),
]


@pytest.mark.filterwarnings(  # Jupyter's own
    "ignore::DeprecationWarning",
    "ignore::ResourceWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)
def test_every_cell_runs_and_shows_what_it_promises(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbclient, nbformat = import_module("nbclient"), import_module("nbformat")
    monkeypatch.setenv("GLM_FLASH_URL", f"{system.url}/v1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    ).execute()
    _, image, summary, fields, stream, caches = [
        cell for cell in notebook.cells if cell.cell_type == "code"
    ]
    assert printed(image).strip()
    assert '"page": 1' in printed(summary)
    found = ast.literal_eval(fields.outputs[-1]["data"]["text/plain"])
    assert set(found) == {"party_1", "party_2", "effective_date", "jurisdiction", "term"}
    assert "Larkspur" in json.dumps(found)
    assert int(printed(stream).splitlines()[-1].split()[0]) > 1
    rows = [ast.literal_eval(line) for line in printed(caches).splitlines()]
    assert len(rows) == 3
    assert rows[1]["of these known"] > rows[0]["of these known"]
    assert rows[2]["of these known"] == rows[2]["prompt tokens"]


def test_it_is_kept_without_answers() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


def printed(cell: Any) -> str:
    """What a cell wrote to standard output."""
    return "".join(each["text"] for each in cell.outputs if each["output_type"] == "stream")
