"""What every retriever is, and the few things all of them share.

A retriever speaks positions in the sequence it indexed, never ids, and knows nothing of labels or files.
What it can tell about its own work (phases, sizes) it tells to `phase` and `record`, which do nothing
unless somebody listens, so retrieval never depends on being measured.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, overload, runtime_checkable

import numpy as np
from numpy.typing import NDArray

NO_HIT = -1
NO_SPAN = -1

# Of a field: it stands in parameters and signature only where it is not at its default, since figures were earned
# before it was there: field(default="", metadata=WHEN_SET).
WHEN_SET = {"shown": "when set"}
# Of a field: what it is called in specifications, where a method has that name: metadata={WRITTEN: "index"}.
WRITTEN = "written"


class RetrieverError(Exception):
    """Something that a user of a retriever can mend; `hint` says how."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message, self.hint = message, hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


@dataclass(frozen=True, eq=False)
class Ranking:  # noqa: PLW1641 - arrays can change, so that it has no hash
    """The hits of `n` queries, best first.

    documents: int64 [n, k], positions in the indexed sequence; -1 where there are no more hits.
    scores: float32 [n, k], descending; -inf beside a -1.
    spans: int32 [n, k, 2], first character and the one behind the last of what in a document earned its place, -1 and
    -1 where that is not known; None where it is of no hit.
    """

    documents: NDArray[np.int64]
    scores: NDArray[np.float32]
    spans: NDArray[np.int32] | None = None

    def __eq__(self, other: object) -> bool:
        """The same hits with the same scores, for the same spans."""
        if not isinstance(other, Ranking):
            return NotImplemented
        pairs = ((self.documents, other.documents), (self.scores, other.scores), (self.spans, other.spans))
        return all(a is b if a is None or b is None else np.array_equal(a, b) for a, b in pairs)

    @staticmethod
    def empty(queries: int, k: int, *, spans: bool = False) -> Ranking:
        """A ranking without any hit, to be filled row by row.

        Args:
            queries: Its rows.
            k: Hits of a row at most.
            spans: Will its hits have them?

        Returns:
            Arrays [queries, k] of -1 and -inf.
        """
        return Ranking(
            np.full((queries, k), NO_HIT, dtype=np.int64),
            np.full((queries, k), -np.inf, dtype=np.float32),
            np.full((queries, k, 2), NO_SPAN, dtype=np.int32) if spans else None,
        )

    def to_depth(self, k: int) -> Ranking:
        """The same ranking with other columns.

        Args:
            k: How many.

        Returns:
            Its first k hits of each query, and -1 and -inf where it has fewer.
        """
        missing = ((0, 0), (0, max(0, k - self.documents.shape[1])))
        return Ranking(
            np.pad(self.documents[:, :k], missing, constant_values=NO_HIT),
            np.pad(self.scores[:, :k], missing, constant_values=-np.inf),
            None if self.spans is None else np.pad(self.spans[:, :k], (*missing, (0, 0)), constant_values=NO_SPAN),
        )

    def of_queries(self, rows: Sequence[int]) -> Ranking:
        """The ranking of some queries.

        Args:
            rows: Their positions.

        Returns:
            Arrays [len(rows), k], in that order.
        """
        at = np.asarray(rows, dtype=np.intp)
        return Ranking(self.documents[at], self.scores[at], None if self.spans is None else self.spans[at])

    def in_order(self, order: NDArray[np.intp]) -> Ranking:
        """The same ranking with its hits in another order.

        Args:
            order: [n, m], of each query the columns to take, m of them.

        Returns:
            Arrays [n, m].
        """
        return Ranking(
            np.take_along_axis(self.documents, order, axis=1),
            np.take_along_axis(self.scores, order, axis=1),
            None if self.spans is None else np.take_along_axis(self.spans, order[:, :, None], axis=1),
        )

    def by_tie_rule(self) -> Ranking:
        """The same hits, the highest score first and of equal ones the lowest position; where there is none comes last.

        Returns:
            Arrays of the same shape.
        """
        known = np.where(self.documents >= 0, self.documents, np.iinfo(np.int64).max)
        return self.in_order(np.lexsort((known, -self.scores), axis=1))

    def put(
        self,
        row: int,
        documents: NDArray[np.int64],
        scores: NDArray[np.float32],
        spans: NDArray[np.int32] | None = None,
    ) -> None:
        """Write the hits of one query into its row.

        Args:
            row: Position of the query.
            documents: int64 positions, best first; at most k of them.
            scores: float32, one a position.
            spans: int32 [positions, 2], of a ranking that has them.

        Raises:
            RetrieverError: For more than k, or where there are not as many scores as positions.
        """
        if len(documents) > self.documents.shape[1] or len(documents) != len(scores):
            raise RetrieverError(
                f"Ranking.put got {len(documents)} positions and {len(scores)} scores for a row of "
                f"{self.documents.shape[1]}.",
                "Give as many scores as positions, and the best k at most.",
            )
        self.documents[row, : len(documents)] = documents
        self.scores[row, : len(scores)] = scores
        if self.spans is not None and spans is not None:
            self.spans[row, : len(spans)] = spans


@runtime_checkable
class Documents(Protocol):
    """Texts of documents that have columns as well: what a harness hands to `index`.

    To who wants no more it is a sequence of strings. columns: names, as "title", "text" (without the title), and those
    of metadata. `retrievers.columns.column` reads one, of a plain list too.
    """

    @property
    def columns(self) -> Sequence[str]: ...

    def column(self, name: str) -> Sequence[str]:
        """A column.

        Args:
            name: Of the column.

        Returns:
            A string for each document, in their order; "" where it has none.

        Raises:
            KeyError: Where there is no such column.
        """
        ...

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[str]: ...
    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[str]: ...


@runtime_checkable
class Retriever(Protocol):
    """Index documents, then search. Fields hold hyper-parameters; `index` brings the data."""

    def index(self, documents: Sequence[str]) -> None:
        """Make these documents searchable, and no others: each call replaces the documents of the one before.

        Args:
            documents: Their texts; a ranking names them by their positions here. They may be `Documents`: who reads
                columns says so in its type, `Sequence[str] | Documents`.
        """
        ...

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The best documents of each query.

        Args:
            queries: Their texts.
            k: Hits a query at most; fewer where there are no more.

        Returns:
            One row per query, arrays [len(queries), k]; equal scores in ascending order of position.
        """
        ...


def parts_of(retriever: object) -> tuple[Retriever, ...]:
    """The retrievers that a retriever is made of.

    Args:
        retriever: a retriever, or whatever else stands in a field.

    Returns:
        What its field `parts` holds where that is one retriever or more and nothing else, else nothing.
    """
    parts = getattr(retriever, "parts", ())
    made_of_them = isinstance(parts, (tuple, list)) and all(isinstance(component, Retriever) for component in parts)
    return tuple(parts) if made_of_them else ()


def top_k(
    scores: NDArray[np.floating], k: int, documents: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The one tie rule: higher float32 score first, then lower position.

    Args:
        scores: [n], of the candidates.
        k: How many are wanted.
        documents: int64 [n], their positions (none: 0 to n - 1), the one that wins a tie standing first: ascending.

    Returns:
        Positions and float32 scores of the best min(k, n), in order.
    """
    rounded = scores.astype(np.float32, copy=False)
    if k < len(rounded):
        threshold = np.partition(rounded, len(rounded) - k)[len(rounded) - k]
        kept = np.flatnonzero(rounded >= threshold)
    else:
        kept = np.arange(len(rounded))
    # A stable sort leaves equal scores in ascending position.
    best = kept[np.argsort(-rounded[kept], kind="stable")[:k]]
    return (best if documents is None else documents[best]), rounded[best]


def require_index(index: object) -> None:
    """Raise a clear error where `search` is called before `index`.

    Args:
        index: What `index` makes; None before it.

    Raises:
        RetrieverError: Where it is None.
    """
    if index is None:
        raise RetrieverError("search was called before index.", "Call index(documents) first.")


# --- telemetry: what a retriever tells about itself, and to whom ---

# Phases. What others are called is a retriever's own affair; of these, costs are made.
LOAD = "load"  # libraries and models: no part of the time that an index takes
SET_ASIDE = "set aside"  # in a file, for what comes after: no part of it either
ANALYZE = "analyze"
COUNT = "count"
COMPILE = "compile"
ENCODE = "encode"
SCORE = "score"
SELECT = "select"

# Quantities.
INDEX_BYTES = "index_bytes"  # what the index takes in memory
VECTORS_ENCODED = "vectors_encoded"
VECTORS_FROM_CACHE = "vectors_from_cache"
TOKENS, USD = "tokens", "usd"  # that a paid service counted, and their price
CACHE_REBUILT = "cache_rebuilt"
CACHE_DAMAGED = "cache_damaged"
CACHE_UNWRITABLE = "cache_unwritable"
INDEX_FROM_CACHE = "index_from_cache"  # indexes that were opened, not built (retrievers.saved_index)
INDEX_DAMAGED = "index_damaged"
INDEX_UNWRITABLE = "index_unwritable"
# Where there are too few documents to train an index on, and all are compared: how many it asks for.
INDEX_NEEDS = "index_needs"
# Those that add up, over calls and over parts; of any other the last one told stands.
AMOUNTS = frozenset({INDEX_BYTES, INDEX_FROM_CACHE, TOKENS, USD, VECTORS_ENCODED, VECTORS_FROM_CACHE})


class Recorder(Protocol):
    """Who listens to a retriever's account of its own work.

    part: which part of a retriever made of retrievers tells it, "outer/inner" of parts in parts; "" where none does.
    """

    def started(self, phase: str, total: int | None, part: str) -> None: ...
    def advanced(self, phase: str, steps: int, part: str) -> None: ...
    def ended(self, phase: str, nanoseconds: int, part: str) -> None: ...
    def recorded(self, quantity: str, value: float, part: str) -> None: ...
    def warned(self, text: str, part: str) -> None: ...


_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)
_part: ContextVar[str] = ContextVar("part", default="")


@contextmanager
def listening(recorder: Recorder) -> Iterator[None]:
    """Send what retrievers tell within this block to a recorder.

    Args:
        recorder: Is told of phases, quantities and warnings.
    """
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)


@contextmanager
def part(name: str) -> Iterator[None]:
    """Let what is told within this block count for one part of a retriever made of retrievers, and for the whole.

    A worker stores a part's share as `name/phase` and `name/quantity` beside the totals. Parts nest: `outer/inner`.

    Args:
        name: what the part is called, another name for each part, without a slash.
    """
    token = _part.set(f"{_part.get()}/{name}".removeprefix("/"))
    try:
        yield
    finally:
        _part.reset(token)


class phase:  # noqa: N801 - reads as a keyword: `with phase(ENCODE, total=n) as p: p.advance(32)`
    """A named part of a retriever's work. Costs two clock readings where somebody listens, else nothing.

    Args:
        name: Of the phase: LOAD keeps it out of the index's time, ENCODE, SCORE and SELECT have columns of their own.
        total: Steps that it has, where a progress bar can say how far it is.
    """

    __slots__ = ("_listener", "_name", "_part", "_start", "_total")

    def __init__(self, name: str, total: int | None = None) -> None:
        self._name, self._total = name, total
        self._listener, self._part = _recorder.get(), _part.get()
        self._start = 0

    def __enter__(self) -> phase:
        if self._listener is not None:
            self._listener.started(self._name, self._total, self._part)
            self._start = time.perf_counter_ns()
        return self

    def advance(self, steps: int) -> None:
        """Tell that a part of the total is done.

        Args:
            steps: How many more.
        """
        if self._listener is not None:
            self._listener.advanced(self._name, steps, self._part)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.ended(self._name, time.perf_counter_ns() - self._start, self._part)


def record(quantity: str, value: float) -> None:
    """Tell one figure, for example `record(INDEX_BYTES, n)`.

    Args:
        quantity: What it is of; INDEX_BYTES is a column of the table of costs, others stand in cell.json.
        value: Its value.
    """
    listener = _recorder.get()
    if listener is not None:
        listener.recorded(quantity, value, _part.get())


def warn(text: str) -> None:
    """Tell why these figures should be read with care; the user sees it beside them.

    Args:
        text: One sentence.
    """
    listener = _recorder.get()
    if listener is not None:
        listener.warned(text, _part.get())
