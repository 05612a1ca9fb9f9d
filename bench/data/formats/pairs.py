"""Pairs of texts in a table of any kind, and how they become a retrieval task.

A text is one text wherever it stands with the same letters: case, white space and compatibility forms do not count.
Lines with an empty text are left out. Whatever is left out is counted in the dataset's note.

`query,relevant` or `question,answer` (also query_id, relevant_id, grade): each line is a query and a document, relevant
by grade 1 if none is given. Further columns are the query's metadata, as its first line has them. Documents are the
distinct relevant texts, queries the distinct query texts. The relation is taken as it is written, since a query and its
document are no equals: nothing follows from two lines together. A query whose text is also a document gets that
document's id, and the card drops a query's own id from its hits, so that no query finds itself; a line that pairs a
text with itself says nothing.

A field may hold a list of texts (see cells): each of them is relevant, and each wording in a list of queries is a
query. `negative`, and fields numbered after it, hold documents that are not relevant: grade 0, unless another line says
that one is.

`question1,question2,is_duplicate` (Quora; MRPC: `#1 String`, `#2 String`, `Quality`; PAWS: `sentence1`, `sentence2`,
`label`; PARADE: `Definition1`, `Definition2`, `Binary labels`): see duplicates.

Ids are those of the id columns, else line numbers: q12 and d12, or d12.1 and d12.2 where a line has several texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.data.dataset import Dataset, joined
from bench.data.formats import duplicates
from bench.data.formats.distinct_texts import DistinctTexts
from bench.data.formats.options import Options
from bench.data.formats.records import (
    KINDS,
    Record,
    check_roles,
    columns_of,
    dataset_of,
    field_for,
    headers,
    is_table,
    named_records,
    numbered,
    read_as,
    shown,
)
from bench.data.formats.relation import Relation
from bench.data.formats.spreadsheet import which_sheet
from bench.errors import BenchError

CONTEXTS = ("reference_contexts", "contexts")
DIRECTED: Mapping[str, tuple[str, ...]] = {
    "query": ("query", "anchor", "question", "user_input"),
    "relevant": ("relevant", "positive", "positives", "pos", "positive_1", "positive_passages", "answer", *CONTEXTS),
    "negative": ("negative", "negatives", "neg", "negative_1", "negative_passages"),
    "query_id": ("query_id",),
    "relevant_id": ("relevant_id",),
    "negative_id": ("negative_id",),
    "grade": ("grade", "score"),
}
NEEDED = f"Give {KINDS} with the columns query and relevant, or question1, question2, is_duplicate."


def claims(path: Path, options: Options) -> str | None:
    """A file with the columns of pairs."""
    if not is_table(path):
        return None
    names = headers(path)
    form = fits(names, options)
    return f"it has the columns of pairs ({shown(columns_of(names, form, options))})" if form else None


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read a file of pairs by the rules above. Raises BenchError with file and line."""
    options.only("pairs", "columns")
    check_roles(options, [*DIRECTED, *duplicates.ROLES])
    path = Path(source).expanduser()
    names, rows = named_records(path)
    form = fits(names, options)
    if not form:
        raise BenchError(
            f"{path} has no columns of pairs; it has {', '.join(names) or 'no records'}.",
            f"{NEEDED} Or name them: --columns query=NAME --columns relevant=NAME.",
        )
    columns = columns_of(names, form, options)
    if form is duplicates.ROLES:
        return duplicates.load(path, columns, rows)
    _refuse_answer_or_contexts(path, names, columns, options)
    return _directed(path, columns, _several(names, columns, options), rows)


def fits(names: Sequence[str], options: Options) -> Mapping[str, tuple[str, ...]] | None:
    """The roles whose columns are there: those that the user's belong to, else the first; None where neither are."""
    given = {role for role, _ in options.columns}
    for form, needed in ((DIRECTED, ("query", "relevant")), (duplicates.ROLES, ("first", "second", "same"))):
        if given and not given & form.keys():
            continue
        if set(needed) <= columns_of(names, form, options).keys():
            return form
    return None


def _refuse_answer_or_contexts(path: Path, names: Sequence[str], columns: Mapping[str, str], options: Options) -> None:
    """Raise BenchError where both the answer and the texts that it was drawn from could be what is to be found."""
    contexts = field_for("contexts", names, CONTEXTS, Options())
    answer = columns["relevant"]
    if contexts and answer.casefold() == "answer" and "relevant" not in dict(options.columns):
        raise BenchError(
            f"{path} has the columns {answer} and {contexts}: either could be what is to be found.",
            f"Say which it is: --columns relevant={contexts}, or --columns relevant={answer}.",
        )


def _several(names: Sequence[str], columns: Mapping[str, str], options: Options) -> dict[str, list[str]]:
    """The fields of the relevant and of the other texts: the one found, and those numbered after a usual name."""
    named = dict(options.columns)
    return {
        role: [columns[role]] if role in named else numbered(columns[role], names)
        for role in ("relevant", "negative")
        if role in columns
    }


def _directed(
    path: Path, columns: Mapping[str, str], several: Mapping[str, Sequence[str]], rows: Iterable[tuple[str, Record]]
) -> Dataset:
    relation = Relation(columns, several)
    for where, record in rows:
        relation.add(where, record)
    queries, documents = relation.queries, relation.documents
    own = _own_ids(path, queries, documents)
    taken = {role: ", ".join(several.get(role, (name,))) for role, name in columns.items()}
    return dataset_of(
        path.stem,
        documents.texts,
        {own.get(query, query): (text, relation.metadata[query]) for query, text in queries.texts.items()},
        {(own.get(query, query), document): value for (query, document), value in relation.judgements.items()},
        note=joined(read_as("pairs", taken), which_sheet(path), relation.notes()),
    )


def _own_ids(path: Path, queries: DistinctTexts, documents: DistinctTexts) -> dict[str, str]:
    """Query id -> id of the document with the same text: it is the query itself, and no hit of it."""
    own = {query: document for query, text in queries.texts.items() if (document := documents.find(text)) is not None}
    for query in queries.texts:
        if own and query not in own and query in documents.texts:
            raise BenchError(
                f"{path}: the id {query!r} is that of a query and of a document with another text.",
                "Some queries are documents too, so ids must tell them apart: give distinct ids, or none.",
            )
    return own
