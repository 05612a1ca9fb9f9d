"""Pairs of texts that are judged to mean the same or not, and how they become a retrieval task.

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

Ids are those of first_id and second_id where --columns names them, since public sets give one text several, else line
numbers: 12.1 and 12.2 for the two texts of a pair.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from bench.data.dataset import Dataset, joined
from bench.data.formats.cells import one_or_several
from bench.data.formats.distinct_texts import DistinctTexts
from bench.data.formats.records import Record, dataset_of, given, id_field, left_out_note, read_as
from bench.data.formats.spreadsheet import which_sheet
from bench.errors import BenchError

ROLES: Mapping[str, tuple[str, ...]] = {
    "first": ("question1", "#1 string", "sentence1", "text1", "definition1"),
    "second": ("question2", "#2 string", "sentence2", "text2", "definition2"),
    "same": ("is_duplicate", "quality", "binary labels", "label"),
    "first_id": (),
    "second_id": (),
}
VERDICTS = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}

TextPair = tuple[str, str]


def load(path: Path, columns: Mapping[str, str], rows: Iterable[tuple[str, Record]]) -> Dataset:
    """Judged pairs by the rules above. columns: role -> field; rows: (place, record) of the file.

    Raises BenchError with file and line.
    """
    nodes, verdicts, empty = _verdicts(columns, rows)
    same = {pair for pair, values in verdicts.items() if values == {True} and pair[0] != pair[1]}
    groups = _components(nodes, [pair for pair, values in verdicts.items() if True in values])
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
    contradictory = {
        pair for pair, values in verdicts.items() if False in values and len({query_of[n] for n in pair}) == 1
    }
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
            which_sheet(path),
            left_out_note(empty, "line with an empty text left out", "lines with an empty text left out"),
            left_out_note(
                len(unjudged),
                "text left out that a chain of pairs links to a query, unjudged against it",
                "texts left out that a chain of pairs links to a query, unjudged against it",
            ),
            left_out_note(len(contradictory), "contradictory pair not used", "contradictory pairs not used"),
        ),
    )


def _verdicts(
    columns: Mapping[str, str], rows: Iterable[tuple[str, Record]]
) -> tuple[dict[str, str], dict[TextPair, set[bool]], int]:
    """Texts by id, what is said of each pair of them, and how many lines have an empty text."""
    nodes = DistinctTexts()
    verdicts: dict[TextPair, set[bool]] = defaultdict(set)
    empty = 0
    for where, record in rows:
        first, second = (_one_text(record, columns[side], where) for side in ("first", "second"))
        if not (first and second):
            empty += 1
            continue
        one = nodes.add(first, id_field(record, columns.get("first_id"), where, "{}.1"), where)
        two = nodes.add(second, id_field(record, columns.get("second_id"), where, "{}.2"), where)
        verdicts[_pair(one, two)].add(_verdict(record.get(columns["same"]), where))
    return nodes.texts, verdicts, empty


def _one_text(record: Record, name: str, where: str) -> str:
    texts = one_or_several(given(record, name, where), name, where)
    if len(texts) != 1:
        raise BenchError(
            f"{where}: {name!r} holds a list; each side of a pair is one text.", "Write a line for each pair."
        )
    return texts[0]


def _pair(one: str, two: str) -> TextPair:
    return min(one, two), max(one, two)


def _verdict(value: object, where: str) -> bool:
    verdict = VERDICTS.get(str(value).strip().casefold())
    if verdict is None:
        raise BenchError(
            f"{where}: {value!r} does not say whether the texts mean the same.",
            "Write 1 or 0. Where it is a grade, name a column of 1 and 0: --columns same=NAME; or have graded pairs: "
            "--columns query=NAME --columns relevant=NAME --columns grade=NAME.",
        )
    return verdict


def _components(nodes: Mapping[str, str], edges: Sequence[TextPair]) -> list[list[str]]:
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
