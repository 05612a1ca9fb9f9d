"""What in the set itself moves its figures: ties, unjudged hits, a model's window, unknown words, copies, traps.

Only what has something to say becomes a table; each has the same in one line for the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.errors import counted
from bench.report.run.names import analysis, display_name, main_as_shown
from bench.report.table import Table, interval, number, share, signed, signed_interval
from bench.storage.run import Run

Audit = Mapping[str, Any]


def audits(run: Run, dataset: dict[str, Any]) -> Iterator[Table]:
    """The tables of a set that say something."""
    analyses = analysis(run, dataset)
    if not analyses:
        return
    name, main = display_name(dataset), main_as_shown(run, dataset)
    yield from filter(
        None, (ties(analyses, name, main), unjudged(analyses, name, main), pool_bias(analyses, name, main))
    )
    yield from windows(analyses, name, main)
    yield from filter(None, (unknown_words(analyses, name, main), copies(analyses, name, main)))
    traps = analyses.get("traps", {})
    for kind, source in (("judged", "judged not relevant"), ("file", "named in the file of traps")):
        if traps.get(kind):
            yield _traps(traps[kind], name, source)


def ties(analyses: Audit, name: str, main: str) -> Table | None:
    """What the order of equal scores decides; None where it decides nothing that shows."""
    every = analyses.get("ties") or {}
    moved = {label: figures for label, figures in every.items() if number(figures["best"]) != number(figures["worst"])}
    if not moved:
        return None
    columns = ("value", "best", "worst", "expected")
    rows = [
        (label, f"{figures['tied']:,}", *(number(figures[key]) for key in columns)) for label, figures in moved.items()
    ]
    parts = [f"{label} {number(figures['worst'])} to {number(figures['best'])}" for label, figures in moved.items()]
    notes = ["Best, worst, expected: over all orders of equal scores. Equal scores stand by id, as in trec_eval."]
    cut = [
        f"{label} in {counted(figures['cut'], 'query', 'queries')}"
        for label, figures in moved.items()
        if figures["cut"]
    ]
    if cut:
        notes.append(f"Orders of the stored hits alone; equal scores may go on below them: {', '.join(cut)}.")
    return Table(
        f"{name}: ties and {main}",
        ("retriever", "queries with ties", "as ranked", *columns[1:]),
        tuple(rows),
        notes=tuple(notes),
        line=f"Ties: by the order of equal scores, {main} of {', '.join(parts)}.",
    )


def unjudged(analyses: Audit, name: str, main: str) -> Table | None:
    """What unjudged hits could change; None where every hit is judged."""
    seen = {label: figures for label, figures in (analyses.get("unjudged") or {}).items() if figures["unjudged"]}
    if not seen:
        return None
    rows = [
        (
            label,
            share(figures["unjudged"] / figures["hits"]),
            *(number(figures[key]) for key in ("value", "low", "high")),
        )
        for label, figures in seen.items()
    ]
    cutoff = next(iter(seen.values()))["cutoff"]
    parts = [f"{row[0]} {row[1]} ({row[3]} to {row[4]})" for row in rows]
    return Table(
        f"{name}: unjudged hits and {main}",
        ("retriever", f"unjudged in top {cutoff}", "as judged", "at least", "at most"),
        tuple(rows),
        notes=(
            "An unjudged hit counts as not relevant. At least, at most: over all ways to call some of these hits "
            "relevant, all at one grade that the set uses.",
        ),
        line=f"Unjudged in the top {cutoff}, and what {main} could be: {', '.join(parts)}.",
    )


def pool_bias(analyses: Audit, name: str, main: str) -> Table | None:
    """How far the figure of a retriever falls that was not in the pool; None for a set without a record of its pool."""
    seen = analyses.get("pool_bias")
    if not seen:
        return None
    rows = [
        (
            label,
            f"{left_out['alone']:,}",
            f"{left_out['relevant']:,}",
            number(left_out["value"]),
            number(left_out["without"]),
            signed_interval(left_out["moved"]),
            left_out["best_without"],
        )
        for label, left_out in seen.items()
    ]
    most = max(seen, key=lambda label: abs(seen[label]["moved"]["value"]))
    moved = f"{signed(seen[most]['moved']['value'])} ({most})"
    notes = [
        "Each retriever left out of the pool in turn: documents that it alone brought to the judges count as unjudged, "
        "as those of a retriever would that was not in the pool, whose figure may be too low by about as much."
    ]
    changes = [label for label, left_out in seen.items() if left_out["best_without"] != left_out["best"]]
    if changes:
        notes.append(f"Without {' or '.join(changes)} in the pool another one has the highest mean.")
    if outside := [label for label in analyses["depths"] if label not in seen]:
        notes.append(f"Not in the pool: {', '.join(outside)}.")
    return Table(
        f"{name}: {main} without a retriever in the pool",
        ("retriever", "judged that it alone brought", "relevant", "as judged", "left out", "moves [95%]", "best then"),
        tuple(rows),
        notes=tuple(notes),
        line=f"Pool: left out of it, a retriever's {main} moves by up to {moved}.",
    )


def windows(analyses: Audit, name: str, main: str) -> Iterator[Table]:  # noqa: ARG001 (all audits are called alike)
    """How often relevant documents longer than a model reads are found; nothing where none is longer."""
    for seen in analyses.get("windows") or ():
        if seen["not_checked"] or not seen["cut"]:
            continue
        cut, whole, top = seen["found_cut"], seen["found_whole"], f"top {seen['cutoff']}"
        rows = [(label, share(cut[label]), share(whole[label])) for label in cut]
        are = "is" if seen["cut"] == 1 else "are"
        documents = counted(seen["relevant"], "relevant document")
        subject = f"{seen['cut']:,} of {documents} ({share(seen['cut'] / seen['relevant'])}) {are}"
        parts = [f"{label} {of_cut} / {of_others}" for label, of_cut, of_others in rows]
        readers, read = ", ".join(seen["readers"]), "reads" if len(seen["readers"]) == 1 else "read"
        yield Table(
            f"{name}: documents beyond the window of {readers}",
            ("retriever", f"cut ones found in the {top}", "others found there"),
            tuple(rows),
            notes=(
                f"{subject} longer than the {seen['window']} word pieces that {readers} {read}. Found: the share of "
                "all pairs of a query and a relevant document, not a mean over queries.",
            ),
            line=f"Window: {subject} cut by {readers}; found in the {top}, cut ones / others: {', '.join(parts)}.",
        )


def unknown_words(analyses: Audit, name: str, main: str) -> Table | None:
    """Quality on queries with a word that no document has; None where all or none have one."""
    seen = analyses.get("unknown_words")
    if not seen or not 0 < seen["unknown"] < seen["queries"]:
        return None
    with_one, without = seen["with_unknown"], seen["without_unknown"]
    rows = [(label, interval(with_one[label]), interval(without[label])) for label in with_one]
    subject = f"{seen['unknown']:,} of {counted(seen['queries'], 'query', 'queries')} ({share(seen['share'])})"
    parts = [
        f"{label} {number(with_one[label]['value'], 2)} / {number(without[label]['value'], 2)}" for label in with_one
    ]
    return Table(
        f"{name}: words that no document has",
        ("retriever", f"{main} with one [95%]", "without [95%]"),
        tuple(rows),
        notes=(f"{subject} have a word that stands in no document, which no lexical index can match.",),
        line=f"Unknown words: {subject} have one; {main} with / without: {', '.join(parts)}.",
    )


def copies(analyses: Audit, name: str, main: str) -> Table | None:  # noqa: ARG001
    """Right answers that count as wrong; None where there is none."""
    seen = analyses.get("copies")
    if not seen or not seen["pairs"]:
        return None
    top = f"top {seen['cutoff']}"
    rows = [(label, *(f"{seen[key][label]:,}" for key in ("within", "above", "above_all"))) for label in seen["within"]]
    parts = [f"{label} {above} of {within}" for label, within, above, _ in rows]
    times = counted(seen["pairs"], "time")
    note = (
        f"{times} an unjudged document in the {top} of some retriever has the text, or nearly the text, of a relevant "
        "one, and counts as wrong."
    )
    if not seen["near_searched"]:
        note += " Nearly equal texts were not searched: there is too much text."
    return Table(
        f"{name}: unjudged copies of relevant documents",
        ("retriever", f"in the {top}", "above what they copy", "above all relevant ones"),
        tuple(rows),
        notes=(note,),
        line=f"Copies: {times} an unjudged document in a {top} copies a relevant one; above what it copies: "
        f"{', '.join(parts)}.",
    )


def _traps(seen: Audit, name: str, source: str) -> Table:
    rows = [
        (label, interval(figures["rate"]), *(f"{figures[key]:,}" for key in ("wrong", "right", "undecided")))
        for label, figures in seen.items()
    ]
    several = "pairs of a query and a document"
    pairs = counted(next(iter(seen.values()))["pairs"], "pair of a query and a document", several)
    parts = [f"{label} {share(figures['rate']['value'])}" for label, figures in seen.items()]
    return Table(
        f"{name}: traps ({source})",
        ("retriever", "wrong above right [95%]", "wrong above", "right above", "neither stored"),
        tuple(rows),
        notes=(
            f"{pairs} {source}. Wrong above: the document stands above every right one. First figure: its share of the "
            "pairs of which either is stored, mean over queries.",
        ),
        line=f"Traps, {pairs} {source}: a wrong one stands above every right one, of those where either is stored, "
        f"mean over queries, in {', '.join(parts)}.",
    )
