"""The figures of a stored run as every form shows them: chosen, ordered and written out once."""

from __future__ import annotations

import math
from typing import Any

from bench.data.slices import ALL
from bench.errors import counted
from bench.report.run.cost import costs_by_set, with_time
from bench.report.run.names import (
    analysis,
    contenders,
    controls,
    deciding_queries,
    display_name,
    judgements_alone,
    main_as_shown,
    main_measure,
    no_better_than_random,
    scored_whole,
    shown_measure,
    title,
    to_depth,
)
from bench.report.table import DAGGER, Table, best_of, interval, number, p_value, signed_interval
from bench.storage.run import Row, Run


def quality(run: Run, dataset: dict[str, Any]) -> Table:
    """Measures by retriever, controls last; the main measure with its 95% interval, and the letters of its groups.

    A dagger stands on what is not shown different from the best of its column.
    """
    names = run.info["measures"]
    main = main_measure(run, dataset)
    shown = {name: to_depth(run, dataset, name) for name in names}
    header = ("retriever", *(f"{shown[name]} [95%]" if name == main else shown[name] for name in names))
    level, letters = analysis(run, dataset).get("level", {}), group_letters(run, dataset)
    chosen = contenders(run)
    rows: list[tuple[str, ...]] = []
    values: list[dict[str, float]] = []
    for retriever in [*chosen, *controls(run)]:
        figures = {row["measure"]: row for row in _rows(run, dataset["name"], retriever) if row["slice"] == ALL}
        if all(math.isnan(row["value"]) for row in figures.values()):  # it failed, or no query has an answer
            continue
        if retriever in chosen:
            values.append({name: figures[name]["value"] for name in names})
        undecided = {name for name in names if retriever in level.get(name, {}).get("undecided", ())}
        cells = (
            _measure(figures[name], name == main)
            + (f" {letters[retriever]}" if name == main and retriever in letters else "")
            + DAGGER * (name in undecided)
            for name in names
        )
        rows.append((retriever, *cells))
    queries = deciding_queries(dataset)
    best = {(row, i) for i, name in enumerate(names, 1) for row in best_of((means[name] for means in values), queries)}
    notes = (
        *_level_notes(run, dataset, rows),
        *_letter_notes(letters, shown[main]),
        *no_better_than_random(run, dataset),
        *_notes(run, dataset),
    )
    return Table(title(dataset), header, tuple(rows), frozenset(best), notes)


def by_slice(run: Run, dataset: dict[str, Any], field: str) -> Table:
    """The main measure by the values of a metadata field, and the test of the two that the verdict compares."""
    main = main_measure(run, dataset)
    figures = {
        (row["slice"], row["retriever"]): row
        for row in run.rows("measures")
        if row["dataset"] == dataset["name"] and row["measure"] == main and row["slice"].startswith(f"{field}=")
    }
    values = sorted({value for value, _ in figures})
    retrievers = [retriever for retriever in contenders(run) if any((value, retriever) in figures for value in values)]
    rows, best = [], set()
    for row, value in enumerate(values):
        queries = figures[value, retrievers[0]]["queries"]
        decide = min(queries, deciding_queries(dataset))
        best |= {
            (row, 2 + place)
            for place in best_of((figures[value, retriever]["value"] for retriever in retrievers), decide)
        }
        rows.append(
            (
                value.partition("=")[2],
                f"{queries:,}",
                *(_measure(figures[value, retriever], True) for retriever in retrievers),
            )
        )
    header = (field, "queries", *retrievers)
    heading = f"{display_name(dataset)}: {shown_measure(run, dataset, main)} [95%] by {field}"
    tests = analysis(run, dataset).get("slices")
    mine = {f"{field}={test['value']}": test for test in (tests or {}).get("slices", ()) if test["field"] == field}
    if not tests or not mine:
        return Table(heading, header, tuple(rows), frozenset(best))
    results = [
        (signed_interval(mine[value], "difference"), p_value(mine[value]["p_holm"])) if value in mine else ("n/a",) * 2
        for value in values
    ]
    rows = [(*row, *test) for row, test in zip(rows, results, strict=True)]
    header = (*header, f"{tests['a']} - {tests['b']} [95%]", "p (Holm)")
    return Table(heading, header, tuple(rows), frozenset(best), (_slice_note(tests, field),))


def _slice_note(tests: dict[str, Any], field: str) -> str:
    """How the values of a field were tested, and whether the difference is the same on all."""
    note = (
        f"p: {tests['a']} against {tests['b']} on these queries alone, corrected over "
        f"{counted(len(tests['slices']), 'slice')} of the set (exploratory; n/a: too few queries)."
    )
    same = next((interaction for interaction in tests["interactions"] if interaction["field"] == field), None)
    return note if same is None else f"{note} That they differ alike on all: p {p_value(same['p_holm'])}."


def wordings(run: Run, dataset: dict[str, Any]) -> Table | None:
    """What becomes of one question in several wordings, or None where the set has no such groups."""
    main = main_measure(run, dataset)
    figures = {
        (row["retriever"], row["quantity"], row["measure"]): row
        for row in run.rows("groups")
        if row["dataset"] == dataset["name"]
    }
    shown = list(dict.fromkeys((quantity, measure) for _, quantity, measure in figures if measure in ("", main)))
    retrievers = [label for label in contenders(run) if any(label == retriever for retriever, _, _ in figures)]
    if not retrievers:
        return None
    means = {row["retriever"]: row for row in run.rows("measures") if _is_main(row, dataset, main)}
    header = (
        "retriever",
        f"{shown_measure(run, dataset, main)} of all [95%]",
        *(
            f"{quantity}{f' {shown_measure(run, dataset, measure)}' * bool(measure)} [95%]"
            for quantity, measure in shown
        ),
    )
    rows = [
        (
            retriever,
            _measure(means[retriever], True),
            *(_measure(figures[retriever, *column], True) for column in shown),
        )
        for retriever in retrievers
    ]
    count = counted(next(iter(figures.values()))["groups"], "group")
    queries = counted(next(iter(means.values()))["queries"], "query", "queries")
    note = (
        f"First column: mean over {queries}; the others: over {count} of wordings of one question (field "
        f"{dataset['group']}). Worst: its worst-served wording. Flip rate: groups where some wordings find a relevant "
        "document in the top and others none. Overlap: share of the top that two wordings have in common."
    )
    return Table(f"{display_name(dataset)}: wordings of one question", header, tuple(rows), notes=(note,))


def no_answer(run: Run, dataset: dict[str, Any]) -> Table | None:
    """Whether the best score tells unanswerable queries apart, or None where the set has none."""
    figures = {
        (row["retriever"], row["quantity"]): row
        for row in run.rows("unanswerable")
        if row["dataset"] == dataset["name"]
    }
    shown = list(dict.fromkeys(quantity for _, quantity in figures))
    retrievers = [label for label in contenders(run) if any(label == retriever for retriever, _ in figures)]
    if not retrievers:
        return None
    rows = [
        (retriever, *(_measure(figures[retriever, quantity], not i) for i, quantity in enumerate(shown)))
        for retriever in retrievers
    ]
    first = next(iter(figures.values()))
    notes = [
        f"{counted(first['unanswerable'], 'query', 'queries')} without an answer against {first['answerable']:,} with "
        "one, by the score of the first hit. AUROC: the chance that an answerable one scores higher; .5 tells nothing. "
        "Refused: share of the unanswerable ones that a floor on the score keeps out where 95% of the answerable ones "
        "stay."
    ]
    without = [
        retriever
        for retriever in retrievers
        if any(math.isnan(figures[retriever, quantity]["value"]) for quantity in shown)
    ]
    if without:
        notes.append(f"{', '.join(without)}: over 5% of the answerable queries have no hit, so no floor keeps 95%.")
    header = ("retriever", f"{shown[0]} [95%]", *shown[1:])
    return Table(f"{display_name(dataset)}: queries without an answer", header, tuple(rows), notes=tuple(notes))


def _is_main(row: Row, dataset: dict[str, Any], main: str) -> bool:
    return bool(row["dataset"] == dataset["name"] and row["slice"] == ALL and row["measure"] == main)


def summary(run: Run) -> Table:
    """The main measure of every dataset by retriever, with the p50 of a query where it was timed."""
    header = ("dataset", "measure", *contenders(run))
    costs = costs_by_set(run)
    rows, best = [], set()
    for place, dataset in enumerate(run.datasets):
        main = main_measure(run, dataset)
        means = {row["retriever"]: row["value"] for row in run.rows("measures") if _is_main(row, dataset, main)}
        figures = [means.get(label, math.nan) for label in contenders(run)]
        times = [costs[dataset["name"]].get(label, {}) for label in contenders(run)]
        failed = [(dataset["name"], label) in {failure[:2] for failure in run.failures} for label in contenders(run)]
        cells = (
            "failed" if out else with_time(value, time) for out, value, time in zip(failed, figures, times, strict=True)
        )
        best |= {(place, column + 2) for column in best_of(figures, deciding_queries(dataset))}
        rows.append((display_name(dataset), main_as_shown(run, dataset), *cells))
    return Table("Summary", header, tuple(rows), frozenset(best), columns_left=2)


def group_letters(run: Run, dataset: dict[str, Any]) -> dict[str, str]:
    """Retriever -> letters by the main measure; none of fewer than three, nor where all have the same."""
    letters = analysis(run, dataset).get("letters", {}).get(main_measure(run, dataset), {})
    return letters if len(letters) > 2 and len(set(letters.values())) > 1 else {}


def _letter_notes(letters: dict[str, str], main: str) -> list[str]:
    return [f"Letters: retrievers that share one are not shown different in {main} (all pairs)."] if letters else []


def _level_notes(run: Run, dataset: dict[str, Any], rows: list[tuple[str, ...]]) -> list[str]:
    if not any(cell.endswith(DAGGER) for row in rows for cell in row):
        return []
    mine = [row for row in run.rows("comparisons") if row["dataset"] == dataset["name"] and not math.isnan(row["p"])]
    main = sum(row["measure"] == main_measure(run, dataset) for row in mine)
    rest = len(mine) - main
    others = f"; the other columns are exploratory, over {counted(rest, 'comparison')}" if rest else ""
    baseline = run.info["config"].get("against")
    reference = f"{baseline}, with which alone all are compared" if baseline else "the best of its column"
    return [
        f"{DAGGER} not shown different from {reference} (paired randomisation test at .05, Holm over "
        f"{counted(main, 'comparison')} of {main_measure(run, dataset)}{others})."
    ]


def _notes(run: Run, dataset: dict[str, Any]) -> list[str]:
    notes = []
    if dataset.get("sampled_judgements"):
        notes.append(
            "Judged in part: these means are biased, and nothing is tested or marked. The intervals hold the choice of "
            "queries, not what is not judged."
        )
    if controls(run):
        notes.append(f"Controls, which nobody can choose: {' and '.join(controls(run))}.")
    if judgements_alone(dataset):
        notes.append(
            "Without texts: words shared by query and answer, words that no document has, models' windows, copies and "
            "the comparison with a random order are left out. A document that nobody judged counts as not relevant."
        )
    if dataset["unanswerable"]:
        count = counted(dataset["unanswerable"], "query has", "queries have")
        notes.append(f"{count} no relevant document; left out of the means.")
    if whole := analysis(run, dataset).get("whole"):
        count = counted(dataset["documents"], "document")
        notes.append(f"{', '.join(whole)}: the set has {count}, so that this is 1 for whoever returns all of them.")
    if uncut := run.info.get("uncut"):
        notes += [
            f"{label}, a stored run, is scored whole: {', '.join(uncut)} to its depth of {length:,}."
            for label, length in scored_whole(run, dataset).items()
        ]
    if dataset["drop_self"]:
        notes.append("A query that is a document too is left out of its own hits (drop_self; --keep-self keeps it).")
    return notes


def _rows(run: Run, dataset: str, retriever: str) -> list[Row]:
    return [row for row in run.rows("measures") if row["dataset"] == dataset and row["retriever"] == retriever]


def _measure(row: Row, with_interval: bool) -> str:
    return interval(row) if with_interval else number(row["value"])
