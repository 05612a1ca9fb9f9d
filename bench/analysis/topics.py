"""What the documents of a set are about, in a few groups, so that a map can be coloured.

Latent semantic analysis of their TF-IDF vectors, (1 + ln tf) ln(N / df), then k-means; a topic is named by the terms
that weigh most in its documents beyond what they weigh in all. It is of the words alone, and the same on every map.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.projection import principal_components
from bench.evaluation.streams import Purpose, stream
from retrievers.analyzer import Analyzer
from retrievers.lexical.term_numbers import number_terms

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MOST_TOPICS, DOCUMENTS_A_TOPIC, NAMED_BY = 8, 20, 3
NONE = -1
# Of a document, of the vocabulary (those of most documents), of the space.
CHARACTERS, TERMS, DIMENSIONS = 600, 3_000, 20
# A term stands in so many documents at least, and in this share of them at most.
FEWEST, COMMON = 2, 0.25
# English words that no topic is about; the analyzer's list is short, as searching needs most of these.
GRAMMAR = frozenset(
    "about above after again against all also although always among and another any anyone anything are around back "
    "became because become been before being below between both but came can cannot come could did does doing done "
    "down during each either else enough even ever every everyone everything few first for from get gets getting "
    "give given gives goes going gone got had has have having her here hers him his how however into its itself just "
    "keep kept last least less let like made make makes making many may might more most much must never next nobody "
    "none nor not nothing now off often one once only onto other others our out over own per put puts quite rather "
    "same seen several shall she should since some someone something soon still such take taken takes taking than "
    "that the their theirs them themselves then there these they thing things this those though three through thus "
    "together too took toward towards two under until upon use used uses using very was way well went were what when "
    "where whether which while who whole whom whose why will with within without would yes yet you your yours".split()
)
# Topics are learnt from so many documents, the best of so many starts.
LEARNT_FROM, STARTS, ROUNDS = 5_000, 5, 30


@dataclass(frozen=True)
class Topics:
    """names: of each, the largest first. topic: int8 [documents], NONE of one that has no term."""

    names: list[str]
    topic: NDArray[np.int8]


def topics_of(texts: Sequence[str], seed: int) -> Topics:
    """Group documents; into one group without a name where they are too few, or share no terms.

    Args:
        texts: Of the documents.
        seed: The same one gives the same topics.
    """
    weights, terms = _weighted([text[:CHARACTERS] for text in texts])
    count = min(MOST_TOPICS, len(texts) // DOCUMENTS_A_TOPIC)
    if count < 2 or len(terms) <= count:
        return Topics([], np.full(len(texts), NONE, dtype=np.int8))
    known = np.diff(weights.indptr) > 0
    rows, _ = principal_components(weights, DIMENSIONS, seed)
    cluster = _k_means(rows, np.flatnonzero(known), count, stream(seed, Purpose.MAP, 3))
    sizes = np.bincount(cluster[known], minlength=count)
    order = [number for number in np.argsort(-sizes, kind="stable").tolist() if sizes[number]]
    topic = np.full(len(texts), NONE, dtype=np.int8)
    names, mean = [], _mean(weights)
    for place, number in enumerate(order):
        its = known & (cluster == number)
        topic[its] = place
        above = _mean(weights[its]) - mean
        heaviest = np.argsort(-above, kind="stable")[:NAMED_BY]
        names.append(", ".join(terms[term] for term in heaviest.tolist()))
    return Topics(names, topic)


def _weighted(texts: Sequence[str]) -> tuple[csr_array, list[str]]:
    """float32 [documents, terms], rows of length 1, and the terms: whole words, so that they can be read."""
    from scipy.sparse import csr_array

    numbered = number_terms(Analyzer(stemmer="none"), texts, lambda _: None)
    rows = np.repeat(np.arange(len(texts)), numbered.lengths)
    size = len(numbered.vocabulary)
    counts = csr_array((np.ones(len(rows), np.float32), (rows, numbered.numbers)), shape=(len(texts), size))
    counts.sum_duplicates()
    frequency = np.bincount(counts.indices, minlength=size)
    is_word = np.fromiter(
        (len(term) > 2 and term.isalpha() and term not in GRAMMAR for term in numbered.vocabulary), np.bool_, size
    )
    useful = np.flatnonzero(is_word & (frequency >= FEWEST) & (frequency <= COMMON * len(texts)))
    useful = np.sort(useful[np.argsort(-frequency[useful], kind="stable")[:TERMS]])
    chosen = counts[:, useful]
    idf = np.log(len(texts) / frequency[useful]).astype(np.float32)
    chosen.data = (1 + np.log(chosen.data)) * idf[chosen.indices]
    lengths = np.sqrt(np.asarray(chosen.multiply(chosen).sum(axis=1)).ravel())
    chosen.data /= np.repeat(lengths, np.diff(chosen.indptr))
    names = list(numbered.vocabulary)
    return chosen, [names[number] for number in useful.tolist()]


def _mean(weights: csr_array) -> NDArray[np.float64]:
    """[terms]."""
    return np.asarray(weights.sum(axis=0, dtype=np.float64)).ravel() / weights.shape[0]


def _k_means(
    rows: NDArray[np.float64], known: NDArray[np.int64], count: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """The cluster of each row [documents, dimensions], learnt from some of those at `known`."""
    some = rows[np.sort(rng.choice(known, min(LEARNT_FROM, len(known)), replace=False))]
    best, least = some[:count], np.inf
    for _ in range(STARTS):
        middles = _spread(some, count, rng)
        for _ in range(ROUNDS):
            nearest = _squared_distances(some, middles).argmin(axis=1)
            present = [nearest == number for number in range(len(middles)) if (nearest == number).any()]
            moved = np.array([some[its].mean(axis=0) for its in present])
            if moved.shape == middles.shape and np.allclose(moved, middles):
                break
            middles = moved
        spent = float(_squared_distances(some, middles).min(axis=1).sum())
        if spent < least:
            best, least = middles, spent
    nearest_of_all: NDArray[np.int64] = _squared_distances(rows, best).argmin(axis=1)
    return nearest_of_all


def _spread(rows: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Rows far from one another, to start from (k-means++: Arthur & Vassilvitskii, SODA 2007)."""
    chosen = [int(rng.integers(len(rows)))]
    for _ in range(count - 1):
        distance = _squared_distances(rows, rows[chosen]).min(axis=1)
        total = distance.sum()
        chosen.append(int(rng.choice(len(rows), p=distance / total if total else None)))
    return rows[chosen]


def _squared_distances(rows: NDArray[np.float64], middles: NDArray[np.float64]) -> NDArray[np.float64]:
    """[rows, middles]."""
    squares = np.einsum("nd,nd->n", rows, rows)[:, None] + np.einsum("nd,nd->n", middles, middles)
    distances: NDArray[np.float64] = np.maximum(squares - 2 * rows @ middles.T, 0)
    return distances
