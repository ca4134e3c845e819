"""A kept conversation, told as the turns of the next question."""

from __future__ import annotations

from collections.abc import Sequence

from frontend.history.records import Attachment, Message
from frontend.messages import FilePart, Part, Question, Role, TextPart, Turn
from frontend.presets import Parameters

MOST_PAIRS = 8  # earlier questions, with their answers, that still travel along


def question(
    messages: Sequence[Message],
    attachments: Sequence[Attachment],
    answer: Message,
    parameters: Parameters,
) -> Question:
    """What to send so that `answer`, the last of `messages`, gets written."""
    assert answer.request_id is not None
    before = messages[: [message.id for message in messages].index(answer.id)]
    turns = _turns(before, attachments)
    if parameters.system_prompt.strip():
        turns = (Turn(Role.SYSTEM, (TextPart(parameters.system_prompt.strip()),)), *turns)
    return Question(
        request_id=answer.request_id,
        turns=turns,
        model=parameters.model,
        sampling=parameters.sampling(),
        thinking=parameters.thinking,
        detached=True,
    )


def _turns(before: Sequence[Message], attachments: Sequence[Attachment]) -> tuple[Turn, ...]:
    """Questions and answers in order; what got no answer is left out, but its files stay."""
    *earlier, last = before
    pairs = [
        (ask, reply)
        for ask, reply in zip(earlier[::2], earlier[1::2], strict=True)
        if reply.text.strip()
    ][-MOST_PAIRS:]
    order = {message.id: place for place, message in enumerate(before)}
    waiting = [file for file in attachments if not file.removed and file.message in order]
    turns: list[Turn] = []
    for ask, reply in [*pairs, (last, None)]:
        due = [file for file in waiting if order[str(file.message)] <= order[ask.id]]
        waiting = [file for file in waiting if file not in due]
        parts: list[Part] = [FilePart(file.sha256, file.filename) for file in due]
        turns.append(Turn(Role.USER, (*parts, TextPart(ask.text))))
        if reply is not None:
            turns.append(Turn(Role.ASSISTANT, (TextPart(reply.text),)))
    return tuple(turns)
