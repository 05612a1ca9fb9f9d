"""Ids and names that mean the same: how they are found, and why some are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from unicodedata import normalize

# A whole number as pandas writes it where another one is missing.
_NUMBER = re.compile(r"(\d+)\.0+")
SEARCHED = 100_000  # known ids that are looked through for an error's hint


class Canonical(Mapping[str, str]):
    """A mapping whose keys are found however their letters are composed: macOS writes names of files in NFD.

    A key that stands in it as it is asked for goes first. Two keys of one canonical form are found by themselves alone.
    """

    def __init__(self, ids: Mapping[str, str]) -> None:
        self._ids = ids
        self._composed: dict[str, str | None] | None = None

    def __getitem__(self, name: str) -> str:
        if name in self._ids:
            return self._ids[name]
        value = None if name.isascii() else self._by_form().get(normalize("NFC", name))
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def _by_form(self) -> dict[str, str | None]:
        if self._composed is None:
            self._composed = {}
            for name, value in self._ids.items():
                if not name.isascii():
                    form = normalize("NFC", name)
                    self._composed[form] = value if self._composed.get(form, value) == value else None
        return self._composed


def known(ids: Collection[str]) -> Canonical:
    """Each id by itself."""
    return Canonical({name: name for name in ids})


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
        forms = {alike(name) for name in present}
        if 2 * sum(alike(name) in forms for name in absent) >= len(absent):
            return advice
    return ""


def some(ids: Collection[str], limit: int = 3) -> str:
    """A few of them, to be shown."""
    first = [repr(name) for name, _ in zip(ids, range(limit), strict=False)]
    return ", ".join(first) + (", …" if len(ids) > limit else "")


def known_as(name: str, known: Collection[str]) -> str | None:
    """The known id that is meant: the same one, else the same number as pandas writes it where an id is missing (6.0
    for 6), else the same letters in Unicode's other normal form, as macOS writes names of files."""
    if name in known:
        return name
    number = _NUMBER.fullmatch(name)
    for other in (
        number[1] if number else f"{name}.0",
        *(normalize(form, name) for form in ("NFC", "NFD")),
    ):
        if other in known:
            return other
    return None


def like(name: str, known: Collection[str]) -> str:
    """A sentence on an id that differs in its case or in zeros before it; "" where there is none."""
    bare = _bare(name)
    near = next((candidate for candidate in islice(known, SEARCHED) if _bare(candidate) == bare), None)
    if near is None:
        return ""
    if near.casefold() == name.casefold():
        return f" There is {near!r}: case counts."
    return f" There is {near!r}: spreadsheets and pandas drop zeros before a number, unless the column is text."


def _bare(name: str) -> str:
    return name.casefold().lstrip("0") if name.isdigit() else name.casefold()
