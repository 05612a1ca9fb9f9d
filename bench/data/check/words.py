"""How the words of queries and documents meet: shared terms, and what the model's window cuts off."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data.check.finding import Finding
from bench.data.dataset import Dataset, is_relevant
from bench.data.slices import ALL, slices
from bench.errors import counted
from retrievers.analyzer import Analyzer
from retrievers.base import RetrieverError
from retrievers.dense.encoder import MINILM, locate
from retrievers.dense.word_pieces import WordPieces

UNANSWERABLE = "unanswerable"


def check(dataset: Dataset) -> Iterator[Finding]:
    """Findings on shared words and on the lengths of documents."""
    analyzer = Analyzer()
    relevant = overlap(dataset, analyzer, is_relevant)
    traps = overlap(dataset, analyzer, lambda grade: grade <= 0)
    masks = slices(dataset)
    figures = _by_slice(relevant, masks)
    if figures:
        yield Finding("word-overlap", "note", _sentence("the best relevant document", figures[ALL]), figures=figures)
    figures = _by_slice(traps, {**masks, UNANSWERABLE: ~dataset.answerable})
    if figures:
        row = figures.get(ALL, figures.get(UNANSWERABLE, {}))
        text = _sentence("the nearest document judged not relevant", row)
        yield Finding("word-overlap-traps", "note", text, figures=figures)
    yield from _window(dataset)


def overlap(dataset: Dataset, analyzer: Analyzer, chosen: Callable[[int], bool]) -> NDArray[np.float64]:
    """[queries]: share of the query's distinct terms that its best judged document has, 0 to 1.

    chosen: which grades the document may have. NaN where no document is judged so, or the query has no term.
    """
    best = np.full(len(dataset.queries), np.nan)
    terms: dict[int, frozenset[str]] = {}
    for query, judged in enumerate(dataset.judgements):
        asked = frozenset(analyzer(dataset.query_texts[query]))
        documents = [document for document, grade in judged.items() if chosen(grade)]
        if not asked or not documents:
            continue
        for document in documents:
            if document not in terms:
                terms[document] = frozenset(analyzer(dataset.texts[document]))
        best[query] = max(len(asked & terms[document]) for document in documents) / len(asked)
    return best


def _by_slice(shares: NDArray[np.float64], masks: dict[str, NDArray[np.bool_]]) -> dict[str, dict[str, float]]:
    figures = {}
    for name, mask in masks.items():
        values = shares[mask & ~np.isnan(shares)]
        if len(values):
            low, middle, high = np.percentile(values, [25, 50, 75]).tolist()
            figures[name] = {
                "queries": len(values),
                "mean": float(values.mean()),
                "lower quartile": low,
                "median": middle,
                "upper quartile": high,
                "share of zero": float((values == 0).mean()),
            }
    return figures


def _sentence(where: str, row: dict[str, float]) -> str:
    queries = counted(int(row["queries"]), "query", "queries")
    return (
        f"On average {row['mean']:.0%} of a query's terms stand in {where} ({queries}); "
        f"{row['share of zero']:.0%} of the queries share none with it."
    )


def _window(dataset: Dataset) -> Iterator[Finding]:
    try:
        window, lengths = word_pieces(dataset.texts)
    except (RetrieverError, ImportError) as error:
        reason = error.message if isinstance(error, RetrieverError) else f"{error.name} is not installed."
        yield Finding("window-not-checked", "note", f"Whether {MINILM} reads whole documents was not checked: {reason}")
        return
    longer = np.flatnonzero(lengths > window)
    if not len(longer):
        return
    relevant = np.unique(dataset.judged_document[dataset.relevant])
    cut = int(np.isin(relevant, longer).sum())
    text = counted(len(longer), "document is", "documents are")
    yield Finding(
        "longer-than-window",
        "warning" if cut else "note",
        f"{text} longer than the {window} word pieces that {MINILM} reads, "
        f"{cut:,} of the {counted(len(relevant), 'relevant one', 'relevant ones')} among them; "
        "it does not see the rest of such a text.",
        tuple(sorted(dataset.document_ids(longer))),
        {
            "word pieces": {
                "window": window,
                "median": float(np.median(lengths)),
                "max": int(lengths.max()),
                "documents cut": len(longer),
                "relevant documents cut": cut,
            }
        },
    )


def word_pieces(
    texts: Sequence[str], model: str = MINILM, revision: str | None = None, max_length: int | None = None
) -> tuple[int, NDArray[np.int64]]:
    """How many word pieces a model reads, and [texts] how many each text has, its special ones included.

    max_length: what a retriever cuts at, in place of the model's own. Raises RetrieverError where there is no such
    model on this machine or its files do not tell, ImportError where the package tokenizers is absent.
    """
    folder = locate(model, revision)
    if not isinstance(folder, Path):
        raise RetrieverError(f"{model} is not a folder on this machine.")
    window = max_length or _reads(folder)
    tokenizer_file = next((path for path in _inside(folder, "tokenizer.json") if path.is_file()), None)
    if window is None or tokenizer_file is None:
        raise RetrieverError(f"The files of {model} do not tell how many word pieces it reads.")
    return window, WordPieces(tokenizer_file).lengths(texts, special=True)


def _reads(folder: Path) -> int | None:
    """What sentence-transformers cuts texts of a model at, None where its files do not tell."""
    if (length := _number_of(folder, "sentence_bert_config.json", "max_seq_length")) is not None:
        return length
    places = _number_of(folder, "config.json", "max_position_embeddings")
    most = _number_of(folder, "tokenizer_config.json", "model_max_length")  # RoBERTa keeps two of its places for itself
    return places if places is None or most is None else min(places, most)


def _number_of(folder: Path, name: str, key: str) -> int | None:
    for path in _inside(folder, name):
        if path.is_file() and isinstance(size := json.loads(path.read_text("utf-8")).get(key), int):
            return size
    return None


def _inside(folder: Path, name: str) -> tuple[Path, Path]:
    """Where a model has its first module's files: at its top, else in a folder of the module's."""
    return folder / name, folder / "0_Transformer" / name
