"""How far apart the retrievers of a run are, and why: differences, quality by lexical overlap, complementarity."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bench.errors import counted
from bench.report.run.cost import noisy_mark
from bench.report.run.names import analysis, display_name, main_as_shown, main_measure, shown_measure
from bench.report.run.noise import tiny
from bench.report.table import NOISE, Table, best_of, interval, number, p_value, shows_from, signed_interval
from bench.storage.run import Row, Run


def differences(run: Run, dataset: dict[str, Any]) -> Table | None:
    """Every pair by the main measure, or None where there is no pair, or nothing is tested (judged in part)."""
    if dataset.get("sampled_judgements"):
        return None
    main = main_measure(run, dataset)
    pairs = [row for row in run.rows("comparisons") if (row["dataset"], row["measure"]) == (dataset["name"], main)]
    if not pairs:
        return None
    better = {frozenset(pair): pair[0] for pair in analysis(run, dataset).get("better", {}).get(main, ())}
    rows = [_difference(row, better) for row in pairs]
    header = ("a", "b", "a - b [95%]", "p (Holm)", "a wins", "ties", "b wins", "effect", "shows from", "state")
    units = counted(pairs[0]["queries"], "query", "queries")
    if pairs[0]["groups"] != pairs[0]["queries"]:
        units += f" in {counted(pairs[0]['groups'], 'group')}"
    note = (
        f"By {units}. Effect: in standard deviations of the differences. Shows from: the smallest true difference that "
        "the set finds 4 times out of 5, before Holm's correction. Undecided is not equal: a smaller one goes unseen."
    )
    if baseline := run.info["config"].get("against"):
        note += f" Each against {baseline} alone (--against): Holm's correction is over these."
    few = [f"{row['a']} and {row['b']}" for row in pairs if row.get("interval") == "bounded"]
    if few:
        note += f" So few queries differ between {', '.join(few)} that the interval is the bounded one."
    if any(map(_is_noise, pairs)):
        note += f" {NOISE}: what should not matter moves it as far; it decides nothing, whatever its interval says."
    return Table(
        f"{display_name(dataset)}: differences in {shown_measure(run, dataset, main)}",
        header,
        tuple(rows),
        notes=(note,),
        columns_left=2,
    )


def _difference(row: Row, better: Mapping[frozenset[str], str]) -> tuple[str, ...]:
    winner = better.get(frozenset((row["a"], row["b"])))
    return (
        row["a"],
        row["b"],
        signed_interval(row, "difference"),
        p_value(row["p_holm"]),
        *(f"{row[name]:,}" for name in ("wins", "ties", "losses")),
        number(row["effect"], 2),
        shows_from(row["detectable"]),
        _state(row, winner),
    )


def _state(row: Row, winner: str | None) -> str:
    if _is_noise(row):
        return f"{NOISE} below the noise floor of {tiny(row['noise_floor'])}"
    return f"{winner} better" if winner else "undecided"


def _is_noise(row: Row) -> bool:
    """Is a difference below its noise floor, where one was measured?"""
    floor: float = row.get("noise_floor", math.nan)
    return abs(float(row["difference"])) < floor


def overlap(run: Run, dataset: dict[str, Any]) -> Table | None:
    """Quality by lexical overlap, and where the lead changes; None where there are too few queries for two bins."""
    crossover = analysis(run, dataset).get("crossover", {"bins": []})
    bins = crossover["bins"]
    if len(bins) < 2:
        return None
    labels = list(bins[0]["quality"])
    rows, best = [], set()
    for place, bin_ in enumerate(bins):
        figures = [bin_["quality"][label] for label in labels]
        best |= {(place, 2 + column) for column in best_of(figure["value"] for figure in figures)}
        rows.append((_range(bin_), f"{bin_['queries']:,}", *map(interval, figures)))
    notes = [crossing(contest, bins) for contest in crossover["contests"]]
    notes.append(
        "Overlap: the share of a query's words, weighted by rarity, that stand in its best relevant document."
        + (
            f" {counted(crossover['left_out'], 'query', 'queries')} without any word left out."
            if crossover["left_out"]
            else ""
        )
    )
    return Table(
        f"{display_name(dataset)}: {main_as_shown(run, dataset)} [95%] by lexical overlap",
        ("overlap", "queries", *labels),
        tuple(rows),
        frozenset(best),
        tuple(notes),
    )


def _range(bin_: Mapping[str, Any]) -> str:
    low, high = f"{bin_['low']:.2f}", f"{bin_['high']:.2f}"
    return low if bin_["low"] == bin_["high"] else f"{low} to {high}"


def crossing(contest: Mapping[str, Any], bins: Sequence[Mapping[str, Any]]) -> str:
    """Where a dense and a lexical retriever change places, if the intervals of the bins show that they do."""
    names = f"{contest['dense']} and {contest['lexical']}"
    ahead = [_ahead(contest, figure) for figure in contest["difference"]]
    if contest["crossings"]:
        changes = []
        for low, high in contest["crossings"]:
            before = next(who for who, bin_ in zip(ahead, bins, strict=True) if bin_["high"] == low)
            after = next(who for who, bin_ in zip(ahead, bins, strict=True) if bin_["low"] == high)
            start = "above" if f"{low:.2f}" == f"{high:.2f}" else f"from {high:.2f} on"
            changes.append(f"{before} is ahead up to an overlap of {low:.2f}, {after} {start}")
        return f"{names} cross: {'; '.join(changes)}."
    leaders = {who for who in ahead if who}
    if not leaders:
        return f"{names}: no crossing shown; in no bin is either shown ahead."
    count = sum(who is not None for who in ahead)
    return f"{names}: no crossing shown; {leaders.pop()} is shown ahead in {count} of {counted(len(bins), 'bin')}."


def _ahead(contest: Mapping[str, Any], figure: Mapping[str, Any]) -> str | None:
    """Who is shown ahead in a bin; figure: dense less lexical."""
    if figure["low"] is not None and figure["low"] > 0:
        return str(contest["dense"])
    if figure["high"] is not None and figure["high"] < 0:
        return str(contest["lexical"])
    return None


# What fuses -> in words; runs stored before the score fusion do not name it.
_FUSIONS = {"zscore": "z-scores, as hybrid does", "rrf": "reciprocal ranks (k = 60)"}


def complementarity(run: Run, dataset: dict[str, Any]) -> Table | None:
    """What two retrievers have to give each other, or None where there is no pair; with a baseline, each and that."""
    analyses, baseline = analysis(run, dataset), run.info["config"].get("against")
    pairs = [pair for pair in analyses.get("pairs", ()) if baseline in (None, pair["first"], pair["second"])]
    if not pairs:
        return None
    rows = [
        (
            pair["first"],
            pair["second"],
            f"{len(pair['solved']['first_only']):,}",
            f"{len(pair['solved']['second_only']):,}",
            f"{pair['solved']['both']:,}",
            f"{pair['solved']['neither']:,}",
            number(pair["oracle"]["value"]),
            signed_interval(pair["oracle_gain"]),
            number(pair["fused"]["value"]),
            signed_interval(pair["fused_gain"]),
        )
        for pair in pairs
    ]
    header = (
        *("first", "second", "only first", "only second", "both", "neither"),
        *("oracle", "its gain [95%]", "fusion (estimate)", "its gain [95%]"),
    )
    note = (
        f"Queries with a relevant document in the top {analyses['solved_at']}. Oracle: the better of the two for each "
        "query, which no choice between them exceeds. Fusion: of the stored rankings by "
        f"{_FUSIONS[analyses.get('fusion', 'rrf')]}, an estimate. Gains are over the better one alone."
    )
    main = main_as_shown(run, dataset)
    return Table(
        f"{display_name(dataset)}: who solves what ({main})", header, tuple(rows), notes=(note,), columns_left=2
    )


def rerank_depths(run: Run, dataset: dict[str, Any]) -> Table | None:
    """What fewer candidates would have given and taken, or None where nobody searched in two stages."""
    by_retriever = analysis(run, dataset).get("rerank_depths") or {}
    rows = [
        (
            retriever if not row["depth"] else "",
            f"{row['depth']:,}" if row["depth"] else "first stage",
            interval(row["value"]),
            signed_interval(row["gain"]) if row["gain"] else "",
            number(row["ceiling"]) if row["ceiling"] is not None else "",
            *(
                "n/a" if row[name] is None else noisy_mark(run, dataset, retriever) + number(row[name], 1)
                for name in ("p50_ms", "p95_ms")
            ),
        )
        for retriever, depths in by_retriever.items()
        for row in depths
    ]
    if not rows:
        return None
    main = main_as_shown(run, dataset)
    header = ("retriever", "candidates", f"{main} [95%]", "gain [95%]", "ceiling", "p50 ms", "p95 ms")
    note = (
        "All from one search with the most candidates. Gain: over the first stage, paired by query. Ceiling: the share "
        "of the relevant documents among so many candidates; no order of them has a higher recall; nDCG may be higher."
    )
    return Table(f"{display_name(dataset)}: how deep to rerank", header, tuple(rows), notes=(note,), columns_left=2)
