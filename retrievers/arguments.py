"""Parameters as they are written in a specification -> as their types say."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from retrievers.base import WRITTEN, Retriever, RetrieverError
from retrievers.masking import is_secret, names_secret, refuse_secret, refuse_secret_within
from retrievers.specification import Value

Make = Callable[[str], Retriever]

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_EXPECTED = {bool: "true or false", int: "a whole number", float: "a number"}


def convert(factory: type, name: str, arguments: Mapping[str, Value], make: Make) -> dict[str, Any]:
    """The arguments of a factory, called `name`. make: gives the retriever of a specification.

    Raises RetrieverError for a parameter that it does not have, that looks like a key, or a value of the wrong type.
    """
    known = {key: parameter for key, parameter in declared(factory).items() if key != "parts"}  # those have no name
    for key, value in arguments.items():
        if key not in known:
            variable = " It reads keys from environment variables, if at all." if names_secret(key) else ""
            raise RetrieverError(f"{name} has no parameter {key!r}.", listed(key, known) + variable)
        if is_secret(factory, key, type_of(factory, known[key])):
            refuse_secret(name, key)
        for text in (value,) if isinstance(value, str) else value:
            refuse_secret_within(name, key, text)
    return {
        known[key].name: _converted(name, key, value, type_of(factory, known[key]), make)
        for key, value in arguments.items()
    }


def declared(factory: type) -> dict[str, inspect.Parameter]:
    """The parameters of a factory that can be given by name, by what each is called in a specification."""
    try:
        its = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return {}
    fields = dataclasses.fields(factory) if dataclasses.is_dataclass(factory) else ()
    written = {field.name: field.metadata.get(WRITTEN, field.name) for field in fields}
    return {
        written.get(name, name): parameter
        for name, parameter in its.items()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    }


def type_of(factory: type, parameter: inspect.Parameter) -> Any:
    """The type of one parameter: its annotation, else its default's, else str.

    Args:
        factory: A class.
        parameter: One of its `declared`.

    Returns:
        A type, also a generic one or a union.
    """
    # Each annotation by itself: others may name types that are imported for type checking only.
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


def _converted(name: str, key: str, value: Value, kind: Any, make: Make) -> Any:
    # Not pydantic's: it would refuse annotations of plug-ins that it does not know, and this room needs numpy alone.
    options = typing.get_args(kind) if typing.get_origin(kind) in (types.UnionType, typing.Union) else (kind,)
    if type(None) in options and isinstance(value, str) and value.strip().lower() == "none":
        return None
    wanted = next((option for option in options if option is not type(None)), str)
    several = typing.get_origin(wanted)
    if several is tuple or several is list:
        item = next(iter(typing.get_args(wanted)), str)
        items = (value,) if isinstance(value, str) else value
        return several(_converted(name, key, text, item, make) for text in items)
    if not isinstance(value, str):
        raise RetrieverError(f"{name}: {key} is a list, and one value is asked for.", "Leave the brackets out.")
    if wanted is Retriever:
        return make(value)
    try:
        if wanted not in _EXPECTED:
            return value
        return _BOOLEANS[value.strip().lower()] if wanted is bool else wanted(value)
    except (ValueError, KeyError):
        raise RetrieverError(f"{name}: {key}={value!r} is not {_EXPECTED[wanted]}.", "Mend its value.") from None


def listed(name: str, known: typing.Iterable[str]) -> str:
    """A hint for who gave a name that is none: the nearest known one, and all."""
    names = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), names, n=1)  # k1 is near to K1
    every = f"Known: {', '.join(names.values())}." if names else "It has none."
    return f"Did you mean {names[near[0]]!r}? {every}" if near else every
