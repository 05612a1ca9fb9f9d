"""Late interaction: a query's tokens against a document's, and the best of each counts.

The mean over the query's tokens of the highest cosine that each has with a token of the document: the MaxSim of
Khattab & Zaharia, ColBERT, SIGIR 2020, over the number of the query's tokens, so that scores of queries are alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrievers.base import SCORE, SELECT, phase, top_k

Tokens = NDArray[np.float16]  # [tokens, dimensions], each of length 1

# Tokens of documents that are widened to float32 and compared at a time (25 MiB of 384 dimensions), and of queries.
DOCUMENT_TOKENS, QUERY_TOKENS = 16_384, 512
# A product of matrices sums in an order of its own, so that a mean of cosines differs in its last bits by less than
# half of this.
SLACK = np.float32(2e-5)


def maxsim(query: NDArray[np.float32], documents: Sequence[Tokens]) -> NDArray[np.float32]:
    """The scores of documents for one query.

    Document by document: in one product a score's last bits would depend on the others beside it. On this thread: on a
    busy machine, BLAS threads that are woken for so small a product wait for each other, 30 ms a document where the
    product takes 0.2.

    Args:
        query: float32 [tokens, dimensions], each of length 1.
        documents: float16 [tokens, dimensions] of each.

    Returns:
        float32 [documents].
    """
    cosines = (np.vecdot(query[:, None], tokens.astype(np.float32)[None]) for tokens in documents)
    return np.array([its.max(axis=1).mean() for its in cosines], np.float32)


@dataclass(frozen=True)
class TokenBlock:
    """The tokens of documents that follow each other: float16 [tokens, dimensions], and where each begins."""

    tokens: Tokens
    starts: NDArray[np.int64]

    @staticmethod
    def of(documents: Sequence[Tokens]) -> TokenBlock:
        """documents: the tokens of each; one without any gets a token of zeros, whose cosine with all is 0."""
        width = documents[0].shape[1]
        kept = [tokens if len(tokens) else np.zeros((1, width), np.float16) for tokens in documents]
        return TokenBlock(np.concatenate(kept), np.cumsum([0, *map(len, kept)]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def document(self, row: int) -> Tokens:
        """Its tokens. row: within the block."""
        return self.tokens[self.starts[row] : self.starts[row + 1]]

    def scores(self, queries: NDArray[np.float32], ends: NDArray[np.int64]) -> NDArray[np.float32]:
        """Of all documents for some queries, to within half of SLACK: float32 [queries, documents].

        queries: float32 [tokens, dimensions], query after query. ends: [queries], where each ends.
        """
        scores = np.empty((len(ends), len(self)), dtype=np.float32)
        firsts = np.concatenate([[0], ends[:-1]])
        for first, last in self._pieces():
            its = self.tokens[self.starts[first] : self.starts[last]].astype(np.float32)
            best = np.maximum.reduceat(queries @ its.T, self.starts[first:last] - self.starts[first], axis=1)
            scores[:, first:last] = np.add.reduceat(best, firsts, axis=0) / np.diff(ends, prepend=0)[:, None]
        return scores

    def _pieces(self) -> Iterator[tuple[int, int]]:
        """First and last document of pieces of about DOCUMENT_TOKENS; a longer document is one of its own."""
        first = 0
        while first < len(self):
            last = int(np.searchsorted(self.starts, self.starts[first] + DOCUMENT_TOKENS, side="right")) - 1
            last = max(last, first + 1)
            yield first, last
            first = last


def nearest_by_tokens(
    queries: Sequence[NDArray[np.float32]], blocks: Sequence[TokenBlock], k: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Exact top `k` documents of each query, ties in order of position.

    Args:
        queries: float32 [tokens, dimensions] of each.
        blocks: All documents, in order.
        k: Hits a query at most.

    Yields:
        Positions and scores of each query's, best first. A score depends on its query and document alone.
    """
    at = 0
    while at < len(queries):
        sizes = np.cumsum([len(query) for query in queries[at:]])
        count = max(1, int(np.searchsorted(sizes, QUERY_TOKENS, side="right")))
        group, ends = queries[at : at + count], sizes[:count]
        at += count
        with phase(SCORE):
            together = np.concatenate(group)
            scores = np.concatenate([block.scores(together, ends) for block in blocks], axis=1)
        for query, its in zip(group, scores, strict=True):
            with phase(SELECT):
                bound = np.partition(its, -k)[-k] - SLACK if k < len(its) else -np.inf
                candidates = np.flatnonzero(its >= bound)
            with phase(SCORE):
                exact = maxsim(query, _documents(blocks, candidates))
            with phase(SELECT):
                yield top_k(exact, k, candidates)


def _documents(blocks: Sequence[TokenBlock], positions: NDArray[np.int64]) -> list[Tokens]:
    ends = np.cumsum([len(block) for block in blocks])
    which = np.searchsorted(ends, positions, side="right")
    return [
        blocks[block].document(int(position - (ends[block] - len(blocks[block]))))
        for block, position in zip(which.tolist(), positions.tolist(), strict=True)
    ]
