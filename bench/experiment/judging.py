"""Beginning a judging: of queries that every retriever ranks, or of the rankings that a run has stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.analysis.controls import KIND
from bench.data.dataset import Dataset
from bench.errors import BenchError
from bench.experiment.labels import refuse_same, split_label
from bench.experiment.one_retriever import rank
from bench.judging.folder import GRADE_NAMES
from bench.judging.grades import THE_SET, GradeLine, append, present, read
from bench.judging.judging_record import JudgedQuery, JudgingRecord, JudgingSettings, write_record
from bench.judging.pool import rank_weights
from bench.storage.run import Run
from retrievers.base import NO_HIT, Ranking
from retrievers.dense.vector_cache import VectorCache

LARGEST_GRADE = 9  # that one key gives


def begin_judging(
    folder: Path,
    source: str,
    documents: Dataset,
    queries: Sequence[JudgedQuery],
    retrievers: Sequence[str],
    *,
    made_queries: bool = False,
    seed: int = 0,
    cache: VectorCache | None = None,
) -> JudgingRecord:
    """Rank all queries and write the record.

    Args:
        folder: Where it is written; grades come beside it.
        source: What the documents were read from, as it is told.
        documents: Read from there.
        queries: With ids of their own.
        retrievers: Specifications, with labels where wanted.
        made_queries: Were the queries made from the documents?
        seed: Of the order in which pairs are judged.
        cache: Of vectors.

    Returns:
        The record.

    Raises:
        BenchError: Where a retriever fails, two have one label, there is no query, or the disk refuses.
    """
    if not queries:
        raise BenchError("There is no query to judge for.", "Give a log: --queries FILE.")
    chosen = list(map(split_label, retrievers))
    refuse_same(chosen)
    settings = JudgingSettings(
        source,
        documents.fingerprint,
        tuple(label for label, _ in chosen),
        seed=seed,
        made_queries=made_queries,
        grade_names=documents.card.grades if len(documents.card.grades) > 1 else GRADE_NAMES,
        group=documents.card.group,
    )
    depth = len(rank_weights(settings.measure))
    texts = [query.text for query in queries]
    k = min(depth, len(documents.documents))
    rankings = [rank(texts, documents, written, k, cache) for _, written in chosen]
    record = JudgingRecord(settings, tuple(queries), _stacked(settings, rankings))
    record.pool()  # an empty one is an error before anything is written
    write_record(folder, record)
    return record


def begin_from_run(folder: Path, run: Run, dataset: Dataset, *, seed: int = 0) -> JudgingRecord:
    """Write the record of what a run's retrievers returned, and carry the set's own judgements over.

    Each pair that the set has judged is a grade of `THE_SET`: it counts, and nobody is asked for it. No retriever runs.

    Args:
        folder: Where it is written.
        run: Whose stored rankings are the pool; those of controls are left out.
        dataset: The set of the run (`stored_set.set_of_run`).
        seed: Of the order in which pairs are judged.

    Returns:
        The record.

    Raises:
        BenchError: Where no ranking is stored, every hit is judged, the set has a program's grades, a grade is too
            high, or the disk refuses.
    """
    if dataset.card.machine_judged:
        raise BenchError(
            f"{dataset.name} has grades that a program gave, which would count as people's from here on.",
            "Go on in its folder, bench judge --to FOLDER, or give a run on a set that people judged.",
        )
    rankings = _stored(run, dataset)
    settings = JudgingSettings(
        str(run.folder),
        dataset.fingerprint,
        tuple(rankings),
        seed=seed,
        made_queries=dataset.card.made_queries,
        grade_names=_grade_names(dataset),
        group=dataset.card.group,
    )
    queries = [
        JudgedQuery(*query) for query in zip(dataset.query_ids, dataset.query_texts, dataset.metadata, strict=True)
    ]
    record = JudgingRecord(settings, tuple(queries), _stacked(settings, list(rankings.values())))
    pool = record.pool()
    asked = zip(pool.query.tolist(), pool.document.tolist(), strict=True)
    if all(dataset.grade_of(query, document) is not None for query, document in asked):
        raise BenchError(
            f"Every hit of {run.folder} on {dataset.name} is judged: there is nothing to do.", "Its verdict stands."
        )
    _carry_over(folder, dataset)
    write_record(folder, record)
    return record


def _stacked(settings: JudgingSettings, rankings: Sequence[Ranking]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """[retrievers, queries, cutoff]. A hit that is no document of the set, as a run of elsewhere may have, is none."""
    depth = len(rank_weights(settings.measure))
    documents = np.stack([ranking.to_depth(depth).documents for ranking in rankings])
    return np.where(documents < 0, NO_HIT, documents)


def _stored(run: Run, dataset: Dataset) -> Mapping[str, Ranking]:
    labels = [entry["label"] for entry in run.info["retrievers"] if entry["kind"] != KIND]
    cells = {label: run.cell(dataset.name, label) for label in labels}
    rankings = {label: cell.ranking for label, cell in cells.items() if cell is not None}
    if not rankings:
        raise BenchError(f"{run.folder} has no ranking of {dataset.name}.", "Give a run that has its cells.")
    return rankings


def _grade_names(dataset: Dataset) -> tuple[str, ...]:
    """Of the scale that the set's own judgements have: its card's, else those that its highest grade asks for."""
    highest = max(int(dataset.grade.max(initial=0)), 1, len(dataset.card.grades) - 1)
    if highest > LARGEST_GRADE:
        raise BenchError(
            f"{dataset.name} has grades up to {highest}, and a judge gives 0 to {LARGEST_GRADE}.",
            "Judge a copy of the set whose grades are on a shorter scale.",
        )
    if len(dataset.card.grades) == highest + 1:
        return dataset.card.grades
    if highest == len(GRADE_NAMES) - 1:
        return GRADE_NAMES
    if highest == 1:
        return GRADE_NAMES[0], "relevant"
    return GRADE_NAMES[0], *(f"grade {grade}" for grade in range(1, highest + 1))


def _carry_over(folder: Path, dataset: Dataset) -> None:
    """The set's judgements as grades, once: what an interrupted beginning has stored is not stored again."""
    stored = present(read(folder))
    documents = dataset.document_ids(dataset.judged_document)
    judged = zip(dataset.judged_query.tolist(), documents, dataset.grade.tolist(), strict=True)
    lines = [
        GradeLine(dataset.query_ids[query], document, THE_SET, grade=max(0, grade)) for query, document, grade in judged
    ]
    if new := [line for line in lines if line.key not in stored]:
        append(folder, *new)
