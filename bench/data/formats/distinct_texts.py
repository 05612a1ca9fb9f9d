"""Texts that are one where they read the same, and the ids they get."""

from __future__ import annotations

from bench.data.normalised import normalised
from bench.errors import BenchError


class DistinctTexts:
    """Texts by id, each of them once, in the order of their coming. A text is shown as it first came."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self._ids: dict[str, str] = {}

    def add(self, text: str, identifier: str, where: str) -> str:
        """The id of the text: the one it has already, else this one. Raises BenchError where it is another text's."""
        key = normalised(text)
        if key not in self._ids:
            if identifier in self.texts:
                raise BenchError(
                    f"{where}: the id {identifier!r} stands for another text already.",
                    "Give each text its own id, or leave the column of ids out.",
                )
            self._ids[key] = identifier
            self.texts[identifier] = text
        return self._ids[key]

    def find(self, text: str) -> str | None:
        """The id of a text that reads the same, if there is one."""
        return self._ids.get(normalised(text))
