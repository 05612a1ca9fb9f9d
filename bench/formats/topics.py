"""TREC's topics: one to a line, or tagged: <top> <num> Number: 301 <title> … <desc> … <narr> … </top>."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from bench.errors import BenchError
from bench.formats.lines import checked_id, decoded, lines

Topic = tuple[int, str, dict[str, str]]  # line, id, tag -> text

# A tag opens its field; what ends it is the next tag of any kind, since the older topics close only <top>.
TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)[^<>]*>")
# What the older topics repeat after the tag.
LABEL = {
    "num": re.compile(r"(?i)number:"),
    "title": re.compile(r"(?i)topic:"),
    "desc": re.compile(r"(?i)description:"),
    "narr": re.compile(r"(?i)narrative:"),
}
NEEDED = "Give topics.tsv (id <tab> text), or TREC's tagged topics in topics.txt."


def read_topics(path: Path, field: str = "title") -> dict[str, tuple[str, dict[str, str]]]:
    """topic id -> (text, the other tags): from id <tab> text, or from TREC's tagged topics.

    field: the tag that is the query. Raises BenchError with file and line.
    """
    topics: dict[str, tuple[str, dict[str, str]]] = {}
    numbered = [(number, decoded(line, f"{path}:{number}")) for number, line in lines(path, NEEDED)]
    tagged = bool(numbered) and numbered[0][1].lstrip().startswith("<")
    for number, topic, tags in _tagged(path, numbered) if tagged else _plain_topics(path, numbered):
        where = f"{path}:{number}"
        if not tags.get(field):
            raise BenchError(f"{where}: the topic {topic!r} has no <{field}>.", "Name a tag: --columns query=desc.")
        if checked_id(topic, where) in topics:
            raise BenchError(f"{where}: there are two topics {topic!r}.", "Ids must be unique.")
        topics[topic] = tags.pop(field), tags
    if not topics:
        raise BenchError(f"{path} holds no topic.", "Write id <tab> text, or TREC's <top> with <num> and <title>.")
    return topics


def _plain_topics(path: Path, numbered: list[tuple[int, str]]) -> Iterator[Topic]:
    for number, line in numbered:
        topic, tab, text = line.partition("\t")
        if not tab or "\t" in text:
            raise BenchError(f"{path}:{number}: {line.count(chr(9)) + 1} columns, not 2.", "A line is id <tab> text.")
        yield number, topic.strip(), {"title": text.strip()}


def _tagged(path: Path, numbered: list[tuple[int, str]]) -> Iterator[Topic]:
    """The topics between <top> and </top>; the order of the other tags and their closing do not matter."""
    start, tags, tag = 0, dict[str, str](), ""
    for number, line in numbered:
        position = 0
        for match in TAG.finditer(line):
            _add(tags, tag, line[position : match.start()])
            position = match.end()
            closing, name = match[1], match[2].lower()
            if name == "top":
                if bool(closing) != bool(start):
                    raise BenchError(f"{path}:{number}: <{closing}top> out of place.", "Close each <top> by </top>.")
                if closing:
                    yield _topic(path, start, tags)
                start, tags, tag = (0 if closing else number), {}, ""
            else:
                tag = "" if closing else name
        _add(tags, tag, line[position:])
    if start:
        raise BenchError(f"{path}:{start}: <top> is not closed.", "Close each <top> by </top>.")


def _add(tags: dict[str, str], tag: str, text: str) -> None:
    if tag:
        tags[tag] = f"{tags.get(tag, '')} {html.unescape(text)}"


def _topic(path: Path, start: int, tags: dict[str, str]) -> Topic:
    found = {tag: " ".join(text.split()) for tag, text in tags.items()}
    for tag, label in LABEL.items():
        if match := label.match(found.get(tag, "")):
            found[tag] = found[tag][match.end() :].strip()
    if not found.get("num"):
        raise BenchError(f"{path}:{start}: a topic without <num>.", "Give each topic its number.")
    return start, found.pop("num"), found
