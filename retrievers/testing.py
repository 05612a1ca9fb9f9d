"""The contract of a retriever as checks, for the tests of whoever writes one.

`check_retriever(MyRetriever)` runs them all; to have each as a test of its own, parametrise over the names in `CHECKS`:

    @pytest.mark.parametrize("check", CHECKS)
    def test_it_keeps_the_contract(check):
        check_retriever(MyRetriever, check)

`LEXICAL_CHECKS` are for retrievers that match terms, in addition.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import cast

import numpy as np
from numpy.typing import NDArray

from retrievers import Retriever, create, kind, signature
from retrievers.approximate import Approximate
from retrievers.base import Ranking, RetrieverError, parts_of
from retrievers.contract import AnyColumn, checked, index, rehearse, search
from retrievers.masking import masked, secrets_around
from retrievers.sharding import Shardable, Sharded, is_shardable
from retrievers.stages import Staged, Stages
from retrievers.vectors import SparseRows, Vectors, VectorSpace

DOCUMENTS = (
    "The cat sat on the mat and slept all day.",
    "A feline was resting on the carpet.",
    "Error E-4012 means that the pump is blocked.",
    "Error E-4013 means that the filter is full.",
    "",
    "the of and",
    "How to tune Python code so that it runs faster.",
    "你好 世界",
    "The cat sat on the mat and slept all day.",
    "Стеклянный дом у моря",
)
QUERIES = ("cat on a mat", "E-4012", "make my python code faster", "", "zzzunknownzzz", "the of", "世界", "cat cat cat")
LONG = "word " * 20_000
ODD_CORPORA = {
    "one document": ("one document about cats",),
    "an empty document": ("",),
    "documents without a word": ("", "   "),
    "only stop words": ("the of",),
    "text that is not Latin": ("你好",),
    "a text of 100,000 characters": (LONG,),
    "symbols": ("🙂", "\x00"),
}
# How far the scores of a neural encoder may move with the texts that are encoded beside one.
NEURAL = 1e-5


class ContractError(AssertionError):
    """A retriever that breaks the contract: which check says so, what was asked, what came back, what to do."""

    def __init__(self, check: str, asked: str, answer: str, hint: str = "") -> None:
        super().__init__(check, asked, answer, hint)
        self.check, self.asked, self.answer, self.hint = check, asked, answer, hint

    def __str__(self) -> str:
        return f"{self.check}: {self.asked} gave {self.answer}. {self.hint}".strip()


class Subject:
    """A retriever under one check.

    check: its name. make: gives a fresh retriever. tolerance: how far scores may move with how queries are batched.
    """

    def __init__(self, check: str, make: Callable[[], Retriever], tolerance: float) -> None:
        self.check, self.make, self.tolerance = check, make, tolerance

    def indexed(self, documents: Sequence[str] = DOCUMENTS) -> Indexed:
        """A fresh retriever that has indexed these."""
        return Indexed(self).index(documents)

    def breach(self, asked: str, answer: str, hint: str = "") -> ContractError:
        """The error of this check, to be raised."""
        return ContractError(self.check, asked, answer, hint)

    @contextmanager
    def doing(self, asked: str) -> Iterator[None]:
        """Make a breach of whatever is raised within this block."""
        try:
            yield
        except RetrieverError as error:
            raise self.breach(asked, masked(f"the error {error.message!r}", secrets_around()), error.hint) from error
        except Exception as error:
            reason = masked(f"the error {type(error).__name__}: {error}", secrets_around())
            raise self.breach(asked, reason) from error


class Indexed:
    """A fresh retriever and what it indexed. What it raises, or answers in no order, is a breach."""

    def __init__(self, subject: Subject) -> None:
        self._subject, self._size = subject, 0
        with subject.doing("making it"):
            self._retriever = subject.make()

    def index(self, documents: Sequence[str]) -> Indexed:
        """Index these documents."""
        self._size = len(documents)
        with self._subject.doing(f"index({reprlib.repr(list(documents))})"):
            index(self._retriever, AnyColumn(documents))
        return self

    def search(self, queries: Sequence[str], k: int) -> Ranking:
        """The answer as it is, once it is known to be a ranking."""
        with self._subject.doing(self.asked(queries, k)):
            answer = search(self._retriever, list(queries), k)
            checked(answer, len(queries), k, self._size)
        spans = None if answer.spans is None else np.asarray(answer.spans)
        return Ranking(np.asarray(answer.documents), np.asarray(answer.scores), spans)

    def stages(self, queries: Sequence[str], k: int) -> Stages | None:
        """What its stages gave, None where it has none."""
        if not isinstance(self._retriever, Staged):
            return None
        with self._subject.doing(f"search_stages({reprlib.repr(list(queries))}, {k})"):
            answer = self._retriever.search_stages(list(queries), k)
            checked(answer.first, len(queries), answer.first.documents.shape[1], self._size)
        return answer

    def exact(self, queries: Sequence[str], k: int) -> Ranking | None:
        """What it approximates, None where it is no approximate search."""
        if not isinstance(self._retriever, Approximate):
            return None
        with self._subject.doing(f"search_exact({reprlib.repr(list(queries))}, {k})"):
            return checked(self._retriever.search_exact(list(queries), k), len(queries), k, self._size)

    def vectors(self, queries: Sequence[str]) -> tuple[Vectors, Vectors] | None:
        """Those of all documents and of queries, None where it has none."""
        if not isinstance(self._retriever, VectorSpace):
            return None
        with self._subject.doing(f"document_vectors and query_vectors({reprlib.repr(list(queries))})"):
            of_queries = self._retriever.query_vectors(list(queries))
            return self._retriever.document_vectors(np.arange(self._size)), of_queries

    def asked(self, queries: Sequence[str], k: int) -> str:
        """The search in words."""
        return f"search({reprlib.repr(list(queries))}, {k}) over {self._size} document{'s' * (self._size != 1)}"


def check_retriever(
    retriever: str | Callable[[], Retriever],
    *checks: str,
    lexical: bool | None = None,
    tolerance: float | None = None,
) -> None:
    """Check that a retriever keeps the contract.

    Args:
        retriever: a specification ("bm25:k1=1.2", "module:Class"), or what gives a fresh retriever when it is called,
            such as its class. It is called several times.
        checks: names of CHECKS or LEXICAL_CHECKS; all that apply where none is given.
        lexical: whether it finds only documents that share a term with the query, so that LEXICAL_CHECKS apply. None:
            as the `kind` of its class says.
        tolerance: how far scores may move with how queries are batched. None: 0, and 1e-5 where it, or one of its
            parts, is of the kind "dense" or "reranked".

    Raises:
        ContractError: a check fails: the first one in order.
        RetrieverError: there is no such retriever or check, or what is given makes none.
    """
    make = partial(create, retriever) if isinstance(retriever, str) else retriever
    example = make() if callable(make) else None
    if not isinstance(example, Retriever):
        raise RetrieverError(
            f"{reprlib.repr(retriever)} makes no retriever.",
            "Give its class or another callable without arguments, or a specification such as 'bm25:k1=1.2'.",
        )
    every = CHECKS | LEXICAL_CHECKS
    if lexical is None:
        lexical = kind(example) == "lexical"
    if tolerance is None:
        tolerance = NEURAL if _is_neural(example) else 0.0
    for name in checks or (every if lexical else CHECKS):
        if name not in every:
            raise RetrieverError(f"There is no check {name!r}.", f"Known: {', '.join(every)}.")
        every[name](Subject(name, make, tolerance))


def _is_neural(retriever: Retriever) -> bool:
    return kind(retriever) in ("dense", "reranked") or any(map(_is_neural, parts_of(retriever)))


# --- the checks ---


def _types(subject: Subject) -> None:
    indexed = subject.indexed()
    answer = indexed.search(QUERIES, 3)
    if answer.documents.dtype != np.int64 or answer.scores.dtype != np.float32:
        raise subject.breach(
            indexed.asked(QUERIES, 3),
            f"{answer.documents.dtype} positions and {answer.scores.dtype} scores",
            "Give int64 and float32: begin with Ranking.empty(len(queries), k) and fill its rows by put.",
        )


def _order(subject: Subject) -> None:
    indexed, k = subject.indexed(), len(DOCUMENTS)
    answer = indexed.search(QUERIES, k)
    if answer != checked(answer, len(QUERIES), k, k):
        raise subject.breach(
            indexed.asked(QUERIES, k),
            "equal scores in another order, or a score beside a -1",
            "Of equal scores the lower position comes first (retrievers.base.top_k does so); -inf stands beside a -1.",
        )


def _equal_documents(subject: Subject) -> None:
    indexed = subject.indexed()
    equal = [position for position, text in enumerate(DOCUMENTS) if text == DOCUMENTS[0]]
    for query, row in zip(QUERIES, indexed.search(QUERIES, len(DOCUMENTS)).documents.tolist(), strict=True):
        hits = [position for position in row if position in equal]
        if hits not in ([], equal):
            raise subject.breach(
                indexed.asked([query], len(DOCUMENTS)),
                f"of the equal documents {equal} the hits {hits}",
                "Equal texts need equal scores, and of equal scores the lower position comes first.",
            )


def _inputs(subject: Subject) -> None:
    documents, queries = AnyColumn(DOCUMENTS), list(QUERIES)
    asked = "index(documents), then search(queries, 3),"
    with subject.doing(asked):
        retriever = subject.make()
        index(retriever, documents)
        search(retriever, queries, 3)
    if (documents, queries) != (list(DOCUMENTS), list(QUERIES)):
        raise subject.breach(asked, "its inputs back changed", "Work on a copy.")


def _second_index(subject: Subject) -> None:
    with subject.doing("indexing twice"):
        broken = rehearse(subject.make())
    if broken:
        raise subject.breach("indexing twice", f"this: {broken}")
    only = ["A dog barked at the cat."]
    twice, once = subject.indexed().index(only), subject.indexed(only)
    answer, expected = twice.search(["cat"], 5), once.search(["cat"], 5)
    _require_same(subject, twice.asked(["cat"], 5), answer, expected, "where nothing was indexed before")


def _large_k(subject: Subject) -> None:
    subject.indexed().search(["cat"], 5 * len(DOCUMENTS))


def _fewer(subject: Subject) -> None:
    indexed = subject.indexed()
    more, fewer = indexed.search(QUERIES, 100), indexed.search(QUERIES, 4)
    if more.to_depth(4) != fewer:
        asked = indexed.asked(QUERIES, 4)
        raise subject.breach(asked, "other hits than the first 4 of 100", "k says where to cut, and nothing else.")


def _batches(subject: Subject) -> None:
    indexed = subject.indexed()
    together = indexed.search(QUERIES, 5)
    for row, query in enumerate(QUERIES):
        expected = together.of_queries([row])
        _require_same(
            subject, indexed.asked([query], 5), indexed.search([query], 5), expected, "in one batch with others"
        )


def _require_same(subject: Subject, asked: str, answer: Ranking, expected: Ranking, where: str) -> None:
    """Equal rankings of one query; with a tolerance only scores count, as hits of nearly equal ones change places."""
    if subject.tolerance:
        same = np.allclose(answer.scores, expected.scores, rtol=0, atol=subject.tolerance)
    else:
        same = answer == expected
    if not same:
        one, other = (
            f"{ranking.documents[0].tolist()} with {ranking.scores[0].tolist()}" for ranking in (answer, expected)
        )
        raise subject.breach(asked, f"{one}, but {other} {where}", "An answer depends on its query and the documents.")


def _stages(subject: Subject) -> None:
    for k in (2, 100):
        indexed = subject.indexed()
        stages = indexed.stages(QUERIES, k)
        if stages is None:
            return
        asked = indexed.asked(QUERIES, k).replace("search", "search_stages")
        if stages.ranking != indexed.search(QUERIES, k):
            raise subject.breach(asked, "another ranking than search", "Let search give search_stages(…).ranking.")
        depth = stages.rescored.shape[1]
        candidates = stages.first.to_depth(depth).documents
        if ((candidates >= 0) != np.isfinite(stages.rescored)).any():
            raise subject.breach(
                asked,
                "scores that are not one a candidate",
                "Give a finite score to each of the first hits, else -inf.",
            )


def _exact(subject: Subject) -> None:
    indexed = subject.indexed()
    before = indexed.search(QUERIES, 4)
    exact = indexed.exact(QUERIES, 100)
    if exact is None:
        return
    asked = indexed.asked(QUERIES, 4)
    if indexed.exact(QUERIES, 4) != exact.to_depth(4):
        answer = "other hits than the first 4 of 100"
        raise subject.breach(asked.replace("search", "search_exact"), answer, "k says where to cut, and nothing else.")
    if indexed.search(QUERIES, 4) != before:
        raise subject.breach(asked, "another answer after search_exact", "Let it leave the index as it is.")


def _vectors(subject: Subject) -> None:
    indexed = subject.indexed()
    held = indexed.vectors(QUERIES)
    if held is None:
        return
    names, before = ("document_vectors", "query_vectors"), list(map(dense_rows, held))
    for name, texts, rows in zip(names, (DOCUMENTS, QUERIES), before, strict=True):
        if rows.shape != (len(texts), *before[0].shape[1:2]) or not np.isfinite(rows).all():
            raise subject.breach(
                f"{name} of {len(texts)} texts",
                f"an array of shape {rows.shape}, or numbers that are not finite",
                "Give a finite row a text, documents and queries of one width: float32, or SparseRows.",
            )
    for array in held[0] if isinstance(held[0], SparseRows) else held[:1]:
        if isinstance(array, np.ndarray) and array.flags.writeable:
            array[:] = 0
    indexed.search(QUERIES, 4)
    for name, rows, after in zip(names, before, map(dense_rows, indexed.vectors(QUERIES) or held), strict=True):
        if not np.allclose(rows, after, rtol=0, atol=subject.tolerance):
            asked = f"{name}, once what it gave was written to and a search was made,"
            raise subject.breach(asked, "other vectors", "Give a copy of what is kept.")


def dense_rows(vectors: Vectors) -> NDArray[np.float32]:
    """The same, a number for each zero."""
    if not isinstance(vectors, SparseRows):
        return np.array(vectors)
    rows = np.repeat(np.arange(len(vectors.starts) - 1), np.diff(vectors.starts))
    dense = np.zeros((len(vectors.starts) - 1, vectors.size), dtype=np.float32)
    dense[rows, vectors.columns] = vectors.weights
    return dense


def _shards(subject: Subject) -> None:
    documents, together = AnyColumn(DOCUMENTS), subject.indexed()
    with subject.doing("making it"):
        example = subject.make()
    if not is_shardable(example):
        return
    try:
        example.shard_statistics(documents, 0)
    except RetrieverError:  # with these parameters it has no shards
        return
    for shards in (1, 3, 2 * len(DOCUMENTS)):
        asked = f"{together.asked(QUERIES, 4)} in {shards} shard{'s' * (shards != 1)}"
        with subject.doing(asked):
            sharded = Sharded(cast("Callable[[], Shardable]", subject.make), shards)
            sharded.index(documents)
            answer = checked(sharded.search(QUERIES, 4), len(QUERIES), 4, len(DOCUMENTS))
        for row, query in enumerate(QUERIES):
            expected = together.search([query], 4)
            _require_same(subject, asked, answer.of_queries([row]), expected, "in one index")


def _no_query(subject: Subject) -> None:
    subject.indexed().search([], 5)


def _odd_corpus(subject: Subject, documents: Sequence[str]) -> None:
    subject.indexed(documents).search(["cats", "", LONG], 3)


def _too_early(subject: Subject) -> None:
    asked, answer = "search before index", "an answer"
    try:
        with subject.doing(asked):
            search(subject.make(), ["cat"], 3)
    except ContractError as error:
        if isinstance(error.__cause__, RetrieverError) and "index" in str(error.__cause__):
            return
        answer = error.answer
    raise subject.breach(asked, answer, "Begin search with require_index(…) of retrievers.base.")


def _equality(subject: Subject) -> None:
    with subject.doing("comparing two of the same parameters"):
        one, other = subject.make(), subject.make()
        hashes = {hash(retriever) for retriever in (one, other)} if type(one).__hash__ is not None else set()
        equal = one == other and signature(one) == signature(other) and len(hashes) < 2
    if not equal:
        raise subject.breach(
            "comparing two of the same parameters",
            "two that differ",
            "Make it a dataclass: its fields are parameters; what index brings is field(init=False, compare=False).",
        )


def _shared_term(subject: Subject) -> None:
    # "apple" stands in most documents: Okapi's idf is negative there before its floor, and still a match.
    indexed = subject.indexed(("apple pie", "apple tart", "apple juice", "dusk fog"))
    for query, expected in (("apple", [0, 1, 2]), ("xyzzy", [])):
        hits = [hit for hit in indexed.search([query], 4).documents[0].tolist() if hit >= 0]
        if sorted(hits) != expected:
            raise subject.breach(
                indexed.asked([query], 4),
                f"the hits {hits}, but the documents {expected} share a term with it",
                "Term matching decides what is a hit, not the sign of the score.",
            )


# Name -> check. Each raises ContractError.
CHECKS: dict[str, Callable[[Subject], None]] = {
    "one row of at most k hits a query, int64 and float32": _types,
    "the ranking keeps every rule": _order,
    "equal documents stand in order of position": _equal_documents,
    "the inputs are not modified": _inputs,
    "k may exceed the corpus": _large_k,
    "a second index replaces the first": _second_index,
    "fewer hits are the head of more": _fewer,
    "the answer does not depend on batches": _batches,
    "the stages of a search are its own": _stages,
    "the exact search of an approximate one is a ranking": _exact,
    "its vectors are one a text": _vectors,
    "its shards answer as one index": _shards,
    "no query gives no row": _no_query,
    **{f"{name} can be indexed": partial(_odd_corpus, documents=texts) for name, texts in ODD_CORPORA.items()},
    "search before index is a clear error": _too_early,
    "equal parameters make equal retrievers": _equality,
}
LEXICAL_CHECKS: dict[str, Callable[[Subject], None]] = {"a document without a shared term is no hit": _shared_term}
