"""A prompt and its files made into the token ids that the model reads."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.errors import ContextLengthExceeded, InvalidRequest
from backend.media.media import Media
from backend.model.info import ModelInfo
from backend.prompt import notices, windows
from backend.prompt.events import PageUse
from backend.prompt.passages import Count
from backend.prompt.prompt import MediaPart, Message, Part, Prompt, Role, TextPart
from backend.prompt.template import ChatMessage, Template
from backend.prompt.tokenizer import Tokenizer
from backend.prompt.windows import Document, Excerpt

# Where a file is in the conversation, the question is put like this. Of the layouts tried with the
# embedded model, text first, no system turn and these words brought most right answers.
FROM_THE_TEXT = "Answer this question from the text above, in a few sentences: {question}"
FROM_THE_TEXT_ZH = "请根据上文，用几句话回答：{question}"

# A small model quotes the passage that answers when it stands once more right before the question,
# and invents without it: of 24 names and laws in 6 agreements, 12 instead of 8 to 10 were named.
SMALL_MODEL = 1_000_000_000  # parameters
AGAIN = "Passages that answer the question:\n{passages}"
AGAIN_SHARE = 0.25  # of the reading budget
AGAIN_MOST = 320  # tokens
DEFAULT_QUESTION = "Summarise this document."

ANSWER_SHARE = 0.25  # of the context, kept for an answer of open length
ANSWER_MOST = 1024
LEAST_READING = 64  # tokens of a document below which asking about it makes no sense
NEWEST_SHARE = 0.75  # of the reading budget for the newest turn's files, if older turns have some

_PIECE = 8192  # characters tokenised in one go while only a bound is wanted
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")


@dataclass(frozen=True)
class Assembled:
    """What goes into the model."""

    prompt_ids: tuple[int, ...]
    max_tokens: int  # of each answer
    pages: tuple[PageUse, ...]
    excerpts: tuple[Excerpt, ...]
    notice: str | None  # answer with this text instead


def assemble(
    prompt: Prompt,
    media: dict[str, Media],
    documents: dict[str, Document],
    info: ModelInfo,
    tokenizer: Tokenizer,
    template: Template,
) -> Assembled:
    """Lays the prompt out within the model's context. Slow for long texts; runs in a thread.

    Raises ContextLengthExceeded when the typed words and the answer alone are too long; the words
    of files give way first, the oldest turn's before the newest's.
    """
    context = info.context_length
    check_length(prompt, context, tokenizer.count)
    if any(token >= tokenizer.vocabulary_size for token in prompt.sampling.logit_bias):
        raise InvalidRequest(
            "sampling.logit_bias names a token that the model does not have.",
            param="sampling.logit_bias",
        )

    def render(words: Mapping[str, Excerpt], again: str = "") -> list[int]:
        messages = _lay_out(prompt.messages, documents, media, words, again)
        return template.render(messages, thinking=prompt.thinking.enabled)

    bare = len(render({}))
    wanted = prompt.sampling.max_tokens
    open_answer = min(ANSWER_MOST, int(context * ANSWER_SHARE))
    answer = open_answer if wanted is None else wanted
    if wanted is None or wanted == info.defaults.max_tokens:  # nobody insists on that many
        answer = max(1, min(answer, context - bare))
    if bare + answer > context:
        raise _too_long(bare, answer, context)
    readable = sum(document.has_words for document in documents.values())
    budget = min(info.reading_budget, context - answer - bare)
    if readable and budget < LEAST_READING * readable:
        raise _too_long(bare + LEAST_READING * readable, answer, context)
    again = ""
    if info.parameters < SMALL_MODEL:
        again = _again(prompt, documents, budget, tokenizer.count)
        budget -= tokenizer.count(again)
    chosen = _read(prompt, documents, budget, tokenizer.count)
    ids = render(chosen, again)
    excess = len(ids) + answer - context
    if excess > 0:  # an excerpt may cost a token more where it meets the text around it
        chosen = _read(prompt, documents, budget - excess, tokenizer.count)
        ids = render(chosen, again)
    if len(ids) + answer > context:
        raise _too_long(len(ids), answer, context)
    return Assembled(
        prompt_ids=tuple(ids),
        max_tokens=context - len(ids) if wanted is None else min(wanted, context - len(ids)),
        pages=tuple(_page_uses(documents, chosen)),
        excerpts=tuple(chosen.values()),
        notice=None if info.sees_images else notices.notice(prompt.messages, documents, media),
    )


def check_length(prompt: Prompt, context: int, count: Count) -> None:
    """Refuses typed words that cannot fit, without tokenising more of them than is needed."""
    tokens = 0
    pieces = 0
    for message in prompt.messages:
        for part in message.parts:
            if not isinstance(part, TextPart):
                continue
            for start in range(0, len(part.text), _PIECE):
                tokens += count(part.text[start : start + _PIECE])
                pieces += 1
                # A cut can break a token in two, so each piece may be counted a little too high.
                if tokens - 2 * pieces > context:
                    raise ContextLengthExceeded(
                        f"The text alone has more than {context:,} tokens, which is what prompt and"
                        " answer may have together.",
                        param="messages",
                    )


def question(messages: Sequence[Message]) -> str:
    """The words that passages are chosen for: the last turn's, and before it the user's earlier."""
    asked = [
        text for message in messages if message.role is Role.USER and (text := _typed(message))
    ]
    return " ".join(asked[-2:]) if asked else DEFAULT_QUESTION


def _read(
    prompt: Prompt, documents: Mapping[str, Document], budget: int, count: Count
) -> dict[str, Excerpt]:
    """Shares the budget out: the newest turn's files first, what they leave to older ones."""
    asked = question(prompt.messages)
    turns = _by_turn(prompt.messages, documents)
    chosen: dict[str, Excerpt] = {}
    for rank, hashes in enumerate(turns):
        older = rank + 1 < len(turns)
        share = int(budget * NEWEST_SHARE) if older else budget
        found = windows.excerpts([documents[sha256] for sha256 in hashes], asked, share, count)
        chosen.update(zip(hashes, found, strict=True))
        budget -= sum(excerpt.tokens for excerpt in found)
    return chosen


def _again(prompt: Prompt, documents: Mapping[str, Document], budget: int, count: Count) -> str:
    """The passages to say again; none for a text so short that its end is in sight anyway."""
    room = min(AGAIN_MOST, int(budget * AGAIN_SHARE))
    readable = [document for document in documents.values() if document.has_words]
    if sum(count(page.text) for document in readable for page in document.pages) <= 2 * room:
        return ""
    asked = question(prompt.messages)
    passages = windows.highlights(readable, asked, room - count(AGAIN), count)
    return AGAIN.format(passages=passages) if passages else ""


def _by_turn(
    messages: Sequence[Message], documents: Mapping[str, Document]
) -> list[tuple[str, ...]]:
    """The files that have words, grouped by the last turn that shows them, newest turn first."""
    seen: set[str] = set()
    turns: list[tuple[str, ...]] = []
    for message in reversed(messages):
        hashes = dict.fromkeys(
            part.sha256
            for part in message.parts
            if isinstance(part, MediaPart)
            and part.sha256 not in seen
            and documents[part.sha256].has_words
        )
        seen.update(hashes)
        if hashes:
            turns.append(tuple(hashes))
    return turns


def _lay_out(
    messages: Sequence[Message],
    documents: Mapping[str, Document],
    media: Mapping[str, Media],
    words: Mapping[str, Excerpt],
    again: str,
) -> list[ChatMessage]:
    """Every turn as text. `again` stands right before the last turn's question.

    One question about files comes after them, wherever the caller put it; a turn that says several
    things between its files keeps its order.
    """
    shown: set[str] = set()
    laid_out: list[ChatMessage] = []
    has_words = any(document.has_words for document in documents.values())
    for message in messages:
        is_last = message is messages[-1]
        said: list[str] = []
        question = ""
        for part in _questions_last(message.parts):
            if isinstance(part, TextPart):
                said += [question] if question else []
                question = part.text.strip()
            elif part.sha256 not in shown:
                said += [question] if question else []
                question = ""
                shown.add(part.sha256)
                said.append(_block(part, documents, media, words))
        if documents and not question and is_last and not _typed(message):
            question = DEFAULT_QUESTION
        if is_last and again:
            said.append(again)
        if question and has_words and (said or is_last):
            asks_in_chinese = notices.CJK.search(question) is not None
            form = FROM_THE_TEXT_ZH if asks_in_chinese else FROM_THE_TEXT
            question = form.format(question=question)
        laid_out.append(ChatMessage(message.role, "\n\n".join([*said, question]).strip()))
    return laid_out


def _questions_last(parts: Sequence[Part]) -> Sequence[Part]:
    texts = [part for part in parts if isinstance(part, TextPart)]
    if len(texts) > 1:
        return parts
    return [*(part for part in parts if isinstance(part, MediaPart)), *texts]


def _block(
    part: MediaPart,
    documents: Mapping[str, Document],
    media: Mapping[str, Media],
    words: Mapping[str, Excerpt],
) -> str:
    name = _UNPRINTABLE.sub(" ", part.filename).strip()[:100]
    if not documents[part.sha256].has_words:
        return notices.note(name, media[part.sha256])
    excerpt = words.get(part.sha256)
    head = f"Document {name}:" if name else "Document:"
    return f"{head}\n{excerpt.text}" if excerpt is not None else head


def _typed(message: Message) -> str:
    return "\n".join(part.text for part in message.parts if isinstance(part, TextPart)).strip()


def _page_uses(
    documents: Mapping[str, Document], chosen: Mapping[str, Excerpt]
) -> Iterable[PageUse]:
    for sha256, document in documents.items():
        if sha256 in chosen:
            yield from chosen[sha256].pages
        else:
            for page in document.pages:
                yield PageUse(sha256, page.number, page.method, words=0, tokens=0)


def _too_long(prompt_tokens: int, answer_tokens: int, context: int) -> ContextLengthExceeded:
    return ContextLengthExceeded(
        f"The prompt has {prompt_tokens:,} tokens and the answer may have {answer_tokens:,};"
        f" together they may have {context:,}.",
        param="messages",
    )
