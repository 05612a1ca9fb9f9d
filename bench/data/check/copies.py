"""Texts that are empty, stand twice or nearly so, and sequences of words that many queries have in common."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from bench.data.check.finding import Finding, about
from bench.data.check.near_duplicates import TooMuch
from bench.data.check.normalised_set import NormalisedSet
from bench.data.dataset import is_relevant
from bench.errors import counted
from retrievers.words import words

WORDS = 6
# A sequence of so many words is a template where more than MOST_QUERIES, and this share of them, have it, and a finding
# where templates make up much of the queries: people begin a few of a thousand questions with the same words.
MOST_QUERIES, OF_QUERIES, OF_ALL = 3, 0.02, 0.1
NEARLY = "nearly the same text (5-gram Jaccard > 0.8)"


def check(subject: NormalisedSet) -> Iterator[Finding]:
    """Findings on copies of texts."""
    yield from _empty_queries(subject)
    yield from _empty_documents(subject)
    yield from _repeated_queries(subject)
    yield from _repeated_documents(subject)
    yield from _conflicting_documents(subject)
    yield from _queries_among_documents(subject)
    yield from _near_queries(subject)
    yield from _near_documents(subject)
    yield from _templates(subject)


def _empty_queries(subject: NormalisedSet) -> Iterator[Finding]:
    answerable: list[str] = []
    others: list[str] = []
    for query, text in enumerate(subject.queries):
        if not text:
            (answerable if subject.dataset.answerable[query] else others).append(subject.query_ids[query])
    yield from about(
        answerable,
        "empty-queries",
        "error",
        ("query has no text and yet", "queries have no text and yet"),
        "a relevant document, which only chance finds",
    )
    yield from about(
        others,
        "empty-unanswerable-queries",
        "warning",
        ("query has", "queries have"),
        "neither text nor relevant document",
    )


def _empty_documents(subject: NormalisedSet) -> Iterator[Finding]:
    documents = {document for document, text in enumerate(subject.documents) if not text}
    ids = subject.ids_of_documents(documents)
    yield from about(ids, "empty-documents", "warning", ("document is", "documents are"), "empty")
    relevant = [
        (subject.query_ids[query], subject.document_ids[document])
        for query, judged in enumerate(subject.dataset.judgements)
        for document in documents & judged.keys()
        if judged[document] > 0
    ]
    yield from about(
        relevant,
        "empty-relevant-documents",
        "warning",
        ("judgement calls an empty document", "judgements call an empty document"),
        "relevant, which only chance finds",
    )


def _repeated_queries(subject: NormalisedSet) -> Iterator[Finding]:
    agreeing: list[tuple[str, ...]] = []
    differing: list[tuple[str, ...]] = []
    for group in subject.same_queries.values():
        if len(group) > 1:
            same = len(_right_answers(subject, group)) == 1
            (agreeing if same else differing).append(subject.ids_of_queries(group))
    phrase = ("query text stands", "query texts stand")
    yield from about(
        differing, "conflicting-queries", "error", phrase, "there more than once, with different relevant documents"
    )
    yield from about(
        agreeing,
        "duplicate-queries",
        "warning",
        phrase,
        "there more than once, and so counts that often in the means",
    )


def _right_answers(subject: NormalisedSet, group: Sequence[int]) -> set[frozenset[tuple[int, int]]]:
    """The different sets of (relevant document, grade) of these queries."""
    dataset = subject.dataset
    # Where a query itself is left out of its hits, the copies may well be relevant to one another.
    left_out = {int(dataset.left_out[query]) for query in group}
    return {
        frozenset(
            (document, grade)
            for document, grade in dataset.judgements[query].items()
            if is_relevant(grade) and document not in left_out
        )
        for query in group
    }


def _repeated_documents(subject: NormalisedSet) -> Iterator[Finding]:
    groups = [subject.ids_of_documents(group) for group in subject.same_documents.values() if len(group) > 1]
    yield from about(
        groups,
        "duplicate-documents",
        "warning",
        ("document text stands", "document texts stand"),
        "there more than once",
    )


def _conflicting_documents(subject: NormalisedSet) -> Iterator[Finding]:
    """(query, relevant document, document of the same text that is judged not relevant)."""
    conflicts = []
    for query, judged in enumerate(subject.dataset.judgements):
        conflicts += [
            (subject.query_ids[query], *(subject.document_ids[position] for position in (document, other)))
            for document, grade in judged.items()
            if is_relevant(grade)
            for other in subject.same_documents.get(subject.documents[document], ())
            if (known := subject.dataset.grade_of(query, other)) is not None and known <= 0
        ]
    yield from about(
        conflicts,
        "conflicting-documents",
        "error",
        ("pair of documents of the same text is", "pairs of documents of the same text are"),
        "judged relevant and not relevant to one query",
    )


def _queries_among_documents(subject: NormalisedSet) -> Iterator[Finding]:
    """(query, document of the same text)."""
    dataset = subject.dataset
    pairs: dict[str, list[tuple[str, str]]] = {"unjudged": [], "wrong": [], "relevant": []}
    for query, text in enumerate(subject.queries):
        for document in subject.same_documents.get(text, ()):
            if document == dataset.left_out[query]:
                continue
            grade = dataset.grade_of(query, document)
            kind = "unjudged" if grade is None else "relevant" if is_relevant(grade) else "wrong"
            pairs[kind].append((subject.query_ids[query], subject.document_ids[document]))
    phrase = ("time a query is the text of", "times a query is the text of")
    rest = "an unjudged document, so that finding it counts as wrong"
    yield from about(pairs["unjudged"], "query-is-unjudged-document", "error", phrase, rest)
    rest = "a document that is judged not relevant to it"
    yield from about(pairs["wrong"], "query-is-wrong-document", "warning", phrase, rest)
    rest = "a relevant document of its own, which any retriever finds"
    yield from about(pairs["relevant"], "query-is-relevant-document", "warning", phrase, rest)


def _near_queries(subject: NormalisedSet) -> Iterator[Finding]:
    try:
        pairs = [subject.ids_of_queries(pair) for pair in subject.near_queries]
    except TooMuch:
        yield _not_searched("queries")
        return
    yield from about(
        pairs, "near-duplicate-queries", "warning", ("pair of queries has", "pairs of queries have"), NEARLY
    )


def _near_documents(subject: NormalisedSet) -> Iterator[Finding]:
    near: list[tuple[int, int]] = []
    try:
        near = subject.near_documents
    except TooMuch:
        yield _not_searched("documents")
    pairs = [subject.ids_of_documents(pair) for pair in near]
    yield from about(
        pairs, "near-duplicate-documents", "note", ("pair of documents has", "pairs of documents have"), NEARLY
    )
    yield from about(
        _unjudged_copies(subject, near),
        "unjudged-near-duplicates",
        "warning",
        ("time an unjudged document has", "times an unjudged document has"),
        "the same or nearly the same text as a relevant one, and counts as wrong",
    )


def _not_searched(what: str) -> Finding:
    return Finding(
        f"near-duplicate-{what}-not-searched",
        "note",
        f"Near-duplicates among {what} were not searched, since there is too much text, or too much of it is alike.",
    )


def _unjudged_copies(subject: NormalisedSet, near: Sequence[tuple[int, int]]) -> set[tuple[str, ...]]:
    """(query, unjudged document that is the same or nearly the same text as a relevant one of that query)."""
    dataset = subject.dataset
    if dataset.card.complete:
        return set()
    alike: dict[int, set[int]] = defaultdict(set)
    for group in subject.same_documents.values():
        if len(group) > 1:
            for document in group:
                alike[document].update(group)
    for one, other in [*near, *((other, one) for one, other in near)]:  # each stands for all documents of its text
        for document in subject.same_documents[subject.documents[one]]:
            alike[document].update(subject.same_documents[subject.documents[other]])
    unjudged: set[tuple[str, ...]] = set()
    for query, judged in enumerate(dataset.judgements):
        left_out = {int(dataset.left_out[query])}
        relevant = (document for document, grade in judged.items() if is_relevant(grade))
        copies = {copy for document in relevant for copy in alike.get(document, ())}
        unjudged |= {
            (subject.query_ids[query], subject.document_ids[copy]) for copy in copies - judged.keys() - left_out
        }
    return unjudged


def sequences(text: str) -> set[str]:
    """All sequences of WORDS words of a text."""
    tokens = words(text)
    return {" ".join(tokens[start : start + WORDS]) for start in range(len(tokens) - WORDS + 1)}


def _templates(subject: NormalisedSet) -> Iterator[Finding]:
    """Queries that hold a sequence of words that others hold too; figures: each sequence, how many queries."""
    held = [sequences(text) for text in subject.queries]
    counts = Counter(sequence for parts in held for sequence in parts)
    least = max(MOST_QUERIES + 1, OF_QUERIES * len(held))
    frequent = {sequence: count for sequence, count in counts.items() if count >= least}
    ids = [subject.query_ids[query] for query, parts in enumerate(held) if parts & frequent.keys()]
    if not ids or len(ids) < OF_ALL * len(held):
        return
    ordered = sorted(frequent, key=lambda sequence: (-frequent[sequence], sequence))
    text = counted(len(frequent), f"sequence of {WORDS} words stands", f"sequences of {WORDS} words stand")
    yield Finding(
        "repeated-sequences",
        "warning",
        f"{text} in {math.ceil(least):,} or more queries each ({len(ids):,} of {len(held):,} in all), "
        f"the most frequent, “{ordered[0]}”, in {frequent[ordered[0]]:,}.",
        tuple(sorted(ids)),
        {sequence: {"queries": frequent[sequence]} for sequence in ordered},
    )
