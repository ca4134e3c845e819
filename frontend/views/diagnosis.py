"""What is wrong, and what helps: the checks of the usual troubles, made against this place now."""

from __future__ import annotations

from html import escape
from itertools import groupby
from typing import Final

import streamlit as st

from frontend import state
from frontend.components import help_style
from frontend.diagnosis import place, wording
from frontend.diagnosis.examination import examine
from frontend.diagnosis.findings import Finding, Grade
from frontend.i18n import Phrases
from frontend.state import Desk
from frontend.views import status

_SIGNS: Final = {Grade.GOOD: "✓", Grade.POOR: "!", Grade.BAD: "✕"}


def show(desk: Desk, say: Phrases) -> None:
    help_style.apply()
    status.show_head(say("view.help"), desk, say)
    with st.container(key="help"):
        st.markdown(say("help.hint"))
        again = st.button(say("help.again"), key="check-again", icon=":material/refresh:")
        place_of_result = st.empty()
        if again or "findings" not in st.session_state:
            with place_of_result, st.spinner(say("help.checking")):
                st.session_state["findings"] = _examined()
        with place_of_result.container():
            _tell(st.session_state["findings"], say)


def _examined() -> tuple[Finding, ...]:
    house = state.house()
    host = st.context.headers.get("Host")  # as this browser says it
    return examine(house.client, house.settings, place.of_settings(house.settings, host))


def _tell(findings: tuple[Finding, ...], say: Phrases) -> None:
    wrong = sum(finding.grade is Grade.BAD for finding in findings)
    if wrong:
        st.error(say("help.ill", n=wrong), icon=":material/error:")
    else:
        st.success(say("help.well"), icon=":material/check_circle:")
    cards = "".join(
        f"<section><h2>{escape(say(f'check.{check.value}'))}</h2>"
        + "".join(_card(finding, say) for finding in found)
        + "</section>"
        for check, found in groupby(findings, key=lambda finding: finding.check)
    )
    st.html(f'<div class="checks">{cards}</div>')


def _card(finding: Finding, say: Phrases) -> str:
    grade = finding.grade
    helps = wording.remedy(finding, say)
    return (
        f'<div class="found {grade.value}" data-finding="{escape(finding.name)}">'
        f'<i aria-hidden="true">{_SIGNS[grade]}</i>'
        f'<div><span class="grade">{escape(say(f"grade.{grade.value}"))}</span>'
        f"<p>{escape(wording.sentence(finding, say))}</p>"
        + (
            f"<p><b>{escape(say('help.remedy'))}:</b> {escape(helps)}</p>"
            if helps is not None
            else ""
        )
        + "</div></div>"
    )
