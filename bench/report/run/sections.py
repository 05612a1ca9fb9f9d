"""A stored run as the blocks that every form renders, the most important first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from bench.report.blocks import (
    FULL,
    SHORT,
    Block,
    Chart,
    Code,
    Heading,
    Item,
    Items,
    Paragraph,
    Remark,
    Sections,
    Text,
)
from bench.report.run import audits, quality, why
from bench.report.run.charts import CHARTS
from bench.report.run.labels import shortened
from bench.report.run.losses import losses
from bench.report.run.names import display_name
from bench.report.run.verdict import conclusion
from bench.storage.folder import LOG
from bench.storage.run import Run


def sections(run: Run) -> Sections:
    """What the run was, the verdict, the summary and what went wrong, the sets, the charts, the signatures."""
    parts = (_provenance, _verdict, _files, _labels, _summary, _sets, _charts, _signatures)
    return [list(part(run)) for part in parts]


def _provenance(run: Run) -> Iterator[Block]:
    yield Heading(run.folder.name, level=1, only=FULL)
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
    yield Text((*pieces[:-1], "."), only=FULL)


def _verdict(run: Run) -> Iterator[Block]:
    if verdict := conclusion(run):
        yield Heading(f"Verdict: {verdict.choice}")
        yield from verdict.paragraphs


def _files(run: Run) -> Iterator[Block]:
    names = "report.md, charts/, measures.csv, latency.csv, per_query.parquet, runs/"
    yield Text((f"Files: {run.folder} ({names})",), only=SHORT)


def _labels(run: Run) -> Iterator[Block]:
    """What the labels that are shortened stand for."""
    short = {label: shown for label, shown in shortened(run.retrievers).items() if label != shown}
    if short:
        yield Text(("Labels that are shortened here and in the charts:",))
        yield Items(tuple(Item((f"{shown} = ", Code(label))) for label, shown in short.items()))


def _summary(run: Run) -> Iterator[Block]:
    yield replace(quality.summary(run), only="" if len(run.datasets) > 1 else FULL)
    for dataset, retriever, reason in run.failures:
        yield Remark("failed", f"on {dataset}: {reason}", retriever)
    if run.failures:
        yield Text((f"What failed: {run.folder / LOG} has more.",), only=SHORT)
        yield Text(("What failed: ", Code(LOG), " beside this report has more."), only=FULL)
    for warning in run.warnings:
        yield Remark("warning", warning)


def _sets(run: Run) -> Iterator[Block]:
    for dataset in run.datasets:
        audited = [replace(table, only=FULL) for table in audits.audits(run, dataset)]
        lost = list(losses(run, dataset))
        for place, table in enumerate((*quality.tables(run, dataset), *why.tables(run, dataset), *audited)):
            yield replace(table, level=3 if place else 2)
        if lost:
            yield Heading(f"{display_name(dataset)}: where each loses most", level=3, only=FULL)
            yield from lost
        yield from _what_to_know(dataset, [table.line for table in audited], lost)


def _what_to_know(dataset: dict[str, Any], lines: list[str], lost: list[Block]) -> Iterator[Block]:
    """The audits of a set in a line each."""
    if lost:
        lines.append("Where each loses most, query by query: see report.md.")
    if lines:
        yield Paragraph(f"{display_name(dataset)}: what to know", tuple(lines), only=SHORT)
        yield Text(only=SHORT)


def _charts(run: Run) -> Iterator[Block]:
    for name, chart in CHARTS.items():
        path = f"charts/{name}.svg"
        if (run.folder / path).is_file():
            yield Heading(chart.heading, only=FULL)
            yield Chart(path, chart.text, only=FULL)


def _signatures(run: Run) -> Iterator[Block]:
    yield Heading("Signatures", only=FULL)
    items = (Item((f"{retriever['label']}: ", Code(retriever["signature"]))) for retriever in run.info["retrievers"])
    yield Items(tuple(items), only=FULL)
    libraries = run.info["environment"]["libraries"].items()
    yield Text((", ".join(f"{name} {number}" for name, number in libraries if number),), only=FULL)
