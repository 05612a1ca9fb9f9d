"""A comparison of two runs -> markdown, for a job's summary or a comment that is replaced by its marker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from bench.errors import BenchError
from bench.regression import Regression
from bench.report import markdown
from bench.report.blocks import Block, Folded, Heading, Item, Items, Paragraph, Text
from bench.report.regression import content, parts

MARKER = "<!-- bench compare -->"

# GitHub takes no summary of a step above 1,024 KiB, and no comment above 65,536 characters: it would show nothing.
SUMMARY_BYTES = 1024 * 1024
COMMENT_BYTES = 65_000
SHOWN_FLIPS = 25  # of about a thousand characters each
_CUT = "\n\n</details>\n\n**The rest is too long to be shown here; --json has all of it.**\n"


def render(comparison: Regression) -> str:
    """The comparison as GitHub-flavoured markdown; the first line is a marker by which a comment can be found.

    `comment` makes it short enough for a comment, `append` for a job's summary.
    """
    return _marked(_blocks(comparison))


def refusal(error: BenchError) -> str:
    """Why there is no comparison: who looks at the summary should not have to look for it in the log."""
    reason = content.inert(f"{error.message} {error.hint}")
    return _marked([Heading("Nothing was compared, which is never a pass", level=1), Text((reason,))])


def comment(comparison: Regression) -> bytes:
    """As much of the comparison as a comment may hold."""
    return fitting(render(comparison)).encode()


def fitting(text: str) -> str:
    """As much of it as a comment may hold."""
    return _cut(text, COMMENT_BYTES)


def append(path: Path, text: str) -> None:
    """Append to a job's summary as much as has room there. Raises BenchError where that cannot be written."""
    try:
        with path.open("ab") as stream:
            stream.write(_cut(text, SUMMARY_BYTES - stream.tell()).encode())
    except OSError as error:
        raise BenchError(f"{path} cannot be written: {error.strerror}.", "Unset GITHUB_STEP_SUMMARY.") from None


def _cut(text: str, room: int) -> str:
    """As many of its first lines as fit into so many bytes of UTF-8, and that the rest was left out."""
    if len(text.encode()) <= room:
        return text
    lines, left = [], room - len(_CUT.encode())
    for line in text.splitlines(keepends=True):
        left -= len(line.encode())
        if left < 0:
            break
        lines.append(line)
    return "".join(lines) + _CUT if room >= len(_CUT.encode()) else ""


def _marked(blocks: Iterable[Block]) -> str:
    return f"{MARKER}\n\n{markdown.render(blocks)}"


def _blocks(comparison: Regression) -> Iterator[Block]:
    yield Heading(parts.names(comparison), level=1)
    yield Paragraph(content.headline(comparison), state=comparison.outcome)
    yield from parts.troubles(comparison)
    yield content.gates(comparison)
    if moved := content.main(comparison):
        yield moved
    yield from _flipped(comparison)
    if notes := list(content.notes(comparison)):
        yield Heading("Changed")
        yield Items(tuple(Item((note,)) for note in notes))
    for title, tables in (("all measures", parts.quality(comparison)), ("all costs", parts.costs(comparison))):
        yield from (Folded(title, (table,)) for table in tables)


def _flipped(comparison: Regression) -> Iterator[Block]:
    if comparison.flips:
        lost = sum(flip.lost for flip in comparison.flips)
        shown: list[Block] = [*parts.flips(comparison, SHOWN_FLIPS)]
        if more := content.left_out(comparison, SHOWN_FLIPS):
            shown.append(Text((more,), state="aside"))
        yield Heading("Flipped queries")
        yield Folded(f"{lost:,} lost, {len(comparison.flips) - lost:,} gained", tuple(shown))
