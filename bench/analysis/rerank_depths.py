"""How deep to rerank: quality, the ceiling and the time of fewer candidates, from one search with all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.analysis.mean_with_interval import Figure, figures, grouped
from bench.analysis.own_document import dropped_hits, without_own
from bench.analysis.values import evaluate, recall_curve
from bench.data.dataset import Dataset
from bench.evaluation.intervals import DRAWS
from bench.evaluation.measures import resolve
from bench.evaluation.streams import Purpose, stream
from retrievers.base import Ranking
from retrievers.stages import Stages, steps

# Depth, as text -> p50 and p95 of a query in nanoseconds, as a cell stores them.
StageTimes = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True)
class RerankDepth:
    """So many candidates scored anew; 0 is the first stage itself.

    value: mean of the measure. gain: over the first stage, paired by query, with the interval of a difference. ceiling:
    recall of the candidates, which no order of them exceeds; None for 0. p50_ms, p95_ms:
    of a query, None where it was not timed.
    """

    depth: int
    value: Figure
    gain: Figure | None
    ceiling: float | None
    p50_ms: float | None
    p95_ms: float | None


def rerank_depths(
    dataset: Dataset,
    stages: Mapping[str, Stages],
    times: Mapping[str, StageTimes],
    *,
    measure: str,
    seed: int,
) -> dict[str, list[RerankDepth]]:
    """By label, a row for each depth. times: by label."""
    return {label: _of(dataset, its, times.get(label, {}), measure, seed) for label, its in stages.items()}


def _of(
    dataset: Dataset,
    stages: Stages,
    times: StageTimes,
    measure: str,
    seed: int,
) -> list[RerankDepth]:
    asked, most = dataset.answerable, stages.rescored.shape[1]
    depths = [0, *steps(most)]
    stored, dropped = stages.ranking.documents.shape[1], dropped_hits(dataset)
    values = {
        depth: evaluate(dataset, _kept(dataset, stages.at_depth(depth), stored, dropped), resolve([measure]))[measure]
        for depth in depths
    }
    columns = {depth: its[asked] for depth, its in values.items()}
    gains_by_query = {depth: columns[depth] - columns[0] for depth in depths[1:]}
    # The draws of the tables of measures and differences, so that a figure that stands there too has the same interval.
    means = figures(columns, stream(seed, Purpose.MEAN), draws=DRAWS, groups=grouped(dataset, asked))
    gains = figures(
        gains_by_query,
        stream(seed, Purpose.DIFFERENCE),
        draws=DRAWS,
        groups=grouped(dataset, asked),
        differences=True,
    )
    recall = recall_curve(dataset, stages.first)  # where the query itself is left out, it still was a candidate
    return [
        RerankDepth(
            depth,
            means[depth],
            gains.get(depth),
            float(recall[min(depth, len(recall)) - 1]) if depth else None,
            *(_milliseconds(times.get(str(depth), {}).get(name)) for name in ("p50", "p95")),
        )
        for depth in depths
    ]


def _kept(dataset: Dataset, ranking: Ranking, depth: int, dropped: int) -> Ranking:
    """As a cell keeps it: without the query itself, and no deeper."""
    return without_own(ranking, dataset, depth) if dropped else ranking.to_depth(depth)


def _milliseconds(nanoseconds: Any) -> float | None:
    return None if nanoseconds is None or nanoseconds != nanoseconds else float(nanoseconds) / 1e6
