"""The one error that a user sees: what is wrong and where, then what to do about it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BenchError(Exception):
    """Something that the user can mend. `message` says what and where, `hint` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message, self.hint = message, hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class OtherSchemaError(BenchError):
    """A stored run that another version wrote: it is sound, and not comparable."""


def unknown(kind: str, name: str, known: Iterable[str]) -> BenchError:
    """An error for a name that does not exist: lists the known ones and suggests the nearest."""
    names = list(known)
    near = nearest(name, names)
    hint = f"Known: {', '.join(names)}." if names else ""
    if near is not None:
        hint = f"Did you mean {near!r}? {hint}"
    return BenchError(f"There is no {kind} {name!r}.", hint.strip())


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant, if one is near; case does not count."""
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), folded, n=1)
    return folded[near[0]] if near else None
