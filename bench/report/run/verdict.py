"""What to use: the verdict of each set and over all, and what cannot be recommended at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench.report.blocks import Paragraph
from bench.report.run.names import analysis, no_better_than_random
from bench.storage.run import Run


@dataclass(frozen=True)
class Conclusion:
    """choice: over all sets, or on the only one. overall: where there are several. of_sets: by name."""

    choice: str
    overall: tuple[Paragraph, ...]
    of_sets: dict[str, Paragraph]

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """All of it."""
        return *self.overall, *self.of_sets.values()


def conclusion(run: Run) -> Conclusion | None:
    """The verdict of a run, None where nothing worked."""
    overall = run.analysis["overall"]
    several = len(run.analysis["sets"]) > 1
    of_all = (Paragraph(overall["sentences"][0], tuple(overall["sentences"][1:])),) if several else ()
    of_sets = {dataset["name"]: paragraph for dataset in run.datasets if (paragraph := _of_set(run, dataset))}
    if not of_all and not of_sets:
        return None
    return Conclusion(choice_shown(run), of_all, of_sets)


def choice_shown(run: Run) -> str:
    """What to use, in a word or two; of sets of made queries or a machine's grades, no more than that."""
    overall = run.analysis["overall"]
    choice: str = overall["choice"] if overall else "undecided"
    limits = {"made_queries": "on made queries", "machine_judged": "by a machine's judgements"}
    known = (text for key, text in limits.items() if all(dataset.get(key) for dataset in run.datasets))
    return ", ".join((choice, *known))


def _of_set(run: Run, dataset: dict[str, Any]) -> Paragraph | None:
    analyses = analysis(run, dataset)
    if dataset["unanswerable"] == dataset["queries"]:
        return Paragraph(f"On {dataset['name']} nothing can be measured: no query has a relevant document.")
    if "verdict" not in analyses:
        return None
    first, *rest = analyses["verdict"]["sentences"]
    return Paragraph(first, (*rest, *no_better_than_random(run, dataset)))
