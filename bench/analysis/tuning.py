"""What a tuning has shown: tuning.csv, a row a tuned retriever, and trials.csv, a row a trial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bench.data.slices import ALL
from bench.evaluation.out_of_fold import OutOfFold
from bench.evaluation.pairs import ALPHA
from bench.storage.files import write_csv
from bench.storage.run import Row, Run
from bench.storage.schema import BETTER, NOT_SHOWN, NOT_WORTH_IT, TRIALS, TUNING, WORSE

# A gain that nobody would tune for, where a run gives no margin of its own.
MARGIN = 0.01
# So near to an end of its range, as a share of it, a value counts as chosen at the end.
AT_END = 0.05


@dataclass(frozen=True)
class Trial:
    """Settings that were tried.

    parameters: name -> value, as a specification writes it; none of the defaults. values: float64 [answerable queries],
    None where it failed, with the reason in `error`.
    """

    specification: str
    parameters: Mapping[str, str]
    values: NDArray[np.float64] | None
    error: str = ""


@dataclass(frozen=True)
class Tuned:
    """A tuned retriever. label: in the tables; default: the label of the same by its defaults; given: as -r has it.

    trials: the first one by the defaults. outcome: over those that did not fail, whose places in `trials` are `worked`.
    ranges: parameter -> low and high, of those that are drawn from one.
    """

    label: str
    default: str
    given: str
    trials: Sequence[Trial]
    worked: Sequence[int]
    outcome: OutOfFold
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def folds_of(self, trial: int) -> list[int]:
        """The folds that are scored by a trial, from 1 on."""
        chosen = [self.worked[place] for place in self.outcome.chosen.tolist()]
        return [fold for fold, its in enumerate(chosen, 1) if its == trial]

    @property
    def best(self) -> int:
        """The trial with the best mean over all queries: what is recommended for queries to come."""
        return self.worked[self.outcome.best]

    def at_end(self) -> list[str]:
        """The parameters whose best value lies at an end of its range: a wider one may have a better."""
        chosen = self.trials[self.best].parameters
        return [
            name
            for name, (low, high) in self.ranges.items()
            if name in chosen and min(float(chosen[name]) - low, high - float(chosen[name])) < AT_END * (high - low)
        ]


def write_tuning(run: Run, dataset: str, measure: str, tuned: Sequence[Tuned], margin: float) -> None:
    """Write both tables of a run whose measures and comparisons are written. margin: a gain worth tuning for."""
    rows = [_row(run, dataset, measure, its, margin) for its in tuned]
    write_csv(run.folder / "tuning.csv", TUNING, [[row[name] for name in TUNING] for row in rows])
    run.hold("tuning", rows)
    trials = [row for its in tuned for row in _trials(dataset, its)]
    write_csv(run.folder / "trials.csv", TRIALS, [[row[name] for name in TRIALS] for row in trials])
    run.hold("trials", trials)


def _row(run: Run, dataset: str, measure: str, its: Tuned, margin: float) -> Row:
    means = {
        row["retriever"]: row
        for row in run.rows("measures")
        if (row["dataset"], row["measure"], row["slice"]) == (dataset, measure, ALL)
    }
    pair = _against_default(run, dataset, measure, its)
    most = max(len(its.folds_of(trial)) for trial in range(len(its.trials)))
    return {
        "dataset": dataset,
        "retriever": its.label,
        "default": its.default,
        "given": its.given,
        "measure": measure,
        **{name: means[its.label][name] for name in ("value", "low", "high")},
        "default_value": means[its.default]["value"] if its.default in means else math.nan,
        **pair,
        "margin": margin,
        "outcome": _outcome(pair, margin),
        "in_fold": its.outcome.in_fold,
        "optimism": its.outcome.optimism,
        "best_value": its.outcome.best_mean,
        "at_end": ", ".join(its.at_end()),
        "chosen": its.trials[its.best].specification,
        "folds": len(its.outcome.chosen),
        "agreeing": most,
        "trials": len(its.trials),
        "failed": sum(trial.values is None for trial in its.trials),
        "queries": its.outcome.values.size,
    }


def _against_default(run: Run, dataset: str, measure: str, its: Tuned) -> dict[str, float]:
    """The paired difference to the defaults, from comparisons.csv, where it is among the pairs of the verdict."""
    for row in run.rows("comparisons"):
        if (row["dataset"], row["measure"]) == (dataset, measure) and {row["a"], row["b"]} == {its.label, its.default}:
            sign = 1 if row["a"] == its.label else -1
            low, high = sorted((sign * row["low"], sign * row["high"]))
            return {"gain": sign * row["difference"], "gain_low": low, "gain_high": high, "p_holm": row["p_holm"]}
    return dict.fromkeys(("gain", "gain_low", "gain_high", "p_holm"), math.nan)


def _outcome(pair: Mapping[str, float], margin: float) -> str:
    shown = pair["p_holm"] < ALPHA
    if shown and pair["gain_high"] < 0:
        return WORSE
    if pair["gain_high"] < margin:
        return NOT_WORTH_IT
    return BETTER if shown and pair["gain_low"] > 0 else NOT_SHOWN


def _trials(dataset: str, its: Tuned) -> Iterator[Row]:
    for number, trial in enumerate(its.trials):
        yield {
            "dataset": dataset,
            "retriever": its.label,
            "trial": number,
            "specification": trial.specification,
            "parameters": "\n".join(f"{name}={value}" for name, value in trial.parameters.items()),
            "value": math.nan if trial.values is None else float(trial.values.mean()),
            "scores_folds": " ".join(map(str, its.folds_of(number))),
            "best": int(number == its.best),
            "error": trial.error,
        }
