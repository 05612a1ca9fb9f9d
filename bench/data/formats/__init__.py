"""Where labelled sets come from: a name, a folder, a file or form:name -> Dataset. One module per form.

`forms` has their registry and asks them which one a path is in; `pairs:file.csv` says so itself.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from bench.data.dataset import Dataset
from bench.data.formats import archive, forms, spreadsheet
from bench.data.formats.options import Options
from bench.data.formats.records import as_pairs, is_table, named_records
from bench.errors import BenchError, unknown

TARS = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst")
SHOWN = 20  # columns in a message


def shipped() -> dict[str, Path]:
    """The sets that come with the project, by name."""
    package = Path(__file__).resolve().parent.parent.parent
    for folder in (package / "shipped", package.parent / "datasets"):  # in a wheel; in a checkout
        sets = {card.parent.name: card.parent for card in sorted(folder.glob("*/dataset.toml"))}
        if sets:
            return sets
    return {}


def load_dataset(source: str | Path, options: Options = Options()) -> Dataset:  # noqa: B008 - frozen
    """Read a labelled set.

    Args:
        source: The name of a shipped set, a path in any of the forms, or form:name ("irds:beir/scifact").
        options: How to read what can be read in several ways.

    Returns:
        The set, its documents in descending byte order of their ids.

    Raises:
        BenchError: For anything that is not right with it, naming file and line.
    """
    name = str(source)
    if not name.isascii() and _is_broken(name):
        raise BenchError(f"{name!a} is not UTF-8.", "Rename it; where the locale is to blame, set PYTHONUTF8=1.")
    known = shipped()
    if name in known:
        return forms.form(forms.NATIVE).load(str(known[name]), options)
    form, colon, rest = name.partition(":")
    named = bool(colon) and form in forms.names()
    _refuse_homeless(rest if named else name)
    if named:
        return forms.form(form).load(rest, options)
    path = Path(name).expanduser()
    if not path.exists() and archive.within(path) is None:
        raise unknown("dataset, folder or file", name, known)
    for given in dict.fromkeys((options, Options())):  # a form that lacks a role says so itself
        if kind := forms.form_of(path, given):
            return forms.form(kind).load(str(path), options)
    if path.name.lower().endswith(TARS):
        folder = shlex.quote(path.name.partition(".")[0])
        raise BenchError(
            f"{path} is a tar archive, which is not read as it lies.",
            f"Unpack it: mkdir {folder} && tar -xf {shlex.quote(str(path))} -C {folder}; then name {folder}.",
        )
    spreadsheet.refuse_other(path)
    seen, how = _seen(path)
    raise BenchError(
        f"{path} is in none of the known forms{seen}.",
        "Simplest is a .csv file with the columns query and relevant, or a folder with corpus.jsonl, queries.jsonl and "
        f"qrels/test.tsv; docs/bring-your-data.md has all.{how}",
    )


def _seen(path: Path) -> tuple[str, str]:
    """What a table has instead of columns that are known, and how to name them."""
    if path.suffix.lower() == ".txt":
        return ": a .txt file is a table where its first line has tabs", ""
    if not is_table(path):
        return "", ""
    names, _ = named_records(path)
    if not names:
        return ": it has no record below its first line", ""
    listed = ", ".join(map(repr, names[:SHOWN])) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
    return f": its columns are {listed}", f" Columns with other names: {as_pairs(path, 'NAME', 'NAME')}."


def _refuse_homeless(name: str) -> None:
    """A container may give its user neither a name nor a home."""
    try:
        Path(name).expanduser()
    except RuntimeError:
        raise BenchError(f"{name}: there is no home folder for the ~ in it.", "Give the whole path.") from None


def _is_broken(name: str) -> bool:
    """Does it hold bytes that Python could not decode?"""
    try:
        name.encode()
    except UnicodeEncodeError:
        return True
    return False
