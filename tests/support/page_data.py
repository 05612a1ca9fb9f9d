"""The data of a page, as its scripts read them."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

_BLOCK = re.compile(r'<script type="application/octet-stream" id="data-([^"]*)">([^<&"\'\\`]*)</script>')


def raw(text: str) -> bytes:
    """The bytes that `data_block.as_text` was given."""
    return base64.b85decode(text.translate(str.maketrans(",./", "&<`")))


def blocks(html: str) -> dict[str, Any]:
    """Name -> content of the data blocks of a page."""
    return {name: json.loads(zlib.decompress(raw(packed))) for name, packed in _BLOCK.findall(html)}
