"""Pluggable retrievers: two methods, `index(documents)` and `search(queries, k)`.

To add one here: write one file, add one line to RETRIEVERS; the contract tests pick up every listed one. From another
package: an entry point in the group `bench.retrievers`, or `module:Class` in place of a name.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import json
import re
import sys
import types
import typing
from importlib import metadata
from pathlib import Path
from typing import Any

from retrievers.base import Ranking, Retriever, RetrieverError, parts_of
from retrievers.masking import MASK, is_secret, masked, refuse_secret, secrets_around, secrets_of, without_secrets
from retrievers.source import code_digest

__all__ = ["RETRIEVERS", "Ranking", "Retriever", "RetrieverError", "create", "kind", "names", "parameters", "signature"]

RETRIEVERS: dict[str, str] = {
    "tfidf": "retrievers.lexical.tfidf:Tfidf",
    "bm25": "retrievers.lexical.bm25:BM25",
    "minilm": "retrievers.dense.bi_encoder:Dense",
    "dense": "retrievers.dense.bi_encoder:Dense",
}
ENTRY_POINTS = "bench.retrievers"
KINDS = ("lexical", "dense", "hybrid")

# A value is all up to the next comma, spaces at its end included: a prompt may end in one. Quotes let it hold a comma,
# and a space at its beginning.
_PARAMETER = re.compile(r"""\s*(?P<name>[^=,\s]+)\s*=\s*(?P<value>"[^"]*"|'[^']*'|[^,]*)\s*(?:,|$)""")
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_CLASS = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)(?::(?P<rest>.*))?")


def create(specification: str) -> Retriever:
    """Build a retriever by its name.

    Args:
        specification: "name", "name:parameter=value,parameter=value" or "module:Class[:parameter=value,…]".

    Returns:
        A retriever that has indexed nothing yet.

    Raises:
        RetrieverError: For an unknown name or parameter, a value of the wrong type, a class that is no retriever, or a
            parameter that looks like a key: specifications are labels.
    """
    name, _, rest = specification.partition(":")
    own = _CLASS.fullmatch(specification) if name not in names() else None
    if own is not None:
        name, rest = f"{own['module']}:{own['name']}", own["rest"] or ""
    factory = load(name)
    arguments = _arguments(factory, name, rest)
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


def names() -> dict[str, str]:
    """All that a name can stand for, name -> "module:Class": our own, then other packages' entry points."""
    plugins = {point.name: point.value for point in metadata.entry_points(group=ENTRY_POINTS)}
    return plugins | RETRIEVERS


def load(name: str) -> type[Retriever]:
    """The class that a name or "module:Class" stands for."""
    known = names()
    if name not in known and ":" not in name:
        raise RetrieverError(f"There is no retriever {name!r}.", _known(name, known))
    module, _, attribute = known.get(name, name).partition(":")
    if name not in known and str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))  # the `bench` script does not look there by itself; `python -m bench` does
    try:
        imported = importlib.import_module(module)
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
        "lexical", "dense" or "hybrid" where its class says so in an attribute `kind`; else "hybrid" of one that is made
        of retrievers, and "other" of all others.
    """
    declared = getattr(type(retriever), "kind", None)
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
        defaults = {name: parameter.default for name, parameter in _signature(retriever).items()}
        return {
            name: _Hidden() if isinstance(value, str) and value and is_secret(retriever, name) else value
            for name, value in defaults.items()
        }
    if not dataclasses.is_dataclass(retriever):
        return {}
    return {
        field.name: _Hidden() if is_secret(retriever, field.name) else getattr(retriever, field.name)
        for field in dataclasses.fields(retriever)
        if field.init
    }


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


def _signature(factory: type) -> dict[str, inspect.Parameter]:
    try:
        declared = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return {}
    return {
        name: parameter
        for name, parameter in declared.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def _arguments(factory: type, name: str, text: str) -> dict[str, Any]:
    known = _signature(factory)
    arguments: dict[str, Any] = {}
    at = 0
    while at < len(text.rstrip()):
        match = _PARAMETER.match(text, at)
        if match is None:
            raise RetrieverError(
                f"{name}: cannot read the parameters {without_secrets(text)!r}.",
                f"Write {name}:parameter=value,parameter=value.",
            )
        key, value = match["name"], match["value"]
        if key not in known:
            raise RetrieverError(f"{name} has no parameter {key!r}.", _known(key, known))
        if is_secret(factory, key):
            refuse_secret(name, key)
        if key in arguments:
            raise RetrieverError(f"{name}: {key} is given twice.", "Keep one.")
        if value[:1] in ("'", '"') and value[-1:] == value[:1] and len(value) > 1:
            value = value[1:-1]
        arguments[key] = _convert(name, key, value, _type(factory, known[key]))
        at = match.end()
    return arguments


def _type(factory: type, parameter: inspect.Parameter) -> Any:
    """The type of one parameter: its annotation, else its default's, else str.

    Each annotation by itself: others may name types that are imported for type checking only.
    """
    kind = parameter.annotation
    if isinstance(kind, str):
        try:
            alone = types.SimpleNamespace(__annotations__={"its": kind})
            kind = typing.get_type_hints(alone, vars(importlib.import_module(factory.__module__)))["its"]
        except Exception:  # noqa: BLE001 - an annotation that cannot be resolved says nothing
            kind = parameter.empty
    if kind is parameter.empty:
        return str if parameter.default in (parameter.empty, None) else type(parameter.default)
    return kind


def _convert(name: str, key: str, value: str, kind: Any) -> Any:
    # Not pydantic's: it would refuse annotations of plug-ins that it does not know, and this room needs numpy alone.
    options = typing.get_args(kind) if typing.get_origin(kind) in (types.UnionType, typing.Union) else (kind,)
    if type(None) in options and value.strip().lower() == "none":
        return None
    wanted = next((option for option in options if option is not type(None)), str)
    try:
        if wanted not in (bool, int, float):
            return value
        if wanted is bool:
            return _BOOLEANS[value.strip().lower()]
        return wanted(value)
    except (ValueError, KeyError):
        expected = {bool: "true or false", int: "a whole number", float: "a number"}[wanted]
        raise RetrieverError(f"{name}: {key}={value!r} is not {expected}.", "Mend its value.") from None


def _known(name: str, known: typing.Iterable[str]) -> str:
    names = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), names, n=1)  # k1 is near to K1
    listed = f"Known: {', '.join(names.values())}." if names else "It has none."
    return f"Did you mean {names[near[0]]!r}? {listed}" if near else listed
