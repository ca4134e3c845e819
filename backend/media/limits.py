"""What files are held to: sizes, times, memory, and the room there is for them."""

from __future__ import annotations

from dataclasses import dataclass

MB = 1_000_000


@dataclass(frozen=True)
class MediaLimits:
    """Bounds of files and of the work on them; every one is answered clearly when passed."""

    image_bytes: int = 20 * MB
    image_pixels: int = 40_000_000  # also the bound of a rendered page
    image_aspect: float = 200.0  # longer side over shorter side
    image_seconds: float = 20.0
    fresh_image_bytes: int = 48 * MB  # of pixels; a larger picture is decoded anew when looked at
    fresh_bytes: int = 96 * MB  # pixels of pictures that were put and not looked at yet
    image_memory: int = 1_000 * MB  # address space of a worker while it decodes
    document_bytes: int = 50 * MB
    document_pages: int = 500
    document_seconds: float = 20.0  # of one worker task
    document_memory: int = 700 * MB  # address space of a worker while it is at a document
    page_points: float = 14_400.0  # longest side of a page; the most that PDF 1.7 knows
    page_characters: int = 200_000  # of a page's text layer
    ocr_seconds: float = 60.0  # of one page, once the recogniser is loaded
    ocr_memory: int = 4_000 * MB  # address space; resident it is far less
    ocr_threads: int = 0  # 0: all cores
    workers: int = 2  # processes that open documents, and as many for pictures; one recognises
    quota_bytes: int = 10_000 * MB  # files and what is derived from them

    @property
    def largest_file(self) -> int:
        """Bytes that no file may pass, whatever its kind."""
        return max(self.image_bytes, self.document_bytes)
