"""What rich's tables and texts are as plain text."""

from __future__ import annotations

import io

from rich.console import Console


def printed(renderables, width=200):
    """As they stand in a terminal of that width, or in a job's log."""
    console = Console(file=io.StringIO(), width=width, highlight=False, force_terminal=False)
    for renderable in renderables:
        console.print(renderable)
    return console.file.getvalue()
