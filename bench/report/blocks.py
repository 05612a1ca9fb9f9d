"""What a report is made of: a form (markdown, the terminal, the page) renders these in the order in which they come.

Which of them it shows, and in which order, each form says itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal


class Strong(str):
    """A piece of a text that stands out."""

    __slots__ = ()


class LinkedQuery(Strong):
    """The same of a query that a page shows more of. address: where, on that page."""

    address: str

    @classmethod
    def to(cls, text: str, address: str) -> LinkedQuery:
        """text: that links there."""
        piece = cls(text)
        piece.address = address
        return piece


class Code(str):
    """A piece of a text that is shown as it is: a hash, a signature."""

    __slots__ = ()


Pieces = tuple[str, ...]  # plain, Strong or Code, in a row; spaces between them are theirs


def _changed(pieces: Pieces, change: Callable[[str], str]) -> Pieces:
    """Plain pieces changed; those that stand out are no labels, and code is shown as it is."""
    return tuple(change(piece) if type(piece) is str else piece for piece in pieces)


class Block:
    """Of any kind."""

    def relabelled(self, change: Callable[[str], str]) -> Block:  # noqa: ARG002 (most name none)
        """The same with the labels of retrievers changed, which every form shortens alike."""
        return self


@dataclass(frozen=True)
class Heading(Block):
    """level: 1 for the report's own."""

    text: str
    level: int = 2

    def relabelled(self, change: Callable[[str], str]) -> Heading:
        return replace(self, text=change(self.text))


@dataclass(frozen=True)
class Paragraph(Block):
    """first: the sentence that decides. rest: what is behind it. state: how it stands, where that has a colour."""

    first: str
    rest: tuple[str, ...] = ()
    state: str = ""

    def relabelled(self, change: Callable[[str], str]) -> Paragraph:
        return replace(self, first=change(self.first), rest=tuple(map(change, self.rest)))


@dataclass(frozen=True)
class Text(Block):
    """A text without weight; an empty one leaves a line free."""

    pieces: Pieces = ()
    state: str = ""

    def relabelled(self, change: Callable[[str], str]) -> Text:
        return replace(self, pieces=_changed(self.pieces, change))


@dataclass(frozen=True)
class Remark(Block):
    """What happened, in a word and a text. retriever: the label that the text begins with."""

    kind: Literal["failed", "warning", "changed"]
    text: str
    retriever: str = ""

    def relabelled(self, change: Callable[[str], str]) -> Remark:
        return replace(self, retriever=change(self.retriever), text=change(self.text))

    @property
    def whole(self) -> str:
        """The text with its beginning."""
        return " ".join(filter(None, (self.retriever, self.text)))


@dataclass(frozen=True)
class Item:
    """An entry of a list, and what stands below it."""

    pieces: Pieces
    details: tuple[Pieces, ...] = ()

    def relabelled(self, change: Callable[[str], str]) -> Item:
        return Item(_changed(self.pieces, change), tuple(_changed(detail, change) for detail in self.details))


@dataclass(frozen=True)
class Items(Block):
    """A list."""

    items: tuple[Item, ...]

    def relabelled(self, change: Callable[[str], str]) -> Items:
        return replace(self, items=tuple(item.relabelled(change) for item in self.items))


@dataclass(frozen=True)
class FlippedQuery(Block):
    """A query that lost or gained its hits. where: retriever and set. hits: (base or head, the hit in one line)."""

    state: Literal["lost", "gained"]
    where: str
    query: str
    hits: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Chart(Block):
    """A picture. path: from the folder of the report. text: what it shows."""

    path: str
    text: str


@dataclass(frozen=True)
class Folded(Block):
    """Blocks that a form hides under a title where it can, and shows where it cannot."""

    title: str
    blocks: tuple[Block, ...]

    def relabelled(self, change: Callable[[str], str]) -> Folded:
        return replace(self, blocks=tuple(block.relabelled(change) for block in self.blocks))
