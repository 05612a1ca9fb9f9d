"""Dataset: documents, queries and judgements, in the one order that everything else relies on.

Documents stand in descending byte order of their ids, since that is how trec_eval breaks ties: a lower
position then wins a tie here and there alike. Queries stand in ascending byte order. Columns live in Arrow,
so that a worker process opens a large corpus memory-mapped instead of copying it.
"""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from bench.data.normalised import normalised
from bench.errors import BenchError

TEXT, TITLE = "text", "title"


class Texts(Sequence[str]):
    """An Arrow string column as a sequence of str, decoded a slice at a time."""

    _SLICE = 4096

    def __init__(self, column: pa.ChunkedArray) -> None:
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[str]: ...
    def __getitem__(self, item: int | slice) -> str | Sequence[str]:
        if isinstance(item, slice):
            start, stop, step = item.indices(len(self))
            if step == 1:
                return Texts(self._column.slice(start, max(0, stop - start)))
            return [self[i] for i in range(start, stop, step)]
        if not -len(self) <= item < len(self):
            raise IndexError(item)
        return str(self._column[item % len(self)].as_py())

    def __iter__(self) -> Iterator[str]:
        for start in range(0, len(self), self._SLICE):
            yield from self._column.slice(start, self._SLICE).to_pylist()


class DocumentTexts(Texts):
    """The texts of documents, with their columns: `retrievers.base.Documents`.

    columns: names; "title" is what the text begins with, "text" what follows it. read: those that were asked for.
    """

    def __init__(self, table: pa.Table) -> None:
        """table: (text, further columns by their names)."""
        super().__init__(table[TEXT])
        self._table = table
        further = [name for name in table.column_names if name not in ("id", TEXT, TITLE)]
        self.columns = (*((TITLE,) if TITLE in table.column_names else ()), TEXT, *further)
        self.read: set[str] = set()

    def column(self, name: str) -> Sequence[str]:
        """A column, mapped as the texts are. Raises KeyError where there is none of this name."""
        if name not in self.columns:
            raise KeyError(name)
        self.read.add(name)
        if name == TEXT:
            return _Bodies(Texts(self._table[TEXT]), Texts(self._table[TITLE])) if TITLE in self.columns else self
        return Texts(self._table[name])


class _Bodies(Sequence[str]):
    """Texts without the titles that they begin with: cut off when they are read, so that no text is kept twice."""

    def __init__(self, texts: Sequence[str], titles: Sequence[str]) -> None:
        self._texts, self._titles = texts, titles

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, item: int) -> str: ...
    @overload
    def __getitem__(self, item: slice) -> Sequence[str]: ...
    def __getitem__(self, item: int | slice) -> str | Sequence[str]:
        if isinstance(item, slice):
            return _Bodies(self._texts[item], self._titles[item])
        return _body(self._texts[item], self._titles[item])

    def __iter__(self) -> Iterator[str]:
        return map(_body, self._texts, self._titles)


def _body(text: str, title: str) -> str:
    return text.removeprefix(title).removeprefix(" ") if title else text


@dataclass(frozen=True)
class Card:
    """What dataset.toml says of a set.

    measure: the main one. slices: metadata fields that reports slice by. group: the metadata field that
    holds wordings of one question together. drop_self: leave out hits with the query's own id (None: where the text is
    the same too). complete: whatever is not judged is known to be not relevant, as a text of another label is.
    unanswerable: a file of queries that are known to have no answer. grades: what 0, 1, 2, … are called.
    made_queries: nobody asked these queries; they were made from the documents. sampled_judgements: of what was to be
    judged a part is, chosen by chance; means over these judgements are biased (docs/judging.md). machine_judged: a
    program gave some of the grades, or all.
    """

    description: str = ""
    licence: str = ""
    source: str = ""
    citation: str = ""
    language: str = ""
    measure: str = "nDCG@10"
    slices: tuple[str, ...] = ()
    group: str = ""
    drop_self: bool | None = None
    complete: bool = False
    unanswerable: str = ""
    grades: tuple[str, ...] = ()
    made_queries: bool = False
    sampled_judgements: bool = False
    machine_judged: bool = False


@dataclass(frozen=True)
class Dataset:
    """A labelled query set.

    documents: table (id, text, further columns of strings), descending by id; a text begins with its title, where there
    is a column `title`. queries: table (id, text, metadata as JSON text),
    judged ones only, ascending by id. judgements: three aligned arrays, sorted by query, then document;
    `judged_query`, `judged_document` int64 positions, `grade` int64 (relevant where > 0).
    note: what a reader must know of it ("a sample of 50 of 300 queries"). outside: ids of the queries that a sample
    leaves out. judgements_alone: nothing else is known of it: every text is empty, and the documents are those that are
    judged or stand in a run. brought_alone: of a set that was judged by pooling, retriever -> ids (query, document) of
    the judged pairs that it alone brought to the judges.
    """

    name: str
    documents: pa.Table
    queries: pa.Table
    judged_query: NDArray[np.int64]
    judged_document: NDArray[np.int64]
    grade: NDArray[np.int64]
    card: Card = field(default_factory=Card)
    note: str = ""
    outside: frozenset[str] = frozenset()
    judgements_alone: bool = False
    brought_alone: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)

    @staticmethod
    def build(
        name: str,
        documents: pa.Table,
        queries: pa.Table,
        judgements: pa.Table,
        *,
        card: Card | None = None,
        unanswerable: Collection[str] = (),
        note: str = "",
    ) -> Dataset:
        """Sort, resolve ids to positions and keep the judged queries and those that are known to have no answer.

        Args:
            name: What the set is called.
            documents: Table (id, text, further columns of strings).
            queries: Table (id, text, metadata as JSON text).
            judgements: Table (query, document, grade), all ids known, none twice: the formats check that, since they
                know file and line.
            card: What is known of the set; none: the defaults.
            unanswerable: Ids of queries without any relevant document.
            note: What a reader must know of it.

        Returns:
            The set.

        Raises:
            BenchError: Where no query is judged.
        """
        if not len(judgements):
            raise BenchError(f"{name}: no query is judged.", "Add judgements, or check that the query ids match.")
        documents = _sorted(documents, "descending")
        known = [*pc.unique(judgements["query"]).to_pylist(), *unanswerable]
        judged = pa.array(known, pa.large_string())
        queries = _sorted(queries.filter(pc.is_in(queries["id"], value_set=judged)), "ascending")
        query = _positions(judgements["query"], queries["id"])
        document = _positions(judgements["document"], documents["id"])
        order = np.lexsort((document, query))
        grade = judgements["grade"].to_numpy().astype(np.int64)
        return Dataset(
            name,
            documents,
            queries,
            query[order],
            document[order],
            grade[order],
            card if card is not None else Card(),
            note,
        )

    @cached_property
    def texts(self) -> DocumentTexts:
        """The document texts by position, with the other columns of documents."""
        return DocumentTexts(self.documents)

    @cached_property
    def query_texts(self) -> list[str]:
        """The query texts by position."""
        texts: list[str] = self.queries["text"].to_pylist()
        return texts

    @cached_property
    def query_ids(self) -> list[str]:
        """The query ids by position."""
        ids: list[str] = self.queries["id"].to_pylist()
        return ids

    @cached_property
    def metadata(self) -> list[dict[str, Any]]:
        """The queries' metadata by position; empty where a public set put there what is no object."""
        parsed = [orjson.loads(text) for text in self.queries["metadata"].to_pylist()]
        return [value if isinstance(value, dict) else {} for value in parsed]

    def field(self, name: str) -> list[str]:
        """A metadata field of each query.

        Args:
            name: Of the field.

        Returns:
            [queries] Its values as text, empty where it is absent or no scalar.
        """
        return [field_text(fields, name) for fields in self.metadata]

    @cached_property
    def groups(self) -> NDArray[np.int64] | None:
        """[queries]: the group of each, where the card names a field; None where every query stands alone."""
        return group_codes(self.field(self.card.group)) if self.card.group else None

    def document_ids(self, positions: NDArray[np.int64]) -> list[str]:
        """The ids at these positions.

        Args:
            positions: int64, of documents.

        Returns:
            Their ids, in the same order.
        """
        ids: list[str] = self.documents["id"].take(pa.array(positions)).to_pylist()
        return ids

    @cached_property
    def judgements(self) -> list[dict[int, int]]:
        """For each query position: document position -> grade."""
        table: list[dict[int, int]] = [{} for _ in range(len(self.queries))]
        for query, document, grade in zip(
            self.judged_query.tolist(), self.judged_document.tolist(), self.grade.tolist(), strict=True
        ):
            table[query][document] = grade
        return table

    def grade_of(self, query: int, document: int) -> int | None:
        """The grade of a document for a query.

        Args:
            query: Position of the query.
            document: Position of the document.

        Returns:
            The grade; None where nobody knows it, or the document is the query itself.
        """
        unknown = 0 if self.card.complete and document != self.left_out[query] else None
        return self.judgements[query].get(document, unknown)

    @cached_property
    def relevant(self) -> NDArray[np.bool_]:
        """bool [judgements]: those that say that a document is relevant."""
        return is_relevant(self.grade)

    @cached_property
    def answerable(self) -> NDArray[np.bool_]:
        """[queries]: has at least one relevant document."""
        best = np.zeros(len(self.queries), dtype=bool)
        best[self.judged_query[self.relevant]] = True
        return best

    @property
    def median_relevant(self) -> float:
        """Relevant documents of an answerable query, the median; 1 where there is no such query."""
        counts = np.bincount(self.judged_query[self.relevant])
        return float(np.median(counts[counts > 0])) if counts.any() else 1.0

    @cached_property
    def own_document(self) -> NDArray[np.int64]:
        """[queries]: position of the document that has the query's own id, -1 where none has."""
        return _positions(self.queries["id"], self.documents["id"], missing=-1)

    @cached_property
    def left_out(self) -> NDArray[np.int64]:
        """[queries]: position of the document that is the query itself and no hit of it, -1 where there is none.

        It has the query's id. The card says whether it is left out; where it does not, it is where the text is the
        same too (`is_itself`), since ids may agree by chance. A document that is judged relevant never is.
        """
        own = self.own_document.copy()
        relevant = self.relevant
        asked, judged = self.judged_query[relevant], self.judged_document[relevant]
        own[asked[own[asked] == judged]] = -1
        if self.card.drop_self is None:
            own[~self._itself(own)] = -1
        return np.full_like(own, -1) if self.card.drop_self is False else own

    @cached_property
    def kept_itself(self) -> NDArray[np.bool_]:
        """[queries]: may find itself, by id and text, as a hit that counts as wrong."""
        unjudged = replace(self, card=replace(self.card, drop_self=None)).left_out
        return (unjudged >= 0) & (self.left_out < 0)

    def _itself(self, own: NDArray[np.int64]) -> NDArray[np.bool_]:
        mask = np.zeros(len(own), dtype=bool)
        for query in np.flatnonzero(own >= 0).tolist():
            mask[query] = is_itself(self.query_texts[query], self.texts[int(own[query])])
        return mask

    @property
    def corpus_size(self) -> float:
        """How many documents there are to be ranked; infinite where judgements alone are known."""
        return math.inf if self.judgements_alone else len(self.documents)

    def with_documents(self, ids: Collection[str]) -> Dataset:
        """The same judgements, known alone, over more documents.

        Args:
            ids: Of the documents to add, none of which it has.

        Returns:
            The set with them, unjudged. Its fingerprint stays, since that is over the judgements.
        """
        added = pa.array(sorted(ids), pa.large_string())
        return self.joined_by(pa.table({"id": added, "text": pa.array([""] * len(added), pa.large_string())}))

    def joined_by(self, more: pa.Table) -> Dataset:
        """The same queries and judgements over more documents, which nobody judged.

        Args:
            more: Table of the columns of `documents`, none of whose ids it has.

        Returns:
            The set with them; its own documents keep their order among themselves.
        """
        documents = _sorted(pa.concat_tables([self.documents, more]), "descending")
        moved = _positions(self.documents["id"], documents["id"])
        return replace(self, documents=documents, judged_document=moved[self.judged_document])

    def judged_alone(self) -> Dataset:
        """The same queries and judgements over the documents that are judged, of any grade, and no others.

        Returns:
            The set without the rest.
        """
        kept = np.unique(self.judged_document)
        return replace(
            self,
            documents=self.documents.take(pa.array(kept)).combine_chunks(),
            judged_document=np.searchsorted(kept, self.judged_document).astype(np.int64),
        )

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over ids, texts and judgements: equal where the figures are comparable."""
        digest = hashlib.sha256()
        columns = [self.documents["id"], self.documents["text"], self.queries["id"], self.queries["text"]]
        arrays = [self.judged_query, self.judged_document, self.grade]
        if self.judgements_alone:  # the documents depend on the runs that are scored
            columns = [self.queries["id"], self.documents["id"].take(pa.array(self.judged_document))]
            arrays = [self.judged_query, self.grade]
        for column in columns:
            _update(digest, column)
        for array in arrays:
            digest.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
        if self.judgements_alone:
            digest.update(str(bool(self.card.drop_self)).encode())
        else:
            digest.update(b"True" + self.left_out.astype("<i8").tobytes() if (self.left_out >= 0).any() else b"False")
        return digest.hexdigest()

    def column_digests(self, names: Collection[str]) -> dict[str, str]:
        """What figures depend on that were earned from columns, as the fingerprint is over the whole texts alone.

        Args:
            names: Of columns.

        Returns:
            The name of each, in order -> how the sha256 of its strings begins; of "text" that of the titles cut off.
        """
        digests = {}
        for name in sorted(names):
            digest, column = hashlib.sha256(), TITLE if name == TEXT else name
            if column in self.documents.column_names:
                _update(digest, self.documents[column])
            digests[name] = digest.hexdigest()[:12]
        return digests

    def sample(self, size: int, seed: int) -> Dataset:
        """The same documents with some of the queries, drawn without replacement.

        Args:
            size: How many queries.
            seed: The same one draws the same queries.

        Returns:
            The sample, whose note says what it is; the set itself where it has no more queries than that.
        """
        total = len(self.queries)
        if size >= total:
            return self
        chosen = np.sort(np.random.default_rng(seed).choice(total, size, replace=False))
        kept = np.isin(self.judged_query, chosen)
        queries = self.queries.take(pa.array(chosen))
        return replace(
            self,
            queries=queries,
            judged_query=np.searchsorted(chosen, self.judged_query[kept]).astype(np.int64),
            judged_document=self.judged_document[kept],
            grade=self.grade[kept],
            note=joined(self.note, f"a sample of {size:,} of {total:,} queries, seed {seed}"),
            outside=self.outside | (set(self.query_ids) - set(queries["id"].to_pylist())),
        )

    def sample_documents(self, size: int, seed: int) -> Dataset:
        """The same queries and judgements over fewer documents: all that are judged, and others drawn by chance.

        Args:
            size: How many documents; where more are judged, those alone.
            seed: The same one draws the same documents.

        Returns:
            The smaller set, whose note says what it is; the set itself where it has no others.
        """
        total, judged = len(self.documents), np.unique(self.judged_document)
        others = np.setdiff1d(np.arange(total), judged)
        wanted = max(0, size - len(judged))
        if wanted >= len(others):
            return self
        drawn = np.random.default_rng(seed).choice(others, wanted, replace=False)
        kept = np.sort(np.concatenate([judged, drawn]))
        more = f" and {wanted:,} others, seed {seed}" if wanted else ""
        return replace(
            self,
            documents=self.documents.take(pa.array(kept)).combine_chunks(),
            judged_document=np.searchsorted(kept, self.judged_document).astype(np.int64),
            note=joined(self.note, f"{len(kept):,} of {total:,} documents: the {len(judged):,} judged ones{more}"),
        )

    @property
    def sampled(self) -> bool:
        """Are these not all of its queries?"""
        return bool(self.outside)

    def write_texts(self, folder: Path) -> None:
        """Write what a worker needs, as Arrow files that it maps into memory.

        Args:
            folder: Where documents.arrow and queries.arrow are written; it is made where it is not there.
        """
        folder.mkdir(parents=True, exist_ok=True)
        documents, queries = self.documents.drop_columns(["id"]), self.queries.select([TEXT])
        for name, table in (("documents", documents), ("queries", queries)):
            _write_arrow(folder / f"{name}.arrow", table)

    def sliced_by(self, fields: Sequence[str]) -> Dataset:
        """The same set, sliced by other metadata fields than the card's.

        Args:
            fields: Their names; those that no query has are left out.

        Returns:
            The set with another card.
        """
        present = tuple(name for name in fields if any(self.field(name)))
        return replace(self, card=replace(self.card, slices=present))

    @property
    def absent_fields(self) -> tuple[str, ...]:
        """The metadata fields that the card slices or groups by and that no query has."""
        named = dict.fromkeys((*self.card.slices, *filter(None, (self.card.group,))))
        return tuple(name for name in named if not any(self.field(name)))

    def _left_out_note(self) -> str:
        count = int((self.left_out >= 0).sum())
        phrase = "query is a document too, which is" if count == 1 else "queries are documents too, each of which is"
        return f"{count:,} {phrase} left out of its own hits" if count else ""

    def keeping_itself(self, keep: bool | None) -> Dataset:
        """The same set, with another rule on whether a query finds the document of its own id.

        Args:
            keep: May it? None: as the card says.

        Returns:
            The set with another card.
        """
        return self if keep is None else replace(self, card=replace(self.card, drop_self=not keep))

    def describe(self) -> dict[str, Any]:
        """What a run stores of its dataset."""
        return {
            "name": self.name,
            "fingerprint": self.fingerprint,
            "documents": len(self.documents),
            "queries": len(self.queries),
            "unanswerable": int((~self.answerable).sum()),
            "judgements": len(self.grade),
            "note": joined(self.note, self._left_out_note()),
            "sampled": self.sampled,
            "measure": self.card.measure,
            "slices": list(self.card.slices),
            "group": self.card.group,
            "drop_self": bool((self.left_out >= 0).any()),
            "licence": self.card.licence,
            "source": self.card.source,
            **({"judgements_alone": True} if self.judgements_alone else {}),
            **({"made_queries": True} if self.card.made_queries else {}),
            **({"sampled_judgements": True} if self.card.sampled_judgements else {}),
            **({"machine_judged": True} if self.card.machine_judged else {}),
        }


def field_text(metadata: Mapping[str, Any], name: str) -> str:
    """A field of a query's metadata as text, empty where it is absent or no scalar."""
    value = metadata.get(name)
    return "" if value is None or isinstance(value, list | dict) else str(value)


def group_codes(labels: Sequence[str | None]) -> NDArray[np.int64]:
    """Group labels as numbers, in order of appearance; a query without a label is a group of its own."""
    seen: dict[object, int] = {}
    keys = (label if label else position for position, label in enumerate(labels))
    return np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.int64)


@overload
def is_relevant(grade: int) -> bool: ...
@overload
def is_relevant(grade: NDArray[np.int64]) -> NDArray[np.bool_]: ...
def is_relevant(grade: Any) -> Any:
    """Does a grade say that a document is relevant? From 1 on, as in trec_eval; a measure may ask for more (rel)."""
    return grade > 0


def is_itself(query: str, document: str) -> bool:
    """Is the document the query: the same text, or after a title that is no longer than the text?"""
    asked, text = normalised(query), normalised(document)
    return bool(asked) and (asked == text or (text.endswith(f" {asked}") and 2 * len(asked) >= len(text)))


def joined(*notes: str) -> str:
    """One note of those that say something."""
    return "; ".join(filter(None, notes))


def open_texts(folder: Path) -> tuple[DocumentTexts, Texts]:
    """Map the documents and queries that `write_texts` wrote."""
    documents, queries = (_mapped(folder / f"{name}.arrow") for name in ("documents", "queries"))
    return DocumentTexts(documents), Texts(queries[TEXT])


def reorder_texts(folder: Path, order: NDArray[np.int64], to: Path) -> None:
    """Write what `write_texts` wrote into another folder, with its documents in another order.

    Args:
        folder: Of `write_texts`.
        order: [documents] of each place, the position of the document that comes to stand there.
        to: A folder that is there.
    """
    _write_arrow(to / "documents.arrow", _mapped(folder / "documents.arrow").take(pa.array(order)))
    shutil.copyfile(folder / "queries.arrow", to / "queries.arrow")


def _write_arrow(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=65_536)


def _mapped(path: Path) -> pa.Table:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()


def _sorted(table: pa.Table, order: str) -> pa.Table:
    # Arrow compares strings by their UTF-8 bytes, which is trec_eval's order.
    return table.take(pc.sort_indices(table, sort_keys=[("id", order)])).combine_chunks()


def _positions(ids: pa.ChunkedArray, known: pa.ChunkedArray, missing: int | None = None) -> NDArray[np.int64]:
    positions = pc.index_in(ids, value_set=pa.chunked_array(known).combine_chunks())
    if missing is not None:
        positions = positions.fill_null(missing)
    array: NDArray[np.int64] = positions.to_numpy().astype(np.int64)
    return array


def _update(digest: Any, column: pa.ChunkedArray) -> None:
    """Hash the strings with their byte lengths, so that no two columns read alike."""
    for start in range(0, len(column), 65_536):
        part = column.slice(start, 65_536).cast(pa.large_binary())
        digest.update(pc.binary_length(part).to_numpy().astype("<i8").tobytes())
        for chunk in part.chunks:
            offsets, data = chunk.buffers()[1:]
            bounds = np.frombuffer(offsets, dtype="<i8")[chunk.offset : chunk.offset + len(chunk) + 1]
            if data is not None and len(chunk):
                digest.update(memoryview(data)[bounds[0] : bounds[-1]])
