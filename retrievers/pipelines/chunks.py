"""Documents cut into chunks, each searched by itself; a document is worth what its best chunks are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from retrievers.base import (
    INDEX_BYTES,
    Documents,
    Ranking,
    Retriever,
    RetrieverError,
    parts_of,
    phase,
    record,
    require_index,
    top_k,
)
from retrievers.columns import TEXT, column
from retrievers.dense.word_pieces import piece_spans
from retrievers.pipelines import splitting
from retrievers.pipelines.parts import named, of_part, only_part, usual_dense

SPLIT, GATHER = "split", "gather"
CHUNKS = "chunks"  # how many there are
USUAL_WORDS = 128
TITLE = "title"
Span = splitting.Span


@dataclass(unsafe_hash=True)
class Chunks:
    """One retriever over the chunks of the documents: chunks(minilm, words=120, overlap=20).

    parts: the retriever (none: minilm). words, sentences, pieces: how many of them a chunk has, one of the three (none:
    128 words); pieces are those of the part's model. overlap: how many of them it shares with the one before.
    headings: cut at the headings of Markdown first, and what is longer by size. top: a document's score is the sum of
    its best so many chunks' (1: the best one's). depth: chunks that are gathered for that sum, of each query. titles:
    is the document's title put before each chunk that does not begin with it?
    The span of the best chunk is kept with its hit. Columns of the documents are those of their chunks, but for "text".
    """

    parts: tuple[Retriever, ...] = ()
    words: int = 0
    sentences: int = 0
    pieces: int = 0
    overlap: int = 0
    headings: bool = False
    top: int = 1
    depth: int = 1000
    titles: bool = False
    _index: _Index | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        self.parts = only_part("chunks", self.parts, usual_dense)
        sizes = {name: getattr(self, name) for name in ("words", "sentences", "pieces")}
        if min(sizes.values()) < 0 or sum(map(bool, sizes.values())) > 1:
            raise RetrieverError(f"chunks has {sizes}.", "Give one of words, sentences and pieces, from 1.")
        if not any(sizes.values()) and not self.headings:
            self.words = USUAL_WORDS
        size = self.words or self.sentences or self.pieces
        if self.overlap and not size:
            raise RetrieverError("Sections between headings have no overlap.", "Give words, sentences or pieces too.")
        if self.overlap and not 0 < self.overlap < size:
            raise RetrieverError(f"overlap={self.overlap} is no part of a chunk of {size}.", "Give less than its size.")
        if self.top < 1 or self.depth < 1:
            raise RetrieverError(f"top={self.top}, depth={self.depth} is out of range.", "Give both from 1.")
        if self.pieces:
            _model_of(self.parts[0])

    @property
    def kind(self) -> str:
        """Its part's."""
        return str(getattr(self.parts[0], "kind", "other"))

    @property
    def least_score(self) -> float | None:
        """Its part's, where a score is one chunk's."""
        least: float | None = getattr(self.parts[0], "least_score", None)
        return least if self.top == 1 or least == 0 else None

    def index(self, documents: Sequence[str] | Documents) -> None:
        """Cut the documents and index their chunks; memory: 12 bytes a chunk beside the part's own."""
        with phase(SPLIT, len(documents)) as progress:
            spans, owners = [], []
            for owner, (text, pieces) in enumerate(zip(documents, self._pieces(documents), strict=True)):
                chunks = self._cut(text, pieces)
                spans.extend(chunks)
                owners.extend([owner] * len(chunks))
                progress.advance(1)
        self._index = _Index(
            len(documents), np.array(spans, dtype=np.int32).reshape(-1, 2), np.array(owners, dtype=np.int32)
        )
        record(CHUNKS, len(owners))
        ((name, retriever),) = named(self.parts)
        with of_part(name):
            titles = column(documents, TITLE) if self.titles else None
            retriever.index(_ChunkTexts(documents, self._index.spans, self._index.owners, titles))
        record(INDEX_BYTES, self._index.spans.nbytes + self._index.owners.nbytes)

    def _pieces(self, documents: Sequence[str] | Documents) -> Iterator[Sequence[Span]]:
        if not self.pieces:
            return iter([()] * len(documents))
        return piece_spans(documents, *_model_of(self.parts[0]))

    def _cut(self, text: str, pieces: Sequence[Span]) -> list[Span]:
        """The chunks of a text: at least one, so that every document can be a hit."""
        units: Sequence[Span] = pieces
        if self.words or self.sentences:
            units = splitting.words(text) if self.words else splitting.sentences(text)
        size = self.words or self.sentences or self.pieces
        if not self.headings:
            return splitting.windows(units, size, self.overlap) or [(0, len(text))]
        chunks: list[Span] = []
        firsts = [first for first, _ in units]
        for start, end in splitting.sections(text):
            inside = units[bisect_left(firsts, start) : bisect_left(firsts, end)]
            long = size and len(inside) > size
            chunks.extend(splitting.windows(inside, size, self.overlap) if long else [(start, end)])
        return chunks or [(0, len(text))]

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The documents of the best chunks. Where a few documents hold most of these, it asks for more of them."""
        require_index(self._index)
        assert self._index is not None
        index, wanted = self._index, min(k, self._index.documents)
        ranking = Ranking.empty(len(queries), k, spans=True)
        rows, asked = list(range(len(queries))), index.first_depth(wanted) if self.top == 1 else self.depth
        while rows:
            asked = min(asked, len(index.owners))
            hits = self._chunk_hits([queries[row] for row in rows], asked)
            short = []
            with phase(GATHER):
                for row, chunks, scores in zip(rows, hits.documents, hits.scores, strict=True):
                    chunks, scores = chunks[chunks >= 0], scores[chunks >= 0]
                    documents, values, best = index.gathered(chunks, scores, self.top)
                    if self.top == 1 and len(documents) < wanted and len(chunks) == asked < len(index.owners):
                        short.append(row)
                        continue
                    order, sums = top_k(values, k)
                    ranking.put(row, documents[order], sums, index.spans[best[order]])
            rows, asked = short, 4 * asked
        return ranking

    def _chunk_hits(self, queries: Sequence[str], depth: int) -> Ranking:
        ((name, retriever),) = named(self.parts)
        with of_part(name):
            return retriever.search(queries, depth)


@dataclass(frozen=True)
class _Index:
    """documents: how many. spans: int32 [chunks, 2]; owners: int32 [chunks], the document of each, ascending."""

    documents: int
    spans: NDArray[np.int32]
    owners: NDArray[np.int32]

    def first_depth(self, k: int) -> int:
        """How many chunks to ask for first, that k documents are among them: at most as surely hold so many."""
        largest = np.sort(np.bincount(self.owners))[::-1]
        return int(min(largest[: max(k - 1, 0)].sum() + 1, 4 * k + 64))

    def gathered(
        self, chunks: NDArray[np.int64], scores: NDArray[np.float32], top: int
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
        """The documents of chunks, ascending; the sum of each one's best `top` scores; its best chunk."""
        owners = self.owners[chunks]
        order = np.argsort(owners, kind="stable")  # of one document the best chunk stays first
        documents, starts = np.unique(owners[order], return_index=True)
        lengths = np.diff([*starts, len(order)])
        places = np.arange(len(order)) - np.repeat(starts, lengths)
        sums = np.zeros(len(documents))
        np.add.at(sums, np.repeat(np.arange(len(documents)), lengths), np.where(places < top, scores[order], 0.0))
        return documents.astype(np.int64), sums, chunks[order][starts]


class _ChunkTexts(Sequence[str]):
    """The texts of chunks, cut out of their documents as they are asked for. titles: stand before them, where given."""

    def __init__(
        self,
        documents: Sequence[str] | Documents,
        spans: NDArray[np.int32],
        owners: NDArray[np.int32],
        titles: Sequence[str] | None,
    ) -> None:
        self._documents, self._spans, self._owners, self._titles = documents, spans, owners, titles

    def __len__(self) -> int:
        return len(self._owners)

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[str]: ...
    def __getitem__(self, item: int | slice) -> str | Sequence[str]:
        if isinstance(item, slice):
            return _ChunkTexts(self._documents, self._spans[item], self._owners[item], self._titles)
        return next(iter(self[item : item + 1 or None]))

    def __iter__(self) -> Iterator[str]:
        before, text, title = -1, "", ""
        for owner, (start, end) in zip(self._owners.tolist(), self._spans.tolist(), strict=True):
            if owner != before:
                before, text = owner, self._documents[owner]
                title = self._titles[owner].strip() if self._titles is not None else ""
            chunk = text[start:end]
            yield f"{title} {chunk}" if title and not chunk.startswith(title) else chunk

    @property
    def columns(self) -> Sequence[str]:
        return self._documents.columns if isinstance(self._documents, Documents) else (TEXT,)

    def column(self, name: str) -> Sequence[str]:
        """Of "text" the chunks themselves; of others what their documents have."""
        if name == TEXT:
            return self
        return _OfOwners(column(self._documents, name), self._owners)


class _OfOwners(Sequence[str]):
    """A column of documents, as one of their chunks."""

    def __init__(self, values: Sequence[str], owners: NDArray[np.int32]) -> None:
        self._values, self._owners = values, owners

    def __len__(self) -> int:
        return len(self._owners)

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[str]: ...
    def __getitem__(self, item: int | slice) -> str | Sequence[str]:
        if isinstance(item, slice):
            return _OfOwners(self._values, self._owners[item])
        return self._values[int(self._owners[item])]


def _model_of(retriever: Retriever) -> tuple[str, str | None]:
    """Model and revision of the encoder in a retriever, whose word pieces count. Raises RetrieverError without one."""
    waiting: list[Any] = [retriever]
    for component in waiting:
        model = getattr(component, "model", None)
        if isinstance(model, str):
            return model, getattr(component, "revision", None)
        waiting.extend(parts_of(component))
    raise RetrieverError("pieces are a model's, and the part of chunks has none.", "Give words or sentences.")
