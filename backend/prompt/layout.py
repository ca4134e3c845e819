"""The turns of a conversation as the template is given them: files, passages, then the question.

What a turn says depends on nothing after it, so that a longer conversation begins with the very
tokens of the shorter one and only what is new has to be computed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backend.media.media import MediaKind
from backend.prompt import extraction, fields, notices, router
from backend.prompt.fields import Field
from backend.prompt.material import Material, View
from backend.prompt.prompt import Form, MediaPart, Message, Part, Prompt, Role, TextPart
from backend.prompt.template import ChatMessage, Mark
from backend.prompt.windows import Excerpt

# Where a file is in the conversation, the question is put like this. Of the layouts tried with the
# embedded model, text first, no system turn and these words brought most right answers.
FROM_THE_TEXT = "Answer this question from the text above, in a few sentences: {question}"
FROM_THE_TEXT_ZH = "请根据上文，用几句话回答：{question}"

# A small model quotes the passage that answers when it stands once more right before the question,
# and invents without it: of 24 names and laws in 6 agreements, 12 instead of 8 to 10 were named.
# A larger one is given the passages that a later question needs and its excerpt left out.
AGAIN = "Passages that answer the question:\n{passages}"
DEFAULT_QUESTION = "Summarise this document."
DEFAULT_PICTURE_QUESTION = "Describe what is shown."

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")

Pieces = list[str | Mark]


@dataclass
class Chosen:
    """What was chosen for the prompt so far, turn by turn."""

    excerpts: dict[str, Excerpt] = field(default_factory=dict)  # by file
    views: dict[str, tuple[View, ...]] = field(default_factory=dict)  # by file; all or none
    again: dict[int, str] = field(default_factory=dict)  # passages by turn


@dataclass(frozen=True)
class Turn:
    """A turn, and the files that the conversation has not shown before it."""

    place: int
    message: Message
    fresh: tuple[Material, ...]
    earlier: tuple[Material, ...]
    is_batch: bool
    fields: tuple[Field, ...] = ()  # what it asks of the files, for a model trained to fill them in

    @property
    def typed(self) -> str:
        """The words that somebody wrote."""
        return typed(self.message)

    @property
    def so_far(self) -> tuple[Material, ...]:
        """Every file up to here."""
        return (*self.earlier, *self.fresh)


def turns(
    prompt: Prompt, materials: Mapping[str, Material], *, fills_fields: bool = False
) -> list[Turn]:
    """The conversation, each file in the turn that shows it first.

    Where the model was trained to fill fields in, the last turn has those of the answer's form.
    """
    shown: dict[str, Material] = {}
    found: list[Turn] = []
    for place, message in enumerate(prompt.messages):
        hashes = dict.fromkeys(part.sha256 for part in message.parts if isinstance(part, MediaPart))
        fresh = {sha256: materials[sha256] for sha256 in hashes if sha256 not in shown}
        batch = router.is_batch(message, materials, prompt.priority)
        found.append(
            Turn(place, message, tuple(fresh.values()), tuple(shown.values()), is_batch=batch)
        )
        shown |= fresh
    if fills_fields and found:
        found[-1] = replace(found[-1], fields=_fields(prompt, found[-1]))
    return found


def _fields(prompt: Prompt, turn: Turn) -> tuple[Field, ...]:
    """The properties that the answer must have, if they are to be read from words."""
    form = prompt.response_format
    if form is None or form.form is not Form.SCHEMA or turn.message.role is not Role.USER:
        return ()
    has_words = any(material.document.has_words for material in turn.so_far)
    sees = any(material.views for material in turn.so_far)
    return fields.fields(form.definition) if has_words and not sees else ()


def typed(message: Message) -> str:
    """The words of a turn that somebody wrote."""
    return "\n".join(part.text for part in message.parts if isinstance(part, TextPart)).strip()


def asked(conversation: Sequence[Turn], turn: Turn) -> str:
    """The words that passages are chosen for: this turn's, and before it the user's earlier."""
    said = [
        text
        for earlier in conversation[: turn.place + 1]
        if earlier.message.role is Role.USER and (text := earlier.typed)
    ]
    return " ".join(said[-2:]) if said else DEFAULT_QUESTION


def lay_out(conversation: Sequence[Turn], chosen: Chosen) -> list[ChatMessage]:
    """Every turn as the template is given it."""
    return [
        ChatMessage(
            turn.message.role,
            _content(turn, chosen),
            calls=turn.message.calls,
            call_id=turn.message.call_id,
        )
        for turn in conversation
    ]


def bare(turn: Turn) -> str:
    """The words of a turn without anything of its files but their names."""
    content = _content(turn, Chosen())
    return content if isinstance(content, str) else "".join(map(str, content))


def _content(turn: Turn, chosen: Chosen) -> str | tuple[str | Mark, ...]:
    """One question about files comes after them, wherever the caller put it.

    A turn that says several things between its files keeps its order; the one instruction of a
    batch comes first, so that every batch of the job begins with the same tokens.
    """
    fresh = {material.sha256: material for material in turn.fresh}
    pieces: Pieces = []
    question = ""
    for part in _ordered(turn):
        if isinstance(part, TextPart):
            _add(pieces, question)
            question = part.text.strip()
        elif part.sha256 in fresh:
            _add(pieces, question)
            question = ""
            _add(pieces, *_block(part, fresh.pop(part.sha256), chosen))
    _add(pieces, chosen.again.get(turn.place, ""))
    _add(pieces, _put(turn, question))
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(map(str, pieces)).strip()
    return tuple(pieces)


def _ordered(turn: Turn) -> Sequence[Part]:
    parts = turn.message.parts
    texts = [part for part in parts if isinstance(part, TextPart)]
    if len(texts) > 1:
        return parts
    files = [part for part in parts if isinstance(part, MediaPart)]
    return [*texts, *files] if turn.is_batch else [*files, *texts]


def _put(turn: Turn, question: str) -> str:
    """The question in the words that suit what stands before it."""
    if turn.fields:
        return extraction.question(question, turn.fields)
    files = turn.so_far
    if not files or turn.is_batch:
        return question
    has_words = any(material.document.has_words for material in files)
    sees = any(material.views for material in files)
    if not question and not turn.typed and turn.message.role is Role.USER:
        question = DEFAULT_QUESTION if has_words or not sees else DEFAULT_PICTURE_QUESTION
    if not question or sees or not has_words or turn.message.role is not Role.USER:
        return question
    asks_in_chinese = notices.CJK.search(question) is not None
    return (FROM_THE_TEXT_ZH if asks_in_chinese else FROM_THE_TEXT).format(question=question)


def _block(part: MediaPart, material: Material, chosen: Chosen) -> Iterator[str | Mark]:
    """A file: a picture as it is; a document under its name, its pages in order."""
    views = chosen.views.get(part.sha256, ())
    if material.views and material.media.kind is MediaKind.IMAGE:
        yield from (Mark.PICTURE for _ in views)
        return
    name = _UNPRINTABLE.sub(" ", part.filename).strip()[:100]
    if not material.document.has_words and not material.views:
        yield notices.note(name, material.media)
        return
    excerpt = chosen.excerpts.get(part.sha256)
    sections = dict(excerpt.sections) if excerpt is not None else {}
    seen = {view.page for view in views}
    text = f"Document {name}:" if name else "Document:"
    for page in sorted(sections.keys() | seen):
        if page not in seen:
            text += f"\n{sections[page]}"
            continue
        marker = f"[Page {page}]\n" if material.document.has_several_pages else ""
        yield f"{text}\n{marker}"
        yield Mark.PICTURE
        text = ""
    if text:
        yield text


def _add(pieces: Pieces, *more: str | Mark) -> None:
    """Adds pieces, an empty line between texts; beside a picture its own marks are enough."""
    for piece in more:
        if piece == "":
            continue
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] = f"{pieces[-1]}\n\n{piece}"
        else:
            pieces.append(piece)
