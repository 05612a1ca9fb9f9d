"""What the collections of others have in common: nobody can mend their files here."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def usable(
    judged: Iterable[tuple[str, str, int]], queries: Collection[str], documents: Collection[str]
) -> tuple[dict[tuple[str, str], int], str]:
    """(query, document) -> grade, and a note on what was left out.

    Left out are judgements of queries and documents that the collection lacks; of a pair that is judged twice the last
    one counts, as in ir_datasets. In a user's own files either is an error, since it can be mended.
    """
    kept: dict[tuple[str, str], int] = {}
    lacking = twice = 0
    for query, document, value in judged:
        if query not in queries or document not in documents:
            lacking += 1
            continue
        twice += (query, document) in kept
        kept[query, document] = value
    notes = []
    if lacking:
        notes.append(f"judgements of queries or documents that the collection lacks, left out: {lacking:,}")
    if twice:
        notes.append(f"pairs judged twice, whose last judgement counts: {twice:,}")
    return kept, "; ".join(notes)
