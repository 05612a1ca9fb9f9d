"""The first hits of one retriever, ordered anew by what looks closer at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from retrievers.base import SELECT, Ranking, Retriever, RetrieverError, phase, require_index
from retrievers.dense.encoder import Encoder, refuse_absent_device
from retrievers.dense.model import (
    ENCODERS,
    MINILM,
    RERANKER,
    begin_of,
    kind_of,
    locate,
    pinned,
    refuse_settings,
    refuse_words,
    similarity,
)
from retrievers.dense.token_encoder import TokenEncoder
from retrievers.pipelines.parts import named, of_part, only_part, usual_lexical
from retrievers.pipelines.scorers import (
    Candidate,
    Cosine,
    CrossEncoderScorer,
    Function,
    FunctionScorer,
    MaxSim,
    Scorer,
    function_of,
)
from retrievers.source import function_digest
from retrievers.stages import FIRST_STAGE, RERANK, Stages, reranked, steps

# What scores -> the kinds of models that serve.
SCORERS = {"maxsim": TokenEncoder.kinds, "cosine": ENCODERS, "cross-encoder": (RERANKER,)}


@dataclass(unsafe_hash=True)
class Rerank:
    """The first `depth` hits of a retriever by another score: rerank(bm25, by=maxsim, depth=50).

    parts: the first stage (none: bm25). by: maxsim, cosine, cross-encoder, or module:function (retrievers.pipelines
    .scorers says what each is); in Python also a function. depth: hits of the first stage that are scored; those below
    follow in its order. model, revision, device, batch_size, max_length, sha256: of the model that scores, as of dense;
    all-MiniLM-L6-v2 where none is given, but for a cross-encoder. stored: for maxsim and cosine, are all documents
    encoded while indexing and kept, or candidates with each query? Where the first stage gives spans, these are scored.
    sha256 is also of a function's code, so that another function is another retriever.
    """

    kind: ClassVar[str] = "reranked"

    parts: tuple[Retriever, ...] = ()
    by: str | Function = "maxsim"
    depth: int = 50
    model: str | None = None
    revision: str | None = None
    device: str | None = None
    batch_size: int = 32
    max_length: int | None = None
    stored: bool = True
    sha256: str | None = None
    _scorer: Scorer | None = field(init=False, repr=False, compare=False, default=None)

    def __post_init__(self) -> None:
        self.parts = only_part("rerank", self.parts, usual_lexical)
        if self.depth < 1 or self.batch_size < 1 or (self.max_length is not None and self.max_length < 1):
            raise RetrieverError(
                f"depth={self.depth}, batch_size={self.batch_size}, max_length={self.max_length}: one is out of range.",
                "Give each from 1.",
            )
        if self.device is not None:
            refuse_absent_device(self.device)
        if isinstance(self.by, str) and self.by in SCORERS:
            self._pin_model()
        else:
            self._pin_function()

    def _pin_model(self) -> None:
        cross = self.by == "cross-encoder"
        if self.model is None and cross:
            raise RetrieverError(
                "A cross-encoder needs its model.", "Give model=<folder>, or a hub name with revision."
            )
        self.model = self.model or MINILM
        where = locate(self.model, self.revision, SCORERS[str(self.by)])
        if isinstance(where, Path):
            refuse_settings(where, self.max_length)
            if kind_of(where) in ENCODERS:
                similarity(where)
            if self.by == "maxsim":
                refuse_words(where)
            self.sha256 = pinned(where, self.sha256)

    def _pin_function(self) -> None:
        if isinstance(self.by, str) and ":" not in self.by:
            raise RetrieverError(f"rerank knows no by={self.by}.", f"Known: {', '.join(SCORERS)}, module:function.")
        if self.model is not None:
            raise RetrieverError("A function of one's own has no model.", "Leave model out.")
        function = function_of(self.by) if isinstance(self.by, str) else self.by
        if not callable(function):
            raise RetrieverError(
                f"rerank's by={function!r} is no function.", "Give one of (query, documents) -> scores."
            )
        code = function_digest(function)
        self.sha256 = begin_of(code, self.sha256, "code", f"of {self.by}") if code else self.sha256

    def _made(self) -> Scorer:
        if not isinstance(self.by, str) or self.by not in SCORERS:
            return FunctionScorer(function_of(self.by) if isinstance(self.by, str) else self.by)
        assert self.model is not None
        if self.by == "cross-encoder":
            return CrossEncoderScorer(self.model, self.revision, self.device, self.batch_size, self.max_length)
        settings: dict[str, Any] = {
            name: getattr(self, name) for name in ("model", "revision", "device", "batch_size", "max_length")
        }
        if self.by == "maxsim":
            return MaxSim(TokenEncoder(**settings), self.stored)
        return Cosine(Encoder(**settings), self.stored)

    def index(self, documents: Sequence[str]) -> None:
        """Index the documents in the first stage, then for the scorer."""
        ((name, retriever),) = named(self.parts)
        with of_part(name):
            retriever.index(documents)
        self._scorer = self._scorer or self._made()  # a second index keeps the loaded model
        self._scorer.index(documents)

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The candidates by their new scores, then the rest of the first stage's hits below them."""
        return self.search_stages(queries, k).ranking

    def search_stages(self, queries: Sequence[str], k: int) -> Stages:
        """The same, with what the first stage gave and the new scores of its candidates."""
        require_index(self._scorer)
        assert self._scorer is not None
        ((name, retriever),) = named(self.parts)
        with phase(FIRST_STAGE), of_part(name):
            first = retriever.search(queries, max(k, self.depth))
        encoded = self._scorer.encode(queries)
        candidates = [_candidates(first, row, self.depth) for row in range(len(queries))]
        rescored = np.full((len(queries), self.depth), -np.inf, dtype=np.float32)
        for start, end in pairwise([0, *steps(self.depth)]):
            with phase(f"{RERANK}{end}", len(queries)) as progress:
                scores = self._scorer.score(encoded, [its[start:end] for its in candidates])
                for row, values in enumerate(scores):
                    rescored[row, start : start + len(values)] = values
                    progress.advance(1)
        with phase(SELECT):
            return Stages(reranked(first, rescored).to_depth(k), first, rescored)


def _candidates(first: Ranking, row: int, depth: int) -> list[Candidate]:
    documents = [document for document in first.documents[row, :depth].tolist() if document >= 0]
    if first.spans is None:
        return [Candidate(document, None) for document in documents]
    spans = first.spans[row].tolist()
    return [
        Candidate(document, (start, end) if start >= 0 else None)
        for document, (start, end) in zip(documents, spans, strict=False)
    ]
