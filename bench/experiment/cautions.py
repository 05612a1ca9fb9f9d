"""What a reader of a run's figures must know: each is a sentence, shown while it runs and stored as a warning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from bench.analysis.noise_floors import NoiseFloors
from bench.analysis.own_document import dropped_hits
from bench.config import RunConfig
from bench.data.check.texts import check as check_texts
from bench.data.dataset import Dataset
from bench.data.formats.ids import known
from bench.data.formats.run_rankings import hits_by_query
from bench.data.formats.trec_runs import line_of
from bench.errors import counted
from bench.evaluation.budget_measures import budget_of
from bench.evaluation.main_measure import ceiling
from bench.evaluation.measure_names import parse
from bench.evaluation.measures import cutoff, uncut
from bench.experiment.participants import Participant
from bench.machine.gauge import Load
from bench.storage.cell import Cell
from bench.storage.costs import NOISY, TOO_BUSY
from bench.storage.schema import choose_measure
from retrievers.base import CACHE_DAMAGED, CACHE_REBUILT, CACHE_UNWRITABLE, INDEX_DAMAGED, INDEX_UNWRITABLE

# A main measure that cannot come so far is pointed out.
LOW_CEILING = 0.5

# What an encoder records of its cache -> what the user is told.
_CACHE_TROUBLE = {
    CACHE_REBUILT: "the embedding cache was damaged; it was set aside (.damaged) and begun anew.",
    CACHE_DAMAGED: "the embedding cache held damaged vectors; they were encoded anew.",
    CACHE_UNWRITABLE: "the embedding cache could not be used (a full disk, no right to write, or another process "
    "that held it); all was encoded.",
    INDEX_DAMAGED: "the saved index was damaged; it was built anew.",
    INDEX_UNWRITABLE: "indexes could not be saved or opened (a full disk, no right to write); all was built.",
}


def of_load(load: Load) -> str:
    """What is to be expected of times, and what to do; empty where the machine is quiet."""
    if load.waited <= NOISY:
        return ""
    if load.waited <= TOO_BUSY:
        return f"The machine is noisy: times will be marked ~; above {TOO_BUSY:.0%} none are given."
    return (
        f"The machine is too busy: if it stays so, no times will be given (above {TOO_BUSY:.0%}). End other "
        "programs, or leave times out with --no-latency."
    )


def of_noise(floors: NoiseFloors) -> Iterator[str]:
    """Noise that was measured of other retrievers."""
    for folder in floors.unused:
        yield f"{folder} has the noise floor of none of these retrievers: nothing is marked by it."


def of_sets(datasets: Iterable[Dataset]) -> Iterator[str]:
    """Texts that retrievers' defaults are not made for, queries that are hits of their own, fields that nobody has."""
    for dataset in datasets:
        yield from (f"{dataset.name}: {finding.message}" for finding in check_texts(dataset))
        if itself := int(dataset.kept_itself.sum()):
            stand, are, them = ("stand", "are hits of their own that count", "them")
            if itself == 1:
                stand, are, them = ("stands", "is a hit of its own that counts", "it")
            yield (
                f"{dataset.name}: {itself:,} of {counted(len(dataset.queries), 'query', 'queries')} {stand} among "
                f"the documents, by id and text, and {are} as wrong. --drop-self leaves {them} out."
            )
        if dataset.card.sampled_judgements:
            yield (
                f"{dataset.name} is judged in part: no figure here says which retriever is better, since figures of a "
                "part are biased. The verdict is that of `python -m bench judge --status`."
            )
        for name in dataset.absent_fields:
            yield f"{dataset.name}: its card names the field {name!r}, which no query has."


def of_main(measures: Sequence[str], dataset: Dataset, fitted: bool) -> Iterator[str]:
    """That no ranking brings the main measure near to 1; else why it is not the first one. fitted: was it chosen?"""
    main, relevant = choose_measure(measures, dataset.card.measure), dataset.median_relevant
    of_these = f"queries with {relevant:g} relevant {'document' if relevant == 1 else 'documents'}, the median here"
    if (highest := ceiling(main, relevant)) < LOW_CEILING:
        yield f"{dataset.name}: {main} cannot exceed {highest:.2g} for {of_these}. Judge by nDCG@10 (-m)."
    elif fitted:
        yield f"{dataset.name} is judged by {main}: {measures[0]} does not fit {of_these}."


def of_margins(config: RunConfig, measures: Sequence[str], datasets: Iterable[Dataset]) -> Iterator[str]:
    """Margins of measures that no set is judged by."""
    main = dict.fromkeys(choose_measure(measures, dataset.card.measure) for dataset in datasets)
    for name in config.margins:
        if name not in main:
            yield (
                f"The margin of {name} is not used: sets are judged by {', '.join(main)}. Give a margin of that, "
                f"or judge by {name} with -m {name} alone."
            )


def of_cache(label: str, quantities: Mapping[str, float]) -> Iterator[str]:
    """Trouble with the embedding cache, from what a retriever recorded."""
    yield from (f"{label}: {text}" for quantity, text in _CACHE_TROUBLE.items() if quantities.get(quantity))


def of_depth(
    participant: Participant, cut: Sequence[str], measures: Sequence[str], depth: int, dataset: Dataset
) -> Iterator[str]:
    """Where a stored run is longer than our own rankings, a measure without a cutoff does not treat them alike.

    cut: labels of those that are ranked to `depth`.
    """
    longest, whole = participant.longest(dataset) or 0, uncut(measures)
    if whole and cut and longest > depth and len(dataset.documents) > depth:
        yield (
            f"{participant.label} has up to {longest:,} hits for a query of {dataset.name} and is scored whole, where "
            f"{', '.join(cut)} {'is' if len(cut) == 1 else 'are'} ranked to depth {depth:,}: by "
            f"{', '.join(whole)} they are not measured alike. Rank as deep with -k {longest}, or "
            "give the measure a cutoff."
        )


def of_end(participant: Participant, ends: int, measures: Sequence[str], dataset: Dataset) -> Iterator[str]:
    """Where a stored run was cut before the measures end, they count as missed what it may have found below.

    ends: the rank at which it was cut for most queries, 0 where it was not.
    """
    documents = dataset.corpus_size - dropped_hits(dataset)
    deeper = [name for name in measures if 0 < ends < min(cutoff(name), documents)]
    if deeper:
        yield (
            f"{participant.label} ends after {counted(ends, 'hit', 'hits')} for most queries of {dataset.name}, "
            f"and {', '.join(deeper)} look{'s' if len(deeper) == 1 else ''} deeper: what it found below counts as "
            "missed. Give the run as deep, or measure no deeper."
        )


def of_budget(cell: Cell, measures: Sequence[str], dataset: Dataset) -> Iterator[str]:
    """That a ranking ended before a budget of word pieces was full: what comes below might have fitted."""
    short = cut_before(cell, measures)
    if short:
        name, queries = next(iter(short.items()))
        yield (
            f"{cell.info['retriever']}: for {counted(queries, 'query', 'queries')} of {dataset.name} its ranking ends "
            f"before the budget of {name} is full, and what comes below counts as missed. Rank deeper (-k), or give a "
            "longer run."
        )


def cut_before(cell: Cell, measures: Sequence[str]) -> dict[str, int]:
    """Measure over a budget -> for how many queries the ranking ended before it was full; those of some alone."""
    ended = {budget: queries for budget, _, queries in cell.info.get("budgets", ())}
    return {name: ended[budget] for name in measures if (budget := budget_of(parse(name))) and ended.get(budget)}


def of_run(participant: Participant, dataset: Dataset) -> Iterator[str]:
    """What a stored run lacks of the dataset's queries, and what it has beside its documents."""
    if participant.stored is None or participant.path is None:
        return
    asked = hits_by_query(participant.stored, dataset)
    absent = [query for query, hits in zip(dataset.query_ids, asked, strict=True) if not hits]
    if absent:
        yield (
            f"{participant.label} has no hits for {len(absent):,} of the {len(dataset.queries):,} judged queries of "
            f"{dataset.name} ({', '.join(absent[:3])}{', …' * (len(absent) > 3)}); each counts as 0."
        )
    if dataset.judgements_alone:
        yield from _of_others(participant, participant.stored, dataset)
    unknown = set(participant.unknown_documents(dataset))
    if unknown:
        number = sum(len(unknown & hits.keys()) for hits in asked)
        query, document = next(
            (query, document)
            for query, hits in zip(dataset.query_ids, asked, strict=True)
            for document in hits
            if document in unknown
        )
        yield (
            f"{participant.label}: {number:,} of {sum(map(len, asked)):,} hits are documents that {dataset.name} does "
            "not have; each keeps its rank and counts as not relevant, as in trec_eval. The first: "
            f"{line_of(participant.path, query, document)}: {document!r} for the query {query!r}."
        )


def _of_others(participant: Participant, stored: Mapping[str, object], dataset: Dataset) -> Iterator[str]:
    """What a run has for queries that nobody judged."""
    judged = known((*dataset.query_ids, *dataset.outside))
    others = [query for query in stored if query not in judged]
    if others:
        yield (
            f"{participant.label} has hits for {counted(len(others), 'query', 'queries')} that {dataset.name} does not "
            f"judge ({', '.join(others[:3])}{', …' * (len(others) > 3)}); left aside."
        )
