"""What every form says of a comparison of two runs: chosen, ordered and written out once.

Texts of queries and documents are strangers' input. `inert` makes them plain before any form sees them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from bench.regression import Check, Cost, Flip, Hit, Judged, Regression
from bench.report.table import Table

SHOWN_FLIPS = 50
SHOWN_PASSES = 6
SHOWN_HITS = 3
SHOWN_CHARACTERS = 160

OUTCOMES = {
    "pass": "No regression.",
    "inconclusive": "No regression is shown, and none is ruled out where it says inconclusive.",
    "regression": "Regression.",
    "not comparable": "The runs cannot be compared in full, which is never a pass.",
    "failed": "A cell of head failed.",
}


def inert(text: str, longest: int | None = None) -> str:
    """One line of printable characters that starts no escape sequence and no workflow command of a CI system."""
    plain = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in " ".join(text.split()))
    plain = plain.replace("::", ": :").replace("##[", "## [").replace("##vso", "## vso")
    return plain if longest is None or len(plain) <= longest else plain[: longest - 1] + "…"


def headline(found: Regression) -> str:
    """The outcome, and how many queries moved."""
    lost = sum(each.lost for each in found.flips)
    gained = len(found.flips) - lost
    moved = f" {lost:,} times a query lost its last relevant hit in the top 10, {gained:,} times one gained a first."
    return OUTCOMES[found.outcome] + (moved if found.flips else "")


def troubles(found: Regression) -> Iterator[str]:
    """What keeps the comparison from being whole."""
    for dataset, retriever, reason in found.failures:
        yield f"Failed: {inert(retriever)} on {inert(dataset)}: {inert(reason, SHOWN_CHARACTERS)}"
    for each in found.problems:
        yield f"Not comparable: {inert(each)}"


def notes(found: Regression) -> Iterator[str]:
    """What else differs between the runs."""
    for pair in found.pairs:
        if pair.note:
            yield f"{inert(pair.retriever)} on {inert(pair.dataset)}: {inert(pair.note)}"
    for dataset, retriever in found.added:
        yield f"{inert(retriever)} on {inert(dataset)} is new: there is nothing to compare it with."
    for each in found.surroundings:
        yield f"{inert(each.what)}: {inert(each.base, SHOWN_CHARACTERS)} is now {inert(each.head, SHOWN_CHARACTERS)}"


def gates(found: Regression) -> Table:
    """Each gate on the cells that it covers: what is no pass first, and many passes of one gate in a row."""
    open_, passed = [], []
    for judged in found.judged:
        text = inert(judged.gate.text)
        fine = [each for each in judged.checks if each.result == "pass"]
        open_ += [(text, *_check(each)) for each in judged.checks if each.result != "pass"]
        if len(fine) > SHOWN_PASSES:
            whole = "all" if len(fine) == len(judged.checks) else f"of {len(judged.checks):,}"
            passed.append((text, "pass", "", "", f"{len(fine):,} cells ({whole})"))
        else:
            passed += [(text, *_check(each)) for each in fine]
        if not judged.checks:
            open_.append((text, "missing", "", "", "no cell of both runs has this figure"))
    return Table("Gates", ("gate", "outcome", "set", "retriever", "base → head"), (*open_, *passed))


def quality(found: Regression) -> Table:
    """Every measure of every cell, and of the slices that gates ask for."""
    header = ("set", "retriever", "measure", "base", "head", "difference [95%]", "p (Holm)", "could show", "state")
    rows = []
    for row in found.changes:
        where = "" if row.slice == "all" else f"[{inert(row.slice)}]"
        figures = (f"{row.base:.4f}", f"{row.head:.4f}")
        if row.settled:
            said = (row.same, "", "", "pass")
        else:
            between = f"{row.difference:+.4f} [{_signed(row.low)}, {_signed(row.high)}]"
            said = (between, _number(row.p_holm, 3), _number(row.detectable, 3), row.significant)
        rows.append((inert(row.dataset), inert(row.retriever), f"{row.measure}{where}", *figures, *said))
    notes = (
        "Difference: head − base, with its paired 95% interval; p: paired randomisation test, corrected (Holm) for all "
        "tests shown; could show: the smallest true difference that these queries reveal with 80% power. "
        "State: fail where the interval is below 0 and p below .05, pass where it is nowhere below 0 or no "
        "query's value moved, else inconclusive.",
    )
    return Table("Quality", header, tuple(rows), notes=notes)


def costs(found: Regression) -> Table:
    """Times and sizes of both runs."""
    rows = [
        (inert(row.dataset), inert(row.retriever), row.name, _number(row.base, 2), _number(row.head, 2), _share(row))
        for row in found.costs
    ]
    notes = (
        "Times are advice: the runs were not measured in turn on one machine. * shortened by the embedding cache.",
    )
    return Table("Costs", ("set", "retriever", "cost", "base", "head", "change"), tuple(rows), notes=notes)


def shown_flips(found: Regression) -> Sequence[Flip]:
    """Flipped queries that a form for people shows: lost ones first."""
    return sorted(found.flips, key=lambda flip: not flip.lost)[:SHOWN_FLIPS]


def left_out(found: Regression) -> str:
    """How many flipped queries are not shown; empty for none."""
    more = len(found.flips) - SHOWN_FLIPS
    return f"{more:,} more; --json has them all." if more > 0 else ""


def hit(each: Hit) -> str:
    """A hit in one line."""
    mark = " ✓" if (each.grade or 0) > 0 else " ✗" if each.grade is not None else ""
    return inert(f"{each.rank}. {each.document}{mark} {each.text}", SHOWN_CHARACTERS)


def reasons(judged: Judged) -> str:
    """The checks of a gate that are no pass, else all, a line each."""
    chosen = [each for each in judged.checks if each.result != "pass"] or list(judged.checks)
    return "\n".join(
        f"{each.result}: {inert(each.retriever)} on {inert(each.dataset)}: {each.reason}" for each in chosen
    )


def _check(each: Check) -> tuple[str, str, str, str]:
    return each.result, inert(each.dataset), inert(each.retriever), each.reason


def _share(row: Cost) -> str:
    text = f"{row.head / row.base - 1:+.1%}" if row.base and not math.isnan(row.head - row.base) else "n/a"
    return text + "*" * (row.cached and row.name in ("index_s", "load_s", "peak_memory_mb"))


def _signed(value: float) -> str:
    return "n/a" if math.isnan(value) else f"{value:+.4f}"


def _number(value: float, digits: int) -> str:
    return "n/a" if math.isnan(value) else f"{value:,.{digits}f}"
