"""Data that the page's scripts read: JSON, compressed, as text in an element that no browser runs.

A browser unpacks zlib's form by itself (DecompressionStream, in all of them since 2023).
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import orjson
from markupsafe import Markup


def data_block(name: str, content: Any) -> Markup:
    """An element that scripts read as `data(name)`.

    Args:
        name: Letters, digits and hyphens.
        content: What JSON can hold, and numpy arrays; NaN becomes null.

    Returns:
        The element, whatever texts the content holds: base64 has no character that markup knows.
    """
    plain = orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS)
    packed = base64.b64encode(zlib.compress(plain, 9)).decode()
    return Markup('<script type="application/octet-stream" id="data-{}">{}</script>').format(name, packed)
