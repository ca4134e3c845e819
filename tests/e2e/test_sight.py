"""Pictures over the whole system, shown to a tiny random model that sees."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from frontend.client.blocking import Client
from frontend.messages import (
    Detail,
    FilePart,
    Finished,
    FinishReason,
    PageRead,
    Part,
    Plan,
    Question,
    ReadingMethod,
    Role,
    Sampling,
    Started,
    TextPart,
    Tool,
    Turn,
)
from scripts.lib import papers
from scripts.lib.system import System
from tests.fakes import glm
from tests.fakes.asking import png

PAGES = papers.pdf([papers.AGREEMENT])


@pytest.fixture(scope="module")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The client of a backend whose model sees."""
    folder = tmp_path_factory.mktemp("seeing")
    model = folder / "glm"
    model.mkdir()
    glm.save(model)
    with System(folder, {"MODEL": str(model)}) as running:
        running.wait_until_ready()
        client = Client(running.address)
        yield client
        client.close()


class Told:
    """What was planned for a question, and what came of it."""

    def __init__(self, client: Client, *parts: Part, owner: str = "local") -> None:
        asked = Question(
            uuid.uuid4().hex,
            (Turn(Role.USER, parts),),
            sampling=Sampling(temperature=0.0, max_tokens=6, top_logprobs=0),
            use_answer_cache=False,
        )
        self.plan: Plan = client.plan(owner, asked)
        events = list(client.generate(owner, asked))
        self.read = [event for event in events if isinstance(event, PageRead)]
        self.started = next(event for event in events if isinstance(event, Started))
        self.finished = next(event for event in events if isinstance(event, Finished))
        self.logprobs = [
            token.chosen.logprob for event in events for token in getattr(event, "logprobs", ())
        ]


def put(client: Client, data: bytes, owner: str = "local", **more: Any) -> FilePart:
    return FilePart(client.put(owner, data, "a").sha256, **more)


def test_a_plan_is_kept_and_a_second_question_costs_little(seeing: Client) -> None:
    photo = put(seeing, png("red", (640, 480)))

    first = Told(seeing, photo, TextPart("What is this?"))
    second = Told(seeing, photo, TextPart("Where is it?"))

    for told in (first, second):
        assert told.plan.prompt_tokens == told.started.prompt_tokens
        assert told.plan.cached_tokens == told.started.cached_tokens
        assert told.plan.pages == told.started.pages
        assert told.plan.route == told.started.route == "multimodal"
    assert first.finished.usage.image_tokens > 20
    assert first.started.cached_tokens == 0
    assert second.started.cached_tokens >= 0.9 * second.started.prompt_tokens - 16
    assert [page.cached for page in first.read + second.read] == [False, True]
    assert second.plan.cached_image_tokens == second.plan.image_tokens


def test_a_picture_is_known_by_its_content_and_its_owner(seeing: Client) -> None:
    question = TextPart("What colour is it?")
    green, blue = (put(seeing, png(colour, (320, 320))) for colour in ("green", "blue"))
    theirs = put(seeing, png("green", (320, 320)), owner="bob")

    seen = Told(seeing, green, question)
    other = Told(seeing, blue, question)
    stranger = Told(seeing, theirs, question, owner="bob")
    again = Told(seeing, green, question)

    assert other.started.cached_tokens <= 16  # the words before it
    assert other.logprobs != seen.logprobs
    assert stranger.started.cached_tokens == 0
    assert stranger.logprobs == pytest.approx(seen.logprobs, abs=0.05)
    assert not stranger.read[0].cached
    assert again.read[0].cached
    assert again.started.cached_tokens > 0


def test_a_page_with_a_text_layer_is_read_and_not_looked_at(seeing: Client) -> None:
    document = seeing.put("local", PAGES, "nda.pdf").sha256

    read = Told(seeing, FilePart(document, "nda.pdf"), TextPart("Which law?"))

    (page,) = read.started.pages
    assert page.method is ReadingMethod.TEXT_LAYER
    assert read.started.route == "text"
    assert read.finished.usage.image_tokens == 0


def test_a_batch_of_pictures_is_one(seeing: Client) -> None:
    many = [
        put(seeing, png("red", (100 + 10 * number, 100)), detail=Detail.LOW) for number in range(8)
    ]

    told = Told(seeing, *many, TextPart("Describe each."))

    assert told.started.route == "image_batch"
    assert len(told.started.pages) == 8
    assert json.dumps([page.reason for page in told.started.pages]).count("low detail") == 8


def test_a_model_can_be_made_to_call_a_function(seeing: Client) -> None:
    schema = {
        "type": "object",
        "properties": {"unit": {"enum": ["C", "F"]}, "days": {"type": "integer", "maximum": 9}},
        "required": ["unit", "days"],
    }
    asked = Question(
        uuid.uuid4().hex,
        (Turn(Role.USER, (put(seeing, png("red", (64, 64))), TextPart("How warm is it?"))),),
        sampling=Sampling(temperature=1.0, seed=3, max_tokens=200),
        tools=(Tool("weather", "Tells it.", json.dumps(schema)),),
        tool_choice="required",
        parallel_tool_calls=False,
    )
    events = list(seeing.generate("local", asked))
    (call,) = [call for event in events for call in getattr(event, "calls", ())]
    assert call.name == "weather"
    jsonschema.validate(json.loads(call.arguments), schema)
    assert isinstance(events[-1], Finished)
    assert events[-1].reasons == (FinishReason.TOOL_CALLS,)
