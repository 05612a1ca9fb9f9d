"""What to look at before the figures of a set are believed: its audits that can matter, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from bench.errors import counted
from bench.report.run.audits import Audit
from bench.report.run.names import analysis, judgements_alone, main_as_shown
from bench.report.run.overview import shown_measures
from bench.report.table import number, share
from bench.storage.run import Run

# Below these an audit changes no decision: of the main measure; of hits or documents.
MOVED, SHARE = 0.005, 0.1


def attention(run: Run, dataset: dict[str, Any]) -> list[str]:
    """What to look at, the gravest first; empty where there is nothing."""
    analyses = analysis(run, dataset)
    if not analyses:
        return []
    main = main_as_shown(run, dataset)
    return [
        *_whole(run, dataset, analyses),
        *_copies(analyses),
        *_traps(analyses),
        *_unjudged(dataset, analyses),
        *_ties(analyses, main),
        *_cut(analyses),
        *_unknown(analyses),
    ]


def _whole(run: Run, dataset: dict[str, Any], analyses: Audit) -> Iterator[str]:
    """Shown measures that say nothing on so few documents."""
    if names := [name for name in shown_measures(run, dataset) if name in analyses.get("whole", ())]:
        documents = counted(dataset["documents"], "document")
        yield f"{' and '.join(names)}: 1 for whoever returns all of the {documents}"


def _copies(analyses: Audit) -> Iterator[str]:
    copies = analyses.get("copies") or {"above_all": {}}
    if most := max(copies["above_all"].values(), default=0):
        yield f"unjudged copies of relevant documents stand above them up to {most:,} times"


def _traps(analyses: Audit) -> Iterator[str]:
    for traps in (analyses.get("traps") or {}).values():
        if traps:
            yield f"traps stand above every right document in {_span(of['rate']['value'] for of in traps.values())}"


def _unjudged(dataset: dict[str, Any], analyses: Audit) -> Iterator[str]:
    audited = (analyses.get("unjudged") or {}).values()
    shares = [figures["unjudged"] / figures["hits"] for figures in audited if figures["hits"]]
    if max(shares, default=0) >= SHARE:
        cutoff = next(iter(audited))["cutoff"]
        goes_on = judgements_alone(dataset) or dataset.get("sampled_judgements")  # the verdict names its command
        how = "" if goes_on else " (python -m bench judge RUN asks for them)"
        yield f"{_span(shares)} of the top {cutoff} not judged{how}"


def _ties(analyses: Audit, main: str) -> Iterator[str]:
    moved = max((of["best"] - of["worst"] for of in (analyses.get("ties") or {}).values()), default=0)
    if moved >= MOVED:
        yield f"the order of equal scores moves {main} by up to {number(moved, 3)}"


def _cut(analyses: Audit) -> Iterator[str]:
    for window in analyses.get("windows") or ():
        if not window["not_checked"] and window["cut"] >= SHARE * window["relevant"]:
            cut = share(window["cut"] / window["relevant"])
            yield f"{', '.join(window['readers'])} cut {cut} of the relevant documents"


def _unknown(analyses: Audit) -> Iterator[str]:
    unknown = analyses.get("unknown_words")
    if unknown and unknown["share"] >= SHARE:
        yield f"{share(unknown['share'])} of the queries have a word that no document has"


def _span(values: Iterable[float]) -> str:
    """A share, or the lowest and the highest."""
    known = sorted(values)
    return " to ".join(dict.fromkeys((share(known[0]), share(known[-1]))))
