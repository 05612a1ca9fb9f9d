"""What a retriever is called on a command line: a name, its parameters, and the retrievers that it is made of.

  bm25                                     a name alone
  bm25:k1=0.9,b=0.4                        parameters, of the outermost one only
  bm25(k1=0.9, b=0.4)                      the same, also within another
  hybrid(bm25(k1=0.9), minilm, depth=200)  parts, then parameters
  package.module:Class(k=3)                a class in place of a name

After the colon a value is all up to the next comma, spaces at its end included: a prompt may end in one. Within
parentheses spaces around a value do not count. Quotes, single or double, let a value hold commas, parentheses and
spaces at both ends. [1, 2] is a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from retrievers.base import RetrieverError
from retrievers.masking import without_secrets

Value = str | tuple[str, ...]

_SPACES = re.compile(r"\s*")
_NAME = re.compile(r"[^\s:(),=\[\]'\"]+")
_CLASS = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_KEY = re.compile(r"([^\s:(),=\[\]'\"]+)\s*=")
_QUOTED = re.compile(r'"([^"]*)"|' + r"'([^']*)'")
_AFTER_COLON = re.compile(r"""\s*(?P<key>[^=,\s]+)\s*=\s*(?P<value>\[[^\]]*\]|"[^"]*"|'[^']*'|[^,]*)\s*(?:,|$)""")


@dataclass(frozen=True)
class Specification:
    """A name or module:Class, the parts that stand before its parameters, and those as they were written."""

    name: str
    parts: tuple[Specification, ...] = ()
    arguments: Mapping[str, Value] = field(default_factory=dict)


def parse(text: str, known: Collection[str] = ()) -> Specification:
    """Read a specification.

    Args:
        text: As a user writes it.
        known: Names after which a colon begins parameters and not a class.

    Returns:
        What it says; nothing is looked up.

    Raises:
        RetrieverError: Where it cannot be read, with the place.
    """
    reader = _Reader(text, known)
    specification = reader.outermost()
    if reader.rest.strip():
        raise reader.error("nothing should follow")
    return specification


def as_part(text: str, known: Collection[str] = ()) -> str:
    """A specification as it is written within another: without a colon before its parameters.

    Args:
        text: As a user writes it.
        known: As of `parse`.

    Returns:
        The same retriever, by parentheses.
    """
    return written(parse(text, known))


def written(specification: Specification) -> str:
    """A specification as a text that reads the same, by parentheses."""
    inside = [written(part) for part in specification.parts]
    inside += [f"{name}={_quoted(value)}" for name, value in specification.arguments.items()]
    return specification.name + (f"({', '.join(inside)})" if inside else "")


def _quoted(value: Value) -> str:
    if not isinstance(value, str):
        return f"[{', '.join(value)}]"
    plain = value == value.strip() and not set(value) & set(",()[]\"'")
    return value if plain and value else f"'{value}'" if "'" not in value else f'"{value}"'


class _Reader:
    """Goes through a text from its beginning to its end."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self.text, self.known, self.at = text, known, 0

    @property
    def rest(self) -> str:
        return self.text[self.at :]

    def error(self, what: str) -> RetrieverError:
        after = self.rest.lstrip()
        where = f"at character {len(self.text) - len(after) + 1}" if after else "at its end"
        within = "" if not after.startswith(":") else " Within another, parameters stand in parentheses: bm25(k1=0.9)."
        return RetrieverError(
            f"The retriever {without_secrets(self.text)!r} cannot be read: {what} {where}.",
            f"Write name, name:parameter=value,… or name(part, …, parameter=value, …).{within}",
        )

    def outermost(self) -> Specification:
        name = self._name()
        if not self.rest.startswith(":"):
            return self._with_arguments(name)
        self.at += 1
        return Specification(name, (), self._after_colon(name))

    def _with_arguments(self, name: str) -> Specification:
        if not self._take("("):
            return Specification(name)
        parts: list[Specification] = []
        arguments: dict[str, Value] = {}
        while not self._take(")"):
            self._spaces()
            if key := _KEY.match(self.text, self.at):
                self.at = key.end()
                self._add(name, arguments, key[1], self._value())
            elif arguments:
                raise self.error("a parameter=value is missing")
            else:
                parts.append(self._with_arguments(self._name()))
            if not self._take(",") and not self.rest.lstrip().startswith(")"):
                raise self.error("a comma or ) is missing")
        return Specification(name, tuple(parts), arguments)

    def _name(self) -> str:
        self._spaces()
        plain = _NAME.match(self.text, self.at)
        if plain is None:
            raise self.error("a name is missing")
        own = _CLASS.match(self.text, self.at) if plain[0] not in self.known else None
        if own is not None and not self.text[own.end() :].lstrip().startswith("="):
            plain = own
        self.at = plain.end()
        return plain[0]

    def _value(self) -> Value:
        self._spaces()
        if quoted := _QUOTED.match(self.text, self.at):
            self.at = quoted.end()
            return quoted[1] if quoted[1] is not None else quoted[2]
        if self._take("["):
            items: list[str] = []
            while not self._take("]"):
                items.append(self._bare("]"))
                if not self._take(",") and not self.rest.lstrip().startswith("]"):
                    raise self.error("a comma or ] is missing")
            return tuple(items)
        return self._bare(")")

    def _bare(self, end: str) -> str:
        """All up to a comma or the end, outside of parentheses of its own."""
        start, depth = self.at, 0
        while self.at < len(self.text):
            character = self.text[self.at]
            if not depth and character in f",{end}":
                break
            depth += {"(": 1, ")": -1}.get(character, 0)
            self.at += 1
        return self.text[start : self.at].strip()

    def _after_colon(self, name: str) -> dict[str, Value]:
        arguments: dict[str, Value] = {}
        while self.rest.strip():
            match = _AFTER_COLON.match(self.text, self.at)
            if match is None:
                raise self.error("a parameter=value is missing")
            value = match["value"]
            if value[:1] in ("'", '"') and value[-1:] == value[:1] and len(value) > 1:
                self._add(name, arguments, match["key"], value[1:-1])
            elif value.startswith("[") and value.endswith("]"):
                items = tuple(item.strip() for item in value[1:-1].split(",") if item.strip())
                self._add(name, arguments, match["key"], items)
            else:
                self._add(name, arguments, match["key"], value)
            self.at = match.end()
        return arguments

    @staticmethod
    def _add(name: str, arguments: dict[str, Value], key: str, value: Value) -> None:
        if key in arguments:
            raise RetrieverError(f"{name}: {key} is given twice.", "Keep one.")
        arguments[key] = value

    def _take(self, character: str) -> bool:
        """Step over a character, where it is next but for spaces."""
        ahead = _SPACES.match(self.text, self.at)
        at = self.at if ahead is None else ahead.end()
        if self.text[at : at + 1] != character:
            return False
        self.at = at + 1
        return True

    def _spaces(self) -> None:
        ahead = _SPACES.match(self.text, self.at)
        self.at = self.at if ahead is None else ahead.end()
