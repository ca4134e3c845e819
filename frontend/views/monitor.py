"""How the place is doing: figures of the moment, lines of the last minutes, caches, owners' use."""

from __future__ import annotations

import time
from html import escape
from typing import Final

import streamlit as st

from frontend import state
from frontend.components import charts, monitor_style, tables
from frontend.components.charts import Look
from frontend.i18n import Phrases
from frontend.messages import OwnerUse, Stats
from frontend.monitor import figures
from frontend.monitor.samples import Sample, since, thinned
from frontend.state import Desk
from frontend.views import status
from frontend.visitors import LOCAL

LOOK_EVERY: Final = 2.0  # seconds
WINDOWS: Final = (300, 1800)  # seconds
CACHE_HEAD: Final = ("layer", "hits", "share", "saved", "evicted")
OWNER_HEAD: Final = ("owner", "requests", "refused", "prompt", "completion", "cached")
TILES: Final = ("running", "speed", "first", "blocks", "memory", "files")
MOST_POINTS: Final = 150  # of one line


def show(desk: Desk, say: Phrases) -> None:
    monitor_style.apply()
    status.show_head(say("view.monitor"), desk, say)
    with st.container(key="monitor"):
        seconds = st.segmented_control(
            say("monitor.window"),
            WINDOWS,
            format_func=lambda one: say(f"monitor_window.{one}"),
            default=WINDOWS[0],
            required=True,
            key="monitor-window",
            label_visibility="collapsed",
        )
        _live(seconds or WINDOWS[0], say)


@st.fragment(run_every=LOOK_EVERY)
def _live(seconds: int, say: Phrases) -> None:
    """Drawn again and again, from what the one watcher keeps for all tabs."""
    samples = state.house().watch.samples()
    latest = next((one.stats for one in reversed(samples) if one.stats is not None), None)
    if latest is None:
        st.info(say("monitor.waiting"))
        return
    if samples[-1].stats is None:
        st.warning(say("monitor.away"), icon=":material/cloud_off:")
    now = time.time()
    shown = thinned(since(samples, seconds, now), MOST_POINTS)
    _tiles(latest, shown, say)
    _charts(latest, shown, now, seconds, say)
    _caches(latest, say)
    _owners(latest, say)


def _tiles(stats: Stats, samples: tuple[Sample, ...], say: Phrases) -> None:
    half, most = (figures.first_token(samples, share) for share in (0.5, 0.95))
    total = stats.blocks_total or 1
    told = (
        (f"{stats.running}", say("monitor.waiting_n", n=stats.queued)),
        (
            f"{stats.tokens_per_second:.1f}",
            say("monitor.all_tokens", n=stats.completion_tokens),
        ),
        (
            "–" if half is None else say("monitor.seconds", n=half),
            "" if most is None else say("monitor.slowest", n=most),
        ),
        (
            f"{stats.blocks_used / total:.0%}",
            say("monitor.known", n=stats.blocks_cached / total),
        ),
        (
            say.size(stats.memory_bytes),
            say("monitor.left", size=say.size(stats.available_bytes))
            if stats.available_bytes
            else "",
        ),
        (
            say.size(stats.media_bytes),
            say("monitor.of", most=say.size(stats.media_bytes_limit)),
        ),
    )
    tiles = "".join(
        f'<div data-tile="{name}"><span>{escape(say(f"monitor_tile.{name}"))}</span>'
        f"<b>{escape(value)}</b><small>{escape(more)}</small></div>"
        for name, (value, more) in zip(TILES, told, strict=True)
    )
    st.html(f'<div class="tiles">{tiles}</div>')


def _charts(
    stats: Stats, samples: tuple[Sample, ...], now: float, seconds: int, say: Phrases
) -> None:
    refused = figures.refusals(samples, now)
    codes = {row.name: row.name for row in refused}
    drawn = (
        ("work", figures.work(samples, now), Look(whole=True)),
        ("waits", figures.waits(samples, now), Look(least=0.1)),
        ("speed", figures.speed(samples, now), Look()),
        ("routes", figures.routes(samples, now), Look(stacked=True)),
        ("found", figures.found(samples, now), Look(format=".0%", most=1)),
        ("blocks", figures.blocks(samples, now), _of_blocks(stats)),
        ("memory", figures.memory(samples, now), Look()),
        ("refusals", refused, Look(stacked=True)),
    )
    with st.container(key="charts", horizontal=True, gap="small"):
        for title, rows, look in drawn:
            heading = say(f"monitor_chart.{title}")
            with st.container(key=f"chart-{title}", border=True):
                st.html(f"<h2>{escape(heading)}</h2>")
                charts.lines(
                    rows,
                    codes if title == "refusals" else _names(title, rows, say),
                    look,
                    charts.Words(
                        now=say("monitor.now"),
                        minutes=say("monitor.minutes"),
                        told=say("monitor.chart", minutes=seconds // 60, title=heading),
                        nothing=say(
                            "monitor_none.refusals" if title == "refusals" else "monitor_none.lines"
                        ),
                    ),
                    seconds=seconds,
                    key=f"lines-{title}-{seconds}",
                )


def _of_blocks(stats: Stats) -> Look:
    return Look(stacked=True, whole=True, most=stats.blocks_total or None)


def _names(title: str, rows: list[figures.Row], say: Phrases) -> dict[str, str]:
    """The lines of a chart, as people read them; a GPU has one where there is one."""
    present = {row.name for row in rows}
    return {
        name: say(f"monitor_line.{name}")
        for name in figures.LINES[title]
        if name != "device" or name in present
    }


def _caches(stats: Stats, say: Phrases) -> None:
    _heading("caches", stats, say)
    head = [say(f"monitor_head.{name}") for name in CACHE_HEAD]
    rows = [
        [
            say(f"monitor_layer.{one.layer}"),
            f"{one.hits:,}",
            "–" if one.share is None else f"{one.share:.0%}",
            _duration(one.saved_seconds, say),
            "–" if one.evictions is None else f"{one.evictions:,}",
        ]
        for one in figures.layers(stats)
    ]
    tables.show(head, rows, key="caches", bars=2)
    if stats.preemptions:
        st.caption(say("monitor.preempted", n=stats.preemptions))


def _owners(stats: Stats, say: Phrases) -> None:
    visitor = state.visitor()
    if visitor is None:
        st.rerun()
    _heading("owners", stats, say)
    uses = figures.owners(stats, visitor.owner, may_see_all=visitor.may_see_all)
    if not uses:
        st.caption(say("monitor.nobody"))
        return
    tables.show(
        [say(f"monitor_head.{name}") for name in OWNER_HEAD],
        [[_named(use, say), *(f"{count:,}" for count in _counts(use))] for use in uses],
        key="owners",
    )


def _counts(use: OwnerUse) -> tuple[int, ...]:
    return (
        use.requests,
        use.refused,
        use.prompt_tokens,
        use.completion_tokens,
        use.cached_tokens,
    )


def _named(use: OwnerUse, say: Phrases) -> str:
    if use.owner == LOCAL:
        return say("monitor.owner_local")
    return use.owner or say("monitor.owner_others")


def _heading(name: str, stats: Stats, say: Phrases) -> None:
    up = stats.uptime_seconds
    ago = say("chat.seconds", n=int(up)) if up < 60 else _duration(up, say)
    since_start = say("monitor.since", hours=ago)
    st.html(
        f'<div class="heading"><h2>{escape(say(f"monitor_table.{name}"))}</h2>'
        f"<small>{escape(since_start)}</small></div>"
    )


def _duration(seconds: float, say: Phrases) -> str:
    if seconds < 60:
        return say("monitor.seconds", n=seconds)
    hours, minutes = divmod(int(seconds // 60), 60)
    return say("monitor.hours", h=hours, m=minutes) if hours else say("monitor.mins", m=minutes)
