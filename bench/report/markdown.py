"""A stored run -> report.md."""

from __future__ import annotations

from bench.report import figures
from bench.report.charts import CHARTS
from bench.store import Run, write_atomic


def write(run: Run) -> None:
    """Write report.md into the run's folder, with the charts that lie there."""
    write_atomic(run.folder / "report.md", render(run).encode())


def render(run: Run) -> str:
    """The report as GitHub-flavoured markdown."""
    blocks = [f"# {escape(run.folder.name)}", _provenance(run), table_block(figures.summary(run))]
    for name, retriever, reason in run.failures:
        blocks.append(f"**Failed:** {escape(retriever)} on {escape(name)}: {escape(reason)}")
    blocks += [f"**Warning:** {escape(warning)}" for warning in run.warnings]
    for dataset in run.datasets:
        blocks += [table_block(table) for table in figures.tables(run, dataset)]
    blocks += [
        f"## {heading}\n\n![{text}](charts/{chart}.svg)\n\n{text}"
        for chart, (heading, text) in CHARTS.items()
        if (run.folder / "charts" / f"{chart}.svg").is_file()
    ]
    blocks.append(_retrievers(run))
    return "\n\n".join(blocks) + "\n"


def escape(text: str) -> str:
    """Text that stays text in a markdown table: no markup, no cell borders, no line ends."""
    for character in "\\`*_{}[]<>#|~&!":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())


def table_block(table: figures.Table) -> str:
    """A table under its title, with its notes."""
    lines = [f"## {escape(table.title)}", "", _line([escape(each) for each in table.header])]
    lines.append(_line(["---", *(["---:"] * (len(table.header) - 1))]))
    for number, row in enumerate(table.rows):
        cells = [f"**{escape(each)}**" if (number, i) in table.best else escape(each) for i, each in enumerate(row)]
        lines.append(_line(cells))
    return "\n".join([*lines, *(f"\n{escape(note)}" for note in table.notes)])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _provenance(run: Run) -> str:
    machine = run.info["environment"]
    sets = ", ".join(f"{escape(each['name'])} `{each['fingerprint'][:12]}`" for each in run.datasets)
    return (
        f"{machine['time']}, bench {machine['bench']}, commit {(machine['git'] or 'unknown')[:12]}. "
        f"{escape(machine['cpu'])}, {machine['threads']} threads, {machine['memory_mb']:,} MB. "
        f"Rankings to depth {run.info['depth']}; means over judged queries; intervals: 95% percentile bootstrap. "
        f"Sets: {sets}."
    )


def _retrievers(run: Run) -> str:
    lines = [f"- {escape(each['label'])}: `{each['signature'].replace('`', '')}`" for each in run.info["retrievers"]]
    versions = ", ".join(f"{name} {number}" for name, number in run.info["environment"]["libraries"].items() if number)
    return "\n".join(["## Signatures", "", *lines, "", versions])
