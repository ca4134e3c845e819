"""The embedded model held to forms: twenty schemas, warm and cold, whatever it would rather say."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from backend.engine import Engine
from backend.errors import RequestError
from backend.model.catalogue import UnknownModel, choose
from backend.model.loader import LoadedModel, load
from backend.prompt.events import Delta
from backend.prompt.guide import GuideBroken
from backend.prompt.guides import Guides
from backend.prompt.prompt import (
    FinishReason,
    Form,
    Message,
    Prompt,
    ResponseFormat,
    Role,
    Sampling,
    TextPart,
)
from backend.prompt.template import ChatMessage
from backend.work import Work

pytestmark = pytest.mark.model

MODELS = Path(os.environ.get("MODELS_DIR") or Path(__file__).parents[3] / ".models")
TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
LIST = {"type": "array", "items": TEXT}


def thing(*optional: str, **properties: Any) -> dict[str, Any]:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


NODE = thing("next", value=WHOLE, next={"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]})
SCHEMAS: dict[str, Any] = {
    "person": thing(name=TEXT, age=WHOLE),
    "optional": thing("nickname", name=TEXT, nickname=TEXT),
    "list": LIST,
    "list of things": {"type": "array", "items": thing(a=TEXT, b=WHOLE), "minItems": 2},
    "nested": thing(party=thing(name=TEXT, address=thing(city=TEXT, code=TEXT))),
    "choice": {"enum": ["yes", "no", "unclear"]},
    "constant": {"const": {"version": 1, "ok": True}},
    "nullable": thing(date={"type": ["string", "null"]}, sum={"anyOf": [NUMBER, {"type": "null"}]}),
    "variants": {
        "oneOf": [
            thing(kind={"const": "a"}, value=WHOLE),
            thing(kind={"const": "b"}, words=LIST),
        ]
    },
    "merged": {"allOf": [thing(a=TEXT), thing(b=WHOLE)]},
    "recursive": {"$ref": "#/$defs/node", "$defs": {"node": NODE}},
    "map": {"type": "object", "additionalProperties": WHOLE, "minProperties": 1},
    "pattern": thing(code={"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"}),
    "formats": thing(day={"type": "string", "format": "date"}, address={"format": "ipv4", **TEXT}),
    "bounds": thing(share={"type": "number", "minimum": 0, "maximum": 1}),
    "multiple": {"type": "integer", "multipleOf": 5, "minimum": 0, "maximum": 1000},
    "length": thing(summary={"type": "string", "minLength": 10, "maxLength": 40}),
    "tuple": {"type": "array", "prefixItems": [TEXT, WHOLE], "items": False, "minItems": 2},
    "Chinese": thing(甲方=TEXT, 金额=NUMBER),
    "anything": {},
}


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    try:
        choice = choose("embedded", MODELS, None)
    except UnknownModel as missing:
        pytest.skip(str(missing))
    return load(
        choice, models_dir=MODELS, max_model_len=1024, threads=2, on_phase=lambda phase: None
    )


@pytest.fixture(scope="module")
def guides(model: LoadedModel) -> Guides:
    return Guides(model.tokenizer, model.eos_ids, thinks=False)


@pytest.fixture(scope="module")
def engine(model: LoadedModel) -> Iterator[Engine]:
    engine = Engine(model, max_running=8, max_queue=64)
    engine.start()
    yield engine
    engine.stop(0)


@dataclass
class Heard:
    text: str = ""
    reasons: tuple[FinishReason, ...] = ()
    warning: str = ""
    error: RequestError | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def started(self, cached_tokens: int, queue_seconds: float) -> None: ...

    def delta(self, delta: Delta) -> None:
        self.text += delta.text

    def finished(
        self,
        reasons: tuple[FinishReason, ...],
        completion_tokens: int,
        warning: str,
        error: RequestError | None,
    ) -> None:
        self.reasons, self.warning, self.error = reasons, warning, error
        self.ended.set()

    def wait(self) -> Heard:
        assert self.ended.wait(120)
        return self


def ask(
    engine: Engine,
    model: LoadedModel,
    guides: Guides,
    form: ResponseFormat,
    question: str = "Tell me a long story about the sea.",
    **options: Any,
) -> Heard:
    sampling = Sampling(**{"temperature": 0.0, "seed": 3, "max_tokens": 48, **options})
    prompt = Prompt("r", "o", "", (Message(Role.USER, (TextPart(question),)),), sampling)
    ids = tuple(model.template.render([ChatMessage(Role.USER, question)], thinking=False))
    assert sampling.max_tokens is not None
    made = guides.factory(
        Prompt(**{**prompt.__dict__, "response_format": form}), sampling.max_tokens
    )
    heard = Heard()
    name = f"{form.definition}/{question}/{sampling}"
    engine.submit(Work(name, "o", ids, sampling, guide=made), heard)
    return heard


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_twenty_of_twenty_answers_have_their_form(
    engine: Engine, model: LoadedModel, guides: Guides, temperature: float
) -> None:
    heard = {
        name: ask(
            engine,
            model,
            guides,
            ResponseFormat(Form.SCHEMA, json.dumps(schema)),
            temperature=temperature,
        )
        for name, schema in SCHEMAS.items()
    }
    for name, schema in SCHEMAS.items():
        answer = heard[name].wait()
        assert answer.reasons == (FinishReason.STOP,), name
        checker = jsonschema.Draft202012Validator(
            schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        checker.validate(json.loads(answer.text))


def test_json_mode_gives_an_object(engine: Engine, model: LoadedModel, guides: Guides) -> None:
    answers = [
        ask(engine, model, guides, ResponseFormat(Form.JSON), temperature=1.0, seed=seed)
        for seed in range(4)
    ]
    assert all(isinstance(json.loads(answer.wait().text), dict) for answer in answers)


def test_an_expression_is_met(engine: Engine, model: LoadedModel, guides: Guides) -> None:
    form = ResponseFormat(Form.REGEX, "(19|20)[0-9]{2}-(0[1-9]|1[0-2])")
    answer = ask(engine, model, guides, form, "When was the moon landing?").wait()
    assert len(answer.text) == len("1969-07")
    assert answer.reasons == (FinishReason.STOP,)


def test_a_form_does_not_keep_the_model_from_answering(
    engine: Engine, model: LoadedModel, guides: Guides
) -> None:
    form = ResponseFormat(Form.SCHEMA, json.dumps(thing(capital=TEXT)))
    question = "What is the capital of France? Answer in JSON."
    assert "Paris" in json.loads(ask(engine, model, guides, form, question).wait().text)["capital"]


def test_the_same_form_alone_and_in_company(
    engine: Engine, model: LoadedModel, guides: Guides
) -> None:
    form = ResponseFormat(Form.SCHEMA, json.dumps(SCHEMAS["person"]))
    questions = ("Who is Ann?", "Who wrote Hamlet?", "Name a king.")
    alone = [ask(engine, model, guides, form, question).wait().text for question in questions]
    free = ask(engine, model, guides, ResponseFormat(Form.JSON), "Tell me anything.")
    company = [ask(engine, model, guides, form, question) for question in questions]
    assert [answer.wait().text for answer in company] == alone
    free.wait()


class Broken:
    """A guide that leaves no token at its third place, or one that takes none there."""

    warning = ""

    def __init__(self, *, takes: bool) -> None:
        self._takes = takes
        self._heard = 0

    def allowed(self) -> bytes | None:
        return None if self._takes or self._heard < 2 else bytes(8192)

    def forced(self) -> int | None:
        return None

    def accept(self, token: int) -> None:
        self._heard += 1
        if self._takes and self._heard == 3:
            raise GuideBroken


@pytest.mark.parametrize("takes", [True, False])
def test_a_form_that_breaks_ends_its_own_answer_alone(
    engine: Engine, model: LoadedModel, guides: Guides, takes: bool
) -> None:
    form = ResponseFormat(Form.SCHEMA, json.dumps(SCHEMAS["person"]))
    questions = ("Who is Ann?", "Who wrote Hamlet?")
    alone = [ask(engine, model, guides, form, question).wait().text for question in questions]
    broken = Heard()
    ids = tuple(model.template.render([ChatMessage(Role.USER, "Hello")], thinking=False))
    sampling = Sampling(seed=1, max_tokens=48)
    work = Work("broken", "o", ids, sampling, guide=lambda: Broken(takes=takes))
    engine.submit(work, broken)
    company = [ask(engine, model, guides, form, question) for question in questions]
    assert [answer.wait().text for answer in company] == alone
    assert broken.wait().reasons == (FinishReason.ERROR,)
    assert broken.error
    assert engine.stats().blocks_used == 0
