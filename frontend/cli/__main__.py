"""Contract work from the command line: `python -m frontend.cli COMMAND`; `--help` lists them.

Results go to standard output or to `--out`, progress and errors to standard error. Exit status: 0
done, 1 some files failed, 2 a mistake in the call, 3 the backend cannot be reached, 130 stopped.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from frontend.cli.ask import ask
from frontend.cli.compare import compare
from frontend.cli.desk import CannotDo
from frontend.cli.doctor import doctor
from frontend.cli.extract import extract
from frontend.cli.fields import fields
from frontend.cli.keys import keys
from frontend.cli.summarise import ALL, summarise
from frontend.history.database import StorageUnavailable
from frontend.history.upgrading import SchemaTooNew, UpgradeFailed
from frontend.messages import BackendError
from frontend.settings import Mistakes
from frontend.workflows.batch import NoFiles
from frontend.workflows.fields import FieldsInvalid, Language
from frontend.workflows.presets import NAMES
from frontend.workflows.summary import Summarised

SOME_FAILED: Final = 1
MISTAKE: Final = 2
NO_BACKEND: Final = 3
STOPPED: Final = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns the exit status. Every error is one line."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.CRITICAL)
    try:
        failed: int = asked.command(asked)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _told("Stopped. The same command goes on where it was.", STOPPED)
    except Mistakes as mistakes:
        return _told("\n".join(mistakes.lines), MISTAKE)
    except (FieldsInvalid, NoFiles, CannotDo, SchemaTooNew, UpgradeFailed) as mistake:
        return _told(str(mistake), MISTAKE)
    except BrokenPipeError:  # whoever reads the output has seen enough
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - what is left goes nowhere
        return 0
    except StorageUnavailable:
        where = "the disk is full, or another program holds the history in DATA_DIR"
        return _told(f"Nothing can be kept at the moment: {where}.", SOME_FAILED)
    except OSError as error:
        return _told(f"{error.filename or 'A file'}: {error.strerror or error}", MISTAKE)
    except BackendError as error:
        away = error.kind in ("unavailable", "deadline", "unauthenticated")
        return _told(error.message, NO_BACKEND if away else SOME_FAILED)
    return SOME_FAILED if failed else 0


def _told(line: str, status: int) -> int:
    print(line, file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m frontend.cli", description="Contract work: fields, summaries, questions."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = _command(commands, "extract", "find fields in contracts, with evidence")
    command.set_defaults(command=extract)
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="or a folder")
    command.add_argument(
        "--fields", required=True, help=f"{', '.join(NAMES)}, a list of your own, or a JSON file"
    )
    command.add_argument("--out", type=Path, help=".xlsx, .csv, .json, .md or .docx")
    command.add_argument(
        "--summaries",
        type=_kinds,
        default=[],
        metavar="KINDS",
        help=f"also sum each file up: {', '.join(one.value for one in Summarised)}, or all",
    )
    command.add_argument("--threads", type=_count, default=2, help="files at a time (2)")
    command.add_argument("--fresh", action="store_true", help="do not go on with an earlier run")

    command = _command(commands, "summarise", "sum up contracts, with page references")
    command.set_defaults(command=summarise)
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="or a folder")
    command.add_argument(
        "--about",
        choices=[*(one.value for one in Summarised), ALL],
        default="clauses",
        help="(clauses)",
    )
    command.add_argument("--out", type=Path, help=".md, .json or .docx")

    command = _command(commands, "ask", "ask contracts a question")
    command.set_defaults(command=ask)
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="or a folder")
    command.add_argument("-q", "--question", required=True)
    command.add_argument("--max-tokens", type=_count, default=512, help="of the answer (512)")

    command = _command(commands, "compare", "list what changed between two versions")
    command.set_defaults(command=compare)
    command.add_argument("old", type=Path)
    command.add_argument("new", type=Path)
    command.add_argument("--fields", help="list changed fields too, as for extract")
    command.add_argument("--out", type=Path, help=".txt, .md or .json")

    command = commands.add_parser("fields", help="lists of fields: list, show, save, delete")
    _fields(command.add_subparsers(required=True, metavar="ACTION"))

    command = _command(commands, "doctor", "check this installation: what is wrong, what helps")
    command.set_defaults(command=doctor)
    where = command.add_mutually_exclusive_group()
    where.add_argument("--url", help="of the page, such as a proxy's (the one on this machine)")
    where.add_argument("--host", help="a name that browsers ask for (the address)")

    command = commands.add_parser("keys", help="keys of the REST interface: create, list, revoke")
    _keys(command.add_subparsers(required=True, metavar="ACTION"))
    return parser


def _keys(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, told in (
        ("create", "a new key, printed this once"),
        ("list", "the keys there are, and whose they are"),
        ("revoke", "refuse a key from now on"),
    ):
        action = _command(actions, name, told)
        action.set_defaults(command=keys, action=name)
        if name == "create":
            action.add_argument("owner", help="whose files and answers it opens; a plain word")
            action.add_argument("--note", default="", help="what it is for")
        if name == "revoke":
            action.add_argument("id", help="of the key, as of `list`")


def _fields(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, told in (
        ("list", "the lists there are: presets, and your own"),
        ("show", "one list as JSON, to be changed and saved"),
        ("save", "keep a JSON file as a list of your own, in place of the one of its name"),
        ("delete", "drop a list of your own"),
    ):
        action = _command(actions, name, told)
        action.set_defaults(command=fields, action=name)
        if name in ("show", "delete"):
            action.add_argument("name", help="of the list")
        if name == "save":
            action.add_argument("file", type=Path, metavar="FILE", help="JSON, as of `show`")
            action.add_argument("--name", help="(the one in the file)")


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, told: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=told, description=told)
    command.add_argument("--json", action="store_true", help="write JSON to standard output")
    command.add_argument("--quiet", action="store_true", help="no progress")
    command.add_argument(
        "--language", choices=[one.value for one in Language], default="en", help="(en)"
    )
    return command


def _kinds(text: str) -> list[Summarised]:
    """Kinds of summaries between commas."""
    if text == ALL:
        return list(Summarised)
    return [Summarised(kind.strip()) for kind in text.split(",")]


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 65_536:
        raise ValueError
    return number


if __name__ == "__main__":
    sys.exit(main())
