"""Ids and names that mean the same: how they are found, and why some are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import islice
from unicodedata import normalize

from bench.errors import BenchError, nearest

# A whole number as pandas writes it where another one is missing.
_NUMBER = re.compile(r"(\d+)\.0+")
SEARCHED = 100_000  # known ids that are looked through for an error's hint
COMPARED = 10_000  # of them letter by letter, which takes a fifth of a second
LISTED, PLACES = 10, 3  # unknown ids in an error; places of each


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


def nearest_id(name: str, known: Collection[str]) -> str | None:
    """The known id that was probably meant: the same but for case or zeros before it, else one that is spelt alike."""
    bare = _bare(name)
    pool = list(islice(known, SEARCHED))
    return next((candidate for candidate in pool if _bare(candidate) == bare), None) or nearest(name, pool[:COMPARED])


def like(name: str, known: Collection[str]) -> str:
    """A sentence on the id that may be meant; "" where there is none."""
    near = nearest_id(name, known)
    if near is None:
        return ""
    if _bare(near) != _bare(name):
        return f" The nearest is {near!r}."
    if near.casefold() == name.casefold():
        return f" There is {near!r}: case counts."
    return f" There is {near!r}: spreadsheets and pandas drop zeros before a number, unless the column is text."


def _bare(name: str) -> str:
    return name.casefold().lstrip("0") if name.isdigit() else name.casefold()


class UnknownIds:
    """Ids in labels that the set does not have, with their places, so that one error names all of them.

    known: "query" and "document", or one of them -> the ids that there are.
    """

    def __init__(self, known: Mapping[str, Collection[str]]) -> None:
        self._known = known
        self._places: dict[tuple[str, str], list[str]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, kind: str, name: str, where: str) -> None:
        """where: file and line, "" where there is none."""
        places = self._places.setdefault((kind, name), [])
        if len(places) <= PLACES:
            places.append(where)

    def of(self, kind: str) -> list[str]:
        """The unknown ids of queries or of documents, in their order."""
        return [name for own, name in self._places if own == kind]

    def listed(self) -> str:
        """The first of them, each with its places and the nearest known id, and how many more there are."""
        shown = [self._described(kind, name) for kind, name in islice(self._places, LISTED)]
        more = len(self) - len(shown)
        return ", ".join(shown) + (f" and {more:,} more" if more else "")

    def error(self, source: object, reason: str = "", hint: str = "") -> BenchError:
        """The one error. source: the file. reason, hint: what else there is to say, each after a space."""
        if len(self) == 1:
            ((kind, name), places), *_ = self._places.items()
            message = f"{places[0]}: there is no {kind} {name!r}{reason}."
            return BenchError(message, f"Mend the id.{like(name, self._known[kind])}{hint}")
        causes = (why_unknown(self.of(kind), known) for kind, known in self._known.items())
        advice = next((f" {cause}" for cause in causes if cause), "")
        return BenchError(f"{source}: {len(self):,} unknown ids{reason}: {self.listed()}.", f"Mend them.{advice}{hint}")

    def _described(self, kind: str, name: str) -> str:
        places = [_place(where) for where in self._places[kind, name] if where]
        near = nearest_id(name, self._known[kind])
        details = ", ".join(places[:PLACES]) + (", …" if len(places) > PLACES else "")
        details = "; ".join(filter(None, (details, f"nearest: {near!r}" if near else "")))
        return f"{kind} {name!r}" + (f" ({details})" if details else "")


def _place(where: str) -> str:
    """A place without its file: "line 3", "entry 3"."""
    line = re.search(r":(\d+)\Z", where)
    return f"line {line[1]}" if line else where.rpartition(", ")[2]
