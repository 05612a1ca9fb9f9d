"""Keys and passwords among parameters: known by their names, and kept out of all that is shown or stored."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import quote

from retrievers.base import RetrieverError

MASK = "***"
# Shorter values are not looked for in texts, where they would be found in any word; those of variables, which are
# nobody's parameters, only from the length of a real key. What is shorter than that is looked for as a whole word:
# a placeholder such as "test" is part of many others.
SHORTEST, SHORTEST_OF_VARIABLE = 4, 8

# Words that make a name a secret's, wherever they stand in it; and those that do so at its end.
_ANYWHERE = frozenset(
    "password passwd passphrase pwd secret secrets credential credentials authorization apikey bearer".split()
)
_LAST = frozenset(["key", "keys", "token", "auth"])
# But a name that ends so says where a secret is or how it is used; and these tokens are pieces of a text.
_WHERE = frozenset(
    "env variable var file path folder dir directory name id url size length count dim dims type mode header".split()
)
_OF_TEXT = frozenset(
    "pad eos bos sep cls unk mask stop start end special max min num n per each first last next prefix".split()
)
# And these keys sort, choose or count.
_OF_RECORD = frozenset(
    "sort text title body field document doc query cache group primary foreign partition max min num n per".split()
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# A key within a URL: https://user:PASSWORD@host and ?api_key=VALUE.
_PASSWORD = re.compile(r"://[^/?#@\s:]*:([^/?#@\s]+)@")
_ARGUMENT = re.compile(r"[?&;]([^=&;#\s]+)=([^&;#\s]+)")
# A field of a dataclass says itself whether it holds one: field(metadata={"secret": False}).
_DECLARED = "secret"
# Containers that are searched for secrets hold so much at most, and so many objects are searched.
_LARGEST, _MOST = 200, 2000


def names_secret(name: str) -> bool:
    """Does a parameter or variable of this name hold a key, going by its words? tokenizer and max_tokens do not."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _WHERE:
        return False
    if _ANYWHERE.intersection(words):
        return True
    others = {"token": _OF_TEXT, "key": _OF_RECORD, "keys": _OF_RECORD}.get(words[-1], frozenset())
    return words[-1] in _LAST and not others.intersection(words)


def is_secret(owner: Any, name: str, kind: type = str) -> bool:
    """Does this parameter of a retriever, or of its class, hold a key?

    By its field's metadata, else by its name and the kind of its value: no number and no switch is a key.
    """
    fields = dataclasses.fields(owner) if dataclasses.is_dataclass(owner) else ()
    declared = next((field.metadata.get(_DECLARED) for field in fields if field.name == name), None)
    return names_secret(name) and kind not in (bool, int, float) if declared is None else bool(declared)


def refuse_secret(retriever: str, name: str) -> None:
    """Raise RetrieverError for a key in a specification, which is a label: it would stand in tables, files and logs."""
    variable = "_".join(_WORD.findall(name)).upper()
    raise RetrieverError(
        f"{retriever}: {name} looks like a secret, and what is given here is shown in tables, files and logs.",
        f'Leave it out, and let the retriever read an environment variable: os.environ["{variable}"]. '
        'Of one that is none its dataclass says so: field(metadata={"secret": False}).',
    )


def in_urls(text: str) -> list[str]:
    """The passwords and keys that URLs in a text carry: https://user:PASSWORD@host/?api_key=KEY."""
    if ":" not in text and "?" not in text:
        return []
    return [*_PASSWORD.findall(text), *(value for name, value in _ARGUMENT.findall(text) if names_secret(name))]


def refuse_secret_within(retriever: str, name: str, value: str) -> None:
    """The same for a key within a value: in a URL, or one that an environment variable holds."""
    if any(in_urls(value)) or any(secret in value for secret in secrets_around()):
        raise RetrieverError(
            f"{retriever}: {name} holds a secret, and what is given here is shown in tables, files and logs.",
            f"Leave that out of {name}, and let the retriever read it from an environment variable.",
        )


def refuse_secrets(specification: str) -> None:
    """The same for all that looks like a parameter in a specification whose class is not known here."""
    for name in _parameter_names(specification):
        if names_secret(name):
            refuse_secret(specification.partition(":")[0], name)


def without_secrets(text: str) -> str:
    """A piece of a specification that cannot be read, or MASK where it may hold a secret."""
    return MASK if in_urls(text) or any(map(names_secret, _parameter_names(text))) else text


def _parameter_names(text: str) -> list[str]:
    return re.findall(r"""([^=,:?&"'()\s]+)\s*=""", text)


def secrets_of(thing: object) -> frozenset[str]:
    """The secrets that an object holds: in its fields, its parts, and clients and headers in them."""
    try:
        return frozenset(value for value in _secrets(thing) if len(value) >= SHORTEST)
    except Exception:  # noqa: BLE001 - a plug-in's objects may refuse in any way to be looked at
        return frozenset()


def secrets_around() -> frozenset[str]:
    """The secrets in environment variables."""
    values = [
        secret
        for name, value in os.environ.items()
        for secret in (*in_urls(value), *([value] if names_secret(name) and name != "PWD" else []))  # a directory
    ]
    return frozenset(value for value in values if len(value) >= SHORTEST_OF_VARIABLE)


def masked(text: str, secrets: Collection[str]) -> str:
    """The text with MASK in place of each secret, also where it is written as in Python, JSON or a URL."""
    written = {
        form
        for secret in secrets
        for form in (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe=""))
    }
    for form in sorted(written, key=len, reverse=True):  # one may hold another
        if len(form) >= SHORTEST_OF_VARIABLE:
            text = text.replace(form, MASK)
        else:
            text = re.sub(rf"(?<![^\W_]){re.escape(form)}(?![^\W_])", MASK, text)
    return text


def _secrets(thing: object) -> Iterator[str]:
    """Texts under a secret's name, however deep. Nothing is called: an attribute of a plug-in's may do anything."""
    seen: set[int] = set()
    waiting: list[tuple[object, bool]] = [(thing, False)]
    while waiting and len(seen) < _MOST:
        holder, hidden = waiting.pop()
        if id(holder) in seen:
            continue
        seen.add(id(holder))
        for name, value in _attributes(holder):
            secret = hidden or (names_secret(name) if isinstance(holder, Mapping) else is_secret(holder, name))
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            if not isinstance(text, str):
                waiting.append((value, secret))
                continue
            yield from in_urls(text)
            if secret:
                yield from (text, *(word for word in text.split() if len(word) >= SHORTEST_OF_VARIABLE))  # Bearer …


def _attributes(thing: object) -> list[tuple[str, Any]]:
    """What an object holds, by name; without one what a sequence holds. Nothing of a large one: it is an index."""
    if isinstance(thing, (type, ModuleType)):
        return []
    held: dict[Any, Any] = {}
    if isinstance(thing, Mapping):
        held = dict(thing) if len(thing) <= _LARGEST else {}
    elif isinstance(thing, (list, tuple, set, frozenset)):
        return [("", value) for value in thing] if len(thing) <= _LARGEST else []
    else:
        held = {name: getattr(thing, name) for name in getattr(type(thing), "__slots__", ()) if hasattr(thing, name)}
        held |= getattr(thing, "__dict__", {})
    # What is no text names nothing: the key of a pool of connections lists all its settings, `key_password=None` too.
    return [(name if isinstance(name, str) else "", value) for name, value in held.items()]
