"""Copies of relevant documents that nobody judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.analysis.judged_hits import NOWHERE, Hits, rank_or_none, within
from bench.analysis.set_effects import Pairs
from bench.data.check.near_duplicates import TooMuch, near_pairs
from bench.data.dataset import Dataset, is_relevant
from bench.data.normalised import normalised

EXAMPLES = 20


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
    originals = {
        (query, document): relevant
        for query, documents in suspects.items()
        for document in documents
        if (
            relevant := alike[document]
            & {judged for judged, grade in dataset.judgements[query].items() if is_relevant(grade)}
        )
    }
    pairs = np.array(sorted(originals), dtype=np.int64).reshape(-1, 2)
    ranks = {label: hit_list.rank(pairs[:, 0], pairs[:, 1]) for label, hit_list in hits.items()}
    inside = {label: within(rank, cutoff) for label, rank in ranks.items()}
    first = {label: hit_list.first_relevant[pairs[:, 0]] for label, hit_list in hits.items()}
    copied = {label: _first_copied(hit_list, pairs, originals) for label, hit_list in hits.items()}
    examples = []
    for place, (query, document) in enumerate(pairs[:EXAMPLES].tolist()):
        copy, original = dataset.document_ids(np.array([document, min(originals[query, document])]))
        places = {label: rank_or_none(rank[place]) for label, rank in ranks.items()}
        examples.append(Copy(dataset.query_ids[query], copy, original, places))
    return Copies(
        cutoff,
        len(pairs),
        searched,
        within={label: int(mask.sum()) for label, mask in inside.items()},
        above={label: _count_above(ranks[label], copied[label], mask) for label, mask in inside.items()},
        above_all={label: _count_above(ranks[label], first[label], mask) for label, mask in inside.items()},
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


def _suspects(dataset: Dataset, hits: Mapping[str, Hits], cutoff: int) -> dict[int, set[int]]:
    """Answerable query -> unjudged documents within the cutoff of any retriever."""
    suspects: dict[int, set[int]] = defaultdict(set)
    for hit_list in hits.values():
        unknown = ((hit_list.documents >= 0) & ~hit_list.judged)[:, :cutoff] & dataset.answerable[:, None]
        for query, place in np.argwhere(unknown).tolist():
            suspects[query].add(int(hit_list.documents[query, place]))
    return suspects


def _alike(dataset: Dataset, suspects: Mapping[int, set[int]]) -> tuple[dict[int, set[int]], bool]:
    """Document -> documents of the same or nearly the same text, among the suspects and the relevant ones; and whether
    nearly the same ones were searched."""
    wanted = set(dataset.judged_document[dataset.relevant].tolist()).union(*suspects.values())
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
    for one, other in [*((number, number) for number in range(len(groups))), *near, *((b, a) for a, b in near)]:
        for document in groups[one]:
            alike[document] |= groups[other]
    return alike, searched


def _count_above(ranks: Pairs, others: Pairs, inside: NDArray[np.bool_]) -> int:
    """How many of the ranks inside stand above the other one, or have none beside them."""
    return int((inside & ((others == NOWHERE) | (ranks < others))).sum())
