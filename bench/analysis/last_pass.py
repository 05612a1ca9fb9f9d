"""The last pass of a run before it is sealed: how sure, why, and what to do. Reports read it and compute nothing.

comparisons.csv   every pair of retrievers on every set by every measure (bench.evaluation.pairs)
analysis.json     by set: why (bench.analysis), which of two is better, who is level with the best, who is beaten on
                  quality and costs alike (bench.analysis.pareto), the verdict, its maps; and the overall verdict
map.parquet       where documents and queries lie to each retriever (bench.analysis.maps)
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from bench.analysis import controls, pareto
from bench.analysis.costs import stage_times
from bench.analysis.guard import Guard
from bench.analysis.maps import write_maps
from bench.analysis.noise_floors import NoiseFloors, noise_floors
from bench.analysis.set_effects import Model
from bench.analysis.slice_tests import BySlice, by_slice
from bench.analysis.terms import Terms
from bench.analysis.values import always_one, evaluate
from bench.analysis.verdict import sentences, slice_sentences
from bench.analysis.verdict.choices import Limits, RetrieverSummary
from bench.analysis.verdict.fusion import FusionEstimate, best_fusion
from bench.analysis.verdict.overall import overall
from bench.analysis.verdict.result import UNDECIDED, Overall, Verdict
from bench.analysis.verdict.rules import decide
from bench.analysis.why import Analysis, analyse
from bench.config import RunConfig
from bench.data.dataset import Dataset
from bench.data.formats.traps import read_traps
from bench.data.slices import ALL
from bench.evaluation import measures
from bench.evaluation.letters import compact_letters
from bench.evaluation.measures import resolve
from bench.evaluation.pairs import PairedDifference, adjusted, compare_pairs, not_shown_worse, outcome, untested
from bench.storage.cell import Cell
from bench.storage.costs import PARETO, SHORTENED, is_noisy, is_shortened
from bench.storage.files import write_csv, write_json
from bench.storage.run import Row, Run
from bench.storage.schema import COMPARISONS, choose_measure

Cells = Mapping[str, Cell]
NO_LUCK: dict[str, Any] = {"no_better_than_random": None, "too_few_for_random": False}


@dataclass(frozen=True)
class _Examined:
    """A set with what was found out about it. cells: of retrievers, not of controls."""

    dataset: Dataset
    cells: Cells
    measure: str
    analysis: Analysis


def write_conclusions(
    run: Run,
    datasets: Sequence[Dataset],
    by_set: Mapping[str, Cells],
    config: RunConfig,
    guard: Guard,
    *,
    terms: Mapping[str, Terms],
) -> None:
    """Write comparisons.csv and analysis.json of a run whose tables are written.

    by_set: set -> label -> cell. guard: is told of the sections that fail; each is missing from analysis.json, and the
    rest is there. terms: of each set.
    """
    kinds = {retriever["label"]: retriever["kind"] for retriever in run.info["retrievers"]}
    contenders = [label for label in run.retrievers if kinds[label] != controls.KIND]
    examined_sets, rows = [], []
    floors = guard("noise floors", partial(noise_floors, config.noise, run.info), NoiseFloors())
    for dataset in datasets:
        cells = {label: cell for label, cell in by_set[dataset.name].items() if label in contenders}
        if not cells or not dataset.answerable.any():
            continue
        measure = choose_measure(run.info["measures"], dataset.card.measure)
        rows += guard(f"comparisons of {dataset.name}", partial(_compared, dataset, cells, measure, config), [])
        of_set = terms[dataset.name]
        analysed = partial(_analysed, run, dataset, cells, config, measure=measure, guard=guard, terms=of_set)
        analysis = guard(f"analysis of {dataset.name}", analysed, Analysis({}, []))
        examined_sets.append(_Examined(dataset, cells, measure, analysis))
    rows = adjusted([row._replace(noise_floor=floors.of(row.dataset, row.measure, row.a, row.b)) for row in rows])
    write_csv(run.folder / "comparisons.csv", COMPARISONS, rows)
    level = not_shown_worse(rows, config.against)
    verdicts: list[Verdict] = []
    sets = {}
    for examined in examined_sets:
        name = examined.dataset.name
        verdict = guard(f"verdict of {name}", partial(_verdict, run, examined, rows, kinds, config, floors), None)
        # A mean over a part of the judgements is biased: whatever rests on one has no test and no mark.
        is_sampled = examined.dataset.card.sampled_judgements
        sliced, front, luck = None, None, NO_LUCK
        if not is_sampled:
            sliced = guard(f"slices of {name}", partial(_slices, examined, verdict, config.seed), None)
            front = guard(f"Pareto set of {name}", partial(_pareto, run, examined), None)
            luck = guard(f"chance of {name}", partial(_luck, run, examined, config.seed), NO_LUCK)
        if verdict is not None:
            if sliced:
                more = slice_sentences.by_slice(sliced, verdict.retriever)
                verdict = replace(verdict, sentences=(*verdict.sentences, *more))
            if examined.dataset.card.made_queries and not is_sampled:
                verdict = replace(verdict, sentences=sentences.on_made_queries(verdict.sentences))
            if examined.dataset.card.machine_judged:
                verdict = replace(verdict, sentences=sentences.by_a_machine(verdict.sentences))
            verdicts.append(verdict)
        sets[name] = {
            **examined.analysis.stored,
            "verdict": verdict.as_json() if verdict else None,
            "level": {
                measure: {"best": best, "undecided": list(others)}
                for (dataset, measure), (best, others) in level.items()
                if dataset == name and not is_sampled
            },
            "better": (better := _better(rows, name)),
            "letters": {} if config.against or is_sampled else _letters(run, examined, better),
            "pareto": front,
            **luck,
            "slices": sliced.as_json() if sliced else None,
            "whole": always_one(run.info["measures"], examined.dataset),
            **({"noise": floors.stored(name)} if floors.stored(name) else {}),
        }
    mapped = guard("maps", partial(write_maps, run, datasets, by_set, config, guard), {})
    for name in sets.keys() & mapped.keys():
        sets[name] |= mapped[name]
    made = [examined.dataset.name for examined in examined_sets if examined.dataset.card.made_queries]
    machine = [examined.dataset.name for examined in examined_sets if examined.dataset.card.machine_judged]
    conclusion = _marked(overall(verdicts), made, machine).as_json() if verdicts else None
    write_json(run.folder / "analysis.json", {"sets": sets, "overall": conclusion})


def _marked(over_sets: Overall, made: Sequence[str], machine: Sequence[str]) -> Overall:
    """The verdict over all sets, which says where it rests on made queries, or on a program's grades.

    made, machine: sets of such.
    """
    judged = {name for names in over_sets.sets.values() for name in names}
    for marked, on_all, on_some in (
        (made, sentences.on_made_queries, sentences.some_made),
        (machine, sentences.by_a_machine, sentences.some_by_machine),
    ):
        named = [name for name in marked if name in judged]
        if named and len(named) == len(judged):
            over_sets = replace(over_sets, sentences=on_all(over_sets.sentences))
        elif named:
            over_sets = replace(over_sets, sentences=(*over_sets.sentences, on_some(named)))
    return over_sets


def _model(retriever: Mapping[str, Any]) -> Model | None:
    """What a retriever of run.json encodes with, None where it does not say."""
    parameters = retriever["parameters"]
    if retriever["kind"] != "dense" or not isinstance(parameters.get("model"), str):
        return None
    return Model(parameters["model"], parameters.get("revision"), parameters.get("max_length"))


def _compared(dataset: Dataset, cells: Cells, measure: str, config: RunConfig) -> list[PairedDifference]:
    values = {label: cell.per_query for label, cell in cells.items()}
    rows = compare_pairs(
        dataset.name,
        values,
        dataset.answerable,
        seed=config.seed,
        main=measure,
        groups=dataset.groups,
        margins=config.margins,
        against=config.against,
    )
    return list(map(untested, rows)) if dataset.card.sampled_judgements else rows


def _analysed(
    run: Run, dataset: Dataset, cells: Cells, config: RunConfig, *, measure: str, guard: Guard, terms: Terms
) -> Analysis:
    retrievers = [retriever for retriever in run.info["retrievers"] if retriever["label"] in cells]
    return analyse(
        dataset,
        {label: cell.ranking for label, cell in cells.items()},
        {label: cell.per_query for label, cell in cells.items()},
        kinds={retriever["label"]: retriever["kind"] for retriever in retrievers},
        models={retriever["label"]: model for retriever in retrievers if (model := _model(retriever))},
        measure=measure,
        seed=config.seed,
        stages={label: cell.stages for label, cell in cells.items() if cell.stages is not None},
        stage_times={label: stage_times(cell) for label, cell in cells.items()},
        traps=read_traps(Path(config.traps), dataset) if config.traps else None,
        guard=guard,
        terms=terms,
    )


def _verdict(  # noqa: PLR0917
    run: Run,
    examined: _Examined,
    rows: Sequence[PairedDifference],
    kinds: Mapping[str, str],
    config: RunConfig,
    floors: NoiseFloors,
) -> Verdict:
    name, measure = examined.dataset.name, examined.measure
    withheld = _judged_in_part(examined, config) or _unequal_depths(run, examined)
    if withheld:
        return Verdict(name, measure, config.margins.get(measure, 0.0), UNDECIDED, "undecided", withheld)
    candidates = [_candidate(run, name, measure, label, kinds[label]) for label in examined.cells]
    limits = Limits(config.max_p95_ms, config.max_memory_mb)
    verdict = decide(
        name,
        measure,
        candidates,
        rows,
        margins=config.margins,
        limits=limits,
        fusion=None if config.against else _fusion(examined, candidates, limits, config.seed, floors),
        against=config.against,
    )
    noise = _below_noise(verdict, rows, floors)
    return replace(verdict, sentences=(*verdict.sentences, *noise, *_depth(run, examined), *_sample(examined)))


def _below_noise(verdict: Verdict, rows: Sequence[PairedDifference], floors: NoiseFloors) -> tuple[str, ...]:
    """That the difference that a verdict is about is below the noise floor, where it is."""
    about = (verdict.dataset, verdict.measure)
    return tuple(
        sentences.below_noise(row.seen_from(verdict.pair[0]), floors.folders)
        for row in rows
        if verdict.pair and (row.dataset, row.measure) == about and {row.a, row.b} == set(verdict.pair)
        if row.below_noise
    )


def _judged_in_part(examined: _Examined, config: RunConfig) -> tuple[str, ...]:
    """That the judgements are a sample, of which a mean is biased; nothing where they are not."""
    dataset = examined.dataset
    if not dataset.card.sampled_judgements:
        return ()
    folder = next((given for given in config.datasets if Path(given).resolve().name == dataset.name), dataset.name)
    return sentences.judged_in_part(dataset.name, examined.measure, folder)


def _sample(examined: _Examined) -> tuple[str, ...]:
    """That other queries were left out."""
    dataset = examined.dataset
    if not dataset.sampled:
        return ()
    asked, total = len(dataset.queries), len(dataset.queries) + len(dataset.outside)
    return (f"This is of a sample, {asked:,} of {total:,} queries (--limit): a run with all of them is surer.",)


def _slices(examined: _Examined, verdict: Verdict | None, seed: int) -> BySlice | None:
    """The two that the verdict compares, else the two of the highest mean, by the fields of the card."""
    dataset, measure = examined.dataset, examined.measure
    values = {label: cell.per_query[measure] for label, cell in examined.cells.items()}
    by_mean = sorted(values, key=lambda label: (-values[label][dataset.answerable].mean(), label))
    pair = by_mean[:2]
    if verdict and verdict.pair:
        pair = list(verdict.pair)
    if len(pair) < 2 or not dataset.card.slices:
        return None
    return by_slice(dataset, {label: values[label] for label in pair}, measure, seed)


def _unequal_depths(run: Run, examined: _Examined) -> tuple[str, ...]:
    """Why nothing can be chosen by a measure that looks deeper into one ranking than another goes."""
    name, measure = examined.dataset.name, examined.measure
    deepest = {label: run.deepest(name, label) for label in examined.cells}
    documents = examined.dataset.corpus_size - int((examined.dataset.left_out >= 0).any())
    cutoff = measures.cutoff(measure)
    reach = min(cutoff or max(deepest.values()), documents)
    ends = {label: run.cut(name, label) or cell.ends for label, cell in examined.cells.items()}
    short = {label: end for label, end in ends.items() if 0 < end < reach}
    if not short or (not cutoff and measure not in run.info["uncut"]):  # every ranking filled its budget
        return ()
    least = min(short.values())
    if cutoff:
        stored = "; ".join(f"the stored run {label} ends after {end:,}" for label, end in short.items())
        return (
            f"Undecided on {name}: {measure} looks {cutoff:,} hits deep, and {stored}. Give it as deep, or measure "
            f"no deeper than {least:,}.",
        )
    depths = ", ".join(f"{end:,} into {label}" for label, end in short.items())
    longest = ", ".join(f"{deepest[label]:,} into {label}" for label in examined.cells if label not in short)
    as_deep = f"Rank as deep with -k {max(deepest.values())}" if any(run.cut(name, label) for label in short) else ""
    return (
        f"Undecided on {name}: {measure} has no cutoff and looks {depths}, and {longest}, which are two measures. "
        f"{as_deep or 'Give runs as deep'}, or give the measure a cutoff of {least:,} or less.",
    )


def _depth(run: Run, examined: _Examined) -> tuple[str, ...]:
    """How deep a measure without a cutoff looked, where that is not the whole corpus."""
    cut = [label for label in examined.cells if run.cut(examined.dataset.name, label)]
    if examined.measure not in run.info["uncut"] or not cut or len(examined.dataset.documents) <= run.info["depth"]:
        return ()
    return (
        f"{examined.measure} has no cutoff; rankings were made, and looked at, to depth {run.info['depth']:,} (-k).",
    )


# What a verdict calls a time -> its quantity.
_TIMES = {"p95": "p95", "p50": "p50", "indexing": "index"}


def _candidate(run: Run, dataset: str, measure: str, label: str, kind: str) -> RetrieverSummary:
    quality, costs = _quality(run, dataset, measure, label), _costs(run, dataset, label)
    p95, memory, p50, index = (costs.get(quantity, {}) for quantity in ("p95", "peak_memory", "p50", "index"))
    entry = next(entry for entry in run.info["retrievers"] if entry["label"] == label)
    values = {quantity: row["value"] for quantity, row in costs.items()}
    return RetrieverSummary(
        label,
        kind,  # type: ignore[arg-type]
        quality["value"],
        quality["low"],
        quality["high"],
        p95.get("value"),
        memory.get("value"),
        p50.get("value"),
        p50.get("low"),
        index.get("value"),
        frozenset(name for name, quantity in _TIMES.items() if is_noisy(values, quantity)),
        entry.get("specification", ""),
        {name: (costs[name]["low"], costs[name]["high"]) for name in ("p95", "p50") if name in costs},
        _fuses(entry),
        tuned=bool(entry["parameters"].get("tuned")),
    )


def _fuses(entry: Mapping[str, Any]) -> bool:
    """Does a retriever of run.json fuse rankings, itself or in a part, of which it has the class?"""
    parts = [value for name, value in entry["parameters"].items() if re.search(r"(^|\.)parts\.\d+$", name)]
    return bool(entry["kind"] == "hybrid" or "Hybrid" in parts)


def _quality(run: Run, dataset: str, measure: str, label: str) -> Row:
    return next(
        row
        for row in run.rows("measures")
        if (row["dataset"], row["retriever"], row["measure"], row["slice"]) == (dataset, label, measure, ALL)
    )


def _costs(run: Run, dataset: str, label: str) -> dict[str, Row]:
    """The rows of the costs that are known, by quantity."""
    costs = {
        row["quantity"]: row
        for row in run.rows("latency")
        if (row["dataset"], row["retriever"]) == (dataset, label) and row["value"] == row["value"]
    }
    # Where the cache made the model needless, or the build, these are not what they would be.
    shortened = SHORTENED if is_shortened(costs) else ()
    return {quantity: row for quantity, row in costs.items() if quantity not in shortened}


def _better(rows: Sequence[PairedDifference], dataset: str) -> dict[str, list[list[str]]]:
    """Measure -> [better, worse] of each pair that is shown to differ."""
    better: dict[str, list[list[str]]] = {}
    for row in rows:
        if row.dataset == dataset and (side := outcome(row)) != "undecided":
            better.setdefault(row.measure, []).append([row.a, row.b] if side == "a" else [row.b, row.a])
    return better


def _letters(run: Run, examined: _Examined, better: Mapping[str, list[list[str]]]) -> dict[str, dict[str, str]]:
    """Measure -> label -> the letters of the groups of those not shown different."""
    asked, letters = examined.dataset.answerable, {}
    for measure in run.info["measures"]:
        means = {label: cell.per_query[measure][asked].mean() for label, cell in examined.cells.items()}
        labels = sorted(means, key=lambda label: (-means[label], label))
        letters[measure] = compact_letters(labels, [(one, other) for one, other in better.get(measure, ())])
    return letters


def _pareto(run: Run, examined: _Examined) -> dict[str, list[str]]:
    """The Pareto set over the main measure and the costs that are known of any retriever."""
    name, measure = examined.dataset.name, examined.measure
    costs = {label: _costs(run, name, label) for label in examined.cells}
    axes = [axis for axis in PARETO if any(axis in known for known in costs.values())]
    points = {
        label: [
            -_quality(run, name, measure, label)["value"],
            *(known[axis]["value"] if axis in known else math.nan for axis in axes),
        ]
        for label, known in costs.items()
    }
    return {"axes": [measure, *axes], "retrievers": pareto.undominated(points)}


def _fusion(
    examined: _Examined, candidates: Sequence[RetrieverSummary], limits: Limits, seed: int, floors: NoiseFloors
) -> FusionEstimate | None:
    """The best fusion of the stored rankings of two; None too where what it gains is below the noise floor of any."""
    dataset, measure = examined.dataset, examined.measure
    asked, groups = dataset.answerable, dataset.groups
    best = best_fusion(
        measure,
        candidates,
        limits,
        {frozenset((pair.first, pair.second)): pair.fused_values[asked] for pair in examined.analysis.pairs},
        {label: cell.per_query[measure][asked] for label, cell in examined.cells.items()},
        seed=seed,
        groups=None if groups is None else groups[asked],
    )
    labels = () if best is None else (best.first.label, best.second.label, best.over.label)
    return None if best is None or best.gain < floors.of(dataset.name, measure, *labels) else best


def _luck(run: Run, examined: _Examined, seed: int) -> dict[str, Any]:
    """Who is not shown better than a random order of the documents, looked at as deep; and whether anybody could be."""
    dataset, asked, measure = examined.dataset, examined.dataset.answerable, examined.measure
    if dataset.judgements_alone:  # how many documents luck would draw from is not known
        return NO_LUCK
    cutoff = measures.cutoff(measure)
    depths = {label: cutoff or run.deepest(dataset.name, label) for label in examined.cells}
    luck = {depth: controls.random_means(dataset, measure, seed, depth) for depth in set(depths.values())}
    lucky = [
        label
        for label, cell in examined.cells.items()
        if controls.luck_p(cell.per_query[measure][asked].mean(), luck[depths[label]]) >= controls.LEVEL
    ]
    if not lucky:
        return {"no_better_than_random": [], "too_few_for_random": False}
    best = controls.oracle(dataset, max(depths.values()))
    ideal = evaluate(dataset, best, resolve([measure]))[measure][asked].mean()
    too_few = all(controls.luck_p(ideal, means) >= controls.LEVEL for means in luck.values())
    return {"no_better_than_random": lucky, "too_few_for_random": too_few}
