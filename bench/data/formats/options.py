"""How a source is to be read, where it leaves a choice."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from bench.errors import BenchError


@dataclass(frozen=True)
class Options:
    """What a reader may be told.

    split: of the judgements or the collection (none: test). columns: role -> name of the column that holds it, for
    tables whose headers are not the usual ones. known_item: the field to ask for documents by, where there are no
    labels. unanswerable: a file of queries known to have no answer, in the folder or by its path. unlabelled: where a
    folder has no judgements, its documents alone will do.
    """

    split: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    known_item: str | None = None
    unanswerable: str | None = None
    unlabelled: bool = False

    def only(self, form: str, *served: str) -> None:
        """Raise BenchError where an option is given that this form does not have: ignoring it would mislead."""
        for field in fields(self):
            if getattr(self, field.name) and field.name not in (*served, "unlabelled"):
                flag = "--" + field.name.replace("_", "-")
                raise BenchError(f"{flag} says nothing to a source of the form {form!r}.", "Leave it out.")

    @staticmethod
    def of(config: Any) -> Options:
        """From a RunConfig or parsed flags with these names; columns come as "role=name"."""
        columns = []
        for pair in config.columns or ():
            role, sign, name = pair.partition("=")
            if not (role and sign and name):
                raise BenchError(f"columns {pair!r} is not of the form role=name.", "Write --columns query=question1.")
            columns.append((role, name))
        return Options(config.split, tuple(columns), config.known_item, config.unanswerable)
