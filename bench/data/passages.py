"""The passage of a text that matches a query best, for a reader who is shown a part of it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache

from retrievers.analyzer import Analyzer
from retrievers.words import token_spans, words

CUT = "…"
WORD = 40  # characters; what is longer is cut within

Span = tuple[int, int]


def within(text: str, span: Sequence[int]) -> str:
    """The characters of a text that a span of a ranking names; all of them where it names none (-1)."""
    start, end = span
    return text if start < 0 else text[start:end]


def query_terms(query: str) -> frozenset[str]:
    """The terms of a query as the lexical retrievers see them by default."""
    return frozenset(_analyzer()(query))


def spellings(query: str) -> dict[str, str]:
    """The same terms in order, and the word of the query that each comes from, as it is written there."""
    written: dict[str, str] = {}
    for start, end in token_spans(query):
        for word in (*words(query[start:end]), query[start:end]):  # of E-4012 the parts, then the whole
            for term in sorted(_terms(word)):
                written.setdefault(term, word)
    return written


def terms_of_tokens(texts: Iterable[str]) -> dict[str, frozenset[str]]:
    """Every word of some texts, joined ones as one, and its terms."""
    tokens = {text[start:end] for text in texts for start, end in token_spans(text)}
    return {token: _terms(token) for token in sorted(tokens)}


def shared_terms(text: str, terms: frozenset[str]) -> frozenset[str]:
    """Those terms of a query that stand in a text."""
    return terms & _places(text).keys()


def passage(text: str, terms: Collection[str] | Mapping[str, float], length: int) -> str:
    """At most `length` characters of a text, with … where it is cut: those around most of the terms.

    terms: of the query, by the default analyzer; a mapping gives each its weight (its idf), else all weigh the same.
    The stretch is the one whose distinct terms weigh most, of equal ones that with the shortest way from the first to
    the last of them, then the first. Without a term in it the text is shown from its start. Linear in the text.
    """
    if len(text) <= length:
        return text
    weights = terms if isinstance(terms, Mapping) else dict.fromkeys(terms, 1.0)
    room = length - 2 * len(CUT)
    start, end = _densest(_matches(text, weights, room), weights, room) or (0, 0)
    return _around(text, start, end, room)


def matching_spans(text: str, terms: Collection[str]) -> list[Span]:
    """Where the words of a text are that share a term with the query."""
    return [span for span, _ in _matches(text, terms, len(text))]


def _matches(text: str, terms: Collection[str], longest: int) -> Iterator[tuple[Span, frozenset[str]]]:
    """Words with a term of the query, and which; none that is longer than what is shown."""
    shared: dict[Span, set[str]] = {}
    places = _places(text) if terms else {}
    for term in places.keys() & set(terms):
        edges = places[term]
        for span in zip(edges[::2], edges[1::2], strict=True):
            if span[1] - span[0] <= longest:
                shared.setdefault(span, set()).add(term)
    for span in sorted(shared):
        yield span, frozenset(shared[span])


@lru_cache(maxsize=1)  # of the last text, since a document is shown for one query after the other
def _places(text: str) -> Mapping[str, array[int]]:
    """Term -> where the words with it begin and end, in turn."""
    places: dict[str, array[int]] = {}
    of_token: dict[str, list[array[int]]] = {}
    for start, end in token_spans(text):
        token = text[start:end]
        if token not in of_token:
            of_token[token] = [places.setdefault(term, array("Q")) for term in _terms(token)]
        for edges in of_token[token]:
            edges.extend((start, end))
    return places


@lru_cache(maxsize=1 << 16)
def _terms(token: str) -> frozenset[str]:
    return frozenset(_analyzer()(token))


@cache
def _analyzer() -> Analyzer:
    return Analyzer()


def _densest(matches: Iterator[tuple[Span, frozenset[str]]], weights: Mapping[str, float], room: int) -> Span | None:
    """From the first to the last word of the best stretch of at most `room` characters; None where nothing matches."""
    within: list[tuple[Span, frozenset[str]]] = []
    counts: dict[str, int] = {}
    first, best, chosen = 0, (0.0, 0), None
    for (start, end), shared in matches:
        within.append(((start, end), shared))
        for term in shared:
            counts[term] = counts.get(term, 0) + 1
        while end - within[first][0][0] > room or all(counts[term] > 1 for term in within[first][1]):
            for term in within[first][1]:
                counts[term] -= 1
                if not counts[term]:  # else a query of thousands of terms would be gone through at each word
                    del counts[term]
            first += 1
        weight = math.fsum(map(weights.__getitem__, counts))
        begin = within[first][0][0]
        if chosen is None or (weight, begin - end) > best:
            best, chosen = (weight, begin - end), (begin, end)
    return chosen


def _around(text: str, start: int, end: int, room: int) -> str:
    """A stretch with as much before it as behind it, cut between words where there is white space to cut at."""
    left = max(0, min(start - (room - (end - start)) // 2, len(text) - room))
    right = left + room
    if left and not text[left - 1].isspace():
        left = next((place for place in range(left, min(start, left + WORD)) if text[place].isspace()), left)
    if right < len(text) and not text[right].isspace():
        right = next((place for place in range(right, max(end, right - WORD), -1) if text[place - 1].isspace()), right)
    return (CUT if left else "") + text[left:right].strip() + (CUT if right < len(text) else "")
