"""Pieces of chat requests, and patience."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj <</Type /Page>> endobj\n2 0 obj <</Type /Page>> endobj\n%%EOF"


def png(colour: str = "red", size: tuple[int, int] = (8, 8)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def url(data: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def user(*parts: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def picture(link: str, **more: Any) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": link, **more}}


def document(data: bytes = PDF, **more: Any) -> dict[str, Any]:
    return {"type": "file", "file": {"file_data": url(data, "application/pdf"), **more}}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}
