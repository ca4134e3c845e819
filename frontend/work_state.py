"""Where a browser session is in the contract work: the address says it, so a refresh returns."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeVar

import streamlit as st

from frontend import address, state
from frontend.workbench import Refused, Sheet
from frontend.workflows import filters
from frontend.workflows.filters import Filter
from frontend.workflows.summary import Summarised

Choice = TypeVar("Choice", bound=Enum)


class View(Enum):
    """What the page is used for."""

    ASK = "ask"
    DOCUMENTS = "documents"
    MONITOR = "monitor"
    HELP = "help"


WORK_VIEWS: Final = (View.ASK, View.DOCUMENTS)  # the others look at the place itself


def view() -> View:
    """The one that the address names."""
    return _named("view", View) or View.ASK


def turn_to(chosen: View) -> None:
    """Turns the page to another use; the conversation or job that was open stays open."""
    _name("view", chosen, View.ASK)


def job() -> str | None:
    """The job that the address names."""
    return address.get("job")


def open_job(job: str | None) -> None:
    """Turns the page to a job; None to a new one."""
    st.session_state.pop("refused", None)
    closed = ("file", "field", "show", "list", "about", "point", "change")
    address.change(job=job, **dict.fromkeys(closed))


def sheet() -> Sheet | None:
    """The open job as it is now; None if there is none of that id."""
    named = job()
    kept = None if named is None else state.services().bench.sheet(named)
    if kept is not None:
        st.session_state["job_drawn"] = _face(kept)
    return kept


def has_turned(kept: Sheet) -> bool:
    """Whether the job began, stopped or ended since the whole page was drawn."""
    return st.session_state.get("job_drawn") != _face(kept)


def opened(kept: Sheet) -> tuple[int | None, str | None]:
    """The file that is looked at, and the field unless it is the file as a whole."""
    number = _number("file")
    row = None if number is None else kept.row(number)
    if row is None:
        return None, None
    field = address.get("field")
    return row.id, field if field and row.cell(field) is not None else None


def look_at(file: int | None, field: str | None = None) -> None:
    """Opens a file or one of its values; None closes what is open."""
    named = None if file is None else str(file)
    address.change(file=named, field=field, point=None, change=None)


def move(kept: Sheet, step: int) -> None:
    """Opens the next value of those that are shown, or the one before."""
    file, field = opened(kept)
    if file is None:
        return
    place = filters.neighbour(kept.table, chosen_filter(), file, field, step=step)
    if place is not None:
        look_at(*place)


def about() -> Summarised | None:
    """Which summary of the opened file is looked at."""
    return _named("about", Summarised)


def choose_about(named: str | None) -> None:
    """Turns to a summary of the opened file; None closes it."""
    address.change(about=named, point=None, change=None)


def point(count: int) -> int | None:
    """The one of so many points whose place is looked at."""
    number = _number("point")
    return number if number is not None and number < count else None


def point_at(number: int) -> None:
    """Looks at the place of a point."""
    address.change(point=str(number))


def change() -> int | None:
    """The changed clause whose place in the opened file is looked at."""
    return _number("change")


def look_at_change(file: int, place: int) -> None:
    """Opens a file where a changed clause stands."""
    address.change(file=str(file), field=None, about=None, point=None, change=str(place))


def chosen_filter() -> Filter:
    """What of the table is shown."""
    return _named("show", Filter) or Filter.ALL


def choose_filter(chosen: Filter) -> None:
    """Keeps in the address what of the table is shown."""
    _name("show", chosen, Filter.ALL)


def refused() -> tuple[Refused, ...]:
    """Files that were not taken when the job that is open was begun."""
    kept = st.session_state.get("refused")
    return kept if isinstance(kept, tuple) else ()


def refuse(files: tuple[Refused, ...]) -> None:
    """Notes the files that were not taken."""
    st.session_state["refused"] = files


def _face(kept: Sheet) -> tuple[object, ...]:
    """What the whole page must be drawn anew for."""
    return kept.job.id, kept.job.state, kept.job.open == 0


def _named(parameter: str, choices: type[Choice]) -> Choice | None:
    """The choice that the address names, if there is such a one."""
    named = address.get(parameter)
    return next((one for one in choices if one.value == named), None)


def _name(parameter: str, chosen: Choice, default: Choice) -> None:
    """Has the address name a choice; the default needs no name."""
    address.change(**{parameter: None if chosen is default else chosen.value})


def _number(parameter: str) -> int | None:
    """The number that the address names, if it is one."""
    named = address.get(parameter) or ""
    return int(named) if named.isdecimal() else None
