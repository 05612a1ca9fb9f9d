"""What a report is about: the sets and retrievers of a run, what they are called, and what is known of each set."""

from __future__ import annotations

from typing import Any

from bench.errors import counted
from bench.storage.run import Run
from bench.storage.schema import choose_measure

CONTROL = "control"


def main_measure(run: Run, dataset: dict[str, Any]) -> str:
    """The measure by which a dataset is judged."""
    return choose_measure(run.info["measures"], dataset["measure"])


def shown_measure(run: Run, dataset: dict[str, Any], name: str) -> str:
    """What a measure is called where its figures stand: one without a cutoff, with the depth of the rankings."""
    longer = ", ".join(scored_whole(run, dataset))
    return to_depth(run, dataset, name) + f" ({longer}: whole)" * bool(longer and name in run.info["uncut"])


def on_axis(run: Run, dataset: dict[str, Any], name: str) -> str:
    """The same on an axis, which has no room for the labels of stored runs that are scored whole."""
    whole = scored_whole(run, dataset) and name in run.info["uncut"]
    return to_depth(run, dataset, name) + " (stored runs: whole)" * bool(whole)


def to_depth(run: Run, dataset: dict[str, Any], name: str) -> str:
    """The same where it is said elsewhere which stored runs are scored whole."""
    cut = any(run.cut(dataset["name"], label) for label in run.retrievers)
    if name not in run.info.get("uncut", ()) or not cut or dataset["documents"] <= run.info["depth"]:
        return name
    return f"{name} to depth {run.info['depth']:,}"


def scored_whole(run: Run, dataset: dict[str, Any]) -> dict[str, int]:
    """Stored runs that are longer than the depth of what was ranked here -> the most hits of a query."""
    whole = run.info.get("whole_runs", {}).get(dataset["name"], {})
    cut = len(whole) < len(run.retrievers)
    return {label: length for label, length in whole.items() if cut and length > run.info["depth"]}


def main_as_shown(run: Run, dataset: dict[str, Any]) -> str:
    """The main measure as tables call it."""
    return shown_measure(run, dataset, main_measure(run, dataset))


# What is not as people would expect of a set, by its key in run.json.
MARKS = {"made_queries": "made queries", "sampled_judgements": "judged in part", "machine_judged": "machine-judged"}


def display_name(dataset: dict[str, Any]) -> str:
    """What a dataset is called in every table and chart; a sample is called one, and so on with MARKS."""
    sampled = dataset.get("sampled", dataset["note"])  # runs of before that key had notes of samples alone
    marks = [f"sample of {dataset['queries']:,}"] * bool(sampled)
    marks += [mark for key, mark in MARKS.items() if dataset.get(key)]
    return f"{dataset['name']} ({', '.join(marks)})" if marks else str(dataset["name"])


def deciding_queries(dataset: dict[str, Any]) -> int:
    """By how many queries the best one is marked; of a set judged in part, whose means are biased, by none."""
    return 0 if dataset.get("sampled_judgements") else int(dataset["queries"] - dataset["unanswerable"])


def title(dataset: dict[str, Any]) -> str:
    """Name and size of a set; what is special about it."""
    answerable = dataset["queries"] - dataset["unanswerable"]
    documents = counted(dataset["documents"], "document") + " judged or found" * judgements_alone(dataset)
    text = f"{dataset['name']}: {documents}, {counted(answerable, 'query', 'queries')}"
    return f"{text} ({dataset['note']})" if dataset["note"] else text


def judgements_alone(dataset: dict[str, Any]) -> bool:
    """Are there neither texts nor a corpus, but judgements?"""
    return bool(dataset.get("judgements_alone"))


def contenders(run: Run) -> list[str]:
    """The labels of what one may choose from: all but the controls."""
    return [retriever["label"] for retriever in run.info["retrievers"] if retriever["kind"] != CONTROL]


def controls(run: Run) -> list[str]:
    """The labels of the rankings that bracket the others and that nobody can choose."""
    return [retriever["label"] for retriever in run.info["retrievers"] if retriever["kind"] == CONTROL]


def analysis(run: Run, dataset: dict[str, Any]) -> dict[str, Any]:
    """What analysis.json says of a set; empty where nothing could be compared on it, without the parts that failed."""
    analyses: dict[str, Any] = run.analysis["sets"].get(dataset["name"], {})
    return {key: value for key, value in analyses.items() if value is not None}


def no_better_than_random(run: Run, dataset: dict[str, Any]) -> list[str]:
    """Who is not shown better than a random order, and whether anybody could have been; none where all are."""
    analyses = analysis(run, dataset)
    names = ", ".join(analyses.get("no_better_than_random", ()))
    if not names:
        return []
    if analyses.get("too_few_for_random"):
        return [f"Too few queries to show anything better than a random order of the documents: {names}."]
    return [f"Not shown better than a random order of the documents: {names}."]
