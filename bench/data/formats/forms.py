"""The forms that labelled sets have, ours and those of other packages, and which of them a path is in.

A form is a module or an object with `load(source, options) -> Dataset` and `claims(path, options) -> str | None`: why
it takes the path for its own, in plain words for a message, or None. One of ours is a file and a line in FORMS, one of
another package an entry point in the group `bench.formats`.

Their order decides nothing. A form claims a path by a mark of its own, and not where the stronger mark of another one
is there; two claims on one path are an error that lists both. The rule has two ends:

- FALLBACK: texts lie about in sets of any form (README.md), so its claim counts only where no other form has one.
- NATIVE: a folder or a zip file that nothing claims is read as the native form, which says what it lacks.
"""

from __future__ import annotations

import importlib
import shlex
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol, cast

from bench.data.dataset import Dataset
from bench.data.formats.archive import within
from bench.data.formats.json_files import first_two
from bench.data.formats.options import Options
from bench.errors import BenchError

FORMS = {
    "trec": "bench.data.formats.trec",
    "smart": "bench.data.formats.smart",
    "plain": "bench.data.formats.plain",
    "qa": "bench.data.formats.qa",
    "pairs": "bench.data.formats.pairs",
    "intents": "bench.data.formats.intents",
    "hub": "bench.data.formats.hub",
    "files": "bench.data.formats.files",
    "beir": "bench.data.formats.beir",
    "irds": "bench.data.formats.irds",
    "hf": "bench.data.formats.hf",
}
FALLBACK, NATIVE = "files", "beir"
ENTRY_POINTS = "bench.formats"


class Form(Protocol):
    """How sets of one form are known and read."""

    def claims(self, path: Path, options: Options) -> str | None:
        """Why the path is in this form: what follows "because", as "its name ends in .faq"; None where it is not.

        A look at names and first lines. Raises BenchError for what a user can mend.
        """

    def load(self, source: str, options: Options) -> Dataset:
        """Read and check a set: a path, or whatever stands after `name:`. Raises BenchError with file and line."""


@dataclass(frozen=True)
class PlugIn:
    """A form of another package: any mistake of its code is one error that names it."""

    point: metadata.EntryPoint

    def claims(self, path: Path, options: Options) -> str | None:
        """Its reason. Raises BenchError where that is no text."""
        reason = self._call("claims", path, options)
        if reason is not None and not (isinstance(reason, str) and reason):
            raise self._error(f"claims gave {reason!r}, which is no reason")
        return reason

    def load(self, source: str, options: Options) -> Dataset:
        """Its dataset. Raises BenchError where that is none."""
        dataset = self._call("load", source, options)
        if not isinstance(dataset, Dataset):
            raise self._error(f"load gave {type(dataset).__name__}, not a Dataset")
        return dataset

    def _call(self, function: str, *arguments: Any) -> Any:
        try:
            return getattr(self.point.load(), function)(*arguments)
        except BenchError:
            raise
        except (Exception, SystemExit) as error:
            raise self._error(f"{function} failed: {type(error).__name__}: {error}") from error

    def _error(self, problem: str) -> BenchError:
        return BenchError(
            f"The form {self.point.name!r} of {_package(self.point)} is broken: {problem}.",
            "Mend or uninstall it. Where a path names its form, as in pairs:PATH, no other form is asked.",
        )


def form(name: str) -> Form:
    """The form of this name, which is one of `names`."""
    if name in FORMS:
        return cast(Form, importlib.import_module(FORMS[name]))
    return PlugIn(_plug_ins()[name])


def names() -> list[str]:
    """Of all forms: ours, then those of other packages. Raises BenchError where two have one name."""
    return [*FORMS, *_plug_ins()]


def _plug_ins() -> dict[str, metadata.EntryPoint]:
    points: dict[str, metadata.EntryPoint] = {}
    for point in metadata.entry_points(group=ENTRY_POINTS):
        if point.name in FORMS or point.name in points:
            owner = _package(points[point.name]) if point.name in points else "bench"
            raise BenchError(
                f"{_package(point)} brings a form {point.name!r}, which would hide the one of {owner}.",
                "Uninstall it, or give its entry point another name.",
            )
        points[point.name] = point
    return points


def _package(point: metadata.EntryPoint) -> str:
    return f"the package {point.dist.name}" if point.dist else point.value


def form_of(path: Path, options: Options) -> str | None:
    """The name of the form that a path is in; None where no form has it.

    Raises BenchError where several claim it, and, where none does, what kept one of ours from looking into it.
    """
    try:
        reasons, trouble = _claims(path, options)
    finally:
        first_two.cache_clear()
    if len(reasons) > 1:
        raise _several(path, reasons)
    if not reasons and trouble:
        raise trouble
    if not reasons and form(FALLBACK).claims(path, options):
        return FALLBACK
    return next(iter(reasons), NATIVE if path.is_dir() or within(path) else None)


def _claims(path: Path, options: Options) -> tuple[dict[str, str], BenchError | None]:
    """name -> reason of the forms that claim a path, but for the fallback; and the first error of ours that could not
    look into it."""
    reasons: dict[str, str] = {}
    trouble: BenchError | None = None
    for name in names():
        try:
            reason = None if name == FALLBACK else form(name).claims(path, options)
        except BenchError as error:
            if name not in FORMS:
                raise
            trouble = trouble or error
        else:
            reasons |= {name: reason} if reason else {}
    return reasons, trouble


def _several(path: Path, reasons: dict[str, str]) -> BenchError:
    because = "; ".join(f"{name}, because {reason}" for name, reason in reasons.items())
    choices = " or ".join(shlex.quote(f"{name}:{path}") for name in reasons)
    return BenchError(f"{path} could be of {len(reasons)} forms: {because}.", f"Say which it is: {choices}.")
