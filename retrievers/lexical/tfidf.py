"""TF-IDF cosine by scikit-learn's TfidfVectorizer over the shared analyzer, searched by an inverted index.

Weights: (1 + ln tf) where sublinear, else tf; idf = ln((1 + n) / (1 + df)) + 1 (scikit-learn's smooth idf);
rows normalised to length 1, so that the dot product is the cosine.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers.analyzer import Analyzer
from retrievers.base import (
    ANALYZE,
    COMPILE,
    COUNT,
    ENCODE,
    LOAD,
    Documents,
    Ranking,
    RetrieverError,
    phase,
    require_index,
)
from retrievers.lexical.postings import Postings, rank_all
from retrievers.lexical.term_numbers import number_terms
from retrievers.sharding import Statistics
from retrievers.vectors import SparseRows
from retrievers.words import normalised

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix
    from sklearn.feature_extraction.text import TfidfVectorizer

ANALYZERS = ("word", "char_wb")


def _as_it_is(terms: list[str]) -> list[str]:
    """What the vectorizer is to do to documents that are analysed already."""
    return terms


@dataclass(frozen=True)
class _Counted:
    """How often each term stands in each document.

    rows: float64 [documents, terms]; vocabulary: term -> its column, in the order of first occurrence, while columns
    are in that of the alphabet.
    """

    rows: csr_matrix
    vocabulary: dict[str, int]

    @staticmethod
    def nothing(documents: int) -> _Counted:
        """Of documents without a term."""
        from scipy.sparse import csr_matrix

        return _Counted(csr_matrix((documents, 0)), {})

    @property
    def columns(self) -> NDArray[np.int32]:
        """Of the terms in the order of first occurrence."""
        return np.fromiter(self.vocabulary.values(), np.int32, len(self.vocabulary))

    @property
    def frequencies(self) -> NDArray[np.int64]:
        """Documents that hold each term, in that order."""
        return np.bincount(self.rows.indices, minlength=len(self.vocabulary))[self.columns]

    def among(self, terms: Collection[str]) -> _Counted:
        """The counts of these terms alone, by the columns that they have together: terms of a larger corpus."""
        from scipy.sparse import csr_matrix

        vocabulary = dict(zip(sorted(terms), range(len(terms)), strict=True))
        column_of = np.empty(len(self.vocabulary), dtype=np.int32)
        column_of[self.columns] = np.fromiter(map(vocabulary.get, self.vocabulary, repeat(-1)), np.int32)
        its = column_of[self.rows.indices]
        known = its >= 0
        ends = np.concatenate([[0], np.cumsum(known)])[self.rows.indptr]
        rows = csr_matrix((self.rows.data[known], its[known], ends), shape=(self.rows.shape[0], len(terms)))
        return _Counted(rows, {term: vocabulary[term] for term in terms})


@dataclass(unsafe_hash=True)
class TfidfVectors:
    """How texts become TF-IDF vectors: what those share that search by them.

    ngram_min, ngram_max: lengths of the n-grams (of terms, or of characters with analyzer="char_wb").
    min_df: a term must occur in so many documents. The other fields are the shared analyzer's steps and
    serve analyzer="word" only.
    """

    analyzer: str = "word"
    ngram_min: int = 1
    ngram_max: int = 1
    sublinear: bool = True
    min_df: int = 1
    lowercase: bool = True
    marks: str = "codes"
    stop_words: str = "english"
    stemmer: str = "english"
    _vectorizer: TfidfVectorizer | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        if self.analyzer not in ANALYZERS:
            raise RetrieverError(f"analyzer={self.analyzer!r} is not known.", f"Known: {', '.join(ANALYZERS)}.")
        if not 1 <= self.ngram_min <= self.ngram_max:
            raise RetrieverError(
                f"n-grams of {self.ngram_min} to {self.ngram_max} make no sense.", "Give 1 <= ngram_min <= ngram_max."
            )
        if self.min_df < 1:
            raise RetrieverError(f"min_df={self.min_df} is below 1.", "Give the least number of documents.")
        self._analyze()

    def _analyze(self) -> Analyzer:
        return Analyzer(self.lowercase, self.marks, self.stop_words, self.stemmer)

    def _folded(self, text: str) -> str:
        return normalised(text).lower() if self.lowercase else normalised(text)

    def _fit(self, documents: Sequence[str] | Documents) -> csr_matrix | None:
        """Learn idf from the documents: float64 [documents, terms], rows of length 1; None where they hold no term."""
        counted = self._count(documents, self.min_df)
        return self._weigh(counted, counted.frequencies, len(documents))

    def _count(self, documents: Sequence[str] | Documents, min_df: int = 1) -> _Counted:
        with phase(LOAD):
            import pyarrow.compute  # noqa: F401 - here, so that its import is no part of the index's time
            from sklearn.feature_extraction.text import CountVectorizer

        vectorizer = CountVectorizer(**self._steps(), min_df=min_df, dtype=np.float64)
        with phase(ANALYZE) as progress:
            words = self.analyzer == "word"
            terms = number_terms(self._analyze(), documents, progress.advance).lists() if words else documents
            try:
                rows = vectorizer.fit_transform(terms)
            except ValueError:  # no document holds a term (that min_df leaves): nothing can be found
                if min_df > 1 and len(documents):
                    raise self._no_term_left(len(documents)) from None
                return _Counted.nothing(len(documents))
        return _Counted(rows, vectorizer.vocabulary_)

    def _no_term_left(self, documents: int) -> RetrieverError:
        return RetrieverError(f"min_df={self.min_df} leaves no term in these {documents} documents.", "Lower it.")

    def _steps(self) -> dict[str, Any]:
        """How the library makes terms of texts."""
        words = self.analyzer == "word"
        return {
            "analyzer": self.analyzer,
            "tokenizer": _as_it_is if words else None,
            "token_pattern": None,
            "preprocessor": _as_it_is if words else self._folded,
            "lowercase": False,
            "ngram_range": (self.ngram_min, self.ngram_max),
        }

    def _weigh(self, counted: _Counted, frequencies: NDArray[np.int64], documents: int) -> csr_matrix | None:
        """The vectors of documents, and what queries need. frequencies, documents: of the corpus that they are of.

        A length is summed up in the order of the terms' first occurrence, as the library does that fits a corpus.
        """
        from scipy.sparse import csr_matrix
        from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer

        if not counted.vocabulary:
            self._vectorizer = None
            return None
        with phase(COUNT):
            columns, rows = counted.columns, counted.rows
            occurrence = np.empty(len(columns), dtype=np.int32)
            occurrence[columns] = np.arange(len(columns))
            idf = np.log((1.0 + documents) / (1.0 + frequencies)) + 1.0
            rows = csr_matrix((rows.data, occurrence[rows.indices], rows.indptr), shape=rows.shape)
            rows.sort_indices()
            if rows.nnz:  # the library refuses an array without rows
                transformer = TfidfTransformer(sublinear_tf=self.sublinear)
                transformer.idf_ = idf
                rows = transformer.transform(rows, copy=False)
            rows = csr_matrix((rows.data, columns[rows.indices], rows.indptr), shape=rows.shape)
            rows.sort_indices()
            self._vectorizer = TfidfVectorizer(
                **self._steps(), sublinear_tf=self.sublinear, vocabulary=counted.vocabulary, dtype=np.float64
            )
            self._vectorizer.idf_ = idf[occurrence]
        return rows

    def _transform(self, queries: Sequence[str]) -> csr_matrix:
        """The vectors of queries: float64 [queries, terms]."""
        assert self._vectorizer is not None
        terms = map(self._analyze(), queries) if self.analyzer == "word" else queries
        rows: csr_matrix = self._vectorizer.transform(terms)
        rows.sort_indices()  # one order of summation, whatever the library's version
        return rows


@dataclass(unsafe_hash=True)
class Tfidf(TfidfVectors):
    """Cosine of TF-IDF vectors, whose parameters are those of `TfidfVectors`."""

    kind: ClassVar[str] = "lexical"
    least_score: ClassVar[float | None] = 0.0

    _postings: Postings | None = field(init=False, repr=False, compare=False, default=None)

    def index(self, documents: Sequence[str]) -> None:
        """Learn idf from the documents and build their inverted index."""
        self._compile(self._fit(documents), len(documents))

    def shard_statistics(self, documents: Sequence[str] | Documents, first: int) -> Statistics:
        """Document frequencies, of terms below min_df too."""
        counted = self._count(documents)
        frequencies = dict(zip(counted.vocabulary, counted.frequencies.tolist(), strict=True))
        return Statistics(first, len(documents), frequencies)

    def index_shard(self, documents: Sequence[str] | Documents, statistics: Statistics) -> None:
        """As `index`, by the statistics of the corpus. Memory: its vocabulary beside the shard.

        Raises RetrieverError where min_df leaves no term of the corpus.
        """
        kept = {term: its for term, its in statistics.frequencies.items() if its >= self.min_df}
        if not kept and self.min_df > 1 and statistics.documents:
            raise self._no_term_left(statistics.documents)
        counted = self._count(documents).among(kept)
        frequencies = np.fromiter(kept.values(), np.int64, len(kept))
        self._compile(self._weigh(counted, frequencies, statistics.documents), len(documents))

    def _compile(self, rows: csr_matrix | None, documents: int) -> None:
        if rows is None or self._vectorizer is None:
            nothing = np.zeros(0)
            self._postings = Postings.from_rows(
                nothing.astype(np.int32), np.zeros(documents, dtype=np.int64), nothing, 0
            )
            return
        with phase(COMPILE):
            self._postings = Postings.from_rows(
                rows.indices.astype(np.int32), np.diff(rows.indptr).astype(np.int64), rows.data, rows.shape[1]
            )
        self._postings.record_size(self._vectorizer.vocabulary_, self._vectorizer.idf_)

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The `k` documents of highest cosine for each query, among those that share a term with it."""
        require_index(self._postings)
        assert self._postings is not None
        if self._vectorizer is None or not queries:
            return Ranking.empty(len(queries), k)
        with phase(ENCODE, len(queries)):
            rows = self._transform(queries)
        weighted = [
            list(zip(rows.indices[a:b].tolist(), rows.data[a:b].tolist(), strict=True))
            for a, b in zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
        ]
        return rank_all(weighted, self._postings, k)

    def document_vectors(self, positions: NDArray[np.int64]) -> SparseRows:
        """The TF-IDF vectors of these documents: a row a position."""
        require_index(self._postings)
        assert self._postings is not None
        return self._postings.rows(positions)

    def query_vectors(self, queries: Sequence[str]) -> SparseRows:
        """Those of queries."""
        require_index(self._postings)
        assert self._postings is not None
        if self._vectorizer is None:
            return SparseRows.of([()] * len(queries), self._postings.terms)
        rows = self._transform(queries)
        starts, columns = rows.indptr.astype(np.int64), rows.indices.astype(np.int32)
        return SparseRows(starts, columns, rows.data.astype(np.float32), rows.shape[1])
