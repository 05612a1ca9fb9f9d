"""What the lines of a table of pairs say, gathered as they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from bench.data.dataset import joined
from bench.data.formats.cells import SEVERAL, listed, one
from bench.data.formats.distinct_texts import DistinctTexts
from bench.data.formats.records import Record, given, grade_of, id_field, left_out_note
from bench.data.normalised import normalised
from bench.errors import BenchError

TextPair = tuple[str, str]


@dataclass
class Relation:
    """Distinct queries and documents, and the grade of each pair of their ids.

    columns: role -> field. several: the fields of the relevant texts, and of those that are not.
    """

    columns: Mapping[str, str]
    several: Mapping[str, Sequence[str]]
    queries: DistinctTexts = field(default_factory=DistinctTexts)
    documents: DistinctTexts = field(default_factory=DistinctTexts)
    metadata: dict[str, Record] = field(default_factory=dict)
    _grades: dict[TextPair, int] = field(default_factory=dict)
    _negatives: dict[TextPair, None] = field(default_factory=dict)
    _lists: dict[str, None] = field(default_factory=dict)
    _counts: Counter[str] = field(default_factory=Counter)

    @property
    def judgements(self) -> dict[TextPair, int]:
        """(query id, document id) -> grade; what one line gives as an answer is one, whatever another line says."""
        return dict.fromkeys(self._negatives, 0) | self._grades

    def add(self, where: str, record: Record) -> None:
        """A line: its queries, each with all of its texts. Raises BenchError where it cannot be right."""
        asked = self._texts(record, [self.columns["query"]], where)
        relevant = self._texts(record, self.several["relevant"], where)
        others = self._texts(record, self.several.get("negative", ()), where)
        if not (any(asked) and any(relevant)):
            self._counts["empty"] += 1
            return
        given_grades = self._beside(record, "grade", len(relevant), where)
        grades = [grade_of(grade, where) for grade in given_grades] if given_grades else [1] * len(relevant)
        answers = self._with_ids(record, "relevant_id", relevant, "d", where)
        documents: list[tuple[str, str, int | None]] = [
            (*answer, value) for answer, value in zip(answers, grades, strict=True)
        ]
        documents += [(*negative, None) for negative in self._with_ids(record, "negative_id", others, "n", where)]
        merged = False
        for query, identifier in self._with_ids(record, "query_id", asked, "q", where):
            before = len(self.queries.texts)
            judged = [
                self._judge((query, identifier), (text, document), value, record, where)
                for text, document, value in documents
                if query and text
            ]
            merged |= any(judged) and len(self.queries.texts) == before
        self._counts["repeated"] += merged

    def _judge(self, asked: TextPair, document: TextPair, value: int | None, record: Record, where: str) -> bool:
        """Judge a query and a document, each a text and its id; value: None for one that is not relevant.

        False where they are one text.
        """
        if normalised(asked[0]) == normalised(document[0]):
            self._counts["itself"] += 1
            return False
        pair = self.queries.add(*asked, where), self.documents.add(*document, where)
        if pair[0] not in self.metadata:
            self.metadata[pair[0]] = {key: entry for key, entry in record.items() if key not in self._used}
        if value is None:
            self._negatives[pair] = None
        elif self._grades.setdefault(pair, value) != value:
            raise BenchError(f"{where}: this pair has another grade in an earlier line.", "Keep one of the lines.")
        return True

    def _texts(self, record: Record, names: Sequence[str], where: str) -> list[str]:
        """The texts of these fields."""
        texts = []
        for name in names:
            value = given(record, name, where)
            if (several := listed(value, name, where)) is not None:
                self._lists[name] = None
            texts += [one(value, name, where)] if several is None else [text.strip() for text in several]
        return texts

    def _with_ids(self, record: Record, role: str, texts: Sequence[str], letter: str, where: str) -> list[TextPair]:
        """Texts, each with the id that the field of this role has for it, else one made of the line's number."""
        if not texts:
            return []
        values = self._beside(record, role, len(texts), where)
        made = [f"{letter}{{}}"] if len(texts) == 1 else [f"{letter}{{}}.{n}" for n in range(1, len(texts) + 1)]
        if values is None:
            return [(text, id_field({}, None, where, pattern)) for text, pattern in zip(texts, made, strict=True)]
        name = self.columns[role]
        return [
            (text, id_field({name: value}, name, where, "") if text else "")
            for text, value in zip(texts, values, strict=True)
        ]

    def _beside(self, record: Record, role: str, count: int, where: str) -> list[Any] | None:
        """The values of a field that has one for each of the texts; None where there is no such field."""
        if role not in self.columns:
            return None
        name = self.columns[role]
        value = record.get(name)
        values = value if isinstance(value, list) else listed(value, name, where)
        if values is None:
            values = [value] if count == 1 or role == "grade" else []
        if values and len(values) == 1 and role == "grade":
            values *= count
        if len(values) != count:
            raise BenchError(f"{where}: {count} texts, and {name!r} is no list of as many.", SEVERAL)
        return values

    @cached_property
    def _used(self) -> set[str]:
        """The fields that have a role; the others are metadata."""
        return {*self.columns.values(), *(name for names in self.several.values() for name in names)}

    def notes(self) -> str:
        """What a reader must know of what was left out, merged or taken apart."""
        both = sum(self._grades.get(pair, 0) > 0 for pair in self._negatives)
        return joined(
            f"lists of texts: {', '.join(self._lists)}" if self._lists else "",
            left_out_note(
                self._counts["repeated"],
                "line with the query of an earlier one, merged with it",
                "lines with the query of an earlier one, merged with it",
            ),
            left_out_note(
                self._counts["empty"], "line with an empty text left out", "lines with an empty text left out"
            ),
            left_out_note(
                self._counts["itself"],
                "line that pairs a text with itself left out",
                "lines that pair a text with itself left out",
            ),
            left_out_note(
                both,
                "negative that is relevant by another line, taken as relevant",
                "negatives that are relevant by another line, taken as relevant",
            ),
        )
