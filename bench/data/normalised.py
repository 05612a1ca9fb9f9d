"""When two texts read the same: one rule for those who merge texts and for those who look for copies."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(16)  # readers look at a line's texts several times
def normalised(text: str) -> str:
    """A text without what no reader minds: case, white space, compatibility forms (NFKC, as of "ﬁ" and "fi")."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
