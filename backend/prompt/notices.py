"""What is said, instead of an invention, about files that hold no words."""

from __future__ import annotations

import re

from backend.media.media import Media, MediaKind
from backend.prompt.prompt import MediaPart, Message, TextPart
from backend.prompt.windows import Document

CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_ABOUT_A_PICTURE = re.compile(
    r"\b(picture|image|photo|photograph|scan|screenshot|page|file|pdf|document|it|this|that|see|"
    r"show|shown|colou?rs?|look)\b|图|照片|画面|扫描|文件|文档|这|它|看|颜色",
    re.IGNORECASE,
)

_ENGLISH = (
    "I could not find any words {where}, and this model cannot see pictures: it reads text only. "
    "So I cannot say what is shown. A picture or scan with legible text, a PDF, or a question in "
    "words is what it can work with."
)
_CHINESE = (
    "我没有{where}找到任何文字；这个模型看不到图像，只能阅读文字，所以无法描述其中的内容。"
    "请提供带有清晰文字的图片或扫描件、PDF，或者直接用文字提问。"
)


def notice(
    messages: tuple[Message, ...], documents: dict[str, Document], media: dict[str, Media]
) -> str | None:
    """The fixed answer of a model without eyes to a question about wordless files, if it is one.

    None as soon as any file of the conversation holds words, or the question is not about one.
    """
    if not documents or any(document.has_words for document in documents.values()):
        return None
    last = messages[-1]
    question = " ".join(part.text for part in last.parts if isinstance(part, TextPart))
    brings_files = any(isinstance(part, MediaPart) for part in last.parts)
    if not brings_files and not _ABOUT_A_PICTURE.search(question):
        return None
    pictures = all(file.kind is MediaKind.IMAGE for file in media.values())
    several = len(media) > 1
    if CJK.search(question):
        return _CHINESE.format(where="在图片中" if pictures else "在文件中")
    if pictures:
        return _ENGLISH.format(where="in these pictures" if several else "in this picture")
    return _ENGLISH.format(where="in these files" if several else "in this file")


def note(name: str, media: Media) -> str:
    """What the prompt says of a wordless file next to others that have words."""
    kind = "Picture" if media.kind is MediaKind.IMAGE else "Document"
    named = f"{kind} {name}" if name else kind
    return f"[{named}: it holds no words, and what it shows cannot be seen.]"
