"""What gives the candidates of a first stage their scores.

maxsim         mean over the query's tokens of the highest cosine that each has with a token of the document
               (retrievers.dense.maxsim)
cosine         of the vectors of a sentence encoder (or their dot product, where the model says so)
cross-encoder  what a model gives that reads query and document together: its one output, before any activation
module:name    what your function gives for (query, documents)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from retrievers.base import INDEX_BYTES, LOAD, RetrieverError, phase, record
from retrievers.dense.cached import cached_vectors
from retrievers.dense.encoder import Encoder
from retrievers.dense.maxsim import Tokens, maxsim
from retrievers.dense.model import RERANKER, folder_digest, locate
from retrievers.dense.token_encoder import TokenEncoder
from retrievers.source import import_from_here

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

Scores = NDArray[np.float32]
Function = Callable[[str, list[str]], Any]
_WANTED = "Give a finite number a document, in their order."


class Candidate(NamedTuple):
    """A hit of the first stage: the position of its document, and the span that earned it its place, where known."""

    document: int
    span: tuple[int, int] | None


class Scorer(Protocol):
    """What gives candidates their scores. What is made of a query, `encode` makes once, however often it is scored."""

    def index(self, documents: Sequence[str]) -> None: ...
    def encode(self, queries: Sequence[str], /) -> Any: ...
    def score(self, queries: Any, candidates: Sequence[Sequence[Candidate]], /) -> Iterable[Scores]: ...


def texts_of(documents: Sequence[str], candidates: Sequence[Candidate]) -> list[str]:
    """The texts that are scored: a candidate's span where it has one, else its whole document."""
    return [
        documents[document] if span is None else documents[document][span[0] : span[1]] for document, span in candidates
    ]


@dataclass
class MaxSim:
    """Late interaction. stored: the tokens of all documents are encoded by `index` and kept, 2 bytes a number.

    Else, and for spans, candidates are encoded when they are scored.
    """

    encoder: TokenEncoder
    stored: bool
    _documents: Sequence[str] = field(init=False, repr=False, default=())
    _tokens: list[Tokens] = field(init=False, repr=False, default_factory=list)

    def index(self, documents: Sequence[str]) -> None:
        self._documents, self._tokens = documents, []
        if self.stored:
            for chunk in self.encoder.encode_tokens(documents, "document"):
                self._tokens.extend(chunk)
            record(INDEX_BYTES, sum(tokens.nbytes for tokens in self._tokens))

    def encode(self, queries: Sequence[str]) -> list[NDArray[np.float32]]:
        chunks = self.encoder.encode_tokens(queries, "query")
        return [tokens.astype(np.float32) for chunk in chunks for tokens in chunk]

    def score(self, queries: Sequence[Any], candidates: Sequence[Sequence[Candidate]]) -> Iterable[Scores]:
        if self.stored and all(candidate.span is None for its in candidates for candidate in its):
            return (  # one by one, so that it is known how far this is
                maxsim(query, [self._tokens[candidate.document] for candidate in its])
                for query, its in zip(queries, candidates, strict=True)
            )
        texts = [texts_of(self._documents, its) for its in candidates]
        distinct = list(dict.fromkeys(text for its in texts for text in its))
        scores = [np.zeros(len(its), dtype=np.float32) for its in texts]
        at = 0
        # So many documents' tokens at a time, whatever the number of queries.
        for chunk in self.encoder.encode_tokens(distinct, "document"):
            tokens = dict(zip(distinct[at : at + len(chunk)], chunk, strict=True))
            at += len(chunk)
            for query, its, values in zip(queries, texts, scores, strict=True):
                places = [place for place, text in enumerate(its) if text in tokens]
                values[places] = maxsim(query, [tokens[its[place]] for place in places])
        return scores


@dataclass
class Cosine:
    """A second encoder. stored: as of MaxSim; the embedding cache serves."""

    encoder: Encoder
    stored: bool
    _documents: Sequence[str] = field(init=False, repr=False, default=())
    _vectors: NDArray[np.float32] | None = field(init=False, repr=False, default=None)

    def index(self, documents: Sequence[str]) -> None:
        self._documents, self._vectors = documents, None
        if self.stored:
            self._vectors = self.encoder.encode(documents, "document")
            record(INDEX_BYTES, self._vectors.nbytes)

    def encode(self, queries: Sequence[str]) -> NDArray[np.float32]:
        return self.encoder.encode(queries, "query")

    def score(self, queries: Sequence[Any], candidates: Sequence[Sequence[Candidate]]) -> list[Scores]:
        if self._vectors is not None and all(candidate.span is None for its in candidates for candidate in its):
            vectors = self._vectors
            rows = [np.array([candidate.document for candidate in its], dtype=np.int64) for its in candidates]
        else:
            texts = [texts_of(self._documents, its) for its in candidates]
            distinct = {text: row for row, text in enumerate(dict.fromkeys(text for its in texts for text in its))}
            vectors = self.encoder.encode(list(distinct), "document")
            rows = [np.array([distinct[text] for text in its], dtype=np.int64) for its in texts]
        return [
            np.vecdot(vectors[its], query) if len(its) else np.zeros(0, np.float32)
            for query, its in zip(queries, rows, strict=True)
        ]


@dataclass
class CrossEncoderScorer:
    """A model that reads query and document together; the embedding cache keeps the scores of pairs."""

    model: str
    revision: str | None
    device: str | None
    batch_size: int
    max_length: int | None
    _documents: Sequence[str] = field(init=False, repr=False, default=())

    def index(self, documents: Sequence[str]) -> None:
        self._documents = documents

    def encode(self, queries: Sequence[str]) -> Sequence[str]:
        return queries

    def score(self, queries: Sequence[Any], candidates: Sequence[Sequence[Candidate]]) -> list[Scores]:
        pairs = [
            json.dumps([query, text])
            for query, its in zip(queries, candidates, strict=True)
            for text in texts_of(self._documents, its)
        ]
        scores = cached_vectors(pairs, self._identity, self._predicted, batch_size=self.batch_size).reshape(-1)
        ends = np.cumsum([len(its) for its in candidates])
        return np.split(scores, ends[:-1]) if len(ends) else []

    @cached_property
    def _where(self) -> Path | str:
        return locate(self.model, self.revision, kinds=(RERANKER,))

    @cached_property
    def _identity(self) -> str:
        where = self._where
        content = folder_digest(where) if isinstance(where, Path) else f"{where}@{self.revision}"
        return f"cross-encoder {content}, {self.max_length} pieces, on {self.device}, by {self.batch_size}"

    def _predicted(self, pairs: list[str]) -> NDArray[np.float32]:
        from torch.nn import Identity

        scores = self._model.predict(
            [tuple(json.loads(pair)) for pair in pairs],
            batch_size=self.batch_size,
            show_progress_bar=False,
            activation_fn=Identity(),  # a sigmoid would make equals of the best
        )
        return np.asarray(scores, dtype=np.float32).reshape(len(pairs), -1)

    @cached_property
    def _model(self) -> CrossEncoder:
        with phase(LOAD):
            from sentence_transformers import CrossEncoder

            try:
                model = CrossEncoder(
                    str(self._where),
                    device=self.device,
                    revision=self.revision,
                    max_length=self.max_length,
                    local_files_only=isinstance(self._where, Path),
                    trust_remote_code=False,
                )
            except Exception as error:
                reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
                raise RetrieverError(
                    f"The model {self.model!r} does not load: {reason}",
                    "Give a whole cross-encoder: a folder, or a hub name with revision=….",
                ) from error
        if model.num_labels != 1:
            raise RetrieverError(
                f"The model {self.model!r} gives {model.num_labels} scores a pair, not one.",
                "Give one that was trained to rerank.",
            )
        return model


@dataclass
class FunctionScorer:
    """A function of one's own."""

    function: Function
    _documents: Sequence[str] = field(init=False, repr=False, default=())

    def index(self, documents: Sequence[str]) -> None:
        self._documents = documents

    def encode(self, queries: Sequence[str]) -> Sequence[str]:
        return queries

    def score(self, queries: Sequence[Any], candidates: Sequence[Sequence[Candidate]]) -> Iterable[Scores]:
        return (
            self._one(query, texts_of(self._documents, its)) for query, its in zip(queries, candidates, strict=True)
        )

    def _one(self, query: str, texts: list[str]) -> Scores:
        if not texts:
            return np.zeros(0, dtype=np.float32)
        answer = self.function(query, list(texts))  # a list of its own, which it may change
        try:
            with np.errstate(over="ignore"):
                scores = np.asarray(answer, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise RetrieverError(f"The function of rerank gave no numbers: {error}.", _WANTED) from None
        if scores.shape != (len(texts),):
            given = f"{len(texts)} documents an array of shape {scores.shape}"
            raise RetrieverError(f"The function of rerank gave {given}.", _WANTED)
        if spoiled := int((~np.isfinite(scores)).sum()):
            given = f"{spoiled} of {len(texts)} documents no finite number"
            raise RetrieverError(f"The function of rerank gave {given}.", _WANTED)
        return scores


def function_of(name: str) -> Function:
    """The function that "module:name" stands for. Raises RetrieverError where there is none."""
    module, _, attribute = name.partition(":")
    try:
        function = getattr(import_from_here(module), attribute, None)
    except ModuleNotFoundError as error:
        raise RetrieverError(f"{name}: there is no module {error.name!r}.", "Check the spelling.") from None
    except (Exception, SystemExit) as error:
        raise RetrieverError(f"{name} cannot be imported: {type(error).__name__}: {error}", "Mend it.") from error
    if not callable(function):
        raise RetrieverError(f"{name} is no function.", "Give module:function of (query, documents) -> scores.")
    return function  # type: ignore[no-any-return]
