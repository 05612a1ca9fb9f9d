"""A comparison of two runs -> markdown, for a job's summary or a comment that is replaced by its marker.

Texts stand in code spans, in which no markup, mention, link or HTML is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.errors import BenchError
from bench.regression import Flip, Regression
from bench.report.markdown import escape, table_block
from bench.report.regression import content

MARKER = "<!-- bench compare -->"

# GitHub takes no summary of a step above 1,024 KiB, and no comment above 65,536 characters: it would show nothing.
SUMMARY_BYTES = 1024 * 1024
COMMENT_BYTES = 65_000
_CUT = "\n\n</details>\n\n**The rest is too long to be shown here; --json has all of it.**\n"
# A flipped query takes about a thousand characters.
SHOWN_FLIPS = 25


def render(found: Regression) -> str:
    """The comparison as GitHub-flavoured markdown; the first line is a marker by which a comment can be found.

    `fitting` makes it short enough for a comment, `append` for a job's summary.
    """
    names = f"{escape(content.inert(found.head))} against {escape(content.inert(found.base))}"
    blocks = [MARKER, f"# {names}", f"**{escape(content.headline(found))}**"]
    blocks += [f"**{escape(each)}**" for each in content.troubles(found)]
    blocks.append(table_block(content.gates(found)))
    if moved := content.main(found):
        blocks.append(table_block(moved))
    if found.flips:
        lost = sum(flip.lost for flip in found.flips)
        counted = f"{lost:,} lost, {len(found.flips) - lost:,} gained"
        blocks += ["## Flipped queries", *_folded(counted, list(_flips(found)))]
    notes = [f"- {escape(each)}" for each in content.notes(found)]
    if notes:
        blocks += ["## Changed", "\n".join(notes)]
    if found.changes:
        blocks += _folded("all measures", [table_block(content.quality(found))])
    if found.costs:
        blocks += _folded("all costs", [table_block(content.costs(found))])
    return "\n\n".join(blocks) + "\n"


def refusal(error: BenchError) -> str:
    """Why there is no comparison: who looks at the summary should not have to look for it in the log."""
    said = escape(content.inert(f"{error.message} {error.hint}"))
    return "\n\n".join((MARKER, "# Nothing was compared, which is never a pass", said)) + "\n"


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


def code(text: str) -> str:
    """Text as a code span, fit for a table too."""
    plain = content.inert(text).replace("`", "'").replace("|", "¦").strip()
    return f"`{plain or ' '}`"


def _flips(found: Regression) -> Iterator[str]:
    for flip in content.shown_flips(found, SHOWN_FLIPS):
        yield _flip(flip)
    if more := content.left_out(found, SHOWN_FLIPS):
        yield escape(more)


def _flip(flip: Flip) -> str:
    what = "lost" if flip.lost else "gained"
    where = f"{escape(content.inert(flip.retriever))} on {escape(content.inert(flip.dataset))}"
    query = content.inert(f"{flip.query}: {flip.text}", content.SHOWN_CHARACTERS)
    lines = [f"- **{what}**, {where}: {code(query)}"]
    lines += [f"  - {side} {code(hit)}" for side, hit in content.first_hits(flip)]
    return "\n".join(lines)


def _folded(what: str, blocks: list[str]) -> list[str]:
    return [f"<details><summary>{what}</summary>", *blocks, "</details>"]
