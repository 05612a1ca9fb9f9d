"""Pairs of texts in a .csv, .tsv or .jsonl file, and how they become a retrieval task.

A text is one text wherever it stands with the same letters: case, white space and compatibility forms do not count.
Lines with an empty text are left out. Whatever is left out is counted in the dataset's note.

`query,relevant` or `question,answer` (also query_id, relevant_id, grade): each line is a query and a document, relevant
by grade 1 if none is given. Further columns are the query's metadata, as its first line has them. Documents are the
distinct relevant texts, queries the distinct query texts. The relation is taken as it is written, since a query and its
document are no equals: nothing follows from two lines together. A query whose text is also a document gets that
document's id, and the card drops a query's own id from its hits, so that no query finds itself; a line that pairs a
text with itself says nothing.

`question1,question2,is_duplicate` (Quora; MRPC: `#1 String`, `#2 String`, `Quality`; PAWS: `sentence1`, `sentence2`,
`label`): each line says whether two texts mean the same, 1 or 0. "Means the same" passes on from text to text, people
judge single pairs only, and a text nobody compared with the query must not count as a miss. Hence:

1. Texts are nodes, pairs judged the same are edges, and a connected component is a group of one meaning.
2. Each group with a pair judged the same gives one query: the text that is judged the same as most others, the
   earliest of several. One query per group, since a second would have to stay out of the first one's documents.
3. Documents are all texts that are no query, less those that are in a query's group without being judged the same as
   it: by the chain they are most likely relevant, so they may be neither right nor wrong.
4. A pair judged the same is relevant, grade 1; a pair judged different is grade 0 and stays as a trap.
5. A contradiction (a pair judged both ways, or judged different within a group) is no judgement. It still holds the
   group together, so that rule 3 leaves the doubtful text out.

Ids are those of the id columns (first_id and second_id only where --columns names them, since public sets give one
text several), else line numbers: q12 and d12; 12.1 and 12.2 for the two texts of a pair.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bench.dataset import Card, Dataset, joined
from bench.errors import BenchError
from bench.formats import intents
from bench.formats.distinct import DistinctTexts
from bench.formats.lines import grade
from bench.formats.options import Options
from bench.formats.records import (
    SUFFIXES,
    Record,
    check_roles,
    columns_of,
    counted,
    dataset_of,
    headers,
    id_field,
    read_as,
    records,
    text_field,
)
from bench.same_text import normalised

DIRECTED: Mapping[str, tuple[str, ...]] = {
    "query": ("query", "anchor", "question"),
    "relevant": ("relevant", "positive", "answer"),
    "query_id": ("query_id",),
    "relevant_id": ("relevant_id",),
    "grade": ("grade", "score"),
}
MUTUAL: Mapping[str, tuple[str, ...]] = {
    "first": ("question1", "#1 string", "sentence1", "text1"),
    "second": ("question2", "#2 string", "sentence2", "text2"),
    "same": ("is_duplicate", "quality", "label"),
    "first_id": (),
    "second_id": (),
}
VERDICTS = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}
NEEDED = "Give a .csv, .tsv or .jsonl file with the columns query and relevant, or question1, question2, is_duplicate."

Pair = tuple[str, str]


def recognises(path: Path, options: Options) -> bool:
    """Is this a file with the columns of pairs? Raises BenchError where they could be those of intents as well."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    names = headers(path)
    if not _complete(names, options):
        return False
    # A category beside two texts sorts them; a label or an intent may as well be what is asked for.
    if intents.fits([name for name in names if name.casefold() != "category"], options):
        raise BenchError(
            f"{path} has the columns of pairs and of labelled texts: {', '.join(names)}.",
            f"Say which it is: pairs:{path} or intents:{path}; where the label says how relevant the text is: "
            f"{path} --columns grade=NAME.",
        )
    return True


def load(source: str, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read a file of pairs by the rules above. Raises BenchError with file and line."""
    options.only("pairs", "columns")
    check_roles(options, [*DIRECTED, *MUTUAL])
    path = Path(source).expanduser()
    names = headers(path)
    form = _complete(names, options)
    if not form:
        raise BenchError(
            f"{path} has no columns of pairs; it has {', '.join(names) or 'no records'}.",
            f"{NEEDED} Or name them: --columns query=NAME --columns relevant=NAME.",
        )
    columns = columns_of(names, form, options)
    return _directed(path, columns) if form is DIRECTED else _mutual(path, columns)


def _complete(names: Sequence[str], options: Options) -> Mapping[str, tuple[str, ...]] | None:
    """The form whose columns are there: the one that the user's roles belong to, else the first."""
    given = {role for role, _ in options.columns}
    for form, needed in ((DIRECTED, ("query", "relevant")), (MUTUAL, ("first", "second", "same"))):
        if given and not given & form.keys():
            continue
        if set(needed) <= columns_of(names, form, options).keys():
            return form
    return None


def _lines(path: Path, columns: Mapping[str, str], left: str, right: str) -> Iterator[tuple[str, Record, str, str]]:
    for where, record in records(path, NEEDED):
        yield where, record, text_field(record, columns[left], where), text_field(record, columns[right], where)


def _directed(path: Path, columns: Mapping[str, str]) -> Dataset:
    queries, documents = DistinctTexts(), DistinctTexts()
    judgements: dict[Pair, int] = {}
    metadata: dict[str, Record] = {}
    empty = itself = 0
    for where, record, query, document in _lines(path, columns, "query", "relevant"):
        if not (query and document):
            empty += 1
            continue
        if normalised(query) == normalised(document):
            itself += 1
            continue
        pair = (
            queries.add(query, id_field(record, columns.get("query_id"), where, "q{}"), where),
            documents.add(document, id_field(record, columns.get("relevant_id"), where, "d{}"), where),
        )
        metadata.setdefault(pair[0], {key: each for key, each in record.items() if key not in columns.values()})
        value = grade(str(record.get(columns["grade"])).strip(), where) if "grade" in columns else 1
        if judgements.setdefault(pair, value) != value:
            raise BenchError(f"{where}: this pair has another grade in an earlier line.", "Keep one of the lines.")
    own = _own_ids(path, queries, documents)
    return dataset_of(
        path.stem,
        documents.texts,
        {own.get(query, query): (text, metadata[query]) for query, text in queries.texts.items()},
        {(own.get(query, query), document): value for (query, document), value in judgements.items()},
        card=Card(drop_self=bool(own)),
        note=joined(
            read_as("pairs", columns),
            counted(empty, "line with an empty text left out", "lines with an empty text left out"),
            counted(
                itself, "line that pairs a text with itself left out", "lines that pair a text with itself left out"
            ),
            counted(
                len(own),
                "query is a document too, left out of its own hits",
                "queries are documents too, each left out of its own hits",
            ),
        ),
    )


def _own_ids(path: Path, queries: DistinctTexts, documents: DistinctTexts) -> dict[str, str]:
    """Query id -> id of the document with the same text, so that the card's drop_self leaves it out."""
    own = {query: found for query, text in queries.texts.items() if (found := documents.find(text)) is not None}
    for query in queries.texts:
        if own and query not in own and query in documents.texts:
            raise BenchError(
                f"{path}: the id {query!r} is that of a query and of a document with another text.",
                "Some queries are documents too, so ids must tell them apart: give distinct ids, or none.",
            )
    return own


def _mutual(path: Path, columns: Mapping[str, str]) -> Dataset:
    nodes, verdicts, empty = _verdicts(path, columns)
    same = {pair for pair, said in verdicts.items() if said == {True} and pair[0] != pair[1]}
    groups = _components(nodes, [pair for pair, said in verdicts.items() if True in said])
    degree = Counter(node for pair in same for node in pair)
    query_of = {node: max(group, key=degree.__getitem__) for group in groups for node in group}
    queries = {query for query in query_of.values() if degree[query]}
    if not queries:
        raise BenchError(f"{path}: no two texts are judged the same.", "Check the column that says so: 1 or true.")
    unjudged = {
        node
        for node, query in query_of.items()
        if query in queries and node != query and _pair(node, query) not in same
    }
    documents = {node: text for node, text in nodes.items() if node not in queries and node not in unjudged}
    contradictory = {pair for pair, said in verdicts.items() if False in said and len({query_of[n] for n in pair}) == 1}
    judgements = {
        (query, document): int(pair in same)
        for pair in verdicts
        if pair not in contradictory
        for query, document in (pair, pair[::-1])
        if query in queries and document in documents
    }
    sizes = Counter(query_of.values())
    return dataset_of(
        path.stem,
        documents,
        {query: (text, {"group_size": sizes[query]}) for query, text in nodes.items() if query in queries},
        judgements,
        note=joined(
            read_as("judged pairs", columns),
            counted(empty, "line with an empty text left out", "lines with an empty text left out"),
            counted(
                len(unjudged),
                "text left out that a chain of pairs links to a query, unjudged against it",
                "texts left out that a chain of pairs links to a query, unjudged against it",
            ),
            counted(len(contradictory), "contradictory pair not used", "contradictory pairs not used"),
        ),
    )


def _verdicts(path: Path, columns: Mapping[str, str]) -> tuple[dict[str, str], dict[Pair, set[bool]], int]:
    """Texts by id, what is said of each pair of them, and how many lines have an empty text."""
    nodes = DistinctTexts()
    verdicts: dict[Pair, set[bool]] = defaultdict(set)
    empty = 0
    for where, record, first, second in _lines(path, columns, "first", "second"):
        if not (first and second):
            empty += 1
            continue
        one = nodes.add(first, id_field(record, columns.get("first_id"), where, "{}.1"), where)
        two = nodes.add(second, id_field(record, columns.get("second_id"), where, "{}.2"), where)
        verdicts[_pair(one, two)].add(_verdict(record.get(columns["same"]), where))
    return nodes.texts, verdicts, empty


def _pair(one: str, two: str) -> Pair:
    return min(one, two), max(one, two)


def _verdict(value: object, where: str) -> bool:
    verdict = VERDICTS.get(str(value).strip().casefold())
    if verdict is None:
        raise BenchError(f"{where}: {value!r} does not say whether the texts mean the same.", "Write 1 or 0.")
    return verdict


def _components(nodes: Mapping[str, str], edges: Sequence[Pair]) -> list[list[str]]:
    """The connected components, each in the order of the nodes."""
    root = {node: node for node in nodes}

    def find(node: str) -> str:
        while root[node] != node:
            root[node] = root[root[node]]  # halves the path, so that long chains stay fast
            node = root[node]
        return node

    for one, two in edges:
        root[find(one)] = find(two)
    groups: dict[str, list[str]] = {}
    for node in nodes:
        groups.setdefault(find(node), []).append(node)
    return list(groups.values())
