"""A stored run -> report.md."""

from __future__ import annotations

from typing import Any

from bench.report.markdown import escape, table_block
from bench.report.run import audits, losses, quality, why
from bench.report.run.charts import CHARTS
from bench.report.run.names import display_name
from bench.report.run.quality import summary
from bench.report.run.verdict import conclusion
from bench.storage.files import write_atomic
from bench.storage.run import Run


def write(run: Run) -> None:
    """Write report.md into the run's folder, with the charts that lie there."""
    write_atomic(run.folder / "report.md", render(run).encode())


def render(run: Run) -> str:
    """The report as GitHub-flavoured markdown."""
    blocks = [f"# {escape(run.folder.name)}", _provenance(run), *_conclusion(run), table_block(summary(run))]
    for name, retriever, reason in run.failures:
        blocks.append(f"**Failed:** {escape(retriever)} on {escape(name)}: {escape(reason)}")
    blocks += [f"**Warning:** {escape(warning)}" for warning in run.warnings]
    for dataset in run.datasets:
        tables = [*quality.tables(run, dataset), *why.tables(run, dataset), *audits.audits(run, dataset)]
        blocks += [table_block(table, level) for table, level in zip(tables, [2, *[3] * len(tables)], strict=False)]
        blocks += _failures(run, dataset)
    blocks += [
        f"## {heading}\n\n![{text}](charts/{chart}.svg)\n\n{text}"
        for chart, (heading, text) in CHARTS.items()
        if (run.folder / "charts" / f"{chart}.svg").is_file()
    ]
    blocks.append(_retrievers(run))
    return "\n\n".join(blocks) + "\n"


def _conclusion(run: Run) -> list[str]:
    found = conclusion(run)
    if found is None:
        return []
    said = [" ".join((f"**{escape(each.first)}**", *map(escape, each.rest))) for each in found.paragraphs]
    return [f"## Verdict: {escape(found.choice)}", *said]


def _failures(run: Run, dataset: dict[str, Any]) -> list[str]:
    blocks = []
    for pair in losses.losses(run, dataset):
        lines = [f"#### {escape(pair.title)}", ""]
        for loss in pair.losses:
            lines.append(f"- **{escape(loss.query)}** {escape(loss.summary)}")
            lines += [f"  - {escape(what)}: {escape(text)}" for what, text in loss.details]
        blocks.append("\n".join(lines))
    return [f"### {escape(display_name(dataset))}: where each loses most", *blocks] if blocks else []


def _provenance(run: Run) -> str:
    machine = run.info["environment"]
    sets = ", ".join(f"{escape(each['name'])} `{each['fingerprint'][:12]}`" for each in run.datasets)
    cut = any(run.cut(each["name"], label) for each in run.datasets for label in run.retrievers)
    ranked = f"Rankings to depth {run.info['depth']}" if cut else "Stored runs, scored whole"
    return (
        f"{machine['time']}, bench {machine['bench']}, commit {(machine['git'] or 'unknown')[:12]}. "
        f"{escape(machine['cpu'])}, {machine['threads']} threads, {machine['memory_mb']:,} MB. "
        f"{ranked}; means over queries with an answer; intervals: 95%. "
        f"Sets: {sets}."
    )


def _retrievers(run: Run) -> str:
    lines = [f"- {escape(each['label'])}: `{each['signature'].replace('`', '')}`" for each in run.info["retrievers"]]
    versions = ", ".join(f"{name} {number}" for name, number in run.info["environment"]["libraries"].items() if number)
    return "\n".join(["## Signatures", "", *lines, "", versions])
