"""Pictures from outside are never stored as they came: decoded, bounded, encoded anew."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from workshop.lib.errors import RuleViolation

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 50_000_000
MAX_SIDE: Final = 2560
FORMATS: Final = ("JPEG", "PNG", "WEBP")


@dataclass(frozen=True)
class Picture:
    """A JPEG of our own making: pixels, and the SHA-256 of its bytes."""

    content: bytes
    width: int
    height: int
    digest: str


def re_encode(content: bytes) -> Picture:
    """JPEG without metadata, upright, at most 2560 px a side.

    Raises RuleViolation ``photos.too_large`` (over 10 MB or 50 megapixels) and
    ``photos.not_a_picture`` (anything but JPEG, PNG, WebP, or damaged), field ``photo``.
    """
    if len(content) > MAX_BYTES:
        raise _too_large()
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as source:
            if source.width * source.height > MAX_PIXELS:
                raise _too_large()
            upright = ImageOps.exif_transpose(source)
            upright.thumbnail((MAX_SIDE, MAX_SIDE))
            picture = upright.convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        raise RuleViolation(
            "photos.not_a_picture",
            _("This is not a picture in JPEG, PNG or WebP."),
            field="photo",
        ) from None
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85, optimize=True)
    data = out.getvalue()
    return Picture(data, picture.width, picture.height, hashlib.sha256(data).hexdigest())


def _too_large() -> RuleViolation:
    return RuleViolation(
        "photos.too_large",
        _("The picture is too large: at most 10 MB and 50 megapixels."),
        field="photo",
    )
