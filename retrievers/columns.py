"""Columns of documents by their names, and what a user writes to weigh some: "title^2 text".

A list of plain strings has one column, "text".
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrievers.arguments import listed
from retrievers.base import Documents, RetrieverError

TEXT = "text"

_FIELD = re.compile(r"(?P<name>[^^~]+)(?:\^(?P<weight>[^^~]+))?(?:~(?P<b>[^^~]+))?")


def column(documents: Sequence[str] | Documents, name: str) -> Sequence[str]:
    """A column of what `index` is given.

    Args:
        documents: As they were given.
        name: Of the column.

    Returns:
        A string for each document, in their order; "" where it has none.

    Raises:
        RetrieverError: Where there is no such column: the nearest, and all that there are.
    """
    known: Sequence[str] = (TEXT,)
    if isinstance(documents, Documents):
        try:
            return documents.column(name)
        except KeyError:
            known = documents.columns
    elif name == TEXT:
        return documents
    raise RetrieverError(f"The documents have no column {name!r}.", listed(name, known))


@dataclass(frozen=True)
class Field:
    """A column that counts `weight` times, with a length normalisation of its own where `b` is given."""

    name: str
    weight: float = 1.0
    b: float | None = None


def parse_fields(text: str) -> tuple[Field, ...]:
    """Read fields with their weights.

    Args:
        text: name, name^weight, or name^weight~b, with spaces between them.

    Returns:
        One for each, in their order.

    Raises:
        RetrieverError: For what cannot be read, a weight that is not above 0, a b outside of 0 to 1, a name twice.
    """
    fields = tuple(map(_field, text.split()))
    names = [field.name for field in fields]
    if twice := [name for name in names if names.count(name) > 1]:
        raise RetrieverError(f"fields={text!r} has {twice[0]!r} twice.", "Name each field once.")
    return fields


def _field(word: str) -> Field:
    match = _FIELD.fullmatch(word)
    if match is None:
        raise RetrieverError(f"{word!r} is no field.", "Write name, name^weight or name^weight~b.")
    weight, b = (None if part is None else _number(part) for part in match.group("weight", "b"))
    if weight is not None and not (math.isfinite(weight) and weight > 0):
        raise RetrieverError(f"The weight in {word!r} is no number above 0.", "Give one, or leave the field out.")
    if b is not None and not 0 <= b <= 1:
        raise RetrieverError(f"The b in {word!r} is no number from 0 to 1.", "Give one, or leave ~b out.")
    return Field(match["name"], 1.0 if weight is None else weight, b)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
