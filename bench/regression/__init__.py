"""Two stored runs -> what moved, how sure that is, and whether the gates hold. No retriever runs again.

The function is `compare`, offered as `bench.compare`; the package has another name, since a submodule of the name
would take the function's place in `bench` as soon as somebody imported it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.errors import BenchError
from bench.evaluation.significance import FLIPS
from bench.regression import base_cards
from bench.regression.changes import against_tolerances, changes_of, costs_of, flips_of, means_of, with_noise
from bench.regression.gate_checks import check_gate
from bench.regression.gates import ALL, DEFAULT, GateNames, parse
from bench.regression.pairing import pair, surroundings
from bench.regression.queries import TOP, Queries
from bench.regression.result import (
    UNMOVED,
    WORST,
    CellPair,
    Change,
    Changed,
    Check,
    CostChange,
    Flip,
    Judged,
    RankedHit,
    Regression,
)
from bench.storage.run import Run, load_run

__all__ = [
    "BASELINE",
    "TOP",
    "UNMOVED",
    "WORST",
    "CellPair",
    "Change",
    "Changed",
    "Check",
    "CostChange",
    "Flip",
    "Judged",
    "RankedHit",
    "Regression",
    "compare",
    "stored",
]

# Where the reference run lies that a project commits.
BASELINE = Path("results") / "baseline"


def compare(
    base: str | Path | Run,
    head: str | Path | Run,
    gates: Sequence[str] = (),
    *,
    flips: int = FLIPS,
    partial: bool = False,
) -> Regression:
    """Compare two stored runs. No retriever runs again.

    Args:
        base: The folder of a stored run, a run, or "baseline" for results/baseline.
        head: The same; it is held against base.
        gates: Conditions as `bench.regression.gates` describes them. A cell that none of them holds to base over all
            queries has the default: no significant drop of its set's main measure.
        flips: Sign assignments of each test.
        partial: Head was meant to hold only some cells of base.

    Returns:
        What moved, how sure that is, and what each gate says.

    Raises:
        BenchError: For a run that is none, is not complete or is damaged, and for a malformed gate.
        OtherSchemaError: For a run that a version of another schema wrote.
    """
    before, after = stored(base), stored(head)
    paired = pair(before, after, partial)
    names = GateNames(
        list(dict.fromkeys((*before.info["measures"], *after.info["measures"]))),
        _slices(before, after),
        _scopes(before, after),
    )
    wanted = [parse(text, names) for text in gates]
    slices = [gate.slice for gate in wanted if gate.slice != ALL]
    old, new = Queries.of(before), Queries.of(after)
    both = {cell.dataset: (old[cell.base_dataset], new[cell.dataset]) for cell in paired.pairs}
    changes = with_noise(changes_of(both, paired.pairs, slices, flips), paired.pairs, before, after)
    unpaired = [CellPair(*cell, "", "", "") for cell in paired.added]
    costs = costs_of(before, after, (*paired.pairs, *unpaired))
    figures = means_of(new, (cell[:2] for cell in (*paired.pairs, *unpaired)), slices)
    tests = against_tolerances(both, paired.pairs, wanted, flips)
    judged = [
        check_gate(gate, paired.pairs, changes, costs, means=figures, tests=tests, new=unpaired) for gate in wanted
    ]
    # A floor, a slice or a cost says nothing of the rest, which must not become free to drop by being asked for.
    guards = [gate for gate in wanted if gate.guards]
    unguarded = [cell for cell in paired.pairs if not any(gate.on(cell) for gate in guards)]
    if unguarded or not guards:
        judged.append(check_gate(DEFAULT, unguarded, changes, costs))
    return Regression(
        base=before.folder.name,
        head=after.folder.name,
        pairs=paired.pairs,
        changes=tuple(changes),
        costs=tuple(costs),
        flips=tuple(flips_of(both, paired.pairs)),
        judged=tuple(judged),
        problems=(*paired.problems, *base_cards.problems(both, slices)),
        failures=tuple(after.failures),
        added=paired.added,
        surroundings=(*base_cards.changed(both), *surroundings(before, after, paired.pairs)),
    )


def stored(run: str | Path | Run) -> Run:
    """A complete stored run. Raises BenchError where it is none."""
    if isinstance(run, Run):
        loaded = run
    else:
        folder = BASELINE if str(run) == "baseline" else Path(run)
        if folder == BASELINE and not folder.is_dir():
            raise BenchError("There is no baseline.", "Make one of a run: python -m bench baseline update RUN")
        loaded = load_run(folder)
    if not loaded.complete:
        raise BenchError(f"{loaded.folder} is not complete: it was interrupted.", "Run it again.")
    return loaded


def _scopes(*runs: Run) -> list[str]:
    """What a gate may be limited to: a set, a retriever, or one on the other."""
    sets = dict.fromkeys(dataset["name"] for run in runs for dataset in run.datasets)
    labels = dict.fromkeys(label for run in runs for label in run.retrievers)
    return list(dict.fromkeys((*sets, *labels, *(f"{name}/{label}" for name in sets for label in labels))))


def _slices(*runs: Run) -> list[str]:
    """The slices of either run: of one that head lost, a gate is still to be held."""
    return list(dict.fromkeys(row["slice"] for run in runs for row in run.rows("measures") if row["slice"] != ALL))
