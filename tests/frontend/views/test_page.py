"""The whole page: what its parts show and what becomes of what is entered."""

from __future__ import annotations

import hashlib
import io
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from frontend.history.database import PROBE_EVERY
from frontend.history.history import History
from protos import inference_pb2
from tests.fakes.backend import FakeBackend, Refusal
from tests.fakes.disk import full
from tests.fakes.pdf import Page, paragraph, pdf
from tests.fakes.waiting import wait_until
from tests.frontend.views.conftest import Opener, keyed, turn

CONTRACT = ("lease.pdf", pdf(Page(paragraph("Lease")), Page(paragraph("Law"))), "application/pdf")


def ask(page: AppTest, text: str) -> None:
    page.chat_input[0].set_value(text).run()
    finish(page)


def finish(page: AppTest) -> None:
    """Looks again until the answer has ended, as the page's clock would."""
    wait_until(lambda: not any("data-stage" in html for html in htmls(page)), look=page.run)
    assert not page.exception


def htmls(page: AppTest) -> list[str]:
    return [str(element.proto.body) for element in page.get("html")]


def headings(page: AppTest) -> list[str]:
    """What the list of conversations is divided by."""
    found = (re.fullmatch('<h3 class="age">(.*)</h3>', html) for html in htmls(page))
    return [match[1] for match in found if match]


def texts(page: AppTest) -> str:
    """What stands on the page but for its style, Markdown's escapes undone."""
    shown = [element.value for element in (*page.markdown, *page.caption)]
    drawn = [html for html in htmls(page) if not html.startswith("<style>")]
    return "\n".join(shown + drawn).replace("\\", "")


def test_an_empty_page_says_what_to_do(open_page: Opener) -> None:
    page = open_page()
    assert "What would you like to know?" in texts(page)
    assert "Repeats what it is told." in texts(page)  # what the model is
    assert any("Online" in html for html in htmls(page))
    assert not page.chat_input[0].disabled


def test_a_question_is_answered_and_kept(open_page: Opener, backend: FakeBackend) -> None:
    page = open_page()
    ask(page, "Who are the parties?")
    assert len(page.chat_message) == 2
    assert "The parties are ACME and Example." in texts(page)
    assert "Text route" in texts(page)
    assert "complete" in texts(page)
    chat = page.query_params["chat"]
    again = open_page(chat=chat)
    assert "The parties are ACME and Example." in texts(again)
    assert len(backend.requests) == 1


def test_what_is_changed_along_with_a_question_counts_for_it(
    open_page: Opener, backend: FakeBackend
) -> None:
    page = open_page()
    keyed(page.number_input, "p-max_tokens").set_value(77)
    keyed(page.text_area, "p-system_prompt").set_value("Be brief.")
    ask(page, "Who?")
    (asked,) = backend.requests
    assert asked.sampling.max_tokens == 77
    assert asked.messages[0].parts[0].text == "Be brief."


def test_a_conversation_goes_on(open_page: Opener, backend: FakeBackend) -> None:
    page = open_page()
    ask(page, "First?")
    ask(page, "Second?")
    assert len(page.chat_message) == 4
    assert [message.role for message in backend.requests[-1].messages] == [2, 3, 2]


def test_an_answer_given_again_says_so_in_both_languages(
    open_page: Opener, backend: FakeBackend
) -> None:
    backend.keeps_answers = True
    page = open_page()
    ask(page, "Who are the parties?")
    assert "from the answer cache" not in texts(page)
    other = open_page()
    ask(other, "Who are the parties?")
    assert "from the answer cache" in texts(other)
    assert "来自回答缓存" in texts(open_page(chat=other.query_params["chat"], lang="zh"))


def test_parameters_reach_the_backend_and_come_back(
    open_page: Opener, backend: FakeBackend
) -> None:
    page = open_page()
    keyed(page.slider, "p-temperature").set_value(0.7)
    keyed(page.slider, "p-top_p").set_value(0.5)
    keyed(page.slider, "p-repetition_penalty").set_value(1.2)
    keyed(page.number_input, "p-max_tokens").set_value(300)
    keyed(page.number_input, "p-top_k").set_value(7)
    keyed(page.number_input, "p-seed").set_value(42)
    keyed(page.text_area, "p-system_prompt").set_value("Quote the clause.").run()
    ask(page, "Well?")
    request = backend.requests[-1]
    sampling = request.sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k) == (0.7, 0.5, 7)
    assert (sampling.max_tokens, sampling.seed, sampling.repetition_penalty) == (300, 42, 1.2)
    assert request.messages[0].parts[0].text == "Quote the clause."
    assert request.detached
    again = open_page(chat=page.query_params["chat"])
    assert keyed(again.slider, "p-temperature").value == 0.7
    assert keyed(again.number_input, "p-seed").value == 42


def test_a_seed_left_open_is_not_sent(open_page: Opener, backend: FakeBackend) -> None:
    page = open_page()
    ask(page, "Well?")
    assert not backend.requests[-1].sampling.HasField("seed")


def test_a_preset_sets_several_at_once(open_page: Opener) -> None:
    page = open_page()
    assert keyed(page.slider, "p-temperature").value == 0.0
    keyed(page.button_group, "p-preset").set_value("preset.free").run()
    assert keyed(page.slider, "p-temperature").value == 0.9
    assert keyed(page.slider, "p-top_p").value == 0.95


def test_a_preset_leaves_what_was_set_in_the_same_moment(open_page: Opener) -> None:
    page = open_page()
    keyed(page.number_input, "p-max_tokens").set_value(300)
    keyed(page.button_group, "p-preset").set_value("preset.free").run()
    assert keyed(page.slider, "p-temperature").value == 0.9
    assert keyed(page.number_input, "p-max_tokens").value == 300


def test_what_was_set_in_the_moment_of_leaving_goes_into_no_other_conversation(
    open_page: Opener,
) -> None:
    page = open_page()
    ask(page, "With temperature 0?")
    first = page.query_params["chat"]
    page.button(key="new").click().run()
    keyed(page.slider, "p-temperature").set_value(0.7)
    page.button(key=f"chat-{first}").click().run()
    assert keyed(page.slider, "p-temperature").value == 0.0


def test_a_preset_is_shown_as_long_as_the_settings_are_its(open_page: Opener) -> None:
    page = open_page()
    assert keyed(page.button_group, "p-preset").value == "preset.exact"
    keyed(page.slider, "p-temperature").set_value(0.7).run()
    assert keyed(page.button_group, "p-preset").value is None
    keyed(page.button_group, "p-preset").set_value("preset.exact").run()
    assert keyed(page.slider, "p-temperature").value == 0.0
    assert keyed(page.button_group, "p-preset").value == "preset.exact"


def test_every_drawing_says_what_the_panel_shows(open_page: Opener) -> None:
    """One that never arrives, because a click broke it off, takes no value along."""
    page = open_page()
    keyed(page.slider, "p-temperature").set_value(0.7)
    keyed(page.number_input, "p-max_tokens").set_value(300).run()
    for _ in range(2):
        page.button(key="new").click().run()
        drawn = [*page.slider, *page.number_input, *page.text_area, *page.toggle]
        told = {one.key.split("-")[1]: one.proto.default for one in drawn if one.key[:2] == "p-"}
        assert told["temperature"] == [0.7]
        assert told["top_p"] == [1.0]
        assert told["max_tokens"] == 300
        assert told["system_prompt"] == ""
        assert not any(one.proto.set_value for one in drawn)


def test_what_cannot_be_set_here_is_the_nearest_that_can(
    open_page: Opener, backend: FakeBackend
) -> None:
    backend.defaults = inference_pb2.Sampling(
        temperature=9.0, top_p=0.001, top_k=5000, repetition_penalty=0.1, max_tokens=1
    )
    page = open_page()
    assert keyed(page.slider, "p-temperature").value == 2.0
    assert keyed(page.slider, "p-top_p").value == 0.05
    assert keyed(page.slider, "p-repetition_penalty").value == 0.5
    assert keyed(page.number_input, "p-top_k").value == 1000


@pytest.mark.parametrize("thinks", [True, False])
def test_thinking_is_offered_only_where_it_exists(
    open_page: Opener, backend: FakeBackend, thinks: bool
) -> None:
    backend.thinks = thinks
    backend.reasoning = "Let me see."
    page = open_page()
    assert bool(page.toggle) is thinks
    if thinks:
        page.toggle[0].set_value(True).run()
        ask(page, "Well?")
        assert backend.requests[-1].thinking.enabled
        assert "Let me see." in texts(page)


def test_files_are_added_and_asked_about(open_page: Opener, backend: FakeBackend) -> None:
    page = open_page()
    page.file_uploader[0].set_value([CONTRACT]).run()
    assert "lease.pdf" in texts(page)
    assert "2 pages" in texts(page)
    assert "1 file is ready" in texts(page)
    (thumbnail,) = page.get("image")
    assert "data:image/webp;base64," in str(thumbnail.proto)  # there is nothing to ask for
    page.button(key="starter-about").click().run()  # until it is known to be a contract
    finish(page)
    assert backend.requests[-1].messages[0].parts[0].media.filename == "lease.pdf"
    assert "2 pages: 2 by text layer" in texts(page)


def test_a_file_that_is_refused_says_why_and_nothing_is_lost(
    open_page: Opener, backend: FakeBackend
) -> None:
    page = open_page(lang="zh")
    page.file_uploader[0].set_value([("notes.docx", b"PK nothing", "x/y"), CONTRACT]).run()
    assert any("notes" in error.value for error in page.error)
    assert "lease.pdf" in texts(page)
    assert backend.uploads[-1] == "lease.pdf"


def test_a_picture_that_is_too_big_says_its_size_and_the_limit(open_page: Opener) -> None:
    page = open_page()
    picture = b"\x89PNG" + bytes(21_490_000)
    page.file_uploader[0].set_value([("poster.png", picture, "image/png")]).run()
    assert "21.5 MB is too much: a picture may have up to 21 MB" in page.error[0].value.replace(
        "\\", ""
    )


def test_pictures_are_part_of_the_page(open_page: Opener, backend: FakeBackend) -> None:
    """What had to be asked for while the page is drawn anew would not be there."""
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), "navy").save(drawn, "PNG")
    page = open_page()
    page.file_uploader[0].set_value([("photo.png", drawn.getvalue(), "image/png")]).run()
    sha256 = hashlib.sha256(drawn.getvalue()).hexdigest()
    backend.boxes = [
        inference_pb2.Box(sha256=sha256, page=1, left=5, top=5, right=30, bottom=20, label="sky")
    ]
    ask(page, "Where is the sky?")
    images = [image.proto.imgs[0].url for image in page.get("image")]
    assert len(images) == 3, "in the list, in the question, with its place in the answer"
    assert all(url.startswith("data:image/webp;base64,") for url in images)


def test_chinese(open_page: Opener) -> None:
    page = open_page(lang="zh")
    assert "想了解什么？" in texts(page)
    assert "复述所说的话。" in texts(page)
    page.button(key="language").click().run()
    assert page.query_params["lang"] == "en"
    assert "What would you like to know?" in texts(page)


def test_a_conversation_that_is_not_there(open_page: Opener) -> None:
    page = open_page(chat="nothing")
    assert "no such conversation" in texts(page)
    assert page.chat_input[0].disabled
    page.button(key="start").click().run()
    assert not page.chat_input[0].disabled


def test_a_refusal_keeps_the_question_and_can_be_tried_again(
    open_page: Opener, backend: FakeBackend
) -> None:
    backend.refusals.append(Refusal("queue_full", "Too many wait.", "queue_full"))
    page = open_page()
    ask(page, "Am I in?")
    assert [error.value for error in page.error] == ["Too many wait\\."]
    assert "Am I in?" in texts(page)
    page.button(key="again").click().run()
    finish(page)
    assert not page.error
    assert "The parties are ACME" in texts(page)


def test_running_out_of_time_keeps_the_text_and_says_so(
    open_page: Opener, backend: FakeBackend
) -> None:
    backend.finish_reason = inference_pb2.FINISH_REASON_DEADLINE
    page = open_page()
    ask(page, "Slow?")
    assert "The parties are ACME" in texts(page)
    assert any("time allowed ran out" in warning.value for warning in page.warning)


def test_without_a_backend_the_history_can_be_read(open_page: Opener, backend: FakeBackend) -> None:
    page = open_page()
    ask(page, "Before?")
    backend.stop()
    wait_until(lambda: page.error, look=page.run)
    assert "cannot be reached" in page.error[0].value
    assert page.chat_input[0].disabled
    assert page.file_uploader[0].disabled
    assert "The parties are ACME" in texts(page)
    backend.start()


def test_a_loading_backend_tells_how_far_it_is(open_page: Opener, backend: FakeBackend) -> None:
    backend.phase = inference_pb2.PHASE_LOADING
    backend.phase_detail = "Reading weights, 40 %."
    page = open_page()
    assert any("Loading the model" in html for html in htmls(page))
    assert "Reading weights, 40 %." in page.info[0].value.replace("\\", "")
    assert page.chat_input[0].disabled


def test_a_damaged_history_is_told(open_page: Opener, tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    path.write_bytes(b"no database at all " * 50)
    page = open_page()
    assert any("damaged" in warning.value for warning in page.warning)


def test_a_question_that_cannot_be_kept_is_not_asked_and_not_lost(
    open_page: Opener, backend: FakeBackend, tmp_path: Path
) -> None:
    page = open_page()
    ask(page, "Before?")
    with full(tmp_path / "history.sqlite3-wal"):
        page.chat_input[0].set_value("And now? " + "word " * 2000).run()
        assert not page.exception
        assert any("could not be saved" in error.value for error in page.error)
        assert len(backend.requests) == 1
        page.run()
        assert any("Nothing can be saved" in warning.value for warning in page.warning)
    time.sleep(PROBE_EVERY)
    page.run()
    assert not any("Nothing can be saved" in warning.value for warning in page.warning)
    ask(page, "And now?")
    assert len(backend.requests) == 2


def test_an_answer_that_cannot_be_kept_yet_is_shown_and_says_so(
    open_page: Opener, backend: FakeBackend, tmp_path: Path
) -> None:
    backend.answer = "word " * 2000
    backend.start_delay = 3.0  # a page that is drawn looks for a while at what grows
    page = open_page()
    page.chat_input[0].set_value("Well?").run()
    with full(tmp_path / "history.sqlite3-wal"):
        wait_until(
            lambda: any("Not saved yet" in warning.value for warning in page.warning), look=page.run
        )
        assert "word word" in texts(page)
        assert not page.exception
    finish(page)
    assert "word word" in texts(page)
    assert not any("Not saved yet" in warning.value for warning in page.warning)


def test_a_history_that_cannot_be_opened_is_told_and_opened_later(
    open_page: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("frontend.history.database.PATIENCE", 0.2)
    History(f"sqlite:///{tmp_path}/history.sqlite3").close()
    with closing(sqlite3.connect(tmp_path / "history.sqlite3")) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")  # not even to be read
        other.execute("BEGIN EXCLUSIVE")
        page = open_page()
        assert any("cannot be opened" in error.value for error in page.error)
        other.rollback()
    page.button(key="open-history").click().run()
    assert not page.error
    ask(page, "Now?")
    assert "The parties are ACME" in texts(page)


def test_an_answer_left_by_an_earlier_process_is_marked(open_page: Opener, tmp_path: Path) -> None:
    history = History(f"sqlite:///{tmp_path}/history.sqlite3")
    answer = history.ask("local", "c1", "Lost?", turn_key="k", parameters={})
    assert answer is not None
    history.save(answer, text="Half an ans", reasoning="", heard=3, receipt=None)
    history.close()
    page = open_page(chat="c1")
    finish(page)
    assert "Half an ans" in texts(page)
    assert any("lost" in warning.value for warning in page.warning)


def test_conversations_are_listed_the_latest_first(open_page: Opener) -> None:
    page = open_page()
    ask(page, "One?")
    page.button(key="new").click().run()
    assert "chat" not in page.query_params
    ask(page, "Two?")
    labels = [b.label for b in page.button if str(b.key).startswith("chat-")]
    assert labels == ["Two\\?", "One\\?"]
    assert headings(page) == []
    next(b for b in page.button if b.label == "One\\?").click().run()
    assert "One?" in texts(page)


def test_older_conversations_stand_under_headings(open_page: Opener, tmp_path: Path) -> None:
    page = open_page()
    for text in ("Old?", "Kept?", "New?"):
        page.button(key="new").click().run()
        ask(page, text)
    with closing(sqlite3.connect(tmp_path / "history.sqlite3")) as other, other:
        age = "update conversations set updated_at = updated_at - ? where title = ?"
        other.executemany(age, [(4 * 86_400, "Old?"), (90 * 86_400, "Kept?")])
    page.run()
    assert headings(page) == ["Today", "Previous 7 days", "Earlier"]
    turn(page, lang="zh")
    assert headings(page) == ["今天", "过去 7 天", "更早"]
