"""What a careful person looks for in a labelled set before trusting a figure that was taken on it.

Malformed files, duplicate ids and judgements of what is not there are refused by the loaders; this reads on from there.

An **error** makes figures wrong whichever retriever earned them: nothing is asked for, or the same text counts as right
and as wrong. That is

- an empty query that has a relevant document;
- two queries of the same text with different relevant documents;
- a query that is the text of a document nobody judged for it: every retriever puts it first and is charged for it;
- for one query, two documents of the same text of which one is relevant and the other is judged not relevant;
- no query with a relevant document.

A **warning** makes them less sure or less telling than they look: repeated and nearly repeated queries count twice, an
unjudged copy of a relevant document counts as a miss, an empty document is relevant, a query is the text of a document
that was judged (too easy, or a trap that nothing avoids), templates make up a tenth of the queries, the window of the
model cuts relevant documents, queries share ids with documents that they may be, relevant documents are names and no
texts, queries are in a language that the retrievers' defaults are not made for.

A **note** is for the reader: how the set was read, distributions, sizes, and what was not looked at.

Two texts are the same where they read the same (bench.data.normalised), titles included. They are nearly the same where
the Jaccard similarity of their character 5-grams is greater than 0.8; that search is exact.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench.data.check import copies, judgements, texts, words
from bench.data.check.finding import LEVELS, Finding, Level
from bench.data.check.normalised_set import NormalisedSet
from bench.data.dataset import Dataset

__all__ = ["LEVELS", "Finding", "Level", "lint"]


def lint(dataset: Dataset, sd: float | None = None) -> list[Finding]:
    """The findings on a set: errors, then warnings, then notes, each in a fixed order; ids ascending.

    sd: standard deviation over queries of the difference of two retrievers in the main measure, from an earlier run;
    unless given, judgements.SD. It costs seconds for thousands of documents; all texts stand in memory.
    """
    findings = [*_reading(dataset), *texts.check(dataset), *copies.check(NormalisedSet(dataset))]
    findings += [*judgements.check(dataset, sd), *words.check(dataset)]
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def _reading(dataset: Dataset) -> Iterator[Finding]:
    if dataset.note:
        yield Finding("reading", "note", f"The set's note: {dataset.note}.")
    if len(dataset.texts.columns) > 1:
        names = ", ".join(dataset.texts.columns)
        yield Finding("columns", "note", f"Documents have columns, which `fields` names: {names}.")
