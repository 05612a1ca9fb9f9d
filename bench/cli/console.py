"""Progress and tables in the terminal; the only module that prints."""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from bench.experiment.events import Event

# Where the output is no terminal and COLUMNS is not set; tables should not be folded to 80 columns then.
PLAIN_WIDTH = 200


def replace_what_cannot_be_shown() -> None:
    """Where the output's encoding lacks a character (a Windows pipe, LANG=C) show ?; where there is none, nothing."""
    if sys.stdout is None:  # closed by who called
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as the process lives
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def stdout() -> Console:
    """The terminal, or plain text as wide as COLUMNS says, else of a fixed width.

    Where the reader went away, as `head` does, it goes on unheard: rich would end the process there with 1, which here
    means a regression.
    """
    from rich.console import Console

    class Patient(Console):
        def on_broken_pipe(self) -> None:
            self.quiet = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    known = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal()
    return Patient(width=None if known else PLAIN_WIDTH, highlight=False)  # None: rich looks at both


def show(renderables: Iterable[RenderableType]) -> None:
    """Print tables and texts."""
    console = stdout()
    for renderable in renderables:
        console.print(renderable)


def show_json(content: dict[str, Any]) -> None:
    """Print JSON and nothing else, for other programs to read."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def show_text(text: str) -> None:
    """Print a text as it is and nothing else, for other programs to read."""
    sys.stdout.write(text)


def notes(texts: Iterable[str]) -> None:
    """Print sentences to standard error, beside what another program reads."""
    from rich.console import Console
    from rich.text import Text

    from bench.report.table import log_line

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for text in texts:
        console.print(Text(log_line(text), style="dim"))


def error(message: str, hint: str) -> None:
    """Print an error to standard error: what is wrong, then what to do."""
    from rich.console import Console
    from rich.text import Text

    from bench.report.table import log_line

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(Text("error: ", style="bold red") + Text(log_line(message), style="not bold"))
    if hint:
        console.print(Text("       " + log_line(hint)))


# Where nobody watches a bar, a line is written for a step that begins so long after the last one, and every so often
# while it lasts: short runs write none.
STEP_SECONDS, STILL_SECONDS = 5.0, 30.0


class Progress:
    """Shows a run's events: a live bar with an estimate in a terminal, a line now and then elsewhere.

    clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        self._console = Console(stderr=True, highlight=False)
        self._bars = Bars(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[amount]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bars.add_task("starting", total=None, amount="")
        self._dataset = self._doing = ""
        self._clock, self._written = clock, ""
        self._began = self._spoke = self._step_began = clock()
        self._done_before = 0
        self._cells = 0
        self._finished: set[tuple[str, str]] = set()

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if event.kind == "begin":
            self._cells, self._finished = event.total or 0, set()
        elif event.kind in ("step", "progress"):
            self._show(event)
        elif event.kind in ("cell", "failed"):
            self._finished.add((event.dataset, event.retriever))  # a cell may fail later, while it is timed
        if event.kind == "failed":
            self._say(f"failed: {event.retriever} on {event.dataset}: {event.text}", "red")
        elif event.kind == "warning":
            self._say(f"warning: {event.text}", "yellow")
        elif event.kind == "note":
            self._say(event.text, "")
        elif event.kind == "stopped":
            self._say(f"Stopped. What is done is kept; to go on: {event.text}", "yellow")

    def _show(self, event: Event) -> None:
        if event.kind == "step" or event.dataset:  # a worker's progress is on the set of the step before
            self._dataset = event.dataset
        cells = f"{len(self._finished)}/{self._cells}" if self._cells else ""
        where = " ".join(filter(None, (cells, self._dataset)))
        label = " · ".join(filter(None, (where, event.retriever, event.text)))
        # Who counts nothing stays at 0: a phase of a single call.
        amount = f"{event.done:,}/{event.total:,}" if event.total is not None and event.done else ""
        if not self._console.is_terminal:
            self._write_line(label, event, amount)
        if label != self._doing:
            self._doing = label
            self._bars.reset(self._task, description=label, total=event.total, completed=event.done, amount=amount)
        else:
            self._bars.update(self._task, completed=event.done, total=event.total, amount=amount)

    def _write_line(self, label: str, event: Event, amount: str) -> None:
        """A line of a log: since when it runs, what it does, and how long that will take."""
        now = self._clock()
        if label != self._doing:
            self._step_began, self._done_before = now, event.done
        if now - self._spoke < (STILL_SECONDS if label == self._written else STEP_SECONDS):
            return
        self._spoke, self._written = now, label
        remaining = ""
        seconds, done = now - self._step_began, event.done - self._done_before
        if event.total and event.done < event.total and seconds and done > 0:
            remaining = f", about {_duration(seconds / done * (event.total - event.done))} more"
        self._say(f"[{_duration(now - self._began)}] {' '.join(filter(None, (label, amount)))}{remaining}", "")

    def _say(self, text: str, style: str) -> None:
        from rich.text import Text

        from bench.report.table import log_line

        self._console.print(Text(log_line(text), style=style), soft_wrap=True)


def _duration(seconds: float) -> str:
    """2:05 or 1:00:00, in whole seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
