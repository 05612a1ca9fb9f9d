"""Columns of whole numbers as texts that compress well: first digits of base 85, then second ones, and so on.

Digits of one place are alike, so that zlib finds a short code for them; the same numbers in JSON take a fifth more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

# Those of the standard library's base85, but for three that markup or a script's string would read otherwise.
DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%,()*+-;.=>?@^_/{|}~"
_DIGITS = np.frombuffer(DIGITS, dtype=np.uint8)


def column(numbers: ArrayLike) -> dict[str, Any]:
    """Whole numbers as `least`, the least of them and of 0, and `digits` of how far each is above it, a text a place.

    static/data.js reads it.
    """
    rest = np.asarray(numbers, dtype=np.int64)
    least = int(rest.min(initial=0))
    rest, digits = rest - least, list[str]()
    while not digits or rest.any():
        rest, last = np.divmod(rest, len(DIGITS))
        digits.insert(0, _DIGITS[last].tobytes().decode())
    return {"least": least, "digits": digits}
