"""The set that a stored run was on, read again as the run read it."""

from __future__ import annotations

from types import SimpleNamespace

from bench.data.dataset import Dataset
from bench.data.formats import load_dataset, shipped
from bench.data.formats.options import Options
from bench.errors import BenchError, unknown
from bench.storage.run import Run


def set_of_run(run: Run, name: str | None = None) -> Dataset:
    """The set of a run, with the positions that its rankings have.

    Args:
        run: The run.
        name: Of the set; None where the run has one alone.

    Returns:
        The set, with a sample's queries alone where the run was of one.

    Raises:
        BenchError: Where the run has several sets and none is named, where the set is not there any more or has
            changed, and where it was judgements alone.
    """
    names = [entry["name"] for entry in run.datasets]
    if name is None and len(names) > 1:
        raise BenchError(f"{run.folder} is of several sets: {', '.join(names)}.", f"Name one: -d {names[0]}.")
    if name is not None and name not in names:
        raise unknown(f"set of {run.folder}:", name, names)
    place = 0 if name is None else names.index(name)
    entry, config = run.datasets[place], run.info["config"]
    if entry.get("judgements_alone"):
        raise BenchError(
            f"{run.folder} was of judgements alone: there are no documents to show.", "Run on the set itself."
        )
    given = config["datasets"] or (names if set(names) <= set(shipped()) else [])
    if not given:
        raise BenchError(
            f"{run.folder} was made of a set that a program handed over, which cannot be read again.",
            "Write the set to a folder, run on that, and judge that run.",
        )
    dataset = load_dataset(given[place], Options.of(SimpleNamespace(**config)))
    dataset = dataset.keeping_itself(config["keep_self"])
    if config["limit"] is not None:
        dataset = dataset.sample(config["limit"], config["seed"])
    if dataset.fingerprint != entry["fingerprint"]:
        raise BenchError(
            f"{given[place]} is not what {run.folder} was run on: it changed since.", "Run anew, and judge that run."
        )
    return dataset
