"""What every form says of a comparison of two runs: chosen, ordered and written out once.

Texts of queries and documents are strangers' input. `inert` makes them plain before any form sees them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence

from bench.data.dataset import is_relevant
from bench.data.passages import passage, query_terms
from bench.data.slices import ALL
from bench.errors import counted, told_apart
from bench.regression import UNMOVED, WORST, Change, Check, CostChange, Flip, Judged, RankedHit, Regression
from bench.report.table import NOISE, Table, log_line, p_value, shows_from, signed
from bench.storage.costs import BY_GATE

SHOWN_FLIPS = 50
SHOWN_PASSES = 2
SHOWN_NAMES = 2
SHOWN_HITS = 3
SHOWN_CHARACTERS = 160
BUSY = "n/a where the machine was too busy: such times mislead, and are left out."
NO_FIGURE = "no cell of both runs has this figure"

OUTCOMES = {
    "pass": "No regression.",
    "inconclusive": "No regression is shown, and none is ruled out where it says inconclusive.",
    "regression": "Regression.",
    "not comparable": "The runs cannot be compared in full, which is never a pass.",
    "failed": "A cell of head failed.",
}


def inert(text: str, longest: int | None = None) -> str:
    """One line of printable characters that starts no escape sequence and no workflow command of a CI system."""
    plain = log_line(text)
    return plain if longest is None or len(plain) <= longest else plain[: longest - 1] + "…"


def headline(comparison: Regression) -> str:
    """The outcome, what decided it, and how many queries moved."""
    dropped = sorted((row for row in comparison.changes if row.significant == "fail"), key=lambda row: not row.main)
    first = OUTCOMES[comparison.outcome]
    if dropped and comparison.outcome in ("pass", "inconclusive"):  # the gates hold, and yet
        names = [f"{row.measure}{_where(row)} of {inert(row.retriever)} on {inert(row.dataset)}" for row in dropped]
        first = f"No gate fails, but these dropped significantly: {_listed(names)}."
    elif comparison.outcome == "pass" and comparison.changes and all(row.settled for row in comparison.changes):
        first += " No query's value moved."
    return " ".join((first, *_decisive(comparison), *_moved(comparison)))


def _decisive(comparison: Regression) -> Iterator[str]:
    """Gates that fail, and gates whose figure is not there."""
    for result, what in (("fail", "Failed gates"), ("missing", "Gates without a figure")):
        names = [
            f"{inert(judged.gate.text)} ({inert(check.retriever)} on {inert(check.dataset)})"
            for judged in comparison.judged
            for check in judged.checks
            if check.result == result
        ]
        names += [inert(judged.gate.text) for judged in comparison.judged if result == "missing" and not judged.checks]
        if names and not (result == "missing" and comparison.problems):  # the problems say why
            yield f"{what}: {_listed(names)}."


def _moved(comparison: Regression) -> Iterator[str]:
    lost = sum(flip.lost for flip in comparison.flips)
    over = f", over {len(comparison.pairs):,} cells" if len(comparison.pairs) > 1 else ""
    if comparison.flips:
        queries = "query lost its" if lost == 1 else "queries lost their"
        gained = len(comparison.flips) - lost
        yield f"{lost:,} {queries} last relevant hit in the top 10, {gained:,} gained a first{over}."


def _listed(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = len(names) - SHOWN_NAMES
    return "; ".join(names[:SHOWN_NAMES]) + (f"; and {more:,} more" if more > 0 else "")


def troubles(comparison: Regression) -> Iterator[str]:
    """What keeps the comparison from being whole."""
    for dataset, retriever, reason in comparison.failures:
        yield f"Failed: {inert(retriever)} on {inert(dataset)}: {inert(reason, SHOWN_CHARACTERS)}"
    for problem in comparison.problems:
        yield f"Not comparable: {inert(problem)}"


def notes(comparison: Regression) -> Iterator[str]:
    """What else differs between the runs."""
    for retriever, note in dict.fromkeys((pair.retriever, pair.note) for pair in comparison.pairs if pair.note):
        sets = [inert(pair.dataset) for pair in comparison.pairs if (pair.retriever, pair.note) == (retriever, note)]
        yield f"{inert(retriever)} on {', '.join(sets)}: {inert(note)}"
    for dataset, retriever in comparison.added:
        yield f"{inert(retriever)} on {inert(dataset)} is new: there is nothing to compare it with."
    for changed in comparison.surroundings:
        base, head = told_apart(inert(changed.base), inert(changed.head), SHOWN_CHARACTERS)
        yield f"{inert(changed.what)}: {base} is now {head}"


def gates(comparison: Regression) -> Table:
    """Each gate on the cells that it covers: the worst first, and many passes of one gate in a row."""
    open_: list[tuple[str, ...]] = []
    passed: list[tuple[str, ...]] = []
    for judged in comparison.judged:
        text = inert(judged.gate.text)
        fine = [check for check in judged.checks if check.result == "pass"]
        open_ += [_check(text, check) for check in judged.checks if check.result != "pass"]
        if len(fine) > SHOWN_PASSES:
            whole = "all" if len(fine) == len(judged.checks) else f"of {len(judged.checks):,}"
            passed.append(("pass", text, "", "", f"{counted(len(fine), 'cell')} ({whole})"))
        else:
            passed += [_check(text, check) for check in fine]
        if not judged.checks:
            open_.append(("missing", text, "", "", NO_FIGURE))
    open_.sort(key=lambda row: WORST.index(row[0]))
    header = ("outcome", "gate", "set", "retriever", "base → head")
    marked = frozenset((number, 0) for number in range(len(open_)))
    return Table("Gates", header, (*open_, *passed), best=marked, columns_left=len(header))


def main(comparison: Regression) -> Table | None:
    """The main measure of each cell that moved; None where none did."""
    rows = tuple(_figures(row) for row in comparison.whole() if row.main and not row.settled)
    if not rows:
        return None
    still = sum(row.main and row.settled for row in comparison.whole())
    unmoved = (f"In {counted(still, 'more cell')} no query's value moved.",) if still else ()
    notes = (*unmoved, *_noise_notes(row for row in comparison.whole() if row.main))
    return Table("Main measures", _QUALITY[:6], tuple(row[:6] for row in rows), notes=notes, columns_left=3)


def quality(comparison: Regression) -> Table:
    """Every measure of every cell, and of the slices that gates ask for; a cell where nothing moved is one row."""
    rows: list[tuple[str, ...]] = []
    for pair in comparison.pairs:
        mine = [row for row in comparison.changes if (row.dataset, row.retriever) == pair[:2]]
        if len(mine) > 1 and all(row.settled for row in mine):
            shown = next((row for row in mine if row.main), mine[0])
            name, cells = f"{shown.measure} and {len(mine) - 1} more", _figures(shown)
            rows.append((*cells[:2], name, *cells[3:5], _same(mine), *cells[6:]))
        else:
            rows += map(_figures, mine)
    notes = (
        "Difference: head − base, with its paired 95% interval; p: paired randomisation test, corrected (Holm) over "
        "the main measures of a set, and over all else that is shown of it; could show: the smallest true difference "
        "that these queries reveal with 80% power. "
        "State: fail where the interval is below 0 and p below .05, pass where it is nowhere below 0 or no "
        "query's value moved, else inconclusive.",
        *_noise_notes(comparison.changes),
    )
    return Table("Quality", _QUALITY, tuple(rows), notes=notes, columns_left=3)


def _noise_notes(rows: Iterable[Change]) -> tuple[str, ...]:
    text = f"{NOISE} below the noise floor that a run stored (--noise): what should not matter moves it as far."
    return (text,) if any(row.below_noise for row in rows) else ()


_QUALITY = ("set", "retriever", "measure", "base", "head", "difference [95%]", "p (Holm)", "could show", "state")


def _figures(row: Change) -> tuple[str, ...]:
    names = (inert(row.dataset), inert(row.retriever), f"{row.measure}{_where(row)}")
    if row.settled:
        cells = (row.same, "", "", "pass")
    else:
        mark = f" {NOISE}" if row.below_noise else ""
        between = f"{signed(row.difference)} [{signed(row.low)}, {signed(row.high)}]{mark}"
        cells = (between, p_value(row.p_holm), shows_from(row.detectable), row.significant)
    return (*names, f"{row.base:.4f}", f"{row.head:.4f}", *cells)


def _same(rows: Sequence[Change]) -> str:
    """What all rows say, else what holds for all."""
    texts = {row.same for row in rows}
    return texts.pop() if len(texts) == 1 else UNMOVED


def _where(row: Change) -> str:
    return "" if row.slice == ALL else f"[{inert(row.slice)}]"


def costs(comparison: Regression) -> Table:
    """Times and sizes of both runs."""
    rows = [
        (inert(row.dataset), inert(row.retriever), row.name, *_both_costs(row), _share(row)) for row in comparison.costs
    ]
    notes = (
        "Times are advice: the runs were not measured in turn on one machine. * shortened by the embedding cache. "
        "~ on a noisy machine.",
        *((BUSY,) if any(row.busy for row in comparison.costs) else ()),
    )
    return Table(
        "Costs", ("set", "retriever", "cost", "base", "head", "change"), tuple(rows), notes=notes, columns_left=3
    )


def shown_flips(comparison: Regression, most: int = SHOWN_FLIPS) -> Sequence[Flip]:
    """Flipped queries that a form for people shows: lost ones first."""
    return sorted(comparison.flips, key=lambda flip: not flip.lost)[:most]


def left_out(comparison: Regression, most: int = SHOWN_FLIPS) -> str:
    """How many flipped queries are not shown; empty for none."""
    more = len(comparison.flips) - most
    return f"{counted(more, 'more flipped query', 'more flipped queries')}; --json has them all." if more > 0 else ""


def first_hits(flip: Flip) -> Iterator[tuple[str, str]]:
    """The first hits of base, then of head, and the first relevant one: the side, and the hit in one line."""
    terms = query_terms(flip.text)
    for side, hits in (("base", flip.base), ("head", flip.head)):
        shown = hits[:SHOWN_HITS]
        relevant = [entry for entry in hits if is_relevant(entry.grade or 0)][:1]
        yield from (
            (side, hit(entry, terms)) for entry in (*shown, *(entry for entry in relevant if entry not in shown))
        )
        if not hits:
            yield side, "finds nothing"


def hit(entry: RankedHit, terms: Collection[str]) -> str:
    """A hit in one line, with the passage that has the query's terms."""
    mark = " ✓" if is_relevant(entry.grade or 0) else " ✗" if entry.grade is not None else ""
    name = inert(f"{entry.rank}. {entry.document}{mark}", SHOWN_CHARACTERS // 2)
    return inert(f"{name} {passage(inert(entry.text), terms, SHOWN_CHARACTERS - len(name) - 1)}")


def reasons(judged: Judged) -> str:
    """The checks of a gate that are no pass, the worst first, else all, a line each."""
    chosen = [check for check in judged.checks if check.result != "pass"] or list(judged.checks)
    chosen.sort(key=lambda check: WORST.index(check.result))
    if not chosen:
        return f"missing: {NO_FIGURE}"
    return "\n".join(
        f"{check.result}: {inert(check.retriever)} on {inert(check.dataset)}: {check.reason}" for check in chosen
    )


def _check(gate: str, check: Check) -> tuple[str, ...]:
    return check.result, gate, inert(check.dataset), inert(check.retriever), check.reason


def _share(row: CostChange) -> str:
    text = f"{row.head / row.base - 1:+z.1%}" if row.base and not math.isnan(row.head - row.base) else "n/a"
    return text + "*" * (row.cached and BY_GATE[row.name].shortened)


def _both_costs(row: CostChange) -> tuple[str, str]:
    base, head = row.marks
    return base + _cost(row.base), head + _cost(row.head)


def _cost(value: float) -> str:
    """Two decimals, more for what would be nothing with two."""
    return _number(value, 2 if not 0 < value < 1 else 4)


def _number(value: float, digits: int) -> str:
    return "n/a" if math.isnan(value) else f"{value:,.{digits}f}"
