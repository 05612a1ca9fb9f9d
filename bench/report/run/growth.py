"""A set that grows: whether the order of retrievers changes, their figures at each size, and who is better where."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType

from bench.errors import counted
from bench.report import terminal
from bench.report.blocks import Block, Paragraph, Remark, Text
from bench.report.run.approximate import SIZES, size_shown
from bench.report.run.cost import cost_shown, costs_of, noise_notes
from bench.report.run.labels import short_labels
from bench.report.run.overview import why_no_times
from bench.report.table import Table, interval, number, p_value, share, signed_interval
from bench.storage.costs import COSTS
from bench.storage.folder import LOG
from bench.storage.run import Row, Run


def render(run: Run) -> Iterator[RenderableType]:
    """What failed, what to know, the tables, what they show, where the files lie."""
    blocks: list[Block] = [
        Remark("failed", f"on {dataset}: {reason}", label) for dataset, label, reason in run.failures
    ]
    blocks += [Text((f"What failed: {run.folder / LOG} has more.",))] * bool(run.failures)
    blocks += [Remark("warning", warning) for warning in run.warnings]
    blocks += [Text((note,), state="warning") for note in why_no_times(run)]
    blocks += [*growth(run), *shown(run)]
    charts = ", ".join(path.name for path in sorted((run.folder / "charts").glob("growth.*")))
    files = ", ".join(filter(None, ["report.html", "growth.csv, growth_pairs.csv", charts and f"charts/: {charts}"]))
    return terminal.render([*blocks, Text((f"Files: {run.folder} ({files})",))], short_labels(run))


def growth(run: Run) -> list[Table]:
    """The figures of each retriever by size, and of each pair; none where the run is of no set that grows."""
    rows = run.rows("growth")
    return [_figures(run, rows), *([_pairs(run)] if run.rows("growth_pairs") else [])] if rows else []


def shown(run: Run) -> Iterator[Paragraph]:
    """By each measure, whether the order of two retrievers is shown to change, and which orders are shown."""
    pairs: dict[str, dict[tuple[str, str], list[Row]]] = {}
    for row in run.rows("growth_pairs"):
        pairs.setdefault(row["measure"], {}).setdefault((row["a"], row["b"]), []).append(row)
    for measure, its in pairs.items():
        changes = [pair for pair, rows in its.items() if len({row["better"] for row in rows} - {""}) > 1]
        first = f"By {measure} no order of two retrievers is shown to change."
        if changes:
            first = f"By {measure} the order changes of {'; of '.join(f'{a} and {b}' for a, b in changes)}."
        yield Paragraph(first, tuple(_by_size(*pair, rows, len(run.datasets)) for pair, rows in its.items()))


def measures_of(run: Run) -> list[str]:
    """The measures, the one that decides first."""
    return list(dict.fromkeys(row["measure"] for row in run.rows("growth")))


def size_name(row: Row) -> str:
    """x1, x3, x3.62."""
    return str(row["dataset"].rpartition(" ")[2])


def _by_size(a: str, b: str, rows: list[Row], sizes: int) -> str:
    """Who of two is better at which sizes. sizes: how many there are; where one of them failed there is no row."""
    parts = []
    for label, what in ((a, f"{a} is better"), (b, f"{b} is better"), ("", "undecided")):
        where = [size_name(row) for row in rows if row["better"] == label]
        if where:
            parts.append(f"{what} at {'every size' if len(where) == sizes else ', '.join(where)}")
    return f"{a} and {b}: {'; '.join(parts)}."


def _figures(run: Run, rows: list[Row]) -> Table:
    """A row a retriever and size."""
    main, *others = measures_of(run)
    figures = {(row["retriever"], row["dataset"], row["measure"]): row for row in rows}
    costs = {dataset["name"]: costs_of(run, dataset) for dataset in run.datasets}
    timed = [name for name in ("p50", "p95") if _is_known(rows, f"{name}_ms")]
    sizes = [name for name in ("build_seconds", "index_bytes") if _is_known(rows, name)]
    lines = []
    for label in dict.fromkeys(row["retriever"] for row in rows):
        for row in (row for row in rows if (row["retriever"], row["measure"]) == (label, main)):
            its_costs = costs[row["dataset"]].get(label, {})
            lines.append(
                (
                    label,
                    size_name(row),
                    f"{row['documents']:,}",
                    interval(row),
                    *(interval(figures[label, row["dataset"], measure]) for measure in others),
                    share(row["distractors"] / row["places"] if row["places"] else None),
                    f"{number(row['bound_low'], 3)} to {number(row['bound_high'], 3)}",
                    *(cost_shown(its_costs, name, interval=False) for name in timed),
                    *(_size(name, row, its_costs) for name in sizes),
                )
            )
    header = ("retriever", "size", "documents", f"{main} [95%]", *(f"{measure} [95%]" for measure in others))
    header = (*header, "distractors in top 10", f"{main} could be", *(COSTS[name].heading for name in timed))
    return Table(
        f"{run.info['growth']['set']}: quality and cost by size",
        (*header, *("index s" if name == "build_seconds" else SIZES[name][0] for name in sizes)),
        tuple(lines),
        notes=(*_about(run), *_notes(run, main, others, lines)),
        columns_left=2,
    )


def _size(name: str, row: Row, costs: Mapping[str, Row]) -> str:
    return cost_shown(costs, "index", interval=False) if name == "build_seconds" else size_shown(name, row[name])


def _is_known(rows: list[Row], column: str) -> bool:
    return any(not math.isnan(row[column]) for row in rows)


def _about(run: Run) -> Iterator[str]:
    """What x1 is, and what joins it."""
    known = run.info["growth"]
    at_one = "those that are judged, of any grade" if known["own"] else f"all of {known['set']}"
    joined = "that nobody judged" if known["own"] else f"of {known['source']}"
    yield (
        f"x1: {counted(known['documents'], 'document')}, {at_one}. Distractors: {known['pool']:,} {joined}; each size "
        f"holds the smaller ones (seed {run.info['config']['seed']})."
    )
    if known["copies"]:
        yield f"Left out: {counted(known['copies'], 'distractor')} with the text of a document at x1."


def _notes(run: Run, main: str, others: list[str], lines: list[tuple[str, ...]]) -> Iterator[str]:
    yield (
        f"Nobody judged the distractors, which count as not relevant. {main} could be: its extremes, were any of those "
        "within its cutoff relevant."
    )
    depth, small = run.info["depth"], [dataset for dataset in run.datasets if dataset["documents"] <= run.info["depth"]]
    if others and small:
        yield f"{others[0]} is 1 for whoever returns all, where there are no more than {depth:,} documents."
    costs = [costs_of(run, dataset) for dataset in run.datasets]
    if any(cell.endswith("*") for _, *cells in lines for cell in cells):
        yield "* shortened: vectors of the smaller sizes, or an index, came from the cache."
    by_cell = {f"{place} {label}": its for place, of_set in enumerate(costs) for label, its in of_set.items()}
    yield from noise_notes(by_cell, lines)


def _pairs(run: Run) -> Table:
    rows = run.rows("growth_pairs")
    shown_rows = tuple(
        (
            f"{row['a']} - {row['b']}",
            row["measure"],
            size_name(row),
            f"{row['documents']:,}",
            signed_interval(_difference(row)),
            p_value(row["p_holm"]),
            row["better"] or "undecided",
        )
        for row in sorted(rows, key=lambda row: measures_of(run).index(row["measure"]))
    )
    header = ("pair", "measure", "size", "documents", "difference [95%]", "p (Holm)", "better")
    note = "p: paired randomisation test, corrected over all sizes and pairs of a measure. Better: p below .05."
    return Table(f"{run.info['growth']['set']}: differences by size", header, shown_rows, notes=(note,), columns_left=3)


def _difference(row: Row) -> dict[str, Any]:
    return {"value": row["difference"], "low": row["low"], "high": row["high"]}
