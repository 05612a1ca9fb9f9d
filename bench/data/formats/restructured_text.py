"""reStructuredText: title and text of a file, by docutils.

It reads nothing but the file: no inclusions, no raw parts, no settings of the user. What only Sphinx knows is text: of
a role (:ref:`the guide <guide>`) what is shown, of a directive (.. function:: open(path)) its argument and content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.data.formats.json_files import Record
from bench.data.formats.known_item import asked_by
from bench.data.formats.lines import as_text, content_of

if TYPE_CHECKING:
    from docutils import nodes

LONGEST = 1 << 22  # bytes; docutils takes a second for a tenth of a megabyte
# Directives that show nothing of their own, or what is not in the file: an index, another file, today's date.
NOT_TEXT = frozenset("contents date highlight include index literalinclude raw sectnum toctree".split())
SETTINGS = {
    "_disable_config": True,
    "file_insertion_enabled": False,
    "halt_level": 5,
    "raw_enabled": False,
    "report_level": 5,
    "syntax_highlight": "none",
    "warning_stream": False,
}
_FIELD = re.compile(r"(\w+):[ \t]+(\S.*)")
_SHOWN = re.compile(r"(?s)[!~]?(.*?)\s*<[^<>]*>")


def read(path: Path) -> tuple[Record, str]:
    """Fields of the comments above all else (`.. title: Pumps`, as Nikola has them), with the title, and the text.

    The title is theirs, else the first heading, which is then no part of the text; nor is a first heading that says the
    title again. The caption of an admonition, a sidebar or a table is no heading.

    What docutils cannot read, a part or all of it, is text as it stands. Raises BenchError for what is too long, or no
    text at all.
    """
    source = as_text(content_of(path, longest=LONGEST), path)
    document = _parsed(source)
    if document is None:
        return {}, source.strip()
    return _titled(document)


def _parsed(source: str) -> nodes.document | None:
    """None where it is nested too deeply, has lines of more than 10,000 characters, or shows a fault of docutils."""
    from docutils.core import publish_doctree

    if any(len(line) > 10_000 for line in source.splitlines()):
        return None
    try:
        with _all_known():
            return publish_doctree(source, settings_overrides=SETTINGS)
    except Exception:  # noqa: BLE001 - RecursionError, and what its directives raise for what nobody foresaw
        return None


def _titled(document: nodes.document) -> tuple[Record, str]:
    from docutils import nodes

    fields = _fields(document)
    unseen = (nodes.system_message, nodes.comment, nodes.substitution_definition, nodes.docinfo, nodes.pending)
    for node in list(document.findall(lambda node: isinstance(node, unseen))):
        malformed = node.findall(nodes.literal_block) if isinstance(node, nodes.system_message) else ()
        node.parent.replace(node, list(malformed))
    parts = (nodes.document, nodes.section)
    heading = next((title for title in document.findall(nodes.title) if isinstance(title.parent, parts)), None)
    if heading is None:
        return fields, document.astext().strip()
    shown = " ".join(heading.astext().split())
    title = asked_by(fields, "title") or shown
    if shown.casefold() == title.casefold():
        heading.parent.remove(heading)
    return fields | ({"title": title} if title else {}), document.astext().strip()


def _fields(document: nodes.document) -> Record:
    """What the comments at the beginning say as `key: value`; an empty value says nothing."""
    from docutils import nodes

    below = (node for node in document.children if not isinstance(node, nodes.title))  # docutils moves it to the top
    comments = takewhile(lambda node: isinstance(node, nodes.comment), below)
    return {field[1]: field[2] for comment in comments if (field := _FIELD.fullmatch(comment.astext()))}


@contextmanager
def _all_known() -> Iterator[None]:
    """Within, docutils finds a directive and a role for every name: as in Sphinx, its two look-ups are replaced."""
    from docutils.parsers.rst import directives, roles

    before: tuple[Any, Any] = directives.directive, roles.role
    unknown = _unknown_directive()

    def directive(name: str, *rest: Any) -> tuple[Any, list[Any]]:
        known = None if name.lower() in NOT_TEXT else before[0](name, *rest)[0]
        return known or unknown, []

    def role(name: str, *rest: Any) -> tuple[Any, list[Any]]:
        return before[1](name, *rest)[0] or _unknown_role, []

    vars(directives)["directive"], vars(roles)["role"] = directive, role
    try:
        yield
    finally:
        vars(directives)["directive"], vars(roles)["role"] = before


def _unknown_role(_: str, rawtext: str, text: str, *__: Any, **___: Any) -> tuple[list[Any], list[Any]]:
    from docutils import nodes

    shown = _SHOWN.fullmatch(text)
    return [nodes.inline(rawtext, shown[1] if shown and shown[1] else text.lstrip("!~"))], []


def _unknown_directive() -> Any:
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives

    class AnyOption(dict[str, Callable[[str], str]]):
        """An option of any name."""

        def __bool__(self) -> bool:
            return True

        def __getitem__(self, _: str) -> Callable[[str], str]:
            return directives.unchanged

    class Anything(Directive):
        """Its argument and its content as text."""

        optional_arguments, final_argument_whitespace, has_content = 1, True, True
        option_spec = AnyOption()

        def run(self) -> list[nodes.Node]:
            if self.name.lower() in NOT_TEXT:
                return []
            shown = nodes.container()
            shown += [nodes.paragraph("", argument) for argument in self.arguments]
            self.state.nested_parse(self.content, self.content_offset, shown)
            return [shown]

    return Anything
