"""A set at several sizes: how good each retriever is, who is better, and what the documents that joined could hide.

growth.csv has a row a size, retriever and measure, growth_pairs.csv one a size, measure and pair. The p-values of the
main measure are corrected over all its sizes and pairs, those of the others over theirs, so that a change of order is
shown only where both sides of it hold together. Nobody judged the documents that joined: the bounds are what a measure
could be if those within its cutoff were relevant (bench.analysis.unjudged).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bench.analysis.judged_hits import Hits
from bench.analysis.unjudged import bounds
from bench.data.growth import Grown
from bench.data.slices import ALL
from bench.evaluation.closed_form import mean
from bench.evaluation.measures import closed_form
from bench.evaluation.pairs import PairedDifference, compare_pairs, outcome
from bench.evaluation.significance import holm_within
from bench.storage.cell import Cell
from bench.storage.costs import MEGABYTE, is_shortened
from bench.storage.files import write_csv
from bench.storage.run import Row, Run
from bench.storage.schema import GROWTH, GROWTH_PAIRS

# Set -> label -> cell.
Cells = Mapping[str, Mapping[str, Cell]]
TOP = 10  # hits of which it is counted how many are distractors
# Column of growth.csv -> its quantity in latency.csv, and how many of the column's unit one of that is.
_COSTS = {
    "p50_ms": ("p50", 1),
    "p95_ms": ("p95", 1),
    "index_bytes": ("index_size", MEGABYTE),
    "build_seconds": ("index", 1),
}


def write_growth(run: Run, sizes: Sequence[Grown], cells: Cells, main: str, seed: int) -> None:
    """Write growth.csv and growth_pairs.csv of a run whose tables are written. main: the measure that decides."""
    tables = {
        "growth": (GROWTH, [row for grown in sizes for row in _figures(run, grown, cells[grown.dataset.name])]),
        "growth_pairs": (GROWTH_PAIRS, _pairs(sizes, cells, main, seed)),
    }
    for name, (header, rows) in tables.items():
        write_csv(run.folder / f"{name}.csv", header, [[row[column] for column in header] for row in rows])
        run.hold(name, rows)


def _figures(run: Run, grown: Grown, cells: Mapping[str, Cell]) -> Iterator[Row]:
    name, asked = grown.dataset.name, grown.dataset.answerable
    values = {
        (row["retriever"], row["measure"]): row
        for row in run.rows("measures")
        if row["dataset"] == name and row["slice"] == ALL
    }
    costs: dict[str, dict[str, float]] = {}
    for row in run.rows("latency"):
        if row["dataset"] == name:
            costs.setdefault(row["retriever"], {})[row["quantity"]] = row["value"]
    for label, cell in cells.items():
        hits = Hits.of(grown.dataset, cell.ranking)
        joined = hits.real & grown.distractor[hits.documents]
        for measure in cell.per_query:
            row = values[label, measure]
            low, high = could_be(grown, hits, joined, measure)
            yield {
                **_of_size(grown),
                **{column: row[column] for column in ("retriever", "measure", "value", "low", "high", "queries")},
                "places": int(hits.real[asked, :TOP].sum()),
                "distractors": int(joined[asked, :TOP].sum()),
                "bound_low": low,
                "bound_high": high,
                **_costs(costs.get(label, {}), timed=run.info["config"]["latency"]),
            }


def _costs(known: Mapping[str, float], timed: bool) -> Row:
    """Those of a size. No build time where none was wanted, so that a run that was resumed stores the same bytes, nor
    where the cache shortened it, since it says nothing beside those of other sizes.
    """
    costs = {column: known.get(quantity, math.nan) * unit for column, (quantity, unit) in _COSTS.items()}
    return costs | ({} if timed and not is_shortened(known) else {"build_seconds": math.nan})


def could_be(grown: Grown, hits: Hits, joined: NDArray[np.bool_], measure: str) -> tuple[float, float]:
    """The least and the most that the mean could be, were any of the distractors within its cutoff relevant.

    joined: bool [queries, depth], which hits are distractors. NaN where the measure has no closed form.
    """
    form = closed_form(measure, hits.depth)
    if form is None:
        return math.nan, math.nan
    unknown = np.zeros_like(joined) if grown.dataset.card.complete else joined
    by_query = bounds(grown.dataset, replace(hits, judged=~unknown), form)
    return mean(by_query.low[grown.dataset.answerable]), mean(by_query.high[grown.dataset.answerable])


def _pairs(sizes: Sequence[Grown], cells: Cells, main: str, seed: int) -> list[Row]:
    compared = [(grown, pair) for grown in sizes for pair in _compared(grown, cells[grown.dataset.name], main, seed)]
    corrected = holm_within([pair.family for _, pair in compared], [pair.p for _, pair in compared])
    rows = []
    for (grown, pair), p_holm in zip(compared, corrected, strict=True):
        known = pair._replace(p_holm=p_holm)
        better = {"a": known.a, "b": known.b, "undecided": ""}[outcome(known)]
        rows.append({**known._asdict(), **_of_size(grown), "better": better})
    return rows


def _compared(grown: Grown, cells: Mapping[str, Cell], main: str, seed: int) -> list[PairedDifference]:
    dataset = grown.dataset
    values = {label: cell.per_query for label, cell in cells.items()}
    return compare_pairs(dataset.name, values, dataset.answerable, seed=seed, main=main, groups=dataset.groups)


def _of_size(grown: Grown) -> Row:
    return {"dataset": grown.dataset.name, "times": grown.size.times, "documents": grown.size.documents}
