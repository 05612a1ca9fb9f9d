"""What the query explorer shows of one set, in columns: queries, values, scores, ranks.

It knows of retrievers and of queries alone: the retrievers may be of one run or of two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from bench.data.passages import terms_of_tokens
from bench.report.page.addresses import LONGEST
from bench.report.page.columns import column
from bench.report.page.explorer_rows import Pair, distinct, flat, pairs, ranks
from bench.report.page.texts import Explored, SetTexts
from bench.report.table import head

MOST_VALUES, MOST_FIELDS = 50, 50
NOT_STORED, NOT_KNOWN = 0, -1  # in place of a rank


def explorer_data(
    queries: pa.Table,
    retrievers: Sequence[Explored],
    texts: SetTexts,
    *,
    measures: Sequence[str],
    main: str,
    solved_at: int,
    slices: Sequence[str] = (),
    pair: Sequence[str] = (),
) -> dict[str, Any]:
    """The content of a data block: what the explorer shows beyond texts, which it names by their numbers.

    Args:
        queries: Rows of queries.parquet, whose fields are shown. Runs of before they held overlap, words and ranks
            give a page without these.
        retrievers: In the order of their columns; each has as many queries.
        texts: Of these queries and retrievers.
        measures: Which values are shown.
        main: The measure that is shown first.
        solved_at: A query is found where a relevant document is among so many hits.
        slices: The metadata fields that are offered first, however many values they have.
        pair: Labels of the two that are compared first.
    """
    labels, relevant = [retriever.label for retriever in retrievers], texts.relevant
    return {
        "measures": list(measures),
        "main": list(measures).index(main),
        "solvedAt": solved_at,
        "pair": [labels.index(label) for label in pair if label in labels],
        "retrievers": [{"kind": retriever.kind, "depth": retriever.depth} for retriever in retrievers],
        "queries": {"answerable": queries["answerable"].cast(pa.int8()).to_pylist(), **_words(queries)},
        "fields": query_fields(queries["metadata"].to_pylist(), slices),
        "values": [[np.round(retriever.values[name], 6) for name in measures] for retriever in retrievers],
        "onePassage": texts.one_passage,
        "candidates": texts.candidates,
        "scores": [_scores(hits["score"].to_numpy(), hits["rank"].to_numpy()) for hits in texts.hits],
        "relevant": {
            "grade": relevant["grade"].to_pylist(),
            "shared": _inert_lists(relevant, "shared"),
            "ranks": [
                _ranks(pairs(relevant), retriever, hits) for retriever, hits in zip(retrievers, texts.hits, strict=True)
            ],
        },
        "traps": _traps(retrievers, texts.documents),
        "stems": stems([*texts.content["queries"]["text"], *texts.shown], texts.content["queries"]["text"]),
    }


def _scores(scores: NDArray[np.float32], ranks: NDArray[np.int32]) -> dict[str, Any]:
    """A first score and how far each next one is below the one before, in steps of the greatest's third digit."""
    most = float(np.abs(scores).max(initial=0.0))
    decimals = 2 - math.floor(math.log10(most)) if most else 0
    steps = np.rint(scores.astype(np.float64) * 10.0**decimals).astype(np.int64)
    before = np.concatenate([steps[:1], steps[:-1]])
    return {"decimals": decimals, "drops": column(np.where(ranks == 1, steps, before - steps))}


def _ranks(asked: Sequence[Pair], retriever: Explored, hits: pa.Table) -> list[int]:
    """The rank of each (query, document); of a run of before it stored them, of those among the shown hits."""
    stored = ranks(flat(retriever.queries, "relevant"), retriever.name)
    if stored is None:
        seen = dict(zip(pairs(hits), hits["rank"].to_pylist(), strict=True))
        return [seen.get(pair, NOT_KNOWN) for pair in asked]
    return [stored.get(pair, NOT_STORED) for pair in asked]


def _traps(retrievers: Sequence[Explored], documents: Mapping[str, int]) -> dict[str, Any]:
    """Wrong documents above every relevant one, by query: their numbers, whether a file names them, their ranks."""
    tables = {id(retriever.queries): flat(retriever.queries, "traps") for retriever in retrievers}
    named: dict[Pair, bool] = {}
    for rows in tables.values():
        for pair, by_name in zip(pairs(rows), rows["named"].to_pylist() if len(rows) else (), strict=True):
            named[pair] = named.get(pair, False) or by_name
    ordered = sorted(named)
    by_retriever = [ranks(tables[id(retriever.queries)], retriever.name) or {} for retriever in retrievers]
    return {
        "query": [query for query, _ in ordered],
        "document": [documents[document] for _, document in ordered],
        "named": [int(named[pair]) for pair in ordered],
        "ranks": [[stored.get(pair, NOT_STORED) for pair in ordered] for stored in by_retriever],
    }


def _words(queries: pa.Table) -> dict[str, Any]:
    """What is known of each query's words; None where a run of before it stored that."""
    known = set(queries.column_names)
    shares = queries["overlap"].to_pylist() if "overlap" in known else None
    return {
        "overlap": shares and [None if share is None else round(share, 3) for share in shares],
        "unknown": _inert_lists(queries, "unknown"),
        "terms": queries["terms"].to_pylist() if "terms" in known else None,
    }


def _inert_lists(rows: pa.Table, column: str) -> list[list[str]] | None:
    if column not in rows.column_names:
        return None
    return [[head(word, LONGEST) for word in words or ()] for words in rows[column].to_pylist()]


def query_fields(metadata: Sequence[str | None], slices: Sequence[str]) -> list[dict[str, Any]]:
    """Fields of the queries with a code of its value for each, -1 where it has none.

    Args:
        metadata: JSON text by query.
        slices: Fields that come first; of the others those with few enough values.
    """
    parsed = [orjson.loads(text) if text else {} for text in metadata]
    rows = [row if isinstance(row, dict) else {} for row in parsed]
    names = list(dict.fromkeys([*slices, *(name for row in rows for name in row)]))
    fields: list[dict[str, Any]] = []
    for name in names:
        values = [row.get(name) for row in rows]
        texts = ["" if value is None or isinstance(value, list | dict) else str(value) for value in values]
        codes = {text: code for code, text in enumerate(sorted({*texts} - {""}))}
        if codes and (name in slices or len(codes) <= MOST_VALUES) and len(fields) < MOST_FIELDS:
            shown = distinct(list(codes))
            fields.append(
                {"name": head(name, LONGEST), "values": shown, "codes": [codes.get(text, -1) for text in texts]}
            )
    return fields


def stems(texts: Iterable[str], queries: Iterable[str]) -> dict[str, list[str]]:
    """Token in small letters -> its terms, of tokens that a script would mark wrongly by these letters alone."""
    of_queries = terms_of_tokens(queries)
    asked = frozenset[str]().union(*of_queries.values(), map(str.lower, of_queries))  # as the script would read them
    return {
        token.lower(): sorted(terms & asked)
        for token, terms in terms_of_tokens(texts).items()
        if terms & asked != {token.lower()} & asked
    }
