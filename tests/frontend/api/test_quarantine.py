"""A request that was at work each time the backend died is not tried a third time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from frontend.api.errors import ApiError
from frontend.api.quarantine import Quarantine
from frontend.messages import Question, Role, TextPart, Turn
from tests.fakes.asking import text, user, wait_until
from tests.fakes.backend import FakeBackend
from tests.fakes.web import Web

POISON = Question("1", (Turn(Role.USER, (TextPart("poison"),)),))
AGAIN = replace(POISON, request_id="2")
OTHER = Question("1", (Turn(Role.USER, (TextPart("other"),)),))


def is_refused(quarantine: Quarantine, question: Question, owner: str = "me") -> bool:
    try:
        quarantine.check(owner, question)
    except ApiError as refusal:
        return (refusal.status, refusal.code) == (500, "request_quarantined")
    return False


def test_two_deaths_are_too_many_and_time_heals() -> None:
    now = [0.0]
    quarantine = Quarantine(lambda: now[0])
    quarantine.suspect("me", POISON)
    assert not is_refused(quarantine, AGAIN)
    quarantine.suspect("me", AGAIN)
    assert is_refused(quarantine, POISON)
    assert not is_refused(quarantine, OTHER)
    assert not is_refused(quarantine, POISON, owner="another")
    now[0] = 601.0
    assert not is_refused(quarantine, POISON)
    quarantine.suspect("me", POISON)
    assert not is_refused(quarantine, POISON), "counted afresh"


def test_an_answer_ends_all_suspicion() -> None:
    quarantine = Quarantine()
    quarantine.suspect("me", POISON)
    quarantine.absolve("me", AGAIN)
    quarantine.suspect("me", POISON)
    assert not is_refused(quarantine, POISON)


@pytest.mark.parametrize("stream", [False, True])
def test_a_third_try_is_refused_and_others_go_on(
    web: Web, backend: FakeBackend, stream: bool
) -> None:
    poison = user(text("a b c d e f g h"))
    with ThreadPoolExecutor(1) as pool:
        for _ in range(2):
            backend.token_delay = 0.3
            dying = pool.submit(web.chat, messages=poison, stream=stream)
            wait_until(lambda: backend.running == 1)
            # The second token comes long after the first one has gone out.
            wait_until(
                lambda: any(
                    len(one.events) > 2 and not one.done for one in backend.generations.values()
                )
            )
            backend.stop()
            told = dying.result()
            assert told.status == 503 or told.chunks[-1]["error"]["code"] == "backend_unavailable"
            backend.token_delay = 0.0
            backend.start()
            wait_until(lambda: web.chat().status == 200, 10)
    tried = len(backend.requests)
    refused = web.chat(messages=poison, stream=stream)
    assert (refused.status, refused.error["code"]) == (500, "request_quarantined")
    assert refused.headers["x-should-retry"] == "false"
    assert len(backend.requests) == tried
    assert web.chat(messages=user(text("a b c"))).status == 200
