"""Data that the page's scripts read: JSON, compressed, as text in an element that no browser runs.

A browser unpacks zlib's form by itself (DecompressionStream, in all of them since 2023).
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import orjson
from markupsafe import Markup

# The standard library's base85 without the characters that markup or a script's string knows; static/data.js reads it.
_INERT = bytes.maketrans(b"&<`", b",./")


def data_block(name: str, content: Any) -> Markup:
    """An element that scripts read as `data(name)`.

    Args:
        name: Letters, digits and hyphens.
        content: What JSON can hold, and numpy arrays; NaN becomes null.

    Returns:
        The element, whatever texts the content holds.
    """
    plain = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    # Little memory makes short blocks with a code of their own each, which suits columns: 2% less than at the default.
    packer = zlib.compressobj(9, memLevel=5)
    text = as_text(packer.compress(plain) + packer.flush())
    return Markup(f'<script type="application/octet-stream" id="data-{name}">{text}</script>')  # noqa: S704 - inert


def as_text(raw: bytes) -> str:
    """Five characters for four bytes, n + 1 for the last n; none that markup, a script or JSON would read otherwise."""
    return base64.b85encode(raw).translate(_INERT).decode()
