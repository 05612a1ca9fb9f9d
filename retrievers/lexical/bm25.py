"""BM25 by rank-bm25 (Okapi, BM25L, BM25Plus), its statistics compiled once into an inverted index.

The library's `get_scores` walks over all documents in Python for each term of each query. Its statistics
(idf with Okapi's floor, lengths, frequencies) are taken as they are, so the scores equal the library's.
With `scoring=library` its own method answers, so that its speed can be measured too.

Formulas (rank-bm25 0.2.2, after Trotman, Puurula & Burgess 2014), with norm = 1 - b + b * length / mean length:
  okapi: idf * tf * (k1 + 1) / (tf + k1 * norm), idf = ln((N - df + .5) / (df + .5)), where negative
         replaced by epsilon times the mean idf
  l:     idf * tf * (k1 + 1) * (c + delta) / (k1 + c + delta), c = tf / norm, idf = ln((N + 1) / (df + .5))
  plus:  idf * (delta + tf * (k1 + 1) / (k1 * norm + tf)), idf = ln((N + 1) / df)

With `fields` it is BM25F (Robertson, Zaragoza & Taylor, CIKM 2004, with the normalisation by field of Zaragoza et al.,
TREC-13, 2004): a term's frequencies in the fields are normalised, weighted and added up before they saturate:
  idf * tf * (k1 + 1) / (tf + k1), tf = sum over fields of weight * tf of the field / norm of the field,
  norm of the field = 1 - b + b * length / mean length, both of that field, the mean over all documents
Okapi's idf with its floor, df being the documents that hold the term in any of the fields.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers.analyzer import Analyzer
from retrievers.base import (
    ANALYZE,
    COMPILE,
    COUNT,
    ENCODE,
    LOAD,
    SCORE,
    SELECT,
    WHEN_SET,
    Documents,
    Ranking,
    RetrieverError,
    phase,
    require_index,
    top_k,
    warn,
)
from retrievers.columns import Field, column, parse_fields
from retrievers.lexical.postings import Postings, rank_all

VARIANTS = {"okapi": "BM25Okapi", "l": "BM25L", "plus": "BM25Plus"}
SCORINGS = ("compiled", "library")
# The library's own default of delta in each variant; Okapi has none.
DELTAS = {"okapi": 0.0, "l": 0.5, "plus": 1.0}

Terms = list[list[str]]  # of each document


@dataclass(unsafe_hash=True)
class BM25:
    """BM25 with rank-bm25's statistics.

    variant: "okapi", "l" or "plus". k1, b: saturation and length normalisation. epsilon: Okapi's floor of
    idf as a share of the mean idf. delta: the lower bound of "l" and "plus" (None: the library's default).
    scoring: "compiled" or "library". fields: columns of the documents with their weights, "title^2 text", each with a b
    of its own where one is given, "title^2~0.5 text" (none: the whole text). The rest are the shared analyzer's steps.
    """

    kind: ClassVar[str] = "lexical"
    least_score: ClassVar[float | None] = 0.0

    variant: str = "okapi"
    k1: float = 1.5
    b: float = 0.75
    epsilon: float = 0.25
    delta: float | None = None
    scoring: str = "compiled"
    lowercase: bool = True
    marks: str = "codes"
    stop_words: str = "english"
    stemmer: str = "english"
    fields: str = field(default="", metadata=WHEN_SET)
    _fields: tuple[Field, ...] = field(init=False, repr=False, compare=False, default=())
    _index: _Index | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.variant not in VARIANTS:
            raise RetrieverError(f"There is no BM25 variant {self.variant!r}.", f"Known: {', '.join(VARIANTS)}.")
        if self.scoring not in SCORINGS:
            raise RetrieverError(f"scoring={self.scoring!r} is not known.", f"Known: {', '.join(SCORINGS)}.")
        for name in ("k1", "b", "epsilon", "delta"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                raise RetrieverError(f"{name}={value:g} is no finite number.", "Give one.")
        if self.k1 < 0 or not 0 <= self.b <= 1:
            raise RetrieverError(f"k1={self.k1:g}, b={self.b:g} is out of range.", "Give k1 >= 0 and 0 <= b <= 1.")
        self._fields, self.fields = parse_fields(self.fields), " ".join(self.fields.split())
        for name, needed in (("variant", "okapi"), ("scoring", "compiled")):
            if self._fields and getattr(self, name) != needed:
                raise RetrieverError(
                    f"fields are scored by BM25F, which has no {name}={getattr(self, name)}.",
                    f"Leave {name} or fields out.",
                )
        self._analyze()

    def _analyze(self) -> Analyzer:
        return Analyzer(self.lowercase, self.marks, self.stop_words, self.stemmer)

    def index(self, documents: Sequence[str] | Documents) -> None:
        """Analyse the documents, let the library count, and compile its counts."""
        with phase(LOAD):
            import rank_bm25  # noqa: F401 - here, so that its import is no part of the index's time

            analyze = self._analyze()
        named = [column(documents, one.name) for one in self._fields]
        columns: Sequence[Sequence[str] | Documents] = named or [documents]
        with phase(ANALYZE, len(documents) * len(columns)) as progress:
            fields: list[Terms] = [[] for _ in columns]
            for terms, texts in zip(fields, columns, strict=True):
                for text in texts:
                    terms.append(analyze(text))
                    progress.advance(1)
        self._index = self._compile(analyze, fields)
        self._index.postings.record_size()

    def _compile(self, analyze: Analyzer, fields: list[Terms]) -> _Index:
        terms = fields[0] if len(fields) == 1 else [list(chain(*parts)) for parts in zip(*fields, strict=True)]
        if not any(terms):  # the library divides by zero here; nothing can be found anyway
            lengths, nothing = np.zeros(len(terms), dtype=np.int64), np.zeros(0)
            return _Index(analyze, {}, Postings.from_rows(nothing.astype(np.int32), lengths, nothing, 0), {}, None)
        with phase(COUNT):
            library = self._library(terms)
        with phase(COMPILE):
            frequencies = library.doc_freqs
            vocabulary = {term: number for number, term in enumerate(library.idf)}
            sizes = np.fromiter(map(len, frequencies), np.int64, len(frequencies))
            total = int(sizes.sum())
            numbers = np.fromiter(map(vocabulary.__getitem__, chain.from_iterable(frequencies)), np.int32, total)
            counts = np.fromiter(chain.from_iterable(f.values() for f in frequencies), np.float64, total)
            idf = np.fromiter(library.idf.values(), np.float64, len(vocabulary))
            norm = 1 - self.b + self.b * np.array(library.doc_len) / library.avgdl
            if self._fields:
                counts, norm = self._weighted_counts(fields, frequencies, sizes), np.ones(len(terms))
            weights = self._weights(idf[numbers], counts, np.repeat(norm, sizes))
            postings = Postings.from_rows(numbers, sizes, weights, len(vocabulary))
        self._warn_of_idf(idf)
        constants = {term: value * self._delta for term, value in library.idf.items()} if self.variant == "plus" else {}
        return _Index(analyze, vocabulary, postings, constants, library if self.scoring == "library" else None)

    def _weighted_counts(
        self, fields: list[Terms], frequencies: list[dict[str, int]], sizes: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """BM25F's tf [entries], a term and document each, in the order of the documents' frequencies."""
        total = np.zeros(int(sizes.sum()))
        for one, documents in zip(self._fields, fields, strict=True):
            b = self.b if one.b is None else one.b
            lengths = np.fromiter(map(len, documents), np.float64, len(documents))
            norm = np.where(lengths, 1 - b + b * lengths / (lengths.mean() or 1.0), 1.0)  # where it is 0, so is tf
            counted = map(Counter, documents)
            counts = (its[term] for its, terms in zip(counted, frequencies, strict=True) for term in terms)
            total += one.weight * np.fromiter(counts, np.float64, len(total)) / np.repeat(norm, sizes)
        return total

    def _warn_of_idf(self, idf: NDArray[np.float64]) -> None:
        """Okapi's floor is a share of the mean idf, which in few documents may lie below 0 itself."""
        negative = int((idf < 0).sum())
        if negative:
            warn(
                f"the idf of {negative:,} of {len(idf):,} terms is below 0, as most terms stand in more than half of "
                "the documents: the more of them a document has, the lower it ranks. Give variant=plus, or more "
                "documents."
            )

    @property
    def _delta(self) -> float:
        return DELTAS[self.variant] if self.delta is None else self.delta

    def _library(self, terms: Terms) -> Any:
        import rank_bm25

        extra = {"epsilon": self.epsilon} if self.variant == "okapi" else {"delta": self._delta}
        return getattr(rank_bm25, VARIANTS[self.variant])(terms, k1=self.k1, b=self.b, **extra)

    def _weights(
        self, idf: NDArray[np.float64], tf: NDArray[np.float64], norm: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """The part of the score that a matching term adds; all arrays [entries]."""
        if self.variant == "l":
            shifted = tf / norm + self._delta
            return idf * tf * (self.k1 + 1) * shifted / (self.k1 + shifted)
        return idf * (tf * (self.k1 + 1) / (tf + self.k1 * norm))

    def scores(self, query: str) -> NDArray[np.float64]:
        """The score of every document for one query, float64 [documents], as rank-bm25's get_scores gives it."""
        require_index(self._index)
        assert self._index is not None
        return self._index.scores(self._index.analyze(query))

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The `k` best documents of each query, among those that share a term with it."""
        require_index(self._index)
        assert self._index is not None
        index = self._index
        with phase(ENCODE, len(queries)):
            terms = [index.analyze(query) for query in queries]
        if index.library is not None:
            return self._search_by_library(index, terms, k)
        return self.search_terms(list(map(Counter, terms)), k)

    def terms(self, text: str) -> list[str]:
        """The terms of a text, in order, as the analyzer of the index makes them."""
        require_index(self._index)
        assert self._index is not None
        return self._index.analyze(text)

    def search_terms(self, queries: Sequence[Mapping[str, float]], k: int) -> Ranking:
        """The `k` best documents of weighted terms: a weight is how often a term counts."""
        require_index(self._index)
        assert self._index is not None
        index = self._index
        return rank_all(list(map(index.weighted, queries)), index.postings, k, list(map(index.constant, queries)))

    @staticmethod
    def _search_by_library(index: _Index, terms: Terms, k: int) -> Ranking:
        ranking = Ranking.empty(len(terms), k)
        for row, query in enumerate(terms):
            with phase(SCORE):
                scores = index.library.get_scores(query)
            with phase(SELECT):
                _, matched = index.postings.scores(index.weighted(Counter(query)))
                hits = np.flatnonzero(matched)
                ranking.put(row, *top_k(scores[hits], k, hits))
        return ranking


@dataclass(frozen=True)
class _Index:
    """What `index` leaves behind; `constants` holds what BM25Plus adds per term to every document."""

    analyze: Analyzer
    vocabulary: dict[str, int]
    postings: Postings
    constants: dict[str, float]
    library: Any

    def weighted(self, terms: Mapping[str, float]) -> list[tuple[int, float]]:
        """Known terms of a query with how often each counts."""
        return [(self.vocabulary[term], float(n)) for term, n in terms.items() if term in self.vocabulary]

    def constant(self, terms: Mapping[str, float]) -> float:
        return sum(n * self.constants.get(term, 0.0) for term, n in terms.items())

    def scores(self, terms: list[str]) -> NDArray[np.float64]:
        counted = Counter(terms)
        return self.postings.scores(self.weighted(counted))[0] + self.constant(counted)
