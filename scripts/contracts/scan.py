"""Pages as an office scanner delivers them: 120 dots an inch, grey, noisy, a little askew, JPEG."""

from __future__ import annotations

import hashlib
import io
import time
from typing import Final

import numpy as np
import pypdfium2
from PIL import Image

DPI: Final = 120
NOISE: Final = 9.0  # standard deviation of a grey level, of 255
ASKEW: Final = 0.6  # degrees a page is turned at most
QUALITY: Final = 60  # of the JPEG
_PAPER: Final = 244  # the grey of unprinted paper
_INK: Final = 24
_DATE: Final = time.gmtime(0)  # the same pages make the same bytes, so that they are read once


def scanned(document: bytes, seed: str) -> bytes:
    """The same pages without a text layer. The same document and seed give the same bytes."""
    opened = pypdfium2.PdfDocument(document)
    pages = [
        _page(page.render(scale=DPI / 72).to_pil().convert("L"), f"{seed}-{number}")
        for number, page in enumerate(opened, start=1)
    ]
    opened.close()
    written = io.BytesIO()
    pages[0].save(
        written,
        "PDF",
        save_all=True,
        append_images=pages[1:],
        resolution=DPI,
        quality=QUALITY,
        creationDate=_DATE,
        modDate=_DATE,
    )
    return written.getvalue()


def _page(clean: Image.Image, seed: str) -> Image.Image:
    """One page turned, greyed and made noisy."""
    chance = np.random.default_rng(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]))
    turned = clean.rotate(
        chance.uniform(-ASKEW, ASKEW), resample=Image.Resampling.BICUBIC, fillcolor=255
    )
    grey = _INK + np.asarray(turned, np.float32) * ((_PAPER - _INK) / 255)
    noisy = grey + chance.normal(0.0, NOISE, grey.shape)
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
