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

import dataclasses
import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from retrievers import analyzer, saved_index, words
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
from retrievers.lexical import postings, term_numbers
from retrievers.lexical.postings import Counts, Postings, rank_all
from retrievers.lexical.term_numbers import TermNumbers, number_terms
from retrievers.sharding import Statistics
from retrievers.vectors import SparseRows

VARIANTS = {"okapi": "BM25Okapi", "l": "BM25L", "plus": "BM25Plus"}
SCORINGS = ("compiled", "library")
# The library's own default of delta in each variant; Okapi has none.
DELTAS = {"okapi": 0.0, "l": 0.5, "plus": 1.0}

# Entries that are weighted at once.
BLOCK = 2**18


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
        """Analyse the documents, let the library say what it makes of their counts, and compile that.

        Where saved indexes serve, one of these documents is opened, or saved.
        """
        analyze = self._load()
        saved = saved_index.current() if self.scoring == "compiled" else None
        key = b"" if saved is None else saved_index.content_key(self._identity(), self._texts(documents))
        arrays = None if saved is None else saved.load(key)
        if arrays is not None:
            self._set(_Index.opened(analyze, arrays, self._added))
            return
        terms = self._number(analyze, documents)
        counts = self._count(terms)
        index = self._compile(analyze, terms, counts, self._statistics(terms, counts, 0))
        if saved is not None:
            saved.save(key, index.arrays(), f"bm25, documents: {len(documents):,}")
        self._set(index)

    def shard_statistics(self, documents: Sequence[str] | Documents, first: int) -> Statistics:
        """Document frequencies and the length of each field. Raises RetrieverError with scoring=library."""
        if self.scoring == "library":
            raise RetrieverError(
                "rank-bm25 has no shards, so that scoring=library cannot be built by them.",
                "Leave scoring out: the ranking is the same.",
            )
        terms = self._number(self._load(), documents)
        return self._statistics(terms, self._count(terms), first)

    def index_shard(self, documents: Sequence[str] | Documents, statistics: Statistics) -> None:
        """As `index`, by the statistics of the corpus. Memory: its vocabulary beside the shard; no index is saved."""
        analyze = self._load()
        terms = self._number(analyze, documents).renumbered(statistics.frequencies)
        self._set(self._compile(analyze, terms, self._count(terms), statistics))

    def _load(self) -> Analyzer:
        with phase(LOAD):
            # Here, so that their import is no part of the index's time.
            import pyarrow.compute  # noqa: F401
            import rank_bm25  # noqa: F401

            return self._analyze()

    def _texts(self, documents: Sequence[str] | Documents) -> Iterable[str]:
        """Document after document, and of each its columns."""
        named = [column(documents, one.name) for one in self._fields]
        return chain.from_iterable(zip(*named, strict=True)) if named else documents

    def _number(self, analyze: Analyzer, documents: Sequence[str] | Documents) -> TermNumbers:
        texts = self._texts(documents)
        with phase(ANALYZE, len(documents) * max(1, len(self._fields))) as progress:
            return number_terms(analyze, texts, progress.advance)

    def _set(self, index: _Index) -> None:
        self._index = index
        self._warn_of_idf(index.idf)
        index.postings.record_size(index.vocabulary, index.idf)

    def _identity(self) -> list[Any]:
        """What the index is made of, beside the documents."""
        parameters = {one.name: getattr(self, one.name) for one in dataclasses.fields(self) if one.init}
        modules = (words, analyzer, term_numbers, postings, sys.modules[__name__])
        return ["bm25", parameters, saved_index.versions(modules, ("rank-bm25", "PyStemmer", "regex", "numpy"))]

    def _lengths(self, terms: TermNumbers) -> NDArray[np.int64]:
        """[documents, fields]."""
        return terms.lengths.reshape(-1, max(1, len(self._fields)))

    def _count(self, terms: TermNumbers) -> Counts:
        with phase(COUNT):
            return Counts.of(terms.numbers, self._lengths(terms).sum(axis=1), len(terms.vocabulary))

    def _statistics(self, terms: TermNumbers, counts: Counts, first: int) -> Statistics:
        frequencies = dict(zip(terms.vocabulary, counts.document_frequencies.tolist(), strict=True))
        return Statistics(first, counts.size, frequencies, tuple(self._lengths(terms).sum(axis=0).tolist()))

    def _compile(self, analyze: Analyzer, terms: TermNumbers, counts: Counts, statistics: Statistics) -> _Index:
        """The index of documents. statistics: of the corpus that they are of, whose vocabulary numbers their terms."""
        if not statistics.frequencies:  # the library divides by zero here; nothing can be found anyway
            sizes, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
            empty = Postings.from_columns(sizes, sizes.astype(np.int32), nothing, counts.size)
            return _Index(analyze, {}, empty, nothing, 0.0)
        with phase(COUNT):
            library = self._library(terms, statistics)
        with phase(COMPILE):
            idf = np.fromiter(library.idf.values(), np.float64, len(library.idf))
            tf = self._weighted_frequencies(terms, counts, statistics) if self._fields else counts.frequencies
            norm = 1 - self.b + self.b * self._lengths(terms).sum(axis=1) / library.avgdl
            documents = counts.documents()
            weights = np.repeat(idf, counts.document_frequencies)
            for start in range(0, len(weights), BLOCK):  # so that what is between is never as large as the index
                block = slice(start, start + BLOCK)
                its_norm = 1.0 if self._fields else norm[documents[block]]
                weights[block] = self._weights(weights[block], tf[block].astype(np.float64), its_norm)
            compiled = Postings.from_columns(counts.document_frequencies, documents, weights, counts.size)
        kept = library if self.scoring == "library" else None
        return _Index(analyze, terms.vocabulary, compiled, idf, self._added, kept)

    def _weighted_frequencies(self, terms: TermNumbers, counts: Counts, statistics: Statistics) -> NDArray[np.float64]:
        """BM25F's tf [entries], a term and document each, in the order of the counts."""
        total = np.zeros(len(counts.keys))
        of_field = np.repeat(np.arange(len(terms.lengths)) % len(self._fields), terms.lengths)
        for position, one in enumerate(self._fields):
            b = self.b if one.b is None else one.b
            lengths = terms.lengths[position :: len(self._fields)]
            mean = statistics.lengths[position] / statistics.documents or 1.0
            norm = np.where(lengths, 1 - b + b * lengths / mean, 1.0)  # where the length is 0, so is tf
            its = Counts.of(terms.numbers[of_field == position], lengths, counts.terms)
            total[counts.positions(its)] += one.weight * its.frequencies / norm[its.documents()]
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

    @property
    def _added(self) -> float:
        """What a term of the query adds to every document, as a share of its idf."""
        return self._delta if self.variant == "plus" else 0.0

    def _library(self, terms: TermNumbers, statistics: Statistics) -> Any:
        """The library, whose statistics are taken as they are; with scoring=library whole, else without documents."""
        import rank_bm25

        variant = getattr(rank_bm25, VARIANTS[self.variant])
        extra = {"epsilon": self.epsilon} if self.variant == "okapi" else {"delta": self._delta}
        if self.scoring == "library":
            return variant(list(terms.lists()), k1=self.k1, b=self.b, **extra)

        class Counted(variant):  # type: ignore[misc, valid-type]
            """The library, but for its loops that count: it is handed what they come to."""

            def _initialize(self, corpus: Statistics) -> Mapping[str, int]:
                self.corpus_size = corpus.documents
                self.avgdl = sum(corpus.lengths) / corpus.documents
                return corpus.frequencies

        return Counted(statistics, k1=self.k1, b=self.b, **extra)

    def _weights(
        self, idf: NDArray[np.float64], tf: NDArray[np.float64], norm: NDArray[np.float64] | float
    ) -> NDArray[np.float64]:
        """The part of the score that a matching term adds; all [entries]."""
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

    def document_vectors(self, positions: NDArray[np.int64]) -> SparseRows:
        """What each term of these documents adds to the score: a row a position."""
        require_index(self._index)
        assert self._index is not None
        return self._index.postings.rows(positions)

    def query_vectors(self, queries: Sequence[str]) -> SparseRows:
        """How often each known term stands in a query; with variant=plus a score has a constant of the query more."""
        require_index(self._index)
        assert self._index is not None
        index = self._index
        return SparseRows.of([index.weighted(Counter(index.analyze(query))) for query in queries], index.postings.terms)

    def search_terms(self, queries: Sequence[Mapping[str, float]], k: int) -> Ranking:
        """The `k` best documents of weighted terms: a weight is how often a term counts."""
        require_index(self._index)
        assert self._index is not None
        index = self._index
        constants = list(map(index.constant, queries)) if self._added else ()
        return rank_all(list(map(index.weighted, queries)), index.postings, k, constants)

    @staticmethod
    def _search_by_library(index: _Index, terms: list[list[str]], k: int) -> Ranking:
        ranking = Ranking.empty(len(terms), k)
        for row, query in enumerate(terms):
            with phase(SCORE):
                scores = index.library.get_scores(query)
            with phase(SELECT):
                hits = index.postings.matching(index.weighted(Counter(query)))
                ranking.put(row, *top_k(scores[hits], k, hits))
        return ranking


@dataclass(frozen=True)
class _Index:
    """What `index` leaves behind.

    idf: float64 [terms]. added: what a term of the query adds to every document, as a share of its idf.
    library: with scoring=library.
    """

    analyze: Analyzer
    vocabulary: dict[str, int]
    postings: Postings
    idf: NDArray[np.float64]
    added: float
    library: Any = None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it that is not a parameter, to be saved. No term holds white space."""
        return {
            "vocabulary": np.frombuffer("\n".join(self.vocabulary).encode(), np.uint8),
            "starts": self.postings.starts,
            "documents": self.postings.documents,
            "weights": self.postings.weights,
            "idf": self.idf,
            "size": np.array(self.postings.size),
        }

    @staticmethod
    def opened(analyze: Analyzer, arrays: dict[str, NDArray[Any]], added: float) -> _Index:
        """What was saved."""
        terms = arrays["vocabulary"].tobytes().decode().split("\n") if len(arrays["idf"]) else []
        opened = Postings(arrays["starts"], arrays["documents"], arrays["weights"], int(arrays["size"]))
        return _Index(analyze, {term: number for number, term in enumerate(terms)}, opened, arrays["idf"], added)

    def weighted(self, terms: Mapping[str, float]) -> list[tuple[int, float]]:
        """Known terms of a query with how often each counts."""
        return [(self.vocabulary[term], float(n)) for term, n in terms.items() if term in self.vocabulary]

    def constant(self, terms: Mapping[str, float]) -> float:
        return sum(n * (float(self.idf[number]) * self.added) for number, n in self.weighted(terms))

    def scores(self, terms: list[str]) -> NDArray[np.float64]:
        counted = Counter(terms)
        return self.postings.scores(self.weighted(counted)) + self.constant(counted)
