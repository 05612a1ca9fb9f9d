"""The one error that a user sees: what is wrong and where, then what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, get_type_hints

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails


class BenchError(Exception):
    """Something that the user can mend. `message` says what and where, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message, self.hint = message, hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class OtherSchemaError(BenchError):
    """A stored run that another version wrote: it is sound, and not comparable."""


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun. many: of any number but 1; one with an s where it is empty."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def told_apart(before: str, after: str, characters: int) -> tuple[str, str]:
    """Two texts that differ, each cut to so many characters such that the first of those that differ is among them."""
    if max(len(before), len(after)) <= characters:
        return before, after
    pairs = enumerate(zip(before, after, strict=False))
    common = next((place for place, (old, new) in pairs if old != new), min(len(before), len(after)))
    start = max(0, common - characters // 3)
    first, second = (f"…{text[start:]}" if start else text for text in (before, after))
    return _head(first, characters), _head(second, characters)


def _head(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1]}…"


MOST_NAMED = 20  # known names that an error lists


def unknown(kind: str, name: str, known: Iterable[str]) -> BenchError:
    """An error for a name that does not exist: lists the known ones and suggests the nearest."""
    names = list(known)
    near = nearest(name, names)
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    hint = f"Known: {', '.join(names[:MOST_NAMED])}{more}." if names else ""
    if near is not None:
        hint = f"Did you mean {near!r}? {hint}"
    return BenchError(f"There is no {kind} {name!r}.", hint.strip())


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant, if one is near; case does not count."""
    folded = {candidate.casefold(): candidate for candidate in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None


def fit(declared: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as the fields of a class declare them, its annotations being pydantic's.

    Raises BenchError that names the field: of another type, or outside of its range.
    """
    from pydantic import ValidationError

    fitted = {}
    for key, value in values.items():
        try:
            # TOML and JSON have lists where a field is a tuple.
            fitted[key] = _adapters(declared)[key].validate_python(tuple(value) if isinstance(value, list) else value)
        except ValidationError as error:
            raise _misfit(declared, key, value, error.errors()[0]) from None
    return fitted


@cache
def _adapters(declared: type) -> dict[str, TypeAdapter[Any]]:
    from pydantic import ConfigDict, TypeAdapter

    strict = ConfigDict(strict=True)  # 1 is no switch, and "1" no number
    return {
        name: TypeAdapter(hint, config=strict) for name, hint in get_type_hints(declared, include_extras=True).items()
    }


# pydantic's type of an error -> what is asked for; all others are of lists.
_WANTED = {
    "bool_type": "true or false",
    "float_type": "a number",
    "int_type": "a whole number",
    "string_type": "a string",
}


def _misfit(declared: type, key: str, value: Any, error: ErrorDetails) -> BenchError:
    if error["type"].endswith("_type"):
        wanted = "a list of strings" if error["loc"] else _WANTED.get(error["type"], "a list of strings")
        return BenchError(f"{key} must be {wanted}, not {value!r}.", "Mend the value.")
    shown = f"{value:g}" if isinstance(value, float) else value
    schema = _adapters(declared)[key].json_schema()
    described = [schema, *schema.get("anyOf", ())]  # the latter where it may be None
    return BenchError(
        f"{key} is {shown}.", next((part["description"] for part in described if "description" in part), "")
    )
