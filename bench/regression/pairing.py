"""Which cells of two runs belong together, and what does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bench.evaluation.measures import uncut
from bench.regression.result import CellPair, Changed
from bench.storage.run import Run

_MACHINE = ("cpu", "cores_logical", "container_cpus", "memory_mb", "platform", "threads", "python", "bench", "git")


class Paired(NamedTuple):
    """pairs: cells of both runs; added: (set, retriever) of head alone; problems: what is gone or not the same."""

    pairs: tuple[CellPair, ...]
    added: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]


def pair(base: Run, head: Run, partial: bool = False) -> Paired:
    """Match sets by name, else by fingerprint; retrievers by label, else by signature, else as changed parameters.

    partial: head may lack cells and measures of base, but each cell that it has must have a base.
    """
    sets, labels = _sets(base, head), _labels(base, head)
    before, after = _cells(base), _cells(head)
    prints = [{dataset["name"]: dataset["fingerprint"] for dataset in run.datasets} for run in (base, head)]
    problems = []
    if base.folder.resolve() == head.folder.resolve():
        problems.append("Base and head are one and the same run, which says nothing of a change.")
    if not partial:
        problems += [
            f"{label} on {name} failed in base: there is nothing to compare." for name, label, _ in base.failures
        ]
    for old, new in sets.items():
        if prints[0][old] != prints[1][new]:
            problems.append(f"The set {new} is not the same in both runs: {_set_changed(base, old, head, new)}.")
    failed = {(name, label) for name, label, _ in head.failures}
    pairs, matched = [], set()
    for dataset, retriever in before:
        name, (label, note) = sets.get(dataset, ""), labels.get(retriever, ("", ""))
        if name and prints[0][dataset] != prints[1][name]:
            matched.add((name, label))
        elif (name, label) in after:
            matched.add((name, label))
            renamed = "" if name == dataset else f"set renamed from {dataset}"
            pairs.append(CellPair(name, label, dataset, retriever, "; ".join(filter(None, (renamed, note)))))
        elif not partial and (name, label) not in failed:
            problems.append(f"{retriever} on {dataset} is in base and gone from head.")
    problems += [
        f"The measure {name} is in base and gone from head."
        for name in base.info["measures"]
        if name not in head.info["measures"] and not partial
    ]
    problems += [*_other_columns(base, head, pairs), *_other_depths(base, head, pairs)]
    added = tuple(cell for cell in after if cell not in matched)
    if partial:
        problems += [f"{label} on {name} is not in base." for name, label in added]
    if not pairs and not problems and not head.failures:
        problems.append("The runs have no figure in common.")
    return Paired(tuple(pairs), added, tuple(problems))


def _set_changed(base: Run, old: str, head: Run, new: str) -> str:
    """What differs between a set of base and one of head with another fingerprint, as far as runs tell."""
    sides = [
        next(dataset for dataset in run.datasets if dataset["name"] == name) for run, name in ((base, old), (head, new))
    ]
    own = _own_changed(*(bool(side.get("drop_self")) for side in sides))
    if any(side.get("sampled") for side in sides):
        drawn = (
            f"{side['queries']:,} queries drawn with seed {run.info['config']['seed']} (--limit)"
            if side.get("sampled")
            else f"all {side['queries']:,} queries"
            for side, run in zip(sides, (base, head), strict=True)
        )
        return "; ".join([" in base, ".join(drawn) + " in head", *own])
    counted = [
        f"{sides[0][key]:,} {key} are now {sides[1][key]:,}"
        for key in ("documents", "queries", "judgements")
        if sides[0][key] != sides[1][key]
    ]
    counted += own
    marks = " is now ".join(side["fingerprint"][:12] for side in sides)
    return f"{', '.join(counted) or 'texts or judgements were changed'} (fingerprint {marks})"


def _own_changed(base: bool, head: bool) -> list[str]:
    """That one of two sets leaves queries out of their own hits, and the other does not."""
    if base == head:
        return []
    without, kept = ("base", "head") if base else ("head", "base")
    return [f"queries that are documents too are left out of their own hits in {without}, not in {kept}"]


def _other_columns(base: Run, head: Run, pairs: Sequence[CellPair]) -> Iterator[str]:
    """Columns of documents that were read in both runs and are not the same: no fingerprint is over them."""
    for cell in pairs:
        before = base.columns(cell.base_dataset, cell.base_retriever)
        after = head.columns(cell.dataset, cell.retriever)
        changed = [name for name in before.keys() & after.keys() if before[name] != after[name]]
        if changed:
            columns = f"{'column' if len(changed) == 1 else 'columns'} {' and '.join(sorted(changed))}"
            yield f"{cell.retriever} reads the {columns} of {cell.dataset}, not the same in both runs."


def _other_depths(base: Run, head: Run, pairs: Sequence[CellPair]) -> Iterator[str]:
    """A measure without a cutoff is another measure where rankings were cut at another depth."""
    looking_down = {*uncut(base.info["measures"]), *base.info.get("uncut", ()), *head.info.get("uncut", ())}
    names = [name for name in base.info["measures"] if name in looking_down and name in head.info["measures"]]
    documents = {dataset["name"]: dataset["documents"] for dataset in head.datasets}
    for cell_pair in pairs if names else ():
        sides = [
            (base, cell_pair.base_dataset, cell_pair.base_retriever),
            (head, cell_pair.dataset, cell_pair.retriever),
        ]
        if not _as_deep(sides, documents[cell_pair.dataset]):
            before, after = (f"{run.deepest(*cell):,}" for run, *cell in sides)
            looks, it = ("has no cutoff and looks", "it") if len(names) == 1 else ("have no cutoff and look", "them")
            yield (
                f"{', '.join(names)} of {cell_pair.retriever} on {cell_pair.dataset} {looks} down to depth "
                f"{before} in base, {after} in head: rank both as deep (-k), or give {it} a cutoff."
            )


def _as_deep(sides: Sequence[tuple[Run, str, str]], documents: int) -> bool:
    """Do rankings of two runs end where the retriever ended them, or at the same depth? documents: of the set."""
    cuts = [min(cut, documents) for run, *cell in sides if (cut := run.cut(*cell)) is not None]
    whole = [run.deepest(*cell) for run, *cell in sides if run.cut(*cell) is None]
    return len(set(cuts)) < 2 and all(length <= cut for length in whole for cut in cuts)


def surroundings(base: Run, head: Run, pairs: tuple[CellPair, ...]) -> tuple[Changed, ...]:
    """Parameters, libraries and machine that differ, and settings that figures depend on."""
    return (*_parameters(base, head, pairs), *_lengths(base, head, pairs), *_environment(base, head))


def _cells(run: Run) -> list[tuple[str, str]]:
    """The cells that have quality, which is stored with the run as a whole."""
    import pyarrow.parquet as pq

    table = pq.read_table(run.folder / "per_query.parquet", columns=["dataset", "retriever"])
    return list(dict.fromkeys(zip(table["dataset"].to_pylist(), table["retriever"].to_pylist(), strict=True)))


def _sets(base: Run, head: Run) -> dict[str, str]:
    """Name in base -> name in head."""
    after = {dataset["name"]: dataset["fingerprint"] for dataset in head.datasets}
    sets = {dataset["name"]: dataset["name"] for dataset in base.datasets if dataset["name"] in after}
    for dataset in base.datasets:
        free = [name for name, mark in after.items() if mark == dataset["fingerprint"] and name not in sets.values()]
        if dataset["name"] not in sets and free:
            sets[dataset["name"]] = free[0]
    return sets


def _labels(base: Run, head: Run) -> dict[str, tuple[str, str]]:
    """Label in base -> (label in head, why where they differ)."""
    before = {retriever["label"]: retriever["signature"] for retriever in base.info["retrievers"]}
    after = {retriever["label"]: retriever["signature"] for retriever in head.info["retrievers"]}
    labels = {label: (label, "") for label in before if label in after}
    for label, signature in before.items():
        free = [other for other in after if other not in before and after[other] == signature]
        if label not in labels and free and free[0] not in [new for new, _ in labels.values()]:
            labels[label] = (free[0], f"renamed from {label}")
    # By name and class, then by class alone: an object in a test has another name than its entry in a file.
    for kind in (_kind, lambda label, signature: _kind(label, signature)[1]):
        gone = [label for label in before if label not in labels]
        new = [label for label in after if label not in {taken for taken, _ in labels.values()}]
        for label in gone:
            like = kind(label, before[label])
            mine, theirs = (
                [other for other in side if kind(other, marks[other]) == like]
                for side, marks in ((gone, before), (new, after))
            )
            # Several of a kind on either side leave open which became which.
            if len(mine) == len(theirs) == 1:
                labels[label] = (theirs[0], f"parameters changed from {label}")
    return labels


def _kind(label: str, signature: str) -> tuple[str, str]:
    """A retriever without its parameters: its name and its class."""
    return label.partition(":")[0], signature.partition("(")[0]


def _parameters(base: Run, head: Run, pairs: tuple[CellPair, ...]) -> Iterator[Changed]:
    before, after = ({retriever["label"]: retriever for retriever in run.info["retrievers"]} for run in (base, head))
    for new, old in dict.fromkeys((cell.retriever, cell.base_retriever) for cell in pairs):
        if before[old]["signature"] == after[new]["signature"]:
            continue
        differences = list(_differing(before[old]["parameters"], after[new]["parameters"]))
        for changed in differences:
            yield changed._replace(what=f"{new}: {changed.what}")
        if not differences:
            yield Changed(f"{new}: signature", before[old]["signature"], after[new]["signature"])


def _lengths(base: Run, head: Run, pairs: tuple[CellPair, ...]) -> Iterator[Changed]:
    """Of stored runs, which are scored whole."""
    for cell in pairs:
        if base.cut(cell.base_dataset, cell.base_retriever) is None and head.cut(cell.dataset, cell.retriever) is None:
            old = base.deepest(cell.base_dataset, cell.base_retriever)
            new = head.deepest(cell.dataset, cell.retriever)
            if old != new:
                yield Changed(f"{cell.retriever} on {cell.dataset}: most hits of a query", f"{old:,}", f"{new:,}")


def _environment(base: Run, head: Run) -> Iterator[Changed]:
    for key, old, new in (
        ("depth", base.info["depth"], head.info["depth"]),  # the real one, which a cutoff may have raised
        *((key, *(run.info["config"].get(key) for run in (base, head))) for key in ("limit", "seed")),
    ):
        if old != new:
            yield Changed(key, str(old), str(new))
    before, after = base.info["environment"], head.info["environment"]
    yield from _differing(before["libraries"], after["libraries"])
    yield from _differing(*({key: environment.get(key) for key in _MACHINE} for environment in (before, after)))


def _differing(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Changed]:
    for key in dict.fromkeys((*before, *after)):
        if before.get(key) != after.get(key):
            yield Changed(key, _said(before.get(key)), _said(after.get(key)))


def _said(value: Any) -> str:
    return "none" if value is None else str(value)
