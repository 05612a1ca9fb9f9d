"""Texts -> numbers of terms, a corpus at once: the analyzer's terms to the letter, in a fraction of its time.

No step of the analyzer looks across white space, so a text's terms are those of its chunks between white space, one
after the other. A corpus has few distinct chunks for its length: Arrow splits and numbers them, each is analysed once.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrievers.analyzer import Analyzer
from retrievers.saved_index import content_key

# Texts are taken together up to so many characters, so that few chunks lie in memory at once.
BATCH_CHARACTERS = 2**20
# Above so many distinct chunks they are forgotten: a script without spaces has hardly two that are equal.
MOST_CHUNKS = 500_000


@dataclass(frozen=True)
class TermNumbers:
    """The terms of texts.

    vocabulary: term -> its number, in the order of first occurrence. numbers: int32 [terms of all texts], text after
    text. lengths: int64 [texts].
    """

    vocabulary: dict[str, int]
    numbers: NDArray[np.int32]
    lengths: NDArray[np.int64]

    def lists(self) -> Iterator[list[str]]:
        """The terms of each text, in order."""
        names = list(self.vocabulary)
        ends = np.cumsum(self.lengths)
        for end, length in zip(ends.tolist(), self.lengths.tolist(), strict=True):
            yield list(map(names.__getitem__, self.numbers[end - length : end].tolist()))

    def renumbered(self, terms: Iterable[str]) -> TermNumbers:
        """The same terms by other numbers: those that they have among all `terms` of a larger corpus."""
        vocabulary = {term: number for number, term in enumerate(terms)}
        numbers = np.fromiter(map(vocabulary.__getitem__, self.vocabulary), np.int32, len(self.vocabulary))
        return TermNumbers(vocabulary, numbers[self.numbers], self.lengths)


def number_terms(analyze: Analyzer, texts: Iterable[str], advance: Callable[[int], None]) -> TermNumbers:
    """Analyse texts.

    Args:
        analyze: Makes their terms.
        texts: In their order.
        advance: Is told how many more texts are done.

    Returns:
        Their terms. Within `sharing_terms` those of the same texts by an equal analyzer are the same object.
    """
    shared = _sharing.get()
    return _numbered(analyze, texts, advance) if shared is None else shared.terms(analyze, list(texts), advance)


class SharedTerms:
    """The terms of a few corpora, each analysed once: those of longest ago are let go."""

    MOST = 4

    def __init__(self) -> None:
        self._held: OrderedDict[tuple[Analyzer, bytes], TermNumbers] = OrderedDict()

    def terms(self, analyze: Analyzer, texts: list[str], advance: Callable[[int], None]) -> TermNumbers:
        """As of `number_terms`."""
        key = analyze, content_key("texts", texts)
        if key not in self._held:
            self._held[key] = _numbered(analyze, texts, advance)
        self._held.move_to_end(key)
        while len(self._held) > self.MOST:
            self._held.popitem(last=False)
        return self._held[key]


_sharing: ContextVar[SharedTerms | None] = ContextVar("sharing_terms", default=None)


@contextmanager
def sharing_terms(shared: SharedTerms) -> Iterator[None]:
    """Let lexical retrievers that index within this block analyse the same texts once. No time is to be measured here.

    Args:
        shared: Keeps them.
    """
    token = _sharing.set(shared)
    try:
        yield
    finally:
        _sharing.reset(token)


def _numbered(analyze: Analyzer, texts: Iterable[str], advance: Callable[[int], None]) -> TermNumbers:
    vocabulary = _Numbering()
    chunks = _Chunks(analyze, vocabulary)
    numbers, lengths = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int64)]
    for batch in _batches(map(analyze.folded, texts)):
        if len(chunks.numbering) > MOST_CHUNKS:
            chunks = _Chunks(analyze, vocabulary)
        of_batch, lengths_of_batch = chunks.terms(batch)
        numbers.append(of_batch)
        lengths.append(lengths_of_batch)
        advance(len(batch))
    return TermNumbers(dict(vocabulary), np.concatenate(numbers), np.concatenate(lengths))


def _batches(texts: Iterator[str]) -> Iterator[list[str]]:
    batch, characters = [], 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


class _Numbering(defaultdict[str, int]):
    """String -> its number: the next one where it is new."""

    def __init__(self) -> None:
        super().__init__(count().__next__)

    def of(self, strings: Iterable[str]) -> NDArray[np.int32]:
        return np.fromiter(map(self.__getitem__, strings), np.int32)


class _Chunks:
    """The terms of every distinct chunk, in rows: those of chunk i are numbers[starts[i] : starts[i + 1]]."""

    def __init__(self, analyze: Analyzer, vocabulary: _Numbering) -> None:
        self._analyze, self._vocabulary = analyze, vocabulary
        self.numbering = _Numbering()
        self._starts, self._numbers = np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int32)

    def terms(self, texts: list[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The numbers of the terms of folded texts, and how many each text has."""
        import pyarrow.compute as pc

        split = pc.ascii_split_whitespace(_arrow(texts))
        encoded = split.values.dictionary_encode()
        known = len(self.numbering)
        numbers = self.numbering.of(encoded.dictionary.to_pylist())
        self._learn(list(islice(reversed(self.numbering), len(self.numbering) - known))[::-1])
        rows = numbers[np.from_dlpack(encoded.indices)]
        sizes = np.diff(self._starts)[rows]
        ends = np.concatenate([[0], np.cumsum(sizes)])
        positions = np.repeat(self._starts[rows] - ends[:-1], sizes) + np.arange(ends[-1])
        return self._numbers[positions], np.diff(ends[np.from_dlpack(split.offsets)])

    def _learn(self, chunks: list[str]) -> None:
        terms, sizes = self._analyze.unstemmed_chunks(chunks)
        distinct = list(dict.fromkeys(terms))
        stems = dict(zip(distinct, self._analyze.stemmed(distinct), strict=True))
        stemmed = self._vocabulary.of(map(stems.__getitem__, terms))
        self._starts = np.concatenate([self._starts, self._starts[-1] + np.cumsum(sizes)])
        self._numbers = np.concatenate([self._numbers, stemmed])


def _arrow(texts: list[str]) -> Any:
    """The texts as an Arrow array; halves of surrogate pairs become question marks, which belong to no word either.

    Of buffers, as numbers are taken out by DLPack: `pa.array` and `to_numpy` import pandas, 40 MB and half a second.
    """
    import pyarrow as pa

    encoded = [text.encode("utf-8", "replace") for text in texts]
    ends = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
    return pa.LargeStringArray.from_buffers(len(texts), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))
