"""Why the figures are what they are: the last pass of a run, from rankings and per-query values to plain results.

One module a question; every one takes the set, the hits or the values by retriever, and a numpy Generator where it
draws. Nothing here runs a retriever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.analysis.complementarity import SOLVED_AT, RetrieverPair, complementarity
from bench.analysis.copies import copies
from bench.analysis.guard import Guard
from bench.analysis.judged_hits import Hits
from bench.analysis.overlap import crossover
from bench.analysis.pool_bias import pool_bias
from bench.analysis.rerank_depths import StageTimes, rerank_depths
from bench.analysis.set_effects import Model, unknown_words, windows
from bench.analysis.terms import Terms
from bench.analysis.ties import ties
from bench.analysis.traps import trapped
from bench.analysis.unjudged import unjudged
from bench.analysis.worst_losses import worst_losses
from bench.data.dataset import Dataset
from bench.data.formats.traps import Traps, judged_traps
from bench.evaluation import measures
from bench.evaluation.streams import Purpose, stream
from bench.storage.files import json_ready
from retrievers.base import Ranking
from retrievers.fusion import USUAL
from retrievers.stages import Stages

__all__ = ["Analysis", "analyse"]

CUTOFF = 10  # of the audits, where the main measure has none
OF_TEXTS = ("crossover", "windows", "unknown_words", "copies")  # parts that are not there for judgements alone
# Parts that hold means of retrievers against each other, which are biased where a part of the pool is judged.
OF_MEANS = ("crossover", "pairs", "unknown_words", "rerank_depths")


@dataclass(frozen=True)
class Analysis:
    """stored: all that is to be said of one set, ready for JSON, None in place of a part that failed or does not apply.
    pairs: the same pairs with their values by query."""

    stored: dict[str, Any]
    pairs: list[RetrieverPair]


def analyse(
    dataset: Dataset,
    rankings: Mapping[str, Ranking],
    values: Mapping[str, Mapping[str, NDArray[np.float64]]],
    *,
    kinds: Mapping[str, str],
    models: Mapping[str, Model],
    measure: str,
    seed: int,
    stages: Mapping[str, Stages] | None = None,
    stage_times: Mapping[str, StageTimes] | None = None,
    traps: Traps | None = None,
    guard: Guard | None = None,
    terms: Terms | None = None,
) -> Analysis:
    """What is to be said of one set; the JSON holds no NaN and no numpy type.

    rankings: label -> stored ranking, each of its own depth. values: label -> measure -> float64 [queries].
    kinds: label -> "lexical", "dense" or another word. models: label -> what it encodes with. measure: the main one.
    stages, stage_times: of those that search in two stages (bench.analysis.rerank_depths).
    traps: pairs of a file, beside those that are judged. guard: takes the error of a part that fails; None lets it
    through. terms: of the set, where they are there already.
    The same arguments give the same result: each part draws from a generator of its own, made from `seed`.
    """

    def rng(part: int) -> np.random.Generator:
        return stream(seed, Purpose.ANALYSIS, part)

    main = {label: values[label][measure] for label in rankings}
    hits = {label: Hits.of(dataset, ranking) for label, ranking in rankings.items()}
    terms = terms or Terms(dataset)
    depths = {label: ranked.depth for label, ranked in hits.items()}
    depth = max(depths.values(), default=0)
    cutoff = measures.cutoff(measure) or CUTOFF
    form = measures.closed_form(measure, depth)
    parts: dict[str, Callable[[], Any]] = {
        "crossover": lambda: crossover(dataset, terms, main, kinds, rng(0)),
        "pairs": lambda: complementarity(dataset, rankings, hits, main, measure=measure, rng=rng(1)),
        "failures": lambda: worst_losses(dataset, terms, hits, main),
        "ties": lambda: ties(dataset, hits, form) if form else None,
        "unjudged": lambda: unjudged(dataset, hits, form) if form and not dataset.card.complete else None,
        "windows": lambda: windows(dataset, hits, models, cutoff),
        "unknown_words": lambda: unknown_words(dataset, terms, main, rng(2)),
        "copies": lambda: None if dataset.card.complete else copies(dataset, hits, cutoff),
        "traps": lambda: {
            "judged": trapped(hits, judged_traps(dataset), rng(3), dataset.groups),
            "file": trapped(hits, traps, rng(4), dataset.groups) if traps is not None else {},
        },
        "rerank_depths": lambda: rerank_depths(dataset, stages or {}, stage_times or {}, measure=measure, seed=seed),
    }
    if dataset.brought_alone:
        parts["pool_bias"] = lambda: pool_bias(dataset, rankings, main, measure, rng(5))
    if dataset.judgements_alone:
        parts |= dict.fromkeys(OF_TEXTS, lambda: None)
    if dataset.card.sampled_judgements:
        parts |= dict.fromkeys(OF_MEANS, lambda: None)
    answers = {
        name: guard(f"{name.replace('_', ' ')} of {dataset.name}", part, None) if guard else part()
        for name, part in parts.items()
    }
    known = {
        "dataset": dataset.name,
        "measure": measure,
        "depth": depth,
        "depths": depths,
        "cutoff": cutoff,
        "solved_at": SOLVED_AT,
        "fusion": USUAL,
    }
    return Analysis(json_ready({**known, **answers}), answers["pairs"] or [])
