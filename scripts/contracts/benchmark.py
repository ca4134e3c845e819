"""Measures contract work through the whole product: both processes, REST, the command line."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from frontend.client.blocking import Client
from frontend.workflows.fields import FieldList, Language
from scripts.contracts import (
    chinese,
    durability,
    evidence,
    fields,
    labelled,
    ordinary,
    reading,
    speed,
)
from scripts.contracts.kept import Heard, Kept, adapter_hash
from scripts.contracts.labelled import Labelled
from scripts.contracts.report import Report, keep, line
from scripts.contracts.scan import DPI, scanned
from scripts.lib.measuring import conditions
from scripts.lib.system import ROOT, System, models_folder

_KEPT: Final = ROOT / ".data" / "contracts-benchmark"
_TWO: Final = FieldList(
    "two",
    "Two fields",
    Language.ENGLISH,
    tuple(field for field in evidence.PRESET.fields if field.name in ("jurisdiction", "term")),
)
_KILLS: Final = (("command", 0.3), ("backend", 0.6))


@dataclass(frozen=True)
class Desk:
    """What every part works with. The system runs while a part does."""

    agreements: Path
    folder: Path
    adapter: str
    papers: Sequence[Labelled]
    most: int | None  # documents, for a trial
    runs: int
    told: Heard

    def kept(self, part: str, asked: object) -> Kept:
        """The answers of a part."""
        return Kept(self.folder, part, self.adapter, asked)


def _agreements(desk: Desk, *, described: bool) -> Report:
    title = "text layer" if described else "text layer, names of fields alone"
    with _system(desk.folder) as (system, _):
        return fields.measured(
            title,
            80 if described else None,
            system.url,
            desk.kept("agreements", [labelled.ASK, labelled.schema(described=described)]),
            desk.papers,
            lambda paper: paper.path.read_bytes(),
            desk.told,
            described=described,
        )


def _scans(desk: Desk) -> Report:
    folder = desk.folder / "scans"
    scans = _scanned(desk, folder)
    with _system(desk.folder) as (system, client):
        labels = {paper.name: paper.labels for paper in desk.papers}
        reading.archive(client, scans, labels, desk.folder / "scans.json", desk.told)
        return fields.measured(
            f"scans at {DPI} dpi",
            74,
            system.url,
            desk.kept("scans", [labelled.ASK, labelled.schema(described=True)]),
            desk.papers,
            lambda paper: (folder / paper.name).read_bytes(),
            desk.told,
        )


def _scanned(desk: Desk, folder: Path) -> list[Path]:
    """Every agreement as a scan, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    for paper in desk.papers:
        scan = folder / paper.name
        if not scan.exists():
            scan.write_bytes(scanned(paper.path.read_bytes(), paper.name))
    return [folder / paper.name for paper in desk.papers]


def _evidence(desk: Desk, asked: FieldList, title: str) -> Report:
    kept = desk.kept("evidence", asked.to_json())
    with _system(desk.folder) as (_, client):
        return evidence.measured(title, client, kept, asked, desk.papers, desk.told)


def _chinese(desk: Desk, *, as_scans: bool) -> Report:
    papers = chinese.contracts(desk.folder / "chinese")[: desk.most]
    title = "Chinese, scans" if as_scans else "Chinese, text layer"
    part = "chinese-scans" if as_scans else "chinese"
    goal = None if as_scans else 80
    asked = [chinese.SEED, chinese.EACH]
    with _system(desk.folder) as (system, client):
        found = chinese.fields(
            title, goal, system.url, desk.kept(part, asked), papers, desk.told, as_scans=as_scans
        )
        kept = desk.kept(f"{part}-summaries", [*asked, chinese.SUMMARY])
        told = chinese.summaries(
            title, system.url, client, kept, papers, desk.told, as_scans=as_scans
        )
    return Report((*found.figures, *told.figures), {**found.details, **told.details})


def _speed(desk: Desk) -> Report:
    with tempfile.TemporaryDirectory() as folder, _system(Path(folder)) as (system, client):
        return speed.measured(system.url, client, desk.papers, desk.runs, desk.told)


def _durability(desk: Desk) -> Report:
    folder = desk.folder / "durability"
    folder.mkdir(parents=True, exist_ok=True)
    documents = desk.agreements / "pdf"
    run = durability.durability(folder, documents, _TWO.to_json(), _KILLS, desk.told)
    return durability.report(run)


def _plain(desk: Desk) -> Report:
    def answers(adapted: bool) -> list[str]:
        folder = next((models_folder() / "embedded").glob("*/config.json")).parent
        given = {} if adapted else {"MODEL": str(folder)}  # a folder alone brings no adapter
        with tempfile.TemporaryDirectory() as data, System(Path(data), given) as system:
            system.wait_until_ready(300)
            return ordinary.answers(system.url, desk.told)

    return ordinary.compared(answers)


PARTS: Final[dict[str, Callable[[Desk], Report]]] = {
    "agreements": lambda desk: _agreements(desk, described=True),
    "names": lambda desk: _agreements(desk, described=False),
    "scans": _scans,
    "evidence": lambda desk: _evidence(desk, evidence.FOUR, "four fields"),
    "preset": lambda desk: _evidence(desk, evidence.PRESET, "NDA preset"),
    "chinese": lambda desk: _chinese(desk, as_scans=False),
    "chinese-scans": lambda desk: _chinese(desk, as_scans=True),
    "plain": _plain,
    "speed": _speed,
    "durability": _durability,
}


@contextmanager
def _system(folder: Path) -> Iterator[tuple[System, Client]]:
    """Both processes; what they read stays in the folder."""
    with System(folder) as system:
        system.wait_until_ready(300)
        client = Client(system.address)
        try:
            yield system, client
        finally:
            client.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if a goal is missed."""
    asked = _parser().parse_args(arguments)
    asked.keep.mkdir(parents=True, exist_ok=True)
    adapter = adapter_hash()
    papers = labelled.validation(asked.agreements)[: asked.files]
    folder = asked.keep.resolve()
    desk = Desk(asked.agreements, folder, adapter, papers, asked.files, asked.runs, _say)
    whole = asked.keep / f"report-{adapter}.json"
    missed = False
    parts: dict[str, object] = {}
    for name in asked.parts:
        told = conditions() | {"adapter": adapter}
        report = PARTS[name](desk)
        parts = keep(whole, name, report.plain(told))
        missed = missed or report.misses
        if not asked.json:
            print(f"\n{name}  " + "  ".join(f"{key}: {value}" for key, value in told.items()))
            for figure in report.figures:
                print(line(figure), flush=True)
    if asked.json:
        print(json.dumps({name: parts[name] for name in asked.parts}, ensure_ascii=False, indent=1))
    else:
        print(f"\ndetails: {whole}")
    return int(missed)


def _say(told: str) -> None:
    print(told, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/benchmark_contracts", description=__doc__)
    parser.add_argument(
        "agreements", type=Path, help="folder of labelled agreements: pdf/*.pdf and labels.jsonl"
    )
    parser.add_argument(
        "--parts",
        type=_parts,
        default=list(PARTS),
        help=f"some of {','.join(PARTS)}, separated by commas; all unless named",
    )
    parser.add_argument("--keep", type=Path, default=_KEPT, help=f"answers, scans ({_KEPT})")
    parser.add_argument("--files", type=int, default=None, help="documents at most, for a trial")
    parser.add_argument("--runs", type=int, default=9, help="agreements of the part speed")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    return parser


def _parts(named: str) -> list[str]:
    listed = [name.strip() for name in named.split(",") if name.strip()]
    unknown = [name for name in listed if name not in PARTS]
    if unknown:
        raise argparse.ArgumentTypeError(f"there is no part {', '.join(unknown)}")
    return listed


if __name__ == "__main__":
    sys.exit(main())
