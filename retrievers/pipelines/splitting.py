"""Texts -> chunks, each a span of characters: by words, sentences, headings of Markdown, or a model's word pieces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import regex

Span = tuple[int, int]

# Runs between white space; in scripts that part no words by it, a character is a word.
_WORD = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*"
    r"|[^\s\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]+"
)
# A sentence ends with a mark, and quotes and brackets that close behind it; with a blank line it ends too.
_END = regex.compile(r"""[.!?…]+["'”’»)\]]*(?=\s)|[。！？｡]+["'”’»」』）)\]]*|\n[ \t]*\n""")
# Behind these a full stop ends no sentence, nor behind a single letter, nor before a word in lower case.
_SHORT = frozenset(
    "mr mrs ms dr prof st jr sr vs al fig figs eq eqs ref refs vol pp ed eds approx dept est inc ltd co "
    "corp e.g i.e cf viz ca bzw z.b d.h usw nr".split()
)
_NUMBER = frozenset(["no", "nos"])
_HEADING = re.compile(r"#{1,6}(?:[ \t]|$)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def words(text: str) -> list[Span]:
    """Where the words of a text are, each with the marks that touch it."""
    return [match.span() for match in _WORD.finditer(text)]


def sentences(text: str) -> list[Span]:
    """Where the sentences of a text are, without the white space around them.

    A rule, not a model: . ! ? … and their like end one, and a blank line does; a full stop behind an abbreviation or an
    initial, or before a word in lower case, does not.
    """
    ends = [match.end() for match in _END.finditer(text) if not _goes_on(text, match.start(), match.end())]
    return [span for start, end in pairwise([0, *ends, len(text)]) if (span := _trimmed(text, start, end))]


def _goes_on(text: str, mark: int, end: int) -> bool:
    if text[mark] != ".":
        return False
    after = text[end : end + 40].lstrip()[:1]
    if after.islower() or end - mark > 1:  # with a quote closed behind it, it is no abbreviation
        return after.islower()
    last = text[max(0, mark - 20) : mark].rsplit(None, 1)
    word = last[-1].lstrip("(\"'[“‘").casefold() if last else ""
    initial = len(word) == 1 and word.isalpha()
    return initial or word in _SHORT or (word in _NUMBER and after.isdigit())


def sections(text: str) -> list[Span]:
    """Where the sections of a Markdown text are: from a heading (# …) up to the next one, code blocks left whole."""
    starts, place, fence = [0], 0, ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not line[mark.end() :].strip():
            fence = ""
        elif not fence and _HEADING.match(line):
            starts.append(place)
        place += len(line)
    return [span for start, end in pairwise([*starts, len(text)]) if (span := _trimmed(text, start, end))]


def windows(units: Sequence[Span], size: int, overlap: int = 0) -> list[Span]:
    """Spans of `size` units each, of which `overlap` are the last of the one before.

    Args:
        units: Spans of words, sentences or pieces, in order.
        size: Units of a window; the last one has fewer.
        overlap: Below size.

    Returns:
        From the first character of a window's first unit to the one behind its last unit.
    """
    step, chunks = size - overlap, []
    for start in range(0, len(units), step):
        window = units[start : start + size]
        chunks.append((window[0][0], window[-1][1]))
        if start + size >= len(units):
            break
    return chunks


def _trimmed(text: str, start: int, end: int) -> Span | None:
    """The span without white space at its ends, None where nothing is left."""
    inside = text[start:end]
    begin = start + len(inside) - len(inside.lstrip())
    stop = start + len(inside.rstrip())
    return (begin, stop) if begin < stop else None
