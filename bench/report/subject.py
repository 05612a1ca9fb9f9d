"""What a report is about: the sets and retrievers of a run, what they are called, and what is known of each set."""

from __future__ import annotations

from typing import Any

from bench.report.table import counted
from bench.store import Run, choose_measure

CONTROL = "control"


def main_measure(run: Run, dataset: dict[str, Any]) -> str:
    """The measure by which a dataset is judged."""
    return choose_measure(run.info["measures"], dataset["measure"])


def called(dataset: dict[str, Any]) -> str:
    """What a dataset is called in every table and chart; a sample is called one."""
    sampled = dataset.get("sampled", dataset["note"])  # runs of before that key had notes of samples alone
    return f"{dataset['name']} (sample of {dataset['queries']:,})" if sampled else str(dataset["name"])


def title(dataset: dict[str, Any]) -> str:
    """Name and size of a set; what is special about it."""
    answerable = dataset["queries"] - dataset["unanswerable"]
    size = f"{counted(dataset['documents'], 'document')}, {counted(answerable, 'query', 'queries')}"
    text = f"{dataset['name']}: {size}"
    return f"{text} ({dataset['note']})" if dataset["note"] else text


def contenders(run: Run) -> list[str]:
    """The labels of what one may choose from: all but the controls."""
    return [each["label"] for each in run.info["retrievers"] if each["kind"] != CONTROL]


def controls(run: Run) -> list[str]:
    """The labels of the rankings that bracket the others and that nobody can choose."""
    return [each["label"] for each in run.info["retrievers"] if each["kind"] == CONTROL]


def analysis(run: Run, dataset: dict[str, Any]) -> dict[str, Any]:
    """What analysis.json says of a set; empty where nothing could be compared on it."""
    found: dict[str, Any] = run.analysis["sets"].get(dataset["name"], {})
    return found
