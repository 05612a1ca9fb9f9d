"""Ids and names that mean the same: how they are found, and why some are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from unicodedata import normalize


class Canonical(Mapping[str, str]):
    """A mapping whose keys are found however their letters are composed: macOS writes names of files in NFD.

    A key that stands in it as it is asked for goes first. Two keys of one canonical form are found by themselves alone.
    """

    def __init__(self, found: Mapping[str, str]) -> None:
        self._found = found
        self._composed: dict[str, str | None] | None = None

    def __getitem__(self, name: str) -> str:
        if name in self._found:
            return self._found[name]
        value = None if name.isascii() else self._by_form().get(normalize("NFC", name))
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def _by_form(self) -> dict[str, str | None]:
        if self._composed is None:
            self._composed = {}
            for name, value in self._found.items():
                if not name.isascii():
                    form = normalize("NFC", name)
                    self._composed[form] = value if self._composed.get(form, value) == value else None
        return self._composed


def known(ids: Collection[str]) -> Canonical:
    """Each id by itself."""
    return Canonical({each: each for each in ids})


def _without_zeros(name: str) -> str:
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", name)


def _whole(name: str) -> str:
    return re.sub(r"\.0+$", "", name)


# How ids of one thing differ between files -> what makes them equal.
_CAUSES: Mapping[str, Callable[[str], str]] = {
    "They differ in leading zeros (003 and 3): write them alike, as text and not as numbers.": _without_zeros,
    "They differ in a .0 at the end (pandas makes floats of whole numbers): write them as whole numbers.": _whole,
    "They differ in upper and lower case: write them alike.": str.casefold,
    "They differ in characters of another form (full-width, ligatures): write them alike.": (
        lambda name: normalize("NFKC", name)
    ),
    "They differ in quotation marks: write them alike.": lambda name: name.strip("\"'"),
}


def why_unknown(absent: Collection[str], present: Collection[str]) -> str:
    """What most of the absent ids have in common with present ones, as advice; "" where nothing is seen."""
    for advice, alike in _CAUSES.items() if absent else ():
        forms = {alike(each) for each in present}
        if 2 * sum(alike(each) in forms for each in absent) >= len(absent):
            return advice
    return ""


def some(ids: Collection[str], limit: int = 3) -> str:
    """A few of them, to be shown."""
    first = [repr(each) for each, _ in zip(ids, range(limit), strict=False)]
    return ", ".join(first) + (", …" if len(ids) > limit else "")
