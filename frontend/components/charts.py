"""Lines and areas of the monitor: small, quiet, in the page's colours, with words for who hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import streamlit as st

from frontend.monitor.figures import Row

HEIGHT: Final = 118  # pixels
# Seen on white and on the dark background alike, and told apart without red and green.
COLOURS: Final = ("#3f7fd8", "#d98324", "#2a9d8f", "#a56cc1", "#7d8590", "#c25b6b")
_AREA: Final = {"type": "area", "interpolate": "step-after", "opacity": 0.8}
_LINE: Final = {"type": "line", "strokeWidth": 1.8, "clip": True}
# The axis tells minutes before now: it stays where it is, so that only lines move.
_AGO: Final = (
    "datum.value == 0 ? '{now}' : format(-datum.value / 60, '.0f')"
    " + (datum.value == -{seconds} ? ' {minutes}' : '')"
)


@dataclass(frozen=True)
class Look:
    """How the lines of a chart are drawn."""

    stacked: bool = False
    format: str = ",.3~f"  # of the numbers on the axis
    whole: bool = False  # numbers without ticks between
    most: float | None = None  # the top of the axis where it is known
    least: float = 1.0  # the top where all values are lower


@dataclass(frozen=True)
class Words:
    """What a chart says."""

    now: str
    minutes: str  # after the number of minutes before now
    told: str  # to those who do not see it
    nothing: str  # where there is no value yet


def lines(
    rows: Sequence[Row],
    names: Mapping[str, str],
    look: Look,
    words: Words,
    *,
    seconds: int,
    key: str,
) -> None:
    """A chart of the last so many seconds; `names` are the lines in order, as people read them.

    What changes from one drawing to the next is its data alone: the browser moves the lines.
    """
    shown = [row for row in rows if row.name in names]
    if all(row.value is None for row in shown):
        st.html(f'<div class="no-lines">{escape(words.nothing)}</div>')
        return
    order = list(names.values())
    if len(order) > 1:
        _legend(order)
    data = {
        "age": [round(row.age, 1) for row in shown],
        "name": [names[row.name] for row in shown],
        "value": [None if row.value is None else round(row.value, 3) for row in shown],
    }
    spec = {
        "height": HEIGHT,
        "mark": _AREA if look.stacked else _LINE,
        "encoding": {
            "x": _time(seconds, words),
            "y": _values(look, max(row.value or 0 for row in shown)),
            "color": {
                "field": "name",
                "type": "nominal",
                "sort": order,
                "scale": {"domain": order, "range": list(COLOURS[: len(order)])},
                "legend": None,
            },
            "tooltip": [
                {"field": "name", "type": "nominal", "title": " "},
                {"field": "value", "type": "quantitative", "title": " ", "format": ",.3~f"},
            ],
        },
        "padding": {"left": 2, "top": 6, "right": 8, "bottom": 2},
    }
    st.vega_lite_chart(data, spec, width="stretch", key=key, alt=words.told)


def _legend(order: Sequence[str]) -> None:
    marks = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>'
        for name, colour in zip(order, COLOURS, strict=False)
    )
    st.html(f'<div class="legend">{marks}</div>')


def _quiet() -> str:
    """The colour of words that stand back, as in `style`; a canvas knows no variables."""
    return "#a3acbd" if st.context.theme.type == "dark" else "#5b6475"


def _time(seconds: int, words: Words) -> dict[str, Any]:
    return {
        "field": "age",
        "type": "quantitative",
        "scale": {"domain": [-seconds, 0], "nice": False},
        "axis": {
            "values": [-seconds * fifth // 5 for fifth in range(6)],
            "labelExpr": _AGO.format(now=words.now, minutes=words.minutes, seconds=seconds),
            "labelFlush": True,
            "labelColor": _quiet(),
            "title": None,
            "grid": False,
        },
    }


def _values(look: Look, highest: float) -> dict[str, Any]:
    scale: dict[str, Any] = {"domainMin": 0}
    if look.most is not None:
        scale["domainMax"] = look.most
    elif highest < look.least:
        scale["domainMax"] = look.least
    axis = {
        "title": None,
        "tickCount": 3,
        "format": "d" if look.whole else look.format,
        "labelColor": _quiet(),
    }
    return {
        "field": "value",
        "type": "quantitative",
        "axis": axis | ({"tickMinStep": 1} if look.whole else {}),
        "scale": scale,
        "stack": "zero" if look.stacked else None,
    }
