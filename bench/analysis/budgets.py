"""What of a ranking fits a prompt: how many word pieces its passages have, and the measures over a budget of them.

A passage is the span of a hit where the ranking has spans, else the whole document. Pieces are MiniLM's, without its
special ones; ids, instructions and the question are not counted. A passage is counted once a set, and only as far down
as a budget reaches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bench.analysis.own_document import dropped_hits
from bench.data.answers import FIELD, answers_of, stands_in
from bench.data.dataset import Dataset
from bench.data.passages import within
from bench.errors import BenchError, counted
from bench.evaluation.budget_measures import budget_of, is_answer, over_hits
from bench.evaluation.measures import evaluate_positions
from retrievers.base import NO_HIT, NO_SPAN, Ranking, RetrieverError
from retrievers.dense.model import minilm_folder
from retrievers.dense.word_pieces import WordPieces

if TYPE_CHECKING:
    import ir_measures

    Measures = Mapping[str, ir_measures.Measure]

# Of the curve that is stored beside such a measure.
BUDGETS = (100, 200, 400, 800, 1600, 3200)
# Ranks whose passages are counted at once: below where a budget is full none has to be.
BLOCK = 8
_UNKNOWN = -1
_BEYOND = np.iinfo(np.int64).max

Counts = NDArray[np.int64]


def budgeted(measures: Measures) -> dict[str, ir_measures.Measure]:
    """Those of some measures that are over a budget."""
    return {name: measure for name, measure in measures.items() if budget_of(measure)}


def check_budgets(measures: Measures, dataset: Dataset) -> None:
    """Raise BenchError where a measure over a budget cannot be computed on a set.

    It needs texts, the library tokenizers and MiniLM's vocabulary; Answer needs the answers of all answerable queries.
    """
    over_budget = budgeted(measures)
    if not over_budget:
        return
    names = ", ".join(over_budget)
    if dataset.judgements_alone:
        raise BenchError(
            f"{names}: {dataset.name} has judgements alone, and no texts whose word pieces could be counted.",
            "Name the set itself, with its documents (-d SET), or leave the measure out.",
        )
    word_pieces(names)
    answers = [name for name, measure in over_budget.items() if is_answer(measure)]
    if answers:
        given = np.array([bool(texts) for texts in answers_of(dataset)], dtype=bool)
        if missing := int((dataset.answerable & ~given).sum()):
            raise BenchError(
                f"{', '.join(answers)}: {counted(missing, 'query', 'queries')} of {dataset.name} with a relevant "
                "document have no text of an answer.",
                f'Give each the field {FIELD!r} in its metadata, {{"{FIELD}": ["Paris"]}}, or measure Success@800t.',
            )


def evaluate(
    dataset: Dataset, ranking: Ranking, measures: Measures, queries: Counts | None = None
) -> dict[str, NDArray[np.float64]]:
    """For each of these measures over a budget its values, float64 [rows].

    queries: [rows], the query of each row of the ranking; none: they stand in the dataset's order.
    """
    asked = (np.arange(len(dataset.queries)) if queries is None else queries).tolist()
    taken = pieces_taken(dataset, ranking, max(map(budget_of, measures.values())))
    values = {}
    for name, measure in measures.items():
        budget = Budget(budget_of(measure), measure["cut"])
        fitting = budget.fitting(ranking.documents, taken)
        if is_answer(measure):
            answers = answers_of(dataset)
            values[name] = _answers_within(dataset, ranking, taken, budget, [answers[query] for query in asked])
        else:
            plain = {name: over_hits(measure, fitting.shape[1])}
            values |= evaluate_positions(plain, [dataset.judgements[query] for query in asked], fitting)
    return values


@dataclass(frozen=True)
class Budget:
    """So many word pieces, of whole passages or of such as are cut to fit."""

    pieces: int
    cut: bool = False

    def fits(self, taken: Counts) -> NDArray[np.bool_]:
        """[queries, k]: which hits fit, the first ones of each query."""
        whole: NDArray[np.bool_] = taken <= self.pieces
        return whole | (_before(taken) < self.pieces) if self.cut else whole

    def fitting(self, documents: Counts, taken: Counts) -> Counts:
        """The hits that fit, and NO_HIT in place of the others."""
        return np.where(self.fits(taken), documents, NO_HIT)


def pieces_taken(dataset: Dataset, ranking: Ranking, most: int) -> Counts:
    """[queries, k]: the word pieces of a query's passages down to each hit.

    most: the largest budget. Below the first hit that goes beyond it nothing is counted, and more stands there.
    """
    counter, documents, spans = _counter(dataset), ranking.documents, ranking.spans
    taken = np.full(documents.shape, _BEYOND)
    so_far = np.zeros(len(documents), dtype=np.int64)
    for start in range(0, documents.shape[1], BLOCK):
        open_ = np.flatnonzero(so_far <= most)
        block = np.s_[open_, start : start + BLOCK]
        counts = counter.of(documents[block], None if spans is None else spans[block])
        taken[block] = so_far[open_, None] + counts.cumsum(axis=1)
        so_far[open_] += counts.sum(axis=1)
    return taken


def ended(dataset: Dataset, ranking: Ranking, taken: Counts, pieces: int, cut_at: int) -> NDArray[np.bool_]:
    """[queries]: whose ranking was cut before the budget was full, so that a hit below might have fitted.

    taken: of `pieces_taken`, of the same queries. cut_at: the rank at which rankings were cut, 0 where none was.
    """
    if not 0 < cut_at < dataset.corpus_size - dropped_hits(dataset):
        return np.zeros(len(taken), dtype=bool)
    cut: NDArray[np.bool_] = (ranking.documents != NO_HIT).sum(axis=1) == cut_at
    return cut & (taken[:, -1] < pieces)


def fits_whole(dataset: Dataset, pieces: int) -> bool:
    """Do all documents of a set fit a budget together?"""
    if len(dataset.documents) > pieces:  # hardly a text is empty
        return False
    everything = np.arange(len(dataset.documents))[None, :]
    return int(_counter(dataset).of(everything, None).sum()) <= pieces


def _before(taken: Counts) -> Counts:
    """The word pieces above each hit."""
    return np.concatenate([np.zeros((len(taken), 1), dtype=np.int64), taken[:, :-1]], axis=1)


def _answers_within(
    dataset: Dataset, ranking: Ranking, taken: Counts, budget: Budget, answers: Sequence[Sequence[str]]
) -> NDArray[np.float64]:
    """[rows]: 1 where an answer of a row stands in a passage that fits, or in what fits of the one that is cut."""
    fits, before = budget.fits(taken) & (ranking.documents >= 0), _before(taken)

    def passage(row: int, rank: int) -> str:
        span = (NO_SPAN, NO_SPAN) if ranking.spans is None else ranking.spans[row, rank].tolist()
        text = within(dataset.texts[int(ranking.documents[row, rank])], span)
        left = budget.pieces - int(before[row, rank])
        return text if taken[row, rank] <= budget.pieces else word_pieces().head(text, left)

    return np.array(
        [
            any(stands_in(wanted, passage(row, rank)) for rank in np.flatnonzero(fits[row]).tolist())
            for row, wanted in enumerate(answers)
        ],
        dtype=np.float64,
    )


class _PieceCounter:
    """The word pieces of a set's passages, each counted when it is first asked for."""

    def __init__(self, dataset: Dataset) -> None:
        self._texts = dataset.texts
        self._whole = np.full(len(dataset.documents), _UNKNOWN, dtype=np.int32)
        self._parts: dict[tuple[int, int, int], int] = {}

    def of(self, documents: Counts, spans: NDArray[np.int32] | None) -> Counts:
        """Of hits, in the same shape; 0 for none, and for a document that the set does not have."""
        real = documents >= 0
        whole = real if spans is None else real & (spans[..., 0] < 0)
        counts = np.zeros(documents.shape, dtype=np.int64)
        counts[whole] = self._of_documents(documents[whole])
        if spans is not None and (part := real & ~whole).any():
            counts[part] = self._of_parts(np.column_stack([documents[part], spans[part]]))
        return counts

    def _of_documents(self, documents: Counts) -> NDArray[np.int32]:
        new = np.unique(documents[self._whole[documents] == _UNKNOWN])
        if len(new):
            self._whole[new] = word_pieces().lengths([self._texts[position] for position in new.tolist()])
        return self._whole[documents]

    def _of_parts(self, parts: Counts) -> list[int]:
        keys = [(document, start, end) for document, start, end in parts.tolist()]
        new = [key for key in dict.fromkeys(keys) if key not in self._parts]
        texts = [within(self._texts[document], span) for document, *span in new]
        self._parts |= zip(new, word_pieces().lengths(texts).tolist(), strict=True)
        return [self._parts[key] for key in keys]


_counters: dict[str, _PieceCounter] = {}


def _counter(dataset: Dataset) -> _PieceCounter:
    """That of the set that was measured last, by its fingerprint: a run measures one set after the other."""
    if dataset.fingerprint not in _counters:
        _counters.clear()
        _counters[dataset.fingerprint] = _PieceCounter(dataset)
    return _counters[dataset.fingerprint]


def word_pieces(who: str = "A budget") -> WordPieces:
    """MiniLM's. who: names what asks for it where it is not installed, which is a BenchError."""
    try:
        return _minilm_pieces()
    except ImportError:
        raise BenchError(
            f"{who}: word pieces are counted by the library tokenizers, which is not installed.",
            "Run: pip install tokenizers",
        ) from None
    except RetrieverError as error:
        raise BenchError(f"{who}: word pieces are those of MiniLM. {error.message}", error.hint) from None


@cache
def _minilm_pieces() -> WordPieces:
    return WordPieces(minilm_folder() / "tokenizer.json")
