"""One answer on its way out: what is told as what, when, and with which tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from backend.model.outcome import Sampled
from backend.outgoing import Outgoing
from backend.prompt import calls
from backend.prompt.events import Delta, Mark, TokenLogprob
from backend.prompt.prompt import Calling, FinishReason, Sampling, Tool
from backend.prompt.tokenizer import Tokenizer
from backend.scheduling.sequence import Sequence
from tests.fakes.tokenizer import CONTROL, MARKS, description

TOKENIZER = Tokenizer(description([*CONTROL, *MARKS]))
PLAIN = Tokenizer(description())


@dataclass
class Heard:
    """What somebody who listens has at the end."""

    text: str = ""
    reasoning: str = ""
    tokens: int = 0
    reasoning_tokens: int = 0
    logprobs: list[TokenLogprob] = field(default_factory=list)
    marks: tuple[Mark, ...] = ()
    retold: bool = False
    deltas: list[Delta] = field(default_factory=list)

    def hear(self, delta: Delta | None) -> None:
        if delta is None:
            return
        self.deltas.append(delta)
        self.text += delta.text
        self.reasoning += delta.reasoning
        self.tokens += delta.tokens
        self.reasoning_tokens = 0 if delta.is_retold else self.reasoning_tokens
        self.reasoning_tokens += delta.reasoning_tokens
        self.logprobs += delta.logprobs
        self.marks += delta.marks
        self.retold |= delta.is_retold


def outgoing(
    *,
    tokenizer: Tokenizer = TOKENIZER,
    thinking: bool = False,
    prompt: tuple[int, ...] = (1,),
    script: tuple[int, ...] | None = None,
    **options: Any,
) -> Outgoing:
    sampling = Sampling(seed=0, max_tokens=999, **options)
    sequence = Sequence("r", "o", 0, prompt, sampling, script=script)
    return Outgoing(sequence, tokenizer, thinking=thinking)


def marked(text: str, tokenizer: Tokenizer = TOKENIZER) -> list[int]:
    """The tokens of a model that writes marks as the tokens they are."""
    return tokenizer.encode_markup([(text, True)])


def told(
    ids: list[int],
    reason: FinishReason = FinishReason.STOP,
    **options: Any,
) -> Heard:
    answer, heard = outgoing(**options), Heard()
    for token in ids:
        heard.hear(answer.push(token, Sampled(token, -0.5)))
        if answer.is_stopped:
            break
    heard.hear(answer.flush(reason))
    return heard


@pytest.mark.parametrize("as_tokens", [True, False])
def test_reasoning_and_answer(as_tokens: bool) -> None:
    text = "<think>a b</think>\nyes"
    ids = marked(text) if as_tokens else TOKENIZER.encode(text)
    heard = told(ids, thinking=True, top_logprobs=0)
    assert (heard.text, heard.reasoning) == ("yes", "a b")
    assert heard.tokens == len(ids)
    assert heard.reasoning_tokens == len(ids) - len("\nyes")
    assert [logprob.chosen.token for logprob in heard.logprobs] == ["\n", "y", "e", "s"]
    assert len(heard.deltas) > 3, "it streams"


def test_a_template_may_have_opened_the_reasoning() -> None:
    opened = tuple(marked("<|assistant|><think>\n"))
    heard = told(marked("hm</think>yes"), prompt=opened)
    assert (heard.text, heard.reasoning) == ("yes", "hm")
    closed = tuple(marked("<|assistant|><think></think>\n"))
    assert told(marked("yes"), prompt=closed).text == "yes"


def test_an_answer_without_reasoning_is_told_as_what_it_is() -> None:
    ids = marked("Paris")
    heard = told(ids, thinking=True, top_logprobs=0)
    assert (heard.text, heard.retold, heard.reasoning_tokens) == ("Paris", True, 0)
    assert heard.tokens == len(ids) == len(heard.logprobs)


def test_reasoning_that_is_cut_off_stays_reasoning() -> None:
    heard = told(marked("so far"), FinishReason.LENGTH, thinking=True)
    assert (heard.text, heard.reasoning, heard.reasoning_tokens) == ("", "so far", 6)


def test_without_thinking_a_plain_models_marks_are_words() -> None:
    text = "x <think>y</think> <|begin_of_box|>[1,2,3,4]<|end_of_box|>"
    heard = told(PLAIN.encode(text), tokenizer=PLAIN)
    assert (heard.text, heard.marks) == (text, ())


def test_boxes_are_taken_out_and_noted() -> None:
    heard = told(marked("seal: <|begin_of_box|>[1,2,3,4]<|end_of_box|>."))
    assert heard.text == "seal: [1,2,3,4]."
    assert heard.marks == (Mark("seal", 1, 2, 3, 4),)


def test_a_box_at_the_very_end_is_not_lost() -> None:
    ids = marked("<|begin_of_box|>[1,2,3,4]<|end_of_box|>")
    heard = told(ids)
    assert heard.marks == (Mark("", 1, 2, 3, 4),)
    assert heard.tokens == len(ids)


def test_marks_are_not_shown_in_reasoning_either() -> None:
    heard = told(marked("at <|begin_of_box|>5<|end_of_box|></think>5"), thinking=True)
    assert (heard.text, heard.reasoning) == ("5", "at 5")


def test_stop_strings_end_the_answer_and_not_the_reasoning() -> None:
    heard = told(marked("one END</think>two END three"), thinking=True, stop=("END",))
    assert (heard.text, heard.reasoning) == ("two ", "one END")


def test_a_stop_string_may_lie_across_a_mark() -> None:
    heard = told(marked("a <|begin_of_box|>E<|end_of_box|>ND b"), stop=("END",))
    assert heard.text == "a "


def test_a_retold_answer_is_cut_at_a_stop_string_too() -> None:
    heard = told(marked("one END two"), thinking=True, stop=("END",))
    assert heard.text == "one "


def test_a_fixed_text_is_told_as_it_stands() -> None:
    script = tuple(TOKENIZER.encode("No words were found."))
    answer, heard = outgoing(thinking=True, script=script, top_logprobs=1), Heard()
    for token in script:
        heard.hear(answer.push(token, None))
    heard.hear(answer.flush(FinishReason.STOP))
    assert (heard.text, heard.reasoning) == ("No words were found.", "")
    assert heard.logprobs[0].chosen.logprob == 0.0
    assert len(heard.logprobs[0].top) == 1


def test_every_token_is_counted_once_even_without_text() -> None:
    ids = TOKENIZER.encode("é")[:1]
    heard = told(ids, FinishReason.LENGTH)
    assert (heard.text, heard.tokens) == ("\ufffd", 1)
    silent = told([CONTROL.index("<|user|>")], FinishReason.LENGTH)
    assert (silent.text, silent.tokens) == ("", 1)
    assert told([]).deltas == []


CALLING = Calling((Tool("now"), Tool("weather", "", '{"properties": {"city": {}}}')))
CALL = (
    "<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n</tool_call>"
    "\n<tool_call>now\n</tool_call>"
)


def called(text: str, reason: FinishReason = FinishReason.STOP, **options: Any) -> Any:
    """What was heard, the calls, and why the answer ended."""
    words = Tokenizer(description([*CONTROL, *MARKS, *calls.MARKS]))
    sequence = Sequence("r", "o", 0, (1,), Sampling(seed=0, max_tokens=999, **options))
    answer = Outgoing(sequence, words, thinking=True, calling=CALLING)
    heard = Heard()
    for token in words.encode_markup([(text, True)]):
        heard.hear(answer.push(token, Sampled(token, -0.5)))
    heard.hear(answer.flush(reason))
    sequence.reason = reason
    found = [call for delta in heard.deltas for call in delta.calls]
    return heard, [(call.name, call.arguments) for call in found], answer.reason


def test_calls_stand_beside_the_words_and_end_the_answer_as_such() -> None:
    heard, found, reason = called(f"<think>hm</think>\nI look. {CALL}", stop=("Paris",))
    assert (heard.text, heard.reasoning) == ("I look.", "hm")
    assert found == [("weather", '{"city": "Paris"}'), ("now", "{}")]
    assert reason is FinishReason.TOOL_CALLS


def test_a_call_that_is_only_thought_of_is_none() -> None:
    heard, found, reason = called(f"{CALL}</think>no")
    assert (heard.text, found, reason) == ("no", [], FinishReason.STOP)


def test_a_call_that_is_cut_off_stays_words() -> None:
    heard, found, reason = called(f"</think>{CALL[:30]}", FinishReason.LENGTH)
    assert (heard.text, found, reason) == (CALL[:30], [], FinishReason.LENGTH)
