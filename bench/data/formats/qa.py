"""One JSON file that holds the whole set: queries, corpus and judgements, or a reading test in SQuAD's form.

{"queries": {id: text}, "corpus": {id: text}, "relevant_docs": {query id: [document ids]}}, as llama_index and
sentence-transformers have it. A text may be an object with title and text, and the judgements may be {document id:
grade}; `documents` or `docs` stand for corpus as well, and `qrels` for relevant_docs.

SQuAD's form: {"data": [{"title", "paragraphs": [{"context", "qas": [QUESTION, …]}]}]}, each QUESTION an object with id,
question, answers and, where there is no answer, is_impossible. Each distinct context is a document (d1, d2, …), and
each question is a query that its own context answers; the texts of its answers stand in its metadata. A question that
is impossible is one without an answer. Rajpurkar et al., "Know What You Don't Know: Unanswerable Questions for SQuAD"
(ACL 2018).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

from bench.data.answers import FIELD, answer_texts
from bench.data.dataset import Dataset, joined
from bench.data.formats.distinct_texts import DistinctTexts
from bench.data.formats.ids import UnknownIds, known_as
from bench.data.formats.json_files import first_two, json_located
from bench.data.formats.lines import checked_id, id_text
from bench.data.formats.options import Options
from bench.data.formats.records import Record, dataset_of, field_for, grade_of, left_out_note, read_as, unjudged
from bench.errors import BenchError

ROLES: Mapping[str, tuple[str, ...]] = {
    "queries": ("queries",),
    "corpus": ("corpus", "documents", "docs"),
    "relevant_docs": ("relevant_docs", "qrels", "relevance"),
}
NEEDED = "Give a .json file with queries, corpus and relevant_docs, or one in SQuAD's form."


def claims(path: Path, _: Options) -> str | None:
    """A JSON file whose first object is a whole set."""
    if path.suffix.lower() not in (".json", ".jsonl") or not path.is_file():
        return None
    first = next((record for _, record in first_two(path)), {})
    if _is_squad(first):
        return "it has paragraphs as SQuAD has them"
    fields = _fields(first)
    return f"one object has {', '.join(fields.values())}" if len(fields) == len(ROLES) else None


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read a file by the rules above. Raises BenchError with the id of what is wrong."""
    options.only("qa")
    path = Path(source).expanduser()
    rows = (record for _, record in json_located(path, NEEDED))
    first = list(islice(rows, 1))
    if first and _is_squad(first[0]):
        return _squad(path, chain(first, rows))
    first += islice(rows, 1)
    fields = _fields(first[0]) if first else {}
    if len(first) > 1 or len(fields) < len(ROLES):
        raise BenchError(f"{path} is no object with {', '.join(ROLES)}.", NEEDED)
    return _whole_set(path, first[0], fields)


def _fields(record: Record) -> dict[str, str]:
    """role -> its field, of those that hold objects."""
    names = [name for name, value in record.items() if isinstance(value, dict)]
    fields = {role: field_for(role, names, usual, Options()) for role, usual in ROLES.items()}
    return {role: name for role, name in fields.items() if name is not None}


def _is_squad(record: Record) -> bool:
    articles = _articles(record)
    return bool(articles) and all(
        isinstance(article, dict) and isinstance(article.get("paragraphs"), list) for article in articles
    )


def _articles(record: Record) -> list[Any]:
    """Those of SQuAD's form: in `data`, or a line each."""
    articles = record.get("data")
    return articles if isinstance(articles, list) else [record]


def _whole_set(path: Path, content: Record, fields: Mapping[str, str]) -> Dataset:
    documents = _texts(path, content[fields["corpus"]], fields["corpus"])
    queries = _texts(path, content[fields["queries"]], fields["queries"])
    judgements: dict[tuple[str, str], int] = {}
    unknown = UnknownIds({"query": queries, "document": documents})
    for query, value in content[fields["relevant_docs"]].items():
        where = f"{path}, {fields['relevant_docs']} of {query!r}"
        if query not in queries:
            unknown.add("query", query, where)
        for name, graded in _graded(value, where):
            document = known_as(name, documents)
            if document is None:
                unknown.add("document", name, where)
            else:
                judgements[query, document] = graded
    if unknown:
        raise unknown.error(path)
    note = joined(read_as("one object", fields), unjudged(len(queries), len({query for query, _ in judgements})))
    asked: dict[str, tuple[str, Record]] = {query: (text, {}) for query, text in queries.items()}
    return dataset_of(path.stem, documents, asked, judgements, note=note)


def _texts(path: Path, content: Record, name: str) -> dict[str, str]:
    """id -> text, with its title before it."""
    texts = {}
    for identifier, value in content.items():
        where = f"{path}, {name} {identifier!r}"
        title, text = (value.get("title"), value.get("text")) if isinstance(value, dict) else (None, value)
        if not isinstance(text, str) or not isinstance(title, str | None):
            raise BenchError(f"{where}: no text.", "Write id: text, or id: an object with title and text.")
        texts[checked_id(identifier, where)] = f"{title} {text}".strip() if title else text
    return texts


def _graded(value: Any, where: str) -> Iterator[tuple[str, int]]:
    """(document id, grade) of an object of grades, of a list of ids or of one id."""
    if isinstance(value, dict):
        yield from ((name, grade_of(grade, where)) for name, grade in value.items())
        return
    for entry in value if isinstance(value, list) else [value]:
        if not (name := id_text(entry).strip()):
            raise BenchError(f"{where}: {entry!r} is no id.", 'Write a list of document ids: ["d1", "d2"].')
        yield name, 1


def _squad(path: Path, records: Iterable[Record]) -> Dataset:
    documents = DistinctTexts()
    queries: dict[str, tuple[str, Record]] = {}
    judgements: dict[tuple[str, str], int] = {}
    impossible = set()
    for where, title, context, question in _questions(path, records):
        document = documents.add(context, f"d{len(documents.texts) + 1}", where)
        if question is None:
            continue
        query = checked_id(id_text(question.get("id", f"q{len(queries) + 1}")).strip(), where)
        if query in queries:
            raise BenchError(f"{where}: the id {query!r} stands twice.", "Give each question its own id.")
        answers = question.get("answers")
        metadata = {"title": title, FIELD: list(dict.fromkeys(answer_texts(answers)))}
        queries[query] = (
            _string(question, "question", where),
            {key: value for key, value in metadata.items() if value},
        )
        if question.get("is_impossible", isinstance(answers, list) and not answers):
            impossible.add(query)
        else:
            judgements[query, document] = 1
    return dataset_of(
        path.stem,
        documents.texts,
        queries,
        judgements,
        unanswerable=impossible,
        note=joined(
            "read as SQuAD: each context is a document",
            left_out_note(len(impossible), "impossible question has no answer", "impossible questions have no answer"),
        ),
    )


def _questions(path: Path, records: Iterable[Record]) -> Iterator[tuple[str, str, str, Record | None]]:
    """(place, title, context, question) of each question; without one for a context that nothing asks for."""
    for record in records:
        for number, article in enumerate(_articles(record), 1):
            title = article.get("title") if isinstance(article, dict) else None
            for paragraph in _objects(article, "paragraphs", f"{path}, article {number}"):
                where = f"{path}, article {number}"
                context = _string(paragraph, "context", where)
                asked = _objects(paragraph, "qas", where)
                for question in asked or (None,):
                    yield where, str(title or ""), context, question


def _objects(record: Any, name: str, where: str) -> list[Record]:
    value = record.get(name) if isinstance(record, dict) else None
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise BenchError(f"{where}: {name!r} is no list of objects.", NEEDED)
    return value


def _string(record: Record, name: str, where: str) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise BenchError(f"{where}: no {name!r}, or none that is a string.", "Mend the file.")
    return value.strip()
