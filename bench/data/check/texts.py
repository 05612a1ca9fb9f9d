"""What the texts are: names in place of them, and languages that the retrievers' defaults are not made for.

Quick enough to be asked before every run, whose warnings these are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bench.data.check.finding import Finding
from bench.data.dataset import Dataset
from retrievers.words import words

Mask = NDArray[np.bool_]

# Patterns of RE2, which Arrow matches with. A name: one token with a digit or an inner mark, or with a suffix.
NAME = r"^([!-~]*([0-9]|[._/\\-][0-9A-Za-z])[!-~]*|\S+\.[A-Za-z][0-9A-Za-z]{0,4})$"
SPACELESS = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
# Frequent words of other languages that are neither English words nor common in English names.
FOREIGN = frozenset(
    "und nicht ich wie warum ist sind wird kann muss mein meine einen eine einem für auf das wenn auch oder"
    " je vous mes sont qui dans pour avec une pourquoi quel quelle peux"
    " una por cómo qué como puedo cuál dónde está tengo"
    " della che sono mio posso perché nel"
    " uma não meu minha são você"
    " het een ik mijn wat waarom niet voor naar"
    " det jag inte hur som jeg ikke hvordan hvor"
    " jest się jak nie czy dla ile nasıl için neden bagaimana untuk".split()
)
OF_QUERIES = 0.2  # the share of queries from which on they are worth a warning
OF_WORDS = 0.2  # the share of a query's words from which on it is taken for no English


def check(dataset: Dataset) -> Iterator[Finding]:
    """Findings on what the texts are, each a warning."""
    yield from _names(dataset)
    spaceless = _matching(dataset.queries["text"], SPACELESS)
    yield from _languages(
        dataset,
        spaceless,
        "script-without-spaces",
        "are in a script written without spaces: a whole sentence is one term there to tfidf and bm25, unless it is "
        "cut into characters (tfidf:analyzer=char_wb,ngram_max=2), and MiniLM is an English model",
    )
    foreign = np.array([_is_foreign(text) for text in dataset.query_texts], dtype=bool)
    yield from _languages(
        dataset,
        foreign & ~spaceless,
        "not-english",
        "do not look English, which the default stemmer, the stop words and MiniLM are made for: give "
        "bm25:stemmer=LANGUAGE,stop_words=none and a multilingual model, dense:model=FOLDER",
    )


def _names(dataset: Dataset) -> Iterator[Finding]:
    relevant = np.unique(dataset.judged_document[dataset.relevant])
    named = relevant[_matching(dataset.documents["text"].take(pa.array(relevant)), NAME)]
    if 2 * len(named) > len(relevant):
        yield Finding(
            "names-for-texts",
            "warning",
            f"{len(named):,} of {len(relevant):,} relevant documents are no text but look like file names or ids, as "
            f"{dataset.texts[int(named[0])]!r}: give the documents themselves, and name them in the labels "
            "(docs/bring-your-data.md: a folder of text files, or BEIR's layout).",
            tuple(sorted(dataset.document_ids(named))),
        )


def _languages(dataset: Dataset, mask: Mask, kind: str, what: str) -> Iterator[Finding]:
    if mask.sum() >= OF_QUERIES * len(mask) and mask.any():
        ids = tuple(dataset.query_ids[query] for query in np.flatnonzero(mask))
        yield Finding(kind, "warning", f"{len(ids):,} of {len(mask):,} queries {what}.", ids)


def _is_foreign(text: str) -> bool:
    """Are many of its words frequent ones of other languages, or with letters that English does not have?"""
    tokens = [word for word in words(text.casefold()) if not word.isdecimal()]
    odd = sum(word in FOREIGN or not word.isascii() for word in tokens)
    return bool(tokens) and odd >= OF_WORDS * len(tokens)


def _matching(texts: pa.ChunkedArray, pattern: str) -> Mask:
    """[texts]: does each match? Arrow does not make Python objects of a large corpus."""
    mask: Mask = pc.match_substring_regex(texts, pattern).to_numpy()
    return mask
