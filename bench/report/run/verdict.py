"""What to use: the verdict of each set and over all, and what cannot be recommended at all."""

from __future__ import annotations

from dataclasses import dataclass

from bench.report.blocks import Paragraph
from bench.report.run.names import analysis, no_better_than_random
from bench.storage.run import Run


@dataclass(frozen=True)
class Conclusion:
    """choice: over all sets, or on the only one."""

    choice: str
    paragraphs: tuple[Paragraph, ...]


def conclusion(run: Run) -> Conclusion | None:
    """The verdict of a run, None where nothing worked."""
    overall = run.analysis["overall"]
    paragraphs = []
    if len(run.analysis["sets"]) > 1:
        paragraphs.append(Paragraph(overall["sentences"][0], tuple(overall["sentences"][1:])))
    for dataset in run.datasets:
        analyses = analysis(run, dataset)
        if dataset["unanswerable"] == dataset["queries"]:
            first = f"On {dataset['name']} nothing can be measured: no query has a relevant document."
            paragraphs.append(Paragraph(first))
        if "verdict" not in analyses:
            continue
        first, *rest = analyses["verdict"]["sentences"]
        paragraphs.append(Paragraph(first, (*rest, *no_better_than_random(run, dataset))))
    return Conclusion(overall["choice"] if overall else "undecided", tuple(paragraphs)) if paragraphs else None
