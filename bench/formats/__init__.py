"""Where labelled sets come from: a name, a folder or a file -> Dataset. One file per format."""

from __future__ import annotations

from pathlib import Path

from bench.dataset import Dataset
from bench.errors import BenchError, unknown


def shipped() -> dict[str, Path]:
    """The sets that come with the project, by name."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "shipped", package.parent / "datasets"):  # in a wheel; in a checkout
        found = {card.parent.name: card.parent for card in sorted(folder.glob("*/dataset.toml"))}
        if found:
            return found
    return {}


def load_dataset(source: str | Path) -> Dataset:
    """A shipped set by name, or a folder in BEIR's layout.

    Raises BenchError, naming file and line, for anything that is not right with it.
    """
    from bench.formats import beir

    known = shipped()
    if str(source) in known:
        return beir.load(known[str(source)])
    path = Path(source).expanduser()
    if path.is_dir():
        return beir.load(path)
    if path.exists():
        raise BenchError(f"{path} is a file.", "Give the folder that holds corpus.jsonl, queries.jsonl and qrels/.")
    raise unknown("dataset or folder", str(source), known)
