"""What a retriever must keep, looked at in its answers: each breach is one sentence and the next step."""

from __future__ import annotations

import inspect

import numpy as np
from numpy.typing import NDArray

from retrievers.base import NO_SPAN, Ranking, Retriever, RetrieverError

# The texts of a rehearsal: three are indexed, then one. They share words, so that a search for one finds all.
FIRST = ("the first text of a rehearsal", "the second text of a rehearsal", "the third text of a rehearsal")
SECOND = "the last text of a rehearsal"

_FEWER = "Begin with Ranking.empty(len(queries), k) and fill its rows by put: it may be less than k hits."
_RANKING = "Give Ranking(positions, scores): int64 and float32 [len(queries), k], the best hit first."
_SPANS = "Give int32 [len(queries), k, 2]: first character and the one behind the last, or -1 and -1; or None."
STALE = (
    "after a second index it found a document of the first. index is called more than once, and each call has to "
    "replace the documents of the one before: empty the store, or make a new one, at its beginning."
)


class AnyColumn(list[str]):
    """Texts that have whatever column is asked for, since a rehearsal knows the names of no set: each is the texts."""

    columns = ("text",)

    def column(self, name: str) -> list[str]:  # noqa: ARG002 - of any name
        """The texts.

        Args:
            name: Any.

        Returns:
            A copy of them.
        """
        return list(self)


def rehearse(retriever: Retriever) -> str:
    """Index three texts, then one, and search after each. Returns what breaks the contract of `index`, if it shows.

    A position of the first index after the second shows it. Nothing is said where already the first answer lies
    outside of its documents, as of vectors that were made for one set beforehand. Raises what the retriever raises.
    """
    index(retriever, AnyColumn(FIRST))
    before: object = search(retriever, [SECOND], len(FIRST) + 1)
    index(retriever, AnyColumn([SECOND]))
    after: object = search(retriever, [SECOND], len(FIRST) + 1)
    if not (isinstance(before, Ranking) and isinstance(after, Ranking)):
        return ""  # said where the answer is looked at as a whole
    seen, stale = np.asarray(before.documents), np.asarray(after.documents)
    if seen.dtype.kind not in "iu" or stale.dtype.kind not in "iu" or (seen >= len(FIRST)).any():
        return ""
    return STALE if ((stale >= 1) & (stale <= len(FIRST))).any() else ""


def index(retriever: Retriever, documents: object) -> None:
    """Index documents, or RetrieverError where the method is a coroutine's."""
    _refuse_coroutine(retriever.index(documents), "index")  # type: ignore[func-returns-value, arg-type]


def search(retriever: Retriever, queries: list[str], k: int) -> Ranking:
    """Search, or RetrieverError where the method is a coroutine's."""
    answer = retriever.search(queries, k)
    _refuse_coroutine(answer, "search")
    return answer


def _refuse_coroutine(answer: object, method: str) -> None:
    if not (inspect.isawaitable(answer) or inspect.isasyncgen(answer)):
        return
    if inspect.iscoroutine(answer):
        answer.close()  # else Python warns that nobody awaited it
    raise RetrieverError(
        f"{method} gave a coroutine, which nobody runs.",
        f"Write def {method}, not async def, and call asyncio.run(…) in it.",
    )


def checked(ranking: Ranking, queries: int, k: int, documents: int) -> Ranking:
    """The ranking with ties in the one order, or RetrieverError that names what breaks the contract."""
    _refuse_coroutine(ranking, "search")
    if not isinstance(ranking, Ranking):
        raise RetrieverError(f"search returned a {type(ranking).__name__}, not a Ranking.", _RANKING)
    hits, scores = _arrays(ranking, queries, k)
    _refuse_wrong(hits, scores, documents)
    real = hits >= 0
    scores = np.where(real, scores, np.float32(-np.inf))
    return Ranking(hits, scores, _spans(ranking, real)).by_tie_rule()


def _spans(ranking: Ranking, real: np.ndarray) -> NDArray[np.int32] | None:
    if ranking.spans is None:
        return None
    try:
        spans = np.asarray(ranking.spans)
    except ValueError:  # lists of unequal length
        raise RetrieverError("search returned spans of unequal length.", _SPANS) from None
    if spans.shape != (*real.shape, 2) or spans.dtype.kind not in "iu":
        raise RetrieverError(f"search returned {spans.dtype} spans of shape {spans.shape}.", _SPANS)
    unknown = (spans == NO_SPAN).all(axis=2)
    wrong = real & ~unknown & ((spans[:, :, 0] < 0) | (spans[:, :, 1] < spans[:, :, 0]))
    if wrong.any():
        row = int(np.argwhere(wrong)[0][0])
        raise RetrieverError(f"search returned a span that is none (query at position {row}).", _SPANS)
    return np.where(real[:, :, None], spans, NO_SPAN).astype(np.int32)


def _arrays(ranking: Ranking, queries: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    try:
        hits, scores = np.asarray(ranking.documents), np.asarray(ranking.scores)
    except ValueError:  # lists of unequal length
        raise RetrieverError("search returned rows of unequal length.", _FEWER) from None
    shapes = f"search returned arrays of shape {hits.shape} and {scores.shape} for {queries} queries and k={k}."
    if hits.ndim != 2 or len(hits) != queries:
        raise RetrieverError(shapes, "It is given a list of queries, and gives one row for each.")
    if hits.shape != (queries, k) or scores.shape != (queries, k):
        raise RetrieverError(shapes, _FEWER)
    if hits.dtype.kind not in "iu" or scores.dtype.kind != "f":
        raise RetrieverError(
            f"search returned {hits.dtype} positions and {scores.dtype} scores, not int64 and float32.",
            "A position is the place of a document in what index was given, counted from 0, not its id.",
        )
    return hits.astype(np.int64), scores.astype(np.float32)


def _refuse_wrong(hits: np.ndarray, scores: np.ndarray, documents: int) -> None:
    real = hits >= 0
    ordered = np.sort(hits, axis=1)
    wrong = {
        "a position outside the corpus": (
            (hits < -1) | (hits >= documents),
            f"Positions are 0 to {documents - 1}, and -1 where there are no more hits.",
        ),
        "a hit after the end of the hits": (real[:, 1:] & ~real[:, :-1], "Put -1 behind the last hit only."),
        "a score that is no finite number": (real & ~np.isfinite(scores), "Give each hit a finite score."),
        "scores that are not descending": (
            real[:, 1:] & (scores[:, 1:] > scores[:, :-1]),
            "The best hit comes first and has the highest score; negate distances.",
        ),
        "a document twice": (
            (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0),
            "Keep the best hit of each document, and put -1 where there are no more.",
        ),
    }
    for problem, (where, hint) in wrong.items():
        if where.any():
            row = int(np.argwhere(where)[0][0])
            raise RetrieverError(f"search returned {problem} (query at position {row}).", hint)
