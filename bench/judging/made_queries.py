"""Queries made from the documents, where nobody has asked any: titles, headings, first sentences, questions in them.

Each is called what it is (`made`). They are easier than what people ask, since their words are the documents' own:
`realism` says by how much, and a set of them is marked (`made_queries` on its card), as is every verdict on it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.data.dataset import TEXT, TITLE, Dataset
from bench.data.normalised import normalised
from bench.errors import BenchError, unknown
from bench.judging.query_log import query_id

KINDS = ("title", "heading", "first sentence", "question")
FEWEST_WORDS, MOST_WORDS = 2, 25
_FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
_MARKDOWN = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_UNDERLINED = re.compile(
    r"^(\S.*)\n([=\-~^\"'*+#])\2{2,}[ \t]*$", re.MULTILINE
)  # reStructuredText, and Markdown's other
_SENTENCE = re.compile(r"\S[^.!?]*(?:[.!?](?!\s|\Z)[^.!?]*)*[.!?]+(?=\s|\Z)")
_MARKS = re.compile(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}")


@dataclass(frozen=True)
class MadeQuery:
    """made: of KINDS. document: the id of the one that it was made from."""

    text: str
    made: str
    document: str

    @property
    def id(self) -> str:
        """From the text alone, as of a logged query."""
        return query_id(self.text)

    @property
    def metadata(self) -> dict[str, Any]:
        """What stays with the query in a set, by which a report may slice (`made`)."""
        return {"made": self.made, "from": self.document}


def make_queries(documents: Dataset, size: int, seed: int, kinds: Collection[str] = KINDS) -> list[MadeQuery]:
    """So many queries, of each kind about as many, no two from one document; fewer where the documents have no more.

    Left out are texts of fewer than FEWEST_WORDS or more than MOST_WORDS words, and those that stand in several
    documents, since they ask for none of them. The same for the same seed. Raises BenchError where none can be made.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise unknown("kind of made query", kind, KINDS)
    rng = np.random.default_rng(seed)
    by_kind = _candidates(documents, kinds)
    waiting = [[candidates[place] for place in rng.permutation(len(candidates))] for candidates in by_kind.values()]
    taken: list[MadeQuery] = []
    used: set[str] = set()
    while waiting and len(taken) < size:
        candidates = waiting.pop(0)
        while candidates and candidates[-1].document in used:
            candidates.pop()
        if candidates:
            taken.append(candidates.pop())
            used.add(taken[-1].document)
            waiting.append(candidates)
    if not taken:
        raise BenchError(
            f"No query can be made from the documents of {documents.name}: they have none of {', '.join(kinds)}.",
            "Give a log of queries, or a text file of them, one a line.",
        )
    return taken


def _candidates(documents: Dataset, kinds: Collection[str]) -> dict[str, list[MadeQuery]]:
    """By kind, without texts that stand in several documents; each text once, as the first kind that it is."""
    texts = documents.texts
    titles = texts.column(TITLE) if TITLE in texts.columns else [""] * len(texts)
    by_text: dict[str, list[MadeQuery]] = {}
    for document, title, body in zip(documents.documents["id"].to_pylist(), titles, texts.column(TEXT), strict=True):
        for made, text in _texts(title, body):
            if made in kinds and FEWEST_WORDS <= len(text.split()) <= MOST_WORDS:
                by_text.setdefault(normalised(text), []).append(MadeQuery(text, made, document))
    candidates: dict[str, list[MadeQuery]] = {kind: [] for kind in KINDS if kind in kinds}
    for queries in by_text.values():
        if len({query.document for query in queries}) == 1:
            candidates[queries[0].made].append(queries[0])
    return candidates


def _texts(title: str, body: str) -> Iterator[tuple[str, str]]:
    if title:
        yield "title", _plain(title)
    body = _FENCE.sub("", body)
    for pattern in (_MARKDOWN, _UNDERLINED):
        yield from (("heading", _plain(match[1])) for match in pattern.finditer(body))
        body = pattern.sub("\n", body)
    sentences = [
        _plain(match[0]) for paragraph in re.split(r"\n\s*\n", body) for match in _SENTENCE.finditer(paragraph)
    ]
    if sentences:
        yield "first sentence", sentences[0]
    yield from (("question", sentence) for sentence in sentences if sentence.endswith("?"))


def _plain(text: str) -> str:
    """On one line, without marks of emphasis and code."""
    return " ".join(_MARKS.sub("", text).split())


def as_asked(queries: Sequence[MadeQuery]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Id -> (text, metadata), as `folder.write_set` takes them."""
    return {query.id: (query.text, query.metadata) for query in queries}
