"""Pluggable retrievers: two methods, `index(documents)` and `search(queries, k)`.

To add one: write one file, add one line to RETRIEVERS. The contract tests pick up every listed one.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import re
import types
import typing
from typing import Any

from retrievers.base import Ranking, Retriever, RetrieverError

__all__ = ["RETRIEVERS", "Ranking", "Retriever", "RetrieverError", "create", "parameters"]

RETRIEVERS: dict[str, str] = {
    "tfidf": "retrievers.tfidf:Tfidf",
    "bm25": "retrievers.bm25:BM25",
    "minilm": "retrievers.dense:Dense",
    "dense": "retrievers.dense:Dense",
}

# A value may be quoted, so that a prompt can hold a comma.
_PARAMETER = re.compile(r"""\s*(?P<name>[^=,\s]+)\s*=\s*(?P<value>"[^"]*"|'[^']*'|[^,]*)\s*(?:,|$)""")


def create(specification: str) -> Retriever:
    """Build a retriever from "name" or "name:parameter=value,parameter=value".

    Raises RetrieverError for an unknown name or parameter, or a value of the wrong type.
    """
    name, _, rest = specification.partition(":")
    factory = load(name)
    return factory(**_arguments(factory, name, rest))


def load(name: str) -> type[Retriever]:
    """The class that a name stands for."""
    if name not in RETRIEVERS:
        raise RetrieverError(f"There is no retriever {name!r}.", _known(name, RETRIEVERS))
    module, _, attribute = RETRIEVERS[name].partition(":")
    found: type[Retriever] = getattr(importlib.import_module(module), attribute)
    return found


def parameters(retriever: object) -> dict[str, Any]:
    """The hyper-parameters of a retriever (or the defaults of its class), in order of declaration."""
    if not dataclasses.is_dataclass(retriever):
        return {}
    fields = [field for field in dataclasses.fields(retriever) if field.init]
    if isinstance(retriever, type):
        return {field.name: field.default for field in fields}
    return {field.name: getattr(retriever, field.name) for field in fields}


def _arguments(factory: type, name: str, text: str) -> dict[str, Any]:
    known = parameters(factory)
    arguments: dict[str, Any] = {}
    at = 0
    while at < len(text.rstrip()):
        match = _PARAMETER.match(text, at)
        if match is None:
            raise RetrieverError(
                f"{name}: cannot read the parameters {text!r}.", f"Write {name}:parameter=value,parameter=value."
            )
        key, value = match["name"], match["value"].strip()
        if key not in known:
            raise RetrieverError(f"{name} has no parameter {key!r}.", _known(key, known))
        if key in arguments:
            raise RetrieverError(f"{name}: {key} is given twice.", "Keep one.")
        if value[:1] in ("'", '"') and value[-1:] == value[:1] and len(value) > 1:
            value = value[1:-1]
        arguments[key] = _convert(name, key, value, _type(factory, key))
        at = match.end()
    return arguments


def _type(factory: type, parameter: str) -> Any:
    """The type of one field. Not get_type_hints(factory): other fields name types imported for checking only."""
    kind = factory.__dataclass_fields__[parameter].type  # type: ignore[attr-defined]
    if isinstance(kind, str):
        kind = eval(kind, vars(importlib.import_module(factory.__module__)))  # noqa: S307 - the class's own annotation
    return kind


def _convert(name: str, key: str, value: str, kind: Any) -> Any:
    options = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if type(None) in options and value.lower() == "none":
        return None
    wanted = next(option for option in options if option is not type(None))
    try:
        if wanted is bool:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[value.lower()]
        return wanted(value)
    except (ValueError, KeyError):
        expected = {bool: "true or false", int: "a whole number", float: "a number"}.get(wanted, wanted.__name__)
        raise RetrieverError(f"{name}: {key}={value!r} is not {expected}.", "Mend its value.") from None


def _known(name: str, known: typing.Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    listed = f"Known: {', '.join(names)}." if names else "It has none."
    return f"Did you mean {near[0]!r}? {listed}" if near else listed
