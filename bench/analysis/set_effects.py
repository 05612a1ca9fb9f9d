"""What in the set itself moves the figures: a model's window, words that no document has, unjudged copies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.analysis.judged_hits import Hits, within
from bench.analysis.mean_with_interval import Figure, figures, grouped
from bench.analysis.terms import Terms
from bench.data.check.words import word_pieces
from bench.data.dataset import Dataset
from retrievers.base import RetrieverError

Values = NDArray[np.float64]
Pairs = NDArray[np.int64]
Split = dict[str, Figure]


class Model(NamedTuple):
    """What a dense retriever encodes with: a folder or a name, its revision, and the word pieces it is told to read."""

    model: str
    revision: str | None = None
    max_length: int | None = None


@dataclass(frozen=True)
class Window:
    """Relevant documents that are longer than a model reads.

    model: whose word pieces were counted; readers: the retrievers that encode with it. window: how many it reads, its
    special ones included. relevant: distinct relevant documents; cut: of those. found_cut and found_whole: by
    retriever, the share of all (query, relevant document) pairs whose document stands within `cutoff`, which is no mean
    over queries as R@k is; None where there is no such pair. not_checked: why, where the model's files are not here.
    """

    model: str
    readers: tuple[str, ...]
    cutoff: int
    window: int | None = None
    relevant: int = 0
    cut: int = 0
    pairs_cut: int = 0
    pairs_whole: int = 0
    found_cut: dict[str, float | None] | None = None
    found_whole: dict[str, float | None] | None = None
    not_checked: str | None = None


def windows(dataset: Dataset, hits: Mapping[str, Hits], models: Mapping[str, Model], cutoff: int) -> list[Window]:
    """Of each model that these retrievers encode with. models: label -> model, of those that have one."""
    readers: dict[Model, list[str]] = {}
    for label, model in models.items():
        readers.setdefault(model, []).append(label)
    return [window(dataset, hits, model, tuple(labels), cutoff) for model, labels in readers.items()]


def window(dataset: Dataset, hits: Mapping[str, Hits], model: Model, readers: tuple[str, ...], cutoff: int) -> Window:
    """How often relevant documents that the window cuts are found, against the others."""
    chosen = dataset.relevant
    query, document = dataset.judged_query[chosen], dataset.judged_document[chosen]
    relevant = np.unique(document)
    try:
        size, lengths = word_pieces([dataset.texts[position] for position in relevant.tolist()], *model)
    except (RetrieverError, ImportError) as error:
        reason = error.message if isinstance(error, RetrieverError) else f"{error.name} is not installed."
        return Window(model.model, readers, cutoff, not_checked=reason)
    longer = relevant[lengths > size]
    cut = np.isin(document, longer)
    inside = {label: within(hit_list.rank(query, document), cutoff) for label, hit_list in hits.items()}
    return Window(
        model.model,
        readers,
        cutoff,
        size,
        relevant=len(relevant),
        cut=len(longer),
        pairs_cut=int(cut.sum()),
        pairs_whole=int((~cut).sum()),
        found_cut={label: _share(mask[cut]) for label, mask in inside.items()},
        found_whole={label: _share(mask[~cut]) for label, mask in inside.items()},
    )


@dataclass(frozen=True)
class UnknownWords:
    """Answerable queries with a term that no document has, which no lexical index can match.

    Terms are the shared analyzer's, with its defaults. Quality is the main measure by retriever, on those queries and
    on the others.
    """

    queries: int
    unknown: int
    share: float
    with_unknown: Split
    without_unknown: Split


def unknown_words(
    dataset: Dataset, terms: Terms, values: Mapping[str, Values], rng: np.random.Generator
) -> UnknownWords:
    """values: label -> the main measure, [queries]."""
    unknown = np.array([any(not terms.frequency[term] for term in asked) for asked in terms.queries], dtype=bool)
    asked = dataset.answerable
    split = [
        figures(
            {label: per_query[asked & mask] for label, per_query in values.items()},
            rng,
            groups=grouped(dataset, asked & mask),
        )
        for mask in (unknown, ~unknown)
    ]
    count, total = int((unknown & asked).sum()), int(asked.sum())
    return UnknownWords(total, count, count / total if total else float("nan"), *split)


def _share(inside: NDArray[np.bool_]) -> float | None:
    return float(inside.mean()) if len(inside) else None
