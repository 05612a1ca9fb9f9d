"""Pluggable retrievers: two methods, `index(documents)` and `search(queries, k)`.

To add one here: write one file, add one line to RETRIEVERS; the contract tests pick up every listed one. From another
package: an entry point in the group `bench.retrievers`, or `module:Class` in place of a name.
"""

from __future__ import annotations

import dataclasses
import json
from importlib import metadata
from types import FunctionType
from typing import Any

import numpy as np

from retrievers.arguments import convert, declared, listed
from retrievers.base import WHEN_SET, WRITTEN, Ranking, Retriever, RetrieverError, parts_of
from retrievers.masking import MASK, is_secret, masked, secrets_around, secrets_of
from retrievers.source import code_digest, import_from_here
from retrievers.specification import Specification, parse

__all__ = ["RETRIEVERS", "Ranking", "Retriever", "RetrieverError", "create", "kind", "names", "parameters", "signature"]

RETRIEVERS: dict[str, str] = {
    "tfidf": "retrievers.lexical.tfidf:Tfidf",
    "bm25": "retrievers.lexical.bm25:BM25",
    "lsa": "retrievers.dense.lsa:Lsa",
    "static": "retrievers.dense.static:Static",
    "contextual": "retrievers.dense.contextual:Contextual",
    "minilm": "retrievers.dense.bi_encoder:Dense",
    "dense": "retrievers.dense.bi_encoder:Dense",
    "sparse": "retrievers.dense.sparse:Sparse",
    "late": "retrievers.dense.late:Late",
    "api": "retrievers.services.api:Api",
    "hybrid": "retrievers.pipelines.hybrid:Hybrid",
    "chunks": "retrievers.pipelines.chunks:Chunks",
    "rerank": "retrievers.pipelines.rerank:Rerank",
    "expand": "retrievers.pipelines.expand:Expand",
    "ann": "retrievers.indexes.ann:Ann",
}
ENTRY_POINTS = "bench.retrievers"
KINDS = ("lexical", "static", "dense", "hybrid", "reranked", "approximate", "other")


def create(specification: str) -> Retriever:
    """Build a retriever by its name.

    Args:
        specification: "name", "name:parameter=value,parameter=value" or "name(part, …, parameter=value, …)", where a
            part is a specification too, and "module:Class" may stand for a name (`retrievers.specification`).

    Returns:
        A retriever that has indexed nothing yet.

    Raises:
        RetrieverError: For an unknown name or parameter, a value of the wrong type, a class that is no retriever, or a
            parameter that looks like a key: specifications are labels.
    """
    return _made(parse(specification, names()))


def _made(specification: Specification) -> Retriever:
    name, factory = specification.name, load(specification.name)
    arguments = convert(factory, name, specification.arguments, create)
    if specification.parts:
        arguments["parts"] = _parts(factory, specification)
    try:
        retriever = factory(**arguments)
    except RetrieverError:
        raise
    except (Exception, SystemExit) as error:  # a script's sys.exit() would end the run with its 0
        reason = masked(f"{type(error).__name__}: {error}", secrets_around())
        raise RetrieverError(f"{name} cannot be made: {reason}", "Check its parameters.") from error
    if not isinstance(retriever, Retriever):
        raise RetrieverError(
            f"{name} is no retriever.", "It needs the methods index(documents) and search(queries, k)."
        )
    return retriever


def _parts(factory: type, specification: Specification) -> tuple[Retriever, ...]:
    if "parts" not in declared(factory):
        raise RetrieverError(
            f"{specification.name} is not made of retrievers, and {specification.parts[0].name} is one.",
            f"Write its parameters with their names: {specification.name}(parameter=value).",
        )
    return tuple(map(_made, specification.parts))


def names() -> dict[str, str]:
    """All that a name can stand for, name -> "module:Class": our own, then other packages' entry points."""
    plugins = {point.name: point.value for point in metadata.entry_points(group=ENTRY_POINTS)}
    return plugins | RETRIEVERS


def load(name: str) -> type[Retriever]:
    """The class that a name or "module:Class" stands for."""
    known = names()
    if name not in known and ":" not in name:
        raise RetrieverError(f"There is no retriever {name!r}.", listed(name, known))
    module, _, attribute = known.get(name, name).partition(":")
    try:
        imported = import_from_here(module)
    except ModuleNotFoundError as error:
        raise RetrieverError(
            f"{name}: there is no module {error.name!r}.", "Install it, or check the spelling."
        ) from None
    except (Exception, SystemExit) as error:
        raise RetrieverError(f"{name} cannot be imported: {type(error).__name__}: {error}", "Mend it.") from error
    try:
        factory: type[Retriever] = getattr(imported, attribute)
    except AttributeError:
        raise RetrieverError(f"{name}: {module} has no {attribute!r}.", "Check the spelling.") from None
    return factory


def parameters(retriever: object) -> dict[str, Any]:
    """The hyper-parameters of a retriever (or the defaults of its class), in order of declaration.

    Of a retriever made of retrievers also those of its parts: `parts.0` is the first one's class, `parts.0.k1` its k1.

    Args:
        retriever: a retriever, or its class.

    Returns:
        Name -> value; a value that JSON does not have is told as its repr, and `***` stands for keys and passwords.
    """
    its, secrets = _parameters(retriever), secrets_of(retriever)
    values = {name: _plain(value, secrets) for name, value in its.items() if name != "parts" or not parts_of(retriever)}
    for number, component in enumerate(parts_of(retriever)):
        values[f"parts.{number}"] = type(component).__qualname__
        values |= {f"parts.{number}.{name}": value for name, value in parameters(component).items()}
    return values


def kind(retriever: object) -> str:
    """The kind of a retriever.

    Args:
        retriever: a retriever.

    Returns:
        One of KINDS, where it says so in an attribute `kind`; else "hybrid" of one that is made of retrievers, and
        "other" of all others.
    """
    declared = getattr(retriever, "kind", None)
    return declared if declared in KINDS else "hybrid" if parts_of(retriever) else "other"


def signature(retriever: Retriever) -> str:
    """What stands on every figure that a retriever earned: class, parts, parameters and, of a plug-in, its code's hash.

    Args:
        retriever: a retriever.

    Returns:
        `Class(parameter=value, …)`; a retriever made of retrievers has the signatures of its parts first. A plug-in's
        ends in `[module hash]`, of the file of its class and what that imports of its own, else `[module no file]`
        (retrievers.source). Keys and passwords have no part in it: `***` stands for whatever they are.
    """
    its, parts = type(retriever), parts_of(retriever)
    # Not its repr, which may hold the index, or fail where there is none yet.
    secrets = secrets_of(retriever)
    shown = [
        f"{name}={_printed(value, secrets)}"
        for name, value in _parameters(retriever).items()
        if name != "parts" or not parts
    ]
    text = its.__qualname__
    if shown := [*map(signature, parts), *shown]:
        text += f"({', '.join(shown)})"
    if its.__module__.startswith("retrievers."):
        return text
    digest = code_digest(its)
    return f"{text} [{its.__module__} {digest[:12] if digest else 'no file'}]"


class _Hidden:
    """Stands for a key or a password."""

    def __repr__(self) -> str:
        return MASK


def _parameters(retriever: object) -> dict[str, Any]:
    if isinstance(retriever, type):
        defaults = {name: parameter.default for name, parameter in declared(retriever).items()}
        return {
            name: _Hidden() if isinstance(value, str) and value and is_secret(retriever, name) else value
            for name, value in defaults.items()
            if name != "parts"  # given by position
        }
    if not dataclasses.is_dataclass(retriever):
        return {}
    return {
        field.metadata.get(WRITTEN, field.name): (_Hidden() if is_secret(retriever, field.name, type(value)) else value)
        for field in dataclasses.fields(retriever)
        if field.init
        for value in (_plainly(getattr(retriever, field.name)),)
        if not (field.metadata.get("shown") == WHEN_SET["shown"] and value == field.default)
    }


def _plainly(value: Any) -> Any:
    """A number of numpy as Python's, and a function as module:name where it can be found by that.

    The repr of a function has an address, which is another each time.
    """
    if isinstance(value, np.generic):
        return value.item()
    name = getattr(value, "__qualname__", "<") if isinstance(value, FunctionType) else "<"
    return value if "<" in name else f"{value.__module__}:{name}"


def _printed(value: Any, secrets: frozenset[str]) -> str:
    # Python quotes a text by the quotes that stand in it.
    text = repr(value)
    shown = masked(text, secrets)
    return text if shown == text else shown.replace(f'"{MASK}"', f"'{MASK}'")


def _plain(value: Any, secrets: frozenset[str]) -> Any:
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return _printed(value, secrets)
    shown = masked(text, secrets)
    return value if shown == text else json.loads(shown)
