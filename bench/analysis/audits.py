"""What in the set itself moves the figures: a model's window, words that no document has, unjudged copies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.analysis.figure import Figure, figures, grouped
from bench.analysis.hits import NOWHERE, Hits, rank_or_none, within
from bench.analysis.terms import Terms
from bench.dataset import Dataset
from bench.lint.near import TooMuch, near_pairs
from bench.lint.words import word_pieces
from bench.same_text import normalised
from retrievers.base import RetrieverError

EXAMPLES = 20

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
    chosen = dataset.grade > 0
    query, document = dataset.judged_query[chosen], dataset.judged_document[chosen]
    relevant = np.unique(document)
    try:
        size, lengths = word_pieces([dataset.texts[position] for position in relevant.tolist()], *model)
    except (RetrieverError, ImportError) as error:
        reason = error.message if isinstance(error, RetrieverError) else f"{error.name} is not installed."
        return Window(model.model, readers, cutoff, not_checked=reason)
    longer = relevant[lengths > size]
    cut = np.isin(document, longer)
    found = {label: within(each.rank(query, document), cutoff) for label, each in hits.items()}
    return Window(
        model.model,
        readers,
        cutoff,
        size,
        relevant=len(relevant),
        cut=len(longer),
        pairs_cut=int(cut.sum()),
        pairs_whole=int((~cut).sum()),
        found_cut={label: _share(each[cut]) for label, each in found.items()},
        found_whole={label: _share(each[~cut]) for label, each in found.items()},
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
            {label: each[asked & mask] for label, each in values.items()}, rng, groups=grouped(dataset, asked & mask)
        )
        for mask in (unknown, ~unknown)
    ]
    count, total = int((unknown & asked).sum()), int(asked.sum())
    return UnknownWords(total, count, count / total if total else float("nan"), *split)


@dataclass(frozen=True)
class Copy:
    """An unjudged document of the same, or nearly the same, text as a relevant one. ranks: by retriever."""

    query: str
    document: str
    relevant: str
    ranks: dict[str, int | None]


@dataclass(frozen=True)
class Copies:
    """Unjudged copies of relevant documents within the cutoff of any retriever: right answers that count as wrong.

    pairs: of a query and such a document. near_searched: nearly equal texts were looked for too, which is left out
    where there is too much text. within: by retriever, pairs within the cutoff. above: of those, the ones above every
    document that they copy, whose place they take. above_all: of those, the ones above every relevant document, which
    costs RR too. examples: the first EXAMPLES pairs, each with one document that it copies.
    """

    cutoff: int
    pairs: int
    near_searched: bool
    within: dict[str, int]
    above: dict[str, int]
    above_all: dict[str, int]
    examples: list[Copy]


def copies(dataset: Dataset, hits: Mapping[str, Hits], cutoff: int) -> Copies:
    """Look at the hits within the cutoff alone: a copy that nobody retrieves costs nobody anything."""
    suspects = _suspects(dataset, hits, cutoff)
    alike, searched = _alike(dataset, suspects)
    found = {
        (query, document): relevant
        for query, documents in suspects.items()
        for document in documents
        if (relevant := alike[document] & {each for each, grade in dataset.judgements[query].items() if grade > 0})
    }
    pairs = np.array(sorted(found), dtype=np.int64).reshape(-1, 2)
    ranks = {label: each.rank(pairs[:, 0], pairs[:, 1]) for label, each in hits.items()}
    inside = {label: within(each, cutoff) for label, each in ranks.items()}
    first = {label: each.first_relevant[pairs[:, 0]] for label, each in hits.items()}
    copied = {label: _first_copied(each, pairs, found) for label, each in hits.items()}
    examples = []
    for place, (query, document) in enumerate(pairs[:EXAMPLES].tolist()):
        copy, original = dataset.document_ids(np.array([document, min(found[query, document])]))
        places = {label: rank_or_none(each[place]) for label, each in ranks.items()}
        examples.append(Copy(dataset.query_ids[query], copy, original, places))
    return Copies(
        cutoff,
        len(pairs),
        searched,
        within={label: int(each.sum()) for label, each in inside.items()},
        above={label: _count_above(ranks[label], copied[label], each) for label, each in inside.items()},
        above_all={label: _count_above(ranks[label], first[label], each) for label, each in inside.items()},
        examples=examples,
    )


def _first_copied(hits: Hits, pairs: Pairs, copied: Mapping[tuple[int, int], set[int]]) -> Pairs:
    """[pairs]: the best rank of a document that the pair's document copies, NOWHERE where none is stored."""
    best = np.full(len(pairs), NOWHERE)
    for place, (query, document) in enumerate(pairs.tolist()):
        originals = np.array(sorted(copied[query, document]))
        ranks = hits.rank(np.full(len(originals), query), originals)
        best[place] = min(ranks[ranks != NOWHERE], default=NOWHERE)
    return best


def _count_above(ranks: Pairs, others: Pairs, inside: NDArray[np.bool_]) -> int:
    """How many of the ranks inside stand above the other one, or have none beside them."""
    return int((inside & ((others == NOWHERE) | (ranks < others))).sum())


def _suspects(dataset: Dataset, hits: Mapping[str, Hits], cutoff: int) -> dict[int, set[int]]:
    """Answerable query -> unjudged documents within the cutoff of any retriever."""
    found: dict[int, set[int]] = defaultdict(set)
    for each in hits.values():
        unknown = ((each.documents >= 0) & ~each.judged)[:, :cutoff] & dataset.answerable[:, None]
        for query, place in np.argwhere(unknown).tolist():
            found[query].add(int(each.documents[query, place]))
    return found


def _alike(dataset: Dataset, suspects: Mapping[int, set[int]]) -> tuple[dict[int, set[int]], bool]:
    """Document -> documents of the same or nearly the same text, among the suspects and the relevant ones; and whether
    nearly the same ones were searched."""
    wanted = set(dataset.judged_document[dataset.grade > 0].tolist()).union(*suspects.values())
    same: dict[str, set[int]] = defaultdict(set)
    for document in sorted(wanted):
        if text := normalised(dataset.texts[document]):
            same[text].add(document)
    groups = list(same.values())
    try:
        near = near_pairs(list(same))
        searched = True
    except TooMuch:
        near, searched = [], False
    alike: dict[int, set[int]] = defaultdict(set)
    for one, other in [*((each, each) for each in range(len(groups))), *near, *((b, a) for a, b in near)]:
        for document in groups[one]:
            alike[document] |= groups[other]
    return alike, searched


def _share(found: NDArray[np.bool_]) -> float | None:
    return float(found.mean()) if len(found) else None
