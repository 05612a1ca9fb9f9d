"""A process that grades: one line after the other, each reported when it is on disk."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.judging.grades import GradeLine, append


def main(folder: Path, judge: str, first: int, count: int) -> None:
    """Grade the documents first, first + 1, …; print each number when `append` has returned."""
    for number in range(first, first + count):
        append(folder, GradeLine("q1", f"d{number}", judge, grade=number % 4, note="a note of a few words " * 20))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
