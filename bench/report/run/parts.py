"""The parts of a run's report as blocks. A form (markdown, the terminal) says which of them it shows, in its order."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from bench.report.blocks import Block, Chart, Code, Heading, Item, Items, Paragraph, Pieces, Remark, Text
from bench.report.run import audits, kinds, losses, quality
from bench.report.run.attention import attention as attended
from bench.report.run.charts import CHARTS
from bench.report.run.curve import curve
from bench.report.run.growth import growth, shown
from bench.report.run.labels import shortened
from bench.report.run.names import display_name
from bench.report.run.noise import noise
from bench.report.run.noise import overview as of_noise
from bench.report.run.overview import marks_explained, overview
from bench.report.run.verdict import conclusion
from bench.report.table import Table
from bench.storage.run import Run
from bench.storage.schema import tables_of

PAGE, REPORT = "report.html", "report.md"


def provenance(run: Run) -> Iterator[Block]:
    """When, where and of what the run was made."""
    yield Heading(run.folder.name, level=1)
    machine = run.info["environment"]
    cut = any(run.cut(dataset["name"], label) for dataset in run.datasets for label in run.retrievers)
    ranked = f"Rankings to depth {run.info['depth']}" if cut else "Stored runs, scored whole"
    about = (
        f"{machine['time']}, bench {machine['bench']}, commit {(machine['git'] or 'unknown')[:12]}. "
        f"{machine['cpu']}, {machine['threads']} threads, {machine['memory_mb']:,} MB. "
        f"{ranked}; means over queries with an answer; intervals: 95%. Sets: "
    )
    pieces = [about]
    for dataset in run.datasets:
        pieces += [f"{dataset['name']} ", Code(dataset["fingerprint"][:12]), ", "]
    yield Text((*pieces[:-1], "."))


def verdict(run: Run) -> Iterator[Block]:
    """What to use, and what is behind it."""
    if concluded := conclusion(run):
        yield Heading(f"Verdict: {concluded.choice}")
        yield from concluded.paragraphs


def short_verdict(run: Run) -> Iterator[Block]:
    """What to use, of several sets in a sentence each."""
    several = len(run.datasets) > 1
    return (replace(block, rest=()) if several and isinstance(block, Paragraph) else block for block in verdict(run))


def labels(run: Run) -> Iterator[Block]:
    """What the labels that are shortened stand for."""
    short = {label: shown for label, shown in shortened(run.retrievers).items() if label != shown}
    if short:
        yield Text(("Labels that are shortened here and in the charts:",))
        yield Items(tuple(Item((f"{shown} = ", Code(label))) for label, shown in short.items()))


def summary(run: Run) -> Iterator[Block]:
    """The main measure of every set; nothing of a noise floor, whose variants nobody chooses from."""
    if not run.rows("noise"):
        yield quality.summary(run)


def page(run: Run) -> str:
    """The file that has all of the report."""
    return PAGE if (run.folder / PAGE).is_file() else REPORT


def files(run: Run) -> Iterator[Block]:
    """Where all that a short form leaves out stands."""
    page_first = [name for name in (page(run),) if name != REPORT]
    tables = [Code(name) for name in (*page_first, *tables_of(run.info["checksums"]))]
    separated = [piece for name in tables for piece in (name, ", ")][:-1]
    yield Text(("The other tables and all figures: ", *separated, "; what exactly was run: ", Code("run.json"), "."))


def troubles(run: Run, log: Pieces) -> Iterator[Block]:
    """What failed, and what a reader of the figures must know. log: where there is more of what failed."""
    for dataset, retriever, reason in run.failures:
        yield Remark("failed", f"on {dataset}: {reason}", retriever)
    if run.failures:
        yield Text(("What failed: ", *log, " has more."))
    for warning in run.warnings:
        yield Remark("warning", warning)


def overviews(run: Run, dataset: dict[str, Any]) -> list[Table]:
    """A set in one table, of a curve or a noise floor its own; forms of it, the widest first, and none where nothing
    is known.

    None of a set that grows either: `grown` holds its sizes side by side.
    """
    if growth(run):
        return []
    if own := curve(run, dataset) or of_noise(run, dataset):
        return [own]
    tables = [overview(run, dataset, intervals=intervals) for intervals in (True, False)]
    return tables if tables[0].rows else []


def grown(run: Run) -> Iterator[Block]:
    """A set that grows, over all its sizes; nothing of other runs."""
    yield from growth(run)
    yield from shown(run)


def legend(run: Run) -> Iterator[Block]:
    """What the marks in these mean."""
    if marks := marks_explained(run, [table for dataset in run.datasets for table in overviews(run, dataset)]):
        yield Text((marks,), state="aside")


def noise_floors(run: Run, dataset: dict[str, Any]) -> Iterator[Table]:
    """How far figures moved by what should not matter; nothing of other runs."""
    return (replace(table, level=3) for table in noise(run, dataset))


def slices(run: Run, dataset: dict[str, Any]) -> Iterator[Table]:
    """The main measure of a set by kind of query; nothing of a noise floor either."""
    fields = () if run.rows("noise") else dataset["slices"]
    sliced = (quality.by_slice(run, dataset, field) for field in fields)
    return (replace(table, level=3) for table in sliced if table.rows)


def tables(run: Run, dataset: dict[str, Any]) -> Iterator[Table]:
    """All of a set but what the set itself moves; the first opens its section."""
    for place, table in enumerate(kinds.tables(run, dataset)):
        yield replace(table, level=3 if place else 2)


def audited(run: Run, dataset: dict[str, Any]) -> Iterator[Table]:
    """What in the set itself moves its figures."""
    return (replace(table, level=3) for table in audits.audits(run, dataset))


def lost(run: Run, dataset: dict[str, Any]) -> Iterator[Block]:
    """The queries on which one retriever loses most."""
    if blocks := list(losses.losses(run, dataset)):
        yield Heading(f"{display_name(dataset)}: where each loses most", level=3)
        yield from blocks


def what_to_know(run: Run, dataset: dict[str, Any]) -> Iterator[Block]:
    """The audits of a set in a line each."""
    lines = [table.line for table in audits.audits(run, dataset)]
    if any(losses.losses(run, dataset)):
        lines.append(f"Where each loses most, query by query: see {page(run)}.")
    if lines:
        yield Paragraph(f"{display_name(dataset)}: what to know", tuple(lines))
        yield Text()


def attention(run: Run, dataset: dict[str, Any]) -> Iterator[Block]:
    """What to look at before its figures are believed, in a line."""
    if texts := attended(run, dataset):
        yield Text((f"{display_name(dataset)}: {'; '.join(text.removesuffix('.') for text in texts)}.",))


def charts(run: Run, names: Collection[str] = ()) -> Iterator[Block]:
    """Those that are drawn. names: of those that are wanted, none: all."""
    for name in names or CHARTS:
        chart = CHARTS[name]
        path = f"charts/{name}.svg"
        if (run.folder / path).is_file():
            yield Heading(chart.heading)
            yield Chart(path, chart.text)


def signatures(run: Run) -> Iterator[Block]:
    """What exactly was run, by which libraries."""
    yield Heading("Signatures")
    items = (Item((f"{retriever['label']}: ", Code(retriever["signature"]))) for retriever in run.info["retrievers"])
    yield Items(tuple(items))
    libraries = run.info["environment"]["libraries"].items()
    yield Text((", ".join(f"{name} {number}" for name, number in libraries if number),))
