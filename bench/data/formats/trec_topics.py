"""TREC's topics: a table with a topic a line, or tagged in any of the forms that its tracks have used.

Tagged: <top> <num> Number: 301 <title> … <desc> … </top>, of which the older ones close only <top>;
<topic number="1"> <query> …; <topic> <number> …; <topic number="1">all of its text</topic>; Indri's <query> <number>
<text>. The parser is a lenient one, since most of these are no well-formed XML: it fetches nothing, and knows no
entities but HTML's.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path

from bench.data.formats.header import QUERY_ID, folded, places, split
from bench.data.formats.lines import checked_id, decoded, lines
from bench.data.formats.options import Options
from bench.errors import BenchError, counted

Topic = tuple[int, str, dict[str, str]]  # line, id, tag -> text

CONTAINERS = ("top", "topic", "inex_topic", "query")  # the first of them to come holds a topic
NUMBERS = ("num", "number", "id", "qid", "identifier", "topic_id", "topicid", "topic-id")
# What is asked by, unless the user names a tag: the first of these that the first topic has.
ASKED = ("title", "query", "text", "question")
# What the older topics repeat after the tag.
LABEL = {
    "num": re.compile(r"(?i)number:"),
    "title": re.compile(r"(?i)topic:"),
    "desc": re.compile(r"(?i)description:"),
    "narr": re.compile(r"(?i)narrative:"),
}
CDATA, ENTITY = re.compile(r"(?s)<!\[CDATA\[(.*?)\]\]>"), re.compile(r"(?i)<!entity\b")
COLUMNS = {"id": (*QUERY_ID[:-1], "id", "_id", "number", "num"), "query": ("query", "title", "text", "question")}
NEEDED = "Give topics.tsv (id <tab> text), or TREC's tagged topics in topics.txt or topics.xml."
WRITTEN = "Write id <tab> text, or TREC's tags: <top> with <num> and <title>, or <topic number=…> with <query>."


def read_topics(path: Path, field: str | None = None) -> dict[str, tuple[str, dict[str, str]]]:
    """topic id -> (text, the other tags). field: the tag or column that is the query, None for the usual one.

    Raises BenchError with file and line.
    """
    topics: dict[str, tuple[str, dict[str, str]]] = {}
    numbered = [(number, decoded(line, f"{path}:{number}")) for number, line in lines(path, NEEDED)]
    tagged = bool(numbered) and numbered[0][1].lstrip().startswith("<")
    for number, topic, tags in _tagged(path, numbered) if tagged else _tabbed(path, numbered, field):
        where = f"{path}:{number}"
        field = field or next((tag for tag in ASKED if tags.get(tag)), ASKED[0])
        if not tags.get(field):
            has = f" but {', '.join(f'<{tag}>' for tag in tags if tags[tag])}" if any(tags.values()) else ""
            example = next((tag for tag in tags if tags[tag]), "desc")
            raise BenchError(
                f"{where}: the topic {topic!r} has no <{field}>{has}.", f"Name a tag: --columns query={example}."
            )
        if checked_id(topic, where) in topics:
            raise BenchError(f"{where}: there are two topics {topic!r}.", "Ids must be unique.")
        topics[topic] = tags.pop(field), tags
    if not topics:
        raise BenchError(f"{path} holds no topic.", WRITTEN)
    return topics


def _tabbed(path: Path, numbered: Sequence[tuple[int, str]], field: str | None) -> Iterator[Topic]:
    """id <tab> text; under a header with a usual name of ids, any columns."""
    header = [folded(name) for name in split(numbered[0][1], "\t")] if numbered else []
    if not header or not (header[0] in COLUMNS["id"] or any(name in COLUMNS["id"][:3] for name in header)):
        for number, line in numbered:
            topic, tab, text = line.partition("\t")
            if not tab or "\t" in text:
                raise BenchError(f"{path}:{number}: {counted(line.count(chr(9)) + 1, 'column')}, not 2.", WRITTEN)
            yield number, topic.strip(), {field or ASKED[0]: text.strip()}
        return
    where = f"{path}:{numbered[0][0]}"
    asked = Options(columns=(("query", field),)) if field else Options()
    columns = places(header, COLUMNS, where, asked)
    if len(columns) < len(COLUMNS):
        raise BenchError(
            f"{where}: a header without a column known for the query: {', '.join(header)}.",
            "Name it: --columns query=NAME.",
        )
    for number, line in numbered[1:]:
        fields = split(line, "\t")
        if len(fields) != len(header):
            raise BenchError(
                f"{path}:{number}: {counted(len(fields), 'column')}, not {len(header)} as in the header.", WRITTEN
            )
        rest = {name: text for place, (name, text) in enumerate(zip(header, fields, strict=True)) if name}
        rest.pop(header[columns["id"]])
        query = rest.pop(header[columns["query"]])
        yield number, fields[columns["id"]], {field or ASKED[0]: query, **rest}


def _tagged(path: Path, numbered: Sequence[tuple[int, str]]) -> Iterator[Topic]:
    kept = dict(numbered)
    text = "\n".join(kept.get(number, "") for number in range(1, max(kept) + 1))  # each line keeps its number
    if entity := ENTITY.search(text):
        number = text.count("\n", 0, entity.start()) + 1
        raise BenchError(f"{path}:{number}: an entity is declared.", "Write its text where it stands for it.")
    parser = _Parser(path)
    parser.feed(CDATA.sub(lambda match: html.escape(match[1], quote=False), text))
    parser.close()
    if parser.start:
        raise BenchError(
            f"{path}:{parser.start}: <{parser.container}> is not closed.",
            f"Close each <{parser.container}> by </{parser.container}>.",
        )
    yield from parser.topics


class _Parser(HTMLParser):
    """Topics out of tags. A tag opens its field; what ends it is the next tag of any kind."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self.topics = path, list[Topic]()
        self.container, self.start, self.tag = "", 0, ""
        self.tags: dict[str, str] = {}

    def set_cdata_mode(self, *_: object, **__: object) -> None:
        """In no tag are other tags text, as in HTML's <script> and, to some versions, <title>."""

    @property
    def line(self) -> int:
        return self.getpos()[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a topic or a field."""
        self.container = self.container or (tag if tag in CONTAINERS else "")
        if tag != self.container:
            self.tag = tag
            self.handle_data(" ")  # what comes may not be the first of this tag
            return
        if self.start:
            self._out_of_place(tag)
        given = {name: value or "" for name, value in attrs}
        number = next((given[name] for name in NUMBERS if given.get(name)), "")
        self.start, self.tag, self.tags = self.line, tag, {"num": number} if number else {}

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An empty field is a field without text."""
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the topic, or a field: what follows is then the topic's own text."""
        if tag in CONTAINERS[:2] and not self.container:
            self.container = tag
        if tag != self.container:
            self.tag = self.container if self.start else ""
            return
        if not self.start:
            self._out_of_place(f"/{tag}")
        self.topics.append(self._topic())
        self.start, self.tag, self.tags = 0, "", {}

    def handle_data(self, data: str) -> None:
        """Text of the tag that is open."""
        if self.start:
            self.tags[self.tag] = f"{self.tags.get(self.tag, '')}{data}"

    def _out_of_place(self, tag: str) -> None:
        name = self.container
        raise BenchError(f"{self.path}:{self.line}: <{tag}> out of place.", f"Close each <{name}> by </{name}>.")

    def _topic(self) -> Topic:
        fields = {tag: " ".join(text.split()) for tag, text in self.tags.items()}
        for tag, label in LABEL.items():
            if match := label.match(fields.get(tag, "")):
                fields[tag] = fields[tag][match.end() :].strip()
        name = next((tag for tag in NUMBERS if fields.get(tag)), None)
        if name is None:
            raise BenchError(f"{self.path}:{self.start}: a topic without <num>.", "Give each topic its number.")
        number, own = fields.pop(name), fields.pop(self.container, "")
        if own and not any(fields.values()):  # a topic that is nothing but its text
            fields = {ASKED[0]: own}
        return self.start, number, fields
