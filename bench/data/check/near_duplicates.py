"""Texts that are nearly the same: every pair above a Jaccard similarity of character 5-grams, none missed.

A set-similarity join by prefix filtering, which is exact: two sets can only be similar enough if they share an
element among the rarest few of each (Chaudhuri, Ganti & Kaushik, A primitive operator for similarity joins,
ICDE 2006; Bayardo, Ma & Srikant, Scaling up all pairs similarity search, WWW 2007, for the shorter prefix of the
smaller set). What passes the filter is counted out over the whole sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

N = 5
THRESHOLD = 0.8
PAD = "\udc00"  # fills up texts of fewer characters; a lone surrogate stands in no UTF-8 text
# Above these the search is refused rather than left to fill the memory: characters in all, and candidate pairs.
MOST_CHARACTERS = 20_000_000  # about 1.5 GB
MOST_CANDIDATES = 500_000
_BLOCK = 2_000_000  # matrix entries that are worked on at once
ASKED = 0.02  # share of its grams that a prefix is lengthened by, so that as many common ones can be asked for
_SLACK = 1e-9  # rounding of a product must not shorten a prefix

Array = NDArray[np.int64]


class TooMuch(Exception):  # noqa: N818 - it is an answer more than an error
    """The texts are too many, or too much alike, to list every pair."""


def near_pairs(texts: Sequence[str], threshold: float = THRESHOLD) -> list[tuple[int, int]]:
    """Every pair of positions, ascending, whose Jaccard similarity is greater than the threshold, and no other.

    texts: in the form in which they are to be compared; one of fewer than 5 characters is its own only 5-gram.
    threshold: between 0 and 1, both excluded.
    Raises TooMuch beyond MOST_CHARACTERS and MOST_CANDIDATES.
    """
    if sum(map(len, texts)) > MOST_CHARACTERS:
        raise TooMuch
    if len(texts) < 2:
        return []
    sets = _sets(texts)
    first, second = _candidates(sets, threshold)
    shared = _shared(sets, first, second)
    similar = shared / (sets.sizes[first] + sets.sizes[second] - shared) > threshold
    pairs = np.sort(np.stack([first[similar], second[similar]], axis=1), axis=1)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    return [(int(one), int(other)) for one, other in pairs]


@dataclass(frozen=True)
class _Sets:
    """The n-grams of every text, the rarest first.

    grams: int64 [entries], numbers of n-grams by ascending frequency; the entries of text i stand from starts[i]
    to starts[i + 1]. single: [n-grams], stands in one text only.
    """

    grams: Array
    starts: Array
    single: NDArray[np.bool_]

    @property
    def sizes(self) -> Array:
        return np.diff(self.starts)

    @property
    def rows(self) -> Array:
        """[entries]: the text of each."""
        return np.repeat(np.arange(len(self.starts) - 1), self.sizes)

    def matrix(self, kept: NDArray[np.bool_]) -> csr_array:
        """The kept entries as a scipy CSR matrix of ones, [texts, n-grams]."""
        from scipy.sparse import csr_array

        counts = np.bincount(self.rows[kept], minlength=len(self.starts) - 1)
        starts = np.concatenate([[0], np.cumsum(counts)])
        ones = np.ones(int(kept.sum()), dtype=np.int32)
        return csr_array((ones, self.grams[kept], starts), shape=(len(self.starts) - 1, len(self.single)))


def _sets(texts: Sequence[str]) -> _Sets:
    codes, lengths = _codes(texts)
    grams = _numbered(codes)
    rows = np.repeat(np.arange(len(texts)), lengths)
    total = int(grams.max()) + 1
    entries = np.sort(rows * total + grams)
    entries = entries[np.diff(entries, prepend=-1) > 0]  # a gram once a text; np.unique takes 40 times as long
    rows, grams = np.divmod(entries, total)
    frequency = np.bincount(grams, minlength=total)
    order = np.argsort(frequency, kind="stable")
    rank = np.empty(total, dtype=np.int64)
    rank[order] = np.arange(total)
    entries = np.sort(rows * total + rank[grams])
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(texts)))])
    return _Sets(entries % total, starts, frequency[order] == 1)


def _codes(texts: Sequence[str]) -> tuple[Array, Array]:
    """A number for each n-gram of each text, equal where the n-grams are; and how many each text has."""
    padded = [text + PAD * (N - len(text)) if len(text) < N else text for text in texts]
    points = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    seen = np.zeros(0x110000, dtype=bool)
    seen[points] = True
    characters = (np.cumsum(seen) - 1)[points]
    alphabet = bound = int(seen.sum())
    codes = characters[: len(characters) - N + 1]
    for shift in range(1, N):
        if bound * alphabet >= 2**63:  # a large alphabet: number the shorter grams that occur
            codes = _numbered(codes)
            bound = int(codes.max()) + 1
        codes = codes * alphabet + characters[shift : len(characters) - N + 1 + shift]
        bound *= alphabet
    lengths = np.array([len(text) for text in padded])
    inside = np.ones(len(characters), dtype=bool)
    ends = np.cumsum(lengths)
    for back in range(1, N):  # grams that would reach into the next text
        inside[ends - back] = False
    return codes[inside[: len(codes)]], lengths - N + 1


def _numbered(codes: Array) -> Array:
    """Codes -> 0, 1, 2, …, equal where the codes are."""
    numbers: Array = pc.dictionary_encode(pa.array(codes)).indices.to_numpy().astype(np.int64)
    return numbers


def _candidates(sets: _Sets, threshold: float) -> tuple[Array, Array]:
    """Pairs of positions that share enough grams of their prefixes; among them every pair above the threshold.

    Of two texts with J >= t the grams that both have number at least t times the larger set and 2t/(1+t) times the
    smaller: call it a. Grams stand in one order, so the first l that both have stand among the first size - a + l of
    either. l grows with the size; of a pair the smaller l is asked for.
    """
    sizes, rows = sets.sizes, sets.rows
    place = np.arange(len(sets.grams)) - sets.starts[rows]
    common = ~sets.single[sets.grams]
    least_of_larger, least_of_smaller = _ceil(threshold * sizes), _ceil(2 * threshold / (1 + threshold) * sizes)
    asked = np.minimum(1 + (ASKED * sizes).astype(np.int64), np.maximum(1, least_of_larger))
    larger = sets.matrix(common & (place < (sizes - least_of_larger + asked)[rows]))
    by_gram = sets.matrix(common & (place < (sizes - least_of_smaller + asked)[rows])).T.tocsr()
    rank = np.empty(len(sizes), dtype=np.int64)
    rank[np.argsort(sizes, kind="stable")] = np.arange(len(sizes))
    candidates, total = [np.zeros((2, 0), dtype=np.int64)], 0
    for start, stop in _blocks(larger @ np.diff(by_gram.indptr)):
        product = (larger[start:stop] @ by_gram).tocoo()
        one, other = product.row.astype(np.int64) + start, product.col.astype(np.int64)
        kept = (rank[other] < rank[one]) & (sizes[other] >= threshold * sizes[one] - _SLACK)
        kept &= product.data >= np.minimum(asked[one], asked[other])
        candidates.append(np.stack([one[kept], other[kept]]))
        total += int(kept.sum())
        if total > MOST_CANDIDATES:
            raise TooMuch
    pairs = np.concatenate(candidates, axis=1)
    return pairs[0], pairs[1]


def _shared(sets: _Sets, first: Array, second: Array) -> Array:
    """[pairs]: how many grams both texts have."""
    whole = sets.matrix(~sets.single[sets.grams])
    counts = [np.zeros(0, dtype=np.int64)]
    for start, stop in _blocks(sets.sizes[first] + sets.sizes[second]):
        counts.append(whole[first[start:stop]].multiply(whole[second[start:stop]]).sum(axis=1))
    return np.concatenate(counts)


def _ceil(values: NDArray[np.floating]) -> Array:
    whole: Array = np.ceil(values - _SLACK).astype(np.int64)
    return whole


def _blocks(costs: Array) -> list[tuple[int, int]]:
    """Consecutive ranges of about _BLOCK each, at least one item."""
    group = np.cumsum(costs) // _BLOCK
    bounds = [0, *(np.flatnonzero(np.diff(group)) + 1).tolist(), len(costs)]
    return [(start, stop) for start, stop in pairwise(bounds) if stop > start]
