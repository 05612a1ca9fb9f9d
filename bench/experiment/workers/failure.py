"""What a table and the log say of a retriever's exception, whatever that is."""

from __future__ import annotations

import traceback
from collections.abc import Collection
from pathlib import Path

from retrievers import RetrieverError
from retrievers.masking import masked, secrets_around

# What a table shows of a failure; the log has all of it.
LONGEST_REASON = 400
# Lines of an exception that say where to read on, not what failed (pydantic's last one).
_ADVICE = "For further information visit "


def describe_failure(error: BaseException, secrets: Collection[str] = ()) -> str:
    """One line for the table, of what any text may hold and no longer than a line should be. secrets: are masked."""
    if isinstance(error, RetrieverError):
        reason = str(error)
    elif isinstance(error, MemoryError):
        reason = "it ran out of memory."
    else:
        reason = ": ".join(filter(None, (type(error).__name__, one_line(error))))
    reason = masked(reason, secrets)
    return storable(reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1]}…")


def one_line(error: BaseException) -> str:
    """What an exception says, its lines joined; of another process's traceback, which some carry, the last line."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - a plug-in's exception may fail to say what it is
        return ""
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if line.strip('"') and not line.startswith(_ADVICE)]
    return lines[-1] if "Traceback (most recent call last):" in lines else " ".join(lines)


def trace_of(error: BaseException, secrets: Collection[str] = ()) -> str:
    """The traceback, for the log. secrets: are masked."""
    try:
        return storable(masked("".join(traceback.format_exception(error)), secrets))
    except Exception:  # noqa: BLE001 - as above
        return type(error).__name__


def mask_file(path: Path) -> None:
    """Mask the secrets of environment variables in a log: what a library or a program of a retriever's writes past
    Python, as curl -v does its headers, stands there as it was."""
    with path.open("r+b") as log:
        held = log.read().decode("utf-8", "surrogateescape")
        shown = masked(held, secrets_around())
        if shown != held:
            log.seek(0)
            log.write(shown.encode("utf-8", "surrogateescape"))
            log.truncate()


def storable(text: str) -> str:
    """The text with ? in place of lone surrogates, which no file in UTF-8 holds."""
    return text.encode("utf-8", "replace").decode()
