"""The data of a page, as its scripts read them."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

from bench.report.page.columns import DIGITS

_BLOCK = re.compile(r'<script type="application/octet-stream" id="data-([^"]*)">([^<&"\'\\`]*)</script>')


def raw(text: str) -> bytes:
    """The bytes that `data_block.as_text` was given."""
    return base64.b85decode(text.translate(str.maketrans(",./", "&<`")))


def numbers(column: dict[str, Any]) -> list[int]:
    """The numbers that `columns.column` was given."""
    values = [column["least"]] * len(column["digits"][0])
    for place, text in enumerate(reversed(column["digits"])):
        values = [value + 85**place * DIGITS.index(digit) for value, digit in zip(values, text.encode(), strict=True)]
    return values


def columns(content: Any) -> Any:
    """The content of a block with its columns as lists."""
    if isinstance(content, dict):
        return (
            numbers(content)
            if content.keys() == {"least", "digits"}
            else {key: columns(value) for key, value in content.items()}
        )
    return [columns(value) for value in content] if isinstance(content, list) else content


def blocks(html: str) -> dict[str, Any]:
    """Name -> content of the data blocks of a page."""
    return {name: columns(json.loads(zlib.decompress(raw(packed)))) for name, packed in _BLOCK.findall(html)}
