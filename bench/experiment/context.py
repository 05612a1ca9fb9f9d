"""What a language model would be shown of one retriever's hits for a question: the whole passages that fit a budget."""

from __future__ import annotations

from dataclasses import dataclass

from bench.analysis.budgets import word_pieces
from bench.data.dataset import Dataset
from bench.errors import BenchError, counted
from bench.evaluation.measure_names import MOST_HITS
from bench.experiment.one_query import Hit, check_floor, search
from retrievers.dense.vector_cache import VectorCache

BUDGET, HITS = 800, 100


@dataclass(frozen=True)
class PromptContext:
    """The passages for a question, best first, at least one.

    taken: their word pieces; budget: how many there may be. reaching: hits that reach the floor on the score, all
    where there is none. next_taken: what the passage after the last would take, None where there is none.
    """

    question: str
    passages: tuple[Hit, ...]
    budget: int
    taken: int
    reaching: int
    next_taken: int | None


def context(
    question: str,
    dataset: Dataset,
    retriever: str,
    *,
    budget: int = BUDGET,
    k: int = HITS,
    min_score: float | None = None,
    cache: VectorCache | None = None,
) -> PromptContext:
    """Search for a question, and keep the first passages that fit a budget of word pieces, as R@800t counts them.

    k: hits that are looked at. min_score: the floor; it means what the retriever's score means. Raises BenchError
    where the retriever fails, and where there is no passage to show, with the reason.
    """
    if not 1 <= budget <= MOST_HITS:
        raise BenchError(f"The budget is {budget:,} word pieces.", f"Give a whole number from 1 to {MOST_HITS:,}.")
    check_floor(min_score)
    pieces = word_pieces("--budget")
    ((label, hits),) = search(question, dataset, [retriever], k=k, cache=cache).hits.items()
    reaching = [hit for hit in hits if min_score is None or hit.score >= min_score]
    if not reaching:
        raise _nothing_reaches(hits, label, dataset, min_score)
    down_to = pieces.lengths([hit.text for hit in reaching]).cumsum().tolist()
    fitting = sum(taken <= budget for taken in down_to)
    if not fitting:
        raise BenchError(
            f"Nothing fits: the first passage, {reaching[0].document!r}, has "
            f"{counted(down_to[0], 'word piece')}, and the budget is {budget:,}.",
            "Raise --budget, or search for smaller passages.",
        )
    after = down_to[fitting] - down_to[fitting - 1] if fitting < len(down_to) else None
    return PromptContext(question, tuple(reaching[:fitting]), budget, down_to[fitting - 1], len(reaching), after)


def _nothing_reaches(hits: list[Hit], label: str, dataset: Dataset, min_score: float | None) -> BenchError:
    if not hits:
        return BenchError(f"{label} finds nothing for this question in {dataset.name}.", "Ask in other words.")
    return BenchError(
        f"Nothing reaches the floor: the best hit of {label}, {hits[0].document!r}, scores {hits[0].score:.3f}, "
        f"and --min-score is {min_score:g}.",
        "Lower it, or take it that these documents hold no answer.",
    )
