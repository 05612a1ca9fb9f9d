"""The tables of a stored run and their columns."""

from __future__ import annotations

from collections.abc import Collection, Sequence

SCHEMA = 3
MEASURES = ("dataset", "retriever", "slice", "measure", "value", "low", "high", "queries")
GROUPS = ("dataset", "retriever", "quantity", "measure", "value", "low", "high", "groups")
UNANSWERABLE = ("dataset", "retriever", "quantity", "value", "low", "high", "answerable", "unanswerable")
LATENCY = ("dataset", "retriever", "quantity", "unit", "value", "low", "high", "samples")
RECALL = ("dataset", "retriever", "k", "value")
BUDGETS = ("dataset", "retriever", "budget", "value", "ended")
APPROXIMATE = ("dataset", "retriever", "quantity", "measure", "value", "low", "high", "queries")
CURVE = (
    *("dataset", "retriever", "line", "build", "sweep", "recall", "recall_low", "recall_high"),
    *("measure", "quality", "quality_low", "quality_high", "loss", "loss_low", "loss_high", "queries"),
    *("p50_ms", "p95_ms", "queries_per_second", "build_seconds", "index_bytes", "bytes_a_document"),
    *("front_recall", "front_quality"),
)
TUNING = (
    *("dataset", "retriever", "default", "given", "measure", "value", "low", "high", "default_value"),
    *("gain", "gain_low", "gain_high", "p_holm", "margin", "outcome", "in_fold", "optimism", "best_value"),
    *("chosen", "at_end"),
    *("folds", "agreeing", "trials", "failed", "queries"),
)
# The outcomes of a tuned retriever against its defaults.
BETTER, NOT_WORTH_IT, NOT_SHOWN, WORSE = "better", "not worth it", "not shown", "worse"
TRIALS = ("dataset", "retriever", "trial", "specification", "parameters", "value", "scores_folds", "best", "error")
GROWTH = (
    *("dataset", "times", "documents", "retriever", "measure", "value", "low", "high", "queries"),
    *("places", "distractors", "bound_low", "bound_high", "p50_ms", "p95_ms", "index_bytes", "build_seconds"),
)
GROWTH_PAIRS = (
    *("dataset", "times", "documents", "measure", "a", "b", "mean_a", "mean_b", "difference", "low", "high"),
    *("p", "p_holm", "better", "queries"),
)
NOISE = ("dataset", "retriever", "variant", "changed", "setting", "quantity", "measure", "value")
COMPARISONS = (
    *("dataset", "measure", "a", "b", "mean_a", "mean_b", "difference", "low", "high", "p", "p_holm"),
    *("wins", "ties", "losses", "effect", "detectable", "queries", "groups"),
    *("family", "interval", "margin", "p_above", "p_below", "low_best", "high_best", "noise_floor"),
)
VERDICTS = (
    *("dataset", "measure", "margin", "choice", "basis", "sentences", "retriever", "winner", "best", "level", "worse"),
    *("pair", "difference", "low", "high", "p_holm", "at_most", "more_queries"),
)
HEADERS = {"measures": MEASURES, "groups": GROUPS, "unanswerable": UNANSWERABLE, "latency": LATENCY, "recall": RECALL}
# Of runs with a measure over a budget of word pieces alone; with an approximate search; of curves; of tunings; of sets
# that grow; of noise floors.
SOMETIMES = {
    "budgets": BUDGETS,
    "approximate": APPROXIMATE,
    "curve": CURVE,
    "tuning": TUNING,
    "trials": TRIALS,
    "growth": GROWTH,
    "growth_pairs": GROWTH_PAIRS,
    "noise": NOISE,
}
TABLES = (
    *(f"{name}.csv" for name in HEADERS),
    "comparisons.csv",
    "analysis.json",
    "per_query.parquet",
    "queries.parquet",
)
# Where documents and queries lie to retrievers, of runs with maps; and the folder of the same by retriever.
MAP, MAPS = "map.parquet", "map"


def tables_of(checksums: Collection[str]) -> list[str]:
    """The files of a run's tables, by the names that its checksums are of."""
    sometimes = [*(f"{table}.csv" for table in SOMETIMES), MAP]
    return [*TABLES, *(name for name in sometimes if name in checksums)]


# By which sets are judged where nobody says otherwise.
USUAL = "nDCG@10"


def choose_measure(names: Sequence[str], wanted: str) -> str:
    """The measure that the dataset's card names, where the run has it, else nDCG@10, else the first."""
    return next((name for name in (wanted, USUAL) if name in names), names[0])
