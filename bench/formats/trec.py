"""TREC's files: qrels (query, iteration, document, grade) and runs (query, Q0, document, rank, score, tag)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.dataset import Dataset
from bench.errors import BenchError
from bench.formats.lines import decoded, grade, lines
from retrievers.base import Ranking, top_k


def read_qrels(path: Path) -> dict[str, dict[str, int]]:
    """query -> document -> grade. Raises BenchError with file and line, also for a pair that is judged twice."""
    judged: dict[str, dict[str, int]] = {}
    for number, line in lines(path, "Give a qrels file."):
        where = f"{path}:{number}"
        columns = decoded(line, where).split()
        if len(columns) != 4:
            raise BenchError(
                f"{where}: {len(columns)} columns, not 4.", "A qrels line is: query iteration document grade."
            )
        query, _, document, value = columns
        if document in judged.setdefault(query, {}):
            raise BenchError(f"{where}: {query!r} and {document!r} are judged already.", "Keep one of the lines.")
        judged[query][document] = grade(value, where)
    return judged


def read_run(path: Path) -> dict[str, dict[str, float]]:
    """query -> document -> score. The rank column is ignored, as trec_eval ignores it.

    Raises BenchError with file and line, also for a document that a query has twice and a score that is not finite.
    """
    run: dict[str, dict[str, float]] = {}
    for number, line in lines(path, "Give a TREC run file."):
        where = f"{path}:{number}"
        columns = decoded(line, where).split()
        if len(columns) < 6:  # trec_eval reads on over words after the tag
            raise BenchError(
                f"{where}: {len(columns)} columns, not 6.", "A run line is: query Q0 document rank score tag."
            )
        query, _, document, _, text = columns[:5]
        try:
            score = float(text)
        except ValueError:
            score = math.nan
        if not math.isfinite(score):
            raise BenchError(f"{where}: the score {text!r} is not a finite number.", "Mend the run.")
        if document in run.setdefault(query, {}):
            raise BenchError(f"{where}: {query!r} has {document!r} twice.", "Keep one of the lines.")
        run[query][document] = score
    return run


def to_ranking(run: Mapping[str, Mapping[str, float]], dataset: Dataset, depth: int) -> Ranking:
    """A run's hits in the dataset's positions, ordered by the one tie rule; queries without judgements are left out.

    Raises BenchError for a document that the dataset does not have.
    """
    ranking = Ranking.empty(len(dataset.queries), depth)
    for row, query in enumerate(dataset.query_ids):
        hits = run.get(query, {})
        names = pa.array(list(hits), pa.large_string())
        positions = pc.index_in(names, value_set=dataset.documents["id"].combine_chunks())
        if positions.null_count:
            absent = names.filter(pc.is_null(positions))[0].as_py()
            raise BenchError(
                f"The run has the document {absent!r}, which {dataset.name} does not have.", "Check the pair."
            )
        found = positions.to_numpy(zero_copy_only=False).astype(np.int64)
        order = np.argsort(found)
        scores = np.array(list(hits.values()), dtype=np.float64)[order]
        ranking.put(row, *top_k(scores, depth, found[order]))
    return ranking
