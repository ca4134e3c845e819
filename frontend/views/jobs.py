"""The jobs there are, beside the one that is open."""

from __future__ import annotations

import streamlit as st

from frontend import state, work_state
from frontend.components import consent, dialogs, renaming
from frontend.components.markdown import literal
from frontend.history.work_records import WorkJob
from frontend.i18n import Phrases


def show(say: Phrases) -> None:
    st.button(
        say("work.new"),
        key="new-job",
        icon=":material/add:",
        width="stretch",
        on_click=work_state.open_job,
        args=(None,),
    )
    kept = state.services().bench.jobs()
    if not kept:
        return
    st.html(f"<h2>{say('work.jobs')}</h2>")
    with st.container(key="conversations", gap=None):
        for job in kept:
            _row(job, say)


def _row(job: WorkJob, say: Phrases) -> None:
    here = "here" if job.id == work_state.job() else "there"
    with st.container(
        key=f"{here}-{job.id}", horizontal=True, vertical_alignment="center", gap=None
    ):
        st.button(
            literal(say("work.job_of", title=job.title, n=job.files)),
            key=f"chat-{job.id}",
            type="tertiary",
            width="stretch",
            on_click=work_state.open_job,
            args=(job.id,),
        )
        choice = st.menu_button(
            "",
            ["rename", "delete"],
            key=f"menu-{job.id}",
            icon=":material/more_horiz:",
            type="tertiary",
            help=say("work.menu"),
            format_func=lambda option: say(f"work.{option}"),
        )
    if choice == "rename":
        dialogs.show(say("work.rename"), _rename, job, say)
    elif choice == "delete":
        dialogs.show(say("work.delete"), _delete, job, say)


def _rename(job: WorkJob, say: Phrases) -> None:
    title = renaming.asked(job.title, say)
    if title is not None:
        state.keeping(state.services().bench.rename)(job.id, title)
        st.rerun()


def _delete(job: WorkJob, say: Phrases) -> None:
    st.write(say("work.delete_sure"))
    if consent.asked(say("work.delete"), "delete-job-now", say):
        shared = state.services()
        state.keeping(shared.bench.delete)(job.id)
        state.keeping(shared.shelf.erase_removed)()
        if job.id == work_state.job():
            work_state.open_job(None)
        st.rerun()
