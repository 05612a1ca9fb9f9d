"""What moved between two runs, as the query explorer shows it: each retriever twice, of base and of head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.errors import counted
from bench.regression import TOP, CellPair, Regression
from bench.regression.queries import Queries
from bench.report.page.explorer_data import explorer_data
from bench.report.page.sets import ShownSet
from bench.report.page.texts import Explored, SetTexts, texts_of
from bench.report.regression.parts import short_labels, sides
from bench.storage.files import slug
from bench.storage.run import Run


def moved_sets(comparison: Regression, base: Run, head: Run) -> Iterator[ShownSet]:
    """Every set of both runs with a query of which a value or the first hits moved."""
    before, after = Queries.of(base), Queries.of(head)
    kinds = {entry["label"]: entry["kind"] for run in (base, head) for entry in run.info["retrievers"]}
    mains = {row.dataset: row.measure for row in comparison.whole() if row.main}
    for dataset, main in mains.items():
        pairs = [pair for pair in comparison.pairs if pair.dataset == dataset]
        both = before[pairs[0].base_dataset], after[dataset]
        moves = {pair: both[0].moved(pair.base_retriever, both[1], pair.retriever) for pair in pairs}
        moved_most_first = sorted(pairs, key=lambda pair: -int(moves[pair].sum()))
        shown = [pair for pair in moved_most_first if moves[pair].any()]
        if shown:
            rows = np.flatnonzero(np.any(list(moves.values()), axis=0))
            texts, content = _content(shown, both, rows, kinds=kinds, main=main, short=short_labels(comparison))
            moved = counted(len(rows), "query", "queries")
            yield ShownSet(slug(dataset), f"{dataset}: {moved} moved", texts.content, content)


def _content(
    pairs: Sequence[CellPair],
    both: tuple[Queries, Queries],
    rows: NDArray[np.int64],
    *,
    kinds: Mapping[str, str],
    main: str,
    short: Mapping[str, str],
) -> tuple[SetTexts, dict[str, Any]]:
    """The set's texts and what the explorer shows of it.

    pairs: the one that moved on most queries first. rows: the queries. main: the set's measure.
    short: labels as they are shown.
    """
    before, after = both
    measures = [name for name in before.run.info["measures"] if name in after.run.info["measures"]]
    columns = [
        Explored(
            label,
            kinds[pair.retriever],
            queries.run.deepest(queries.dataset, name),
            name,
            queries.table.take(pa.array(rows)),
            {measure: values[rows] for measure, values in queries.values(name).items() if measure in measures},
        )
        for pair in pairs
        for label, queries, name in zip(sides(pair, short), both, (pair.base_retriever, pair.retriever), strict=True)
    ]
    moved = after.table.take(pa.array(rows))
    texts = texts_of(moved, columns)
    content = explorer_data(
        moved,
        columns,
        texts,
        measures=measures,
        main=main,
        solved_at=TOP,
        slices=after.card["slices"],
        pair=[column.label for column in columns[1::-1]],  # head less base, as in every table
    )
    return texts, content
