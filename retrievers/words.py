r"""What a word is, by Unicode's rules: one definition for retrieval, the checks of a set and the report.

A word is a run of letters, digits and underscores, with the marks that belong to them. Python's own `\w` leaves marks
out and so breaks words at each vowel sign of Hindi or Thai, each point of Hebrew and Arabic. Enclosing marks (the
keycap of an emoji) make a symbol and belong to no word; what no reader sees (soft hyphens, joiners) parts no word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import regex

# Letters, digits and underscores are what Python's own \w matches, so the two agree on text without marks.
_WORD = r"[\p{L}\p{N}_][\p{L}\p{N}\p{Mn}\p{Mc}_\u00ad\u200c\u200d\u2060]*"
# A word, or words joined by inner marks, with the trailing marks of C++ and C#.
_JOINED = r"{word}(?:[-./:@&+]{word})*(?:\+\+|#)?"
_WORDS, _TOKENS = regex.compile(_WORD), regex.compile(_JOINED.format(word=_WORD))
# The same of ASCII, in half the time.
_ASCII_WORDS, _ASCII_TOKENS = re.compile(r"\w+", re.ASCII), re.compile(_JOINED.format(word=r"\w+"), re.ASCII)
# Unicode's Default_Ignorable_Code_Point, as NFKC_Casefold drops it, but for the space that parts words unseen.
_UNSEEN = regex.compile(r"(?V1)[\p{Default_Ignorable_Code_Point}--\u200b]+")


def normalised(text: str) -> str:
    """The text in NFKC (composed, without compatibility forms) and without characters that no reader sees."""
    return text if text.isascii() else _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    return (_ASCII_WORDS if text.isascii() else _WORDS).findall(text)


def tokens(text: str) -> list[str]:
    """Words, those joined by inner marks (E-4012, well-known) as one, with the trailing marks of C++ and C#."""
    return (_ASCII_TOKENS if text.isascii() else _TOKENS).findall(text)


def token_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where each of the tokens begins and ends."""
    return (match.span() for match in (_ASCII_TOKENS if text.isascii() else _TOKENS).finditer(text))
