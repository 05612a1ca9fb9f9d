"""What intervals, p-values and powers promise, kept over thousands of simulated experiments. make check-statistics.

An experiment is a column: all share one array, its draws and its flips, which each of them alone may.
"""

import numpy as np
import pytest
import scipy.stats
from made import plain_set, sliced

from bench.analysis import controls
from bench.analysis.slice_tests import by_slice
from bench.analysis.values import evaluate
from bench.analysis.verdict.choices import RetrieverSummary
from bench.analysis.verdict.rules import decide
from bench.evaluation import intervals
from bench.evaluation.measures import resolve
from bench.evaluation.pairs import VERDICT, adjusted, compare_pairs, outcome
from bench.evaluation.power import detectable, detectable_difference
from bench.evaluation.separation import auroc_interval
from bench.evaluation.significance import holm, randomisation_test

pytestmark = pytest.mark.statistics

EXPERIMENTS = 4_000
DRAWS = FLIPS = 5_000
# nDCG@10 of one relevant document at rank 0 (missed), 1, 2, ... with the odds of a hard, a usual and an easy set.
VALUES = np.array([0, 1, 0.6309, 0.5, 0.4307, 0.3869, 0.3155])
ODDS = {
    "hard": np.array([60, 14, 8, 6, 5, 4, 3]) / 100,
    "usual": np.array([22, 44, 12, 8, 6, 5, 3]) / 100,
    "easy": np.array([5, 85, 5, 2, 1, 1, 1]) / 100,
}


@pytest.fixture
def rate(capsys):
    """Print a rate beside its goal: the table of docs/reading-the-figures.md is made of these lines."""

    def tell(what, found, goal):
        with capsys.disabled():
            print(f"\n| {what} | {found:.3f} | {goal} |", end="")
        return found

    return tell


def within(share, expected, slack=0.0):
    """Within the binomial band of 99.9%, and by `slack` beyond it where the method is an approximation."""
    half = 3.29 * np.sqrt(expected * (1 - expected) / EXPERIMENTS)
    return expected - half - slack <= share <= expected + half + slack


def differences(rng, n, ties, kind):
    """Of two like retrievers: [n, EXPERIMENTS], symmetric about 0."""
    if kind == "normal":
        return rng.normal(0, 0.25, (n, EXPERIMENTS))
    values = VALUES if kind == "ndcg" else np.array([0.0, 1.0])
    odds = ODDS["usual"] if kind == "ndcg" else [0.4, 0.6]
    a, b = (rng.choice(values, (n, EXPERIMENTS), p=odds) for _ in range(2))
    return np.where(rng.random((n, EXPERIMENTS)) < ties, 0, a - b)


@pytest.mark.parametrize("kind", ["ndcg", "success", "normal"])
@pytest.mark.parametrize("n", [10, 15, 30, 100, 400])
def test_the_null_is_rejected_as_often_as_promised(n, kind):
    rng = np.random.default_rng([n, len(kind)])
    p = randomisation_test(differences(rng, n, 0.3, kind), rng, flips=2**15)
    found = np.mean(p <= 0.05)
    assert found <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / EXPERIMENTS)
    # Few queries or two values leave few distinct p-values: the test is then more careful than asked.
    if n >= 100 or (kind == "normal" and n >= 15):
        assert within(found, 0.05, slack=0.01 if kind == "success" else 0)


@pytest.mark.parametrize("count", [12, 40, 150])
def test_the_null_is_rejected_as_often_as_promised_by_group(count):
    rng = np.random.default_rng(count)
    groups = np.repeat(np.arange(count), rng.integers(1, 9, count))
    shared = rng.normal(0, 0.25, (count, EXPERIMENTS))[groups]
    found = shared + rng.normal(0, 0.1, shared.shape)
    assert within(np.mean(randomisation_test(found, rng, groups, FLIPS) <= 0.05), 0.05)
    alone = np.mean(randomisation_test(found, rng, flips=FLIPS) <= 0.05)
    assert alone > 0.15, "without the groups the same data find differences that are not there"


# nDCG@10 where nearly every query is solved, and hit rates as high.
SHAPES = {
    **{f"nDCG@10, {name}": (VALUES, odds) for name, odds in ODDS.items()},
    "nDCG@10, nearly all solved": (VALUES, np.array([0.5, 98, 0.5, 0.4, 0.3, 0.2, 0.1]) / 100),
    **{
        f"found or not, mean {mean}": (np.array([0, 1]), np.array([1 - mean, mean]))
        for mean in (0.5, 0.9, 0.989, 0.997)
    },
}


def held(found, truth):
    """How often the interval holds the truth."""
    return np.mean((found.low <= truth + 1e-12) & (truth - 1e-12 <= found.high))


@pytest.mark.parametrize("n", [20, 50, 200])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_interval_of_a_mean_holds_it_at_least_as_often_as_promised(rate, shape, n):
    values, odds = SHAPES[shape]
    rng = np.random.default_rng([n, len(shape)])
    found = intervals.mean_interval(rng.choice(values, (n, EXPERIMENTS), p=odds).astype(float), rng, 2_000)
    assert rate(f"mean of {n} queries, {shape}", held(found, values @ odds), "at least .93") >= 0.93


@pytest.mark.parametrize("count", [20, 50, 150])
@pytest.mark.parametrize("mean", [0.5, 0.9, 0.989])
def test_the_interval_of_a_mean_by_group_too(rate, count, mean):
    """Wordings of one question are found together, in nine of ten questions."""
    rng = np.random.default_rng([count, int(mean * 1000)])
    groups = np.repeat(np.arange(count), rng.integers(1, 8, count))
    together = (rng.random((count, EXPERIMENTS)) < mean)[groups]
    alone = rng.random((len(groups), EXPERIMENTS)) < mean
    values = np.where(rng.random((count, EXPERIMENTS))[groups] < 0.9, together, alone).astype(float)
    found = intervals.mean_interval(values, rng, 2_000, groups=groups)
    assert rate(f"mean of {count} groups, found or not, mean {mean}", held(found, mean), "at least .93") >= 0.93
    if mean == 0.5:
        assert held(intervals.mean_interval(values, rng, 2_000), mean) < 0.87, "without the groups it promises too much"


KINDS = {
    "up or down": (np.array([-1.0, 1.0]), np.array([0.5, 0.5])),
    "mostly up": (np.array([-1.0, 1.0]), np.array([0.1, 0.9])),
    "by halves": (np.array([-0.5, 0.5]), np.array([0.12, 0.88])),
    "nDCG@10": (np.subtract.outer(VALUES, VALUES).ravel(), np.outer(ODDS["usual"], ODDS["usual"]).ravel()),
}


@pytest.mark.parametrize("n", [20, 50, 200])
@pytest.mark.parametrize("ties", [0.3, 0.6, 0.92, 0.98])
@pytest.mark.parametrize("kind", KINDS)
def test_the_interval_of_a_difference_holds_it_at_least_as_often_as_promised(rate, kind, ties, n):
    values, odds = KINDS[kind]
    rng = np.random.default_rng([n, int(ties * 100), len(kind)])
    shape = (n, EXPERIMENTS)
    drawn = np.where(rng.random(shape) < ties, 0.0, rng.choice(values, shape, p=odds / odds.sum()))
    found = intervals.difference_interval(drawn, rng, 2_000)
    said = f"difference of {n} queries, {ties:.0%} alike, {kind}"
    assert rate(said, held(found, (1 - ties) * (values @ odds)), "at least .93") >= 0.93


@pytest.mark.parametrize("n", [20, 30, 50, 100, 200])
@pytest.mark.parametrize("ties", [0.3, 0.6, 0.8, 0.92])
def test_a_rare_great_loss_that_was_not_seen_is_not_known_of(rate, ties, n):
    """The limit of what few queries say: of those that differ, nine of ten gain a little and the others lose much."""
    values, odds = np.array([0.05, 0.13, -0.63, -1.0]), np.array([0.5, 0.4, 0.07, 0.03])
    rng = np.random.default_rng([n, int(ties * 100)])
    drawn = np.where(rng.random((n, EXPERIMENTS)) < ties, 0.0, rng.choice(values, (n, EXPERIMENTS), p=odds))
    found = intervals.difference_interval(drawn, rng, 2_000)
    said = f"rare losses, {n} queries, {ties:.0%} alike"
    assert rate(said, held(found, (1 - ties) * (values @ odds)), "none: a limit") >= 0.85


@pytest.mark.parametrize("count", [20, 50, 150])
@pytest.mark.parametrize("ties", [0.3, 0.8])
def test_the_interval_of_a_difference_by_group_too(rate, count, ties):
    rng = np.random.default_rng([count, int(ties * 100)])
    groups = np.repeat(np.arange(count), rng.integers(1, 8, count))
    sign = np.where(rng.random((count, EXPERIMENTS)) < ties, 0.0, rng.choice([-1.0, 1.0], (count, EXPERIMENTS)))[groups]
    found = intervals.difference_interval(sign * (rng.random(sign.shape) < 0.7), rng, 2_000, groups=groups)
    assert rate(f"difference of {count} groups, {ties:.0%} alike", held(found, 0), "at least .93") >= 0.93


@pytest.mark.parametrize("n", [20, 50, 100, 200, 400, 1000])
@pytest.mark.parametrize("better", [True, False])
def test_within_the_margin_is_said_wrongly_as_seldom_as_promised(rate, n, better):
    """Values 0 and 1; the other one is better, or worse, by exactly the margin of .02."""
    rng = np.random.default_rng([n, better])
    drawn = np.where(rng.random((n, EXPERIMENTS)) < 0.02, 1.0 if better else -1.0, 0.0)
    above, below = intervals.within_margin(drawn, np.full(EXPERIMENTS, 0.02), rng, draws=4_000)
    wrong = np.mean((above < 0.025) & (below < 0.025))
    assert rate(f"within .02, {n} queries, {'better' if better else 'worse'} by .02", wrong, "at most .025") <= 0.03


@pytest.mark.parametrize("rivals", [1, 2, 5, 9])
@pytest.mark.parametrize("gap", [0.1, -0.1])
def test_nor_where_the_best_of_several_was_chosen(rate, rivals, gap):
    """One lexical and so many equal dense ones, by exactly the margin of .1 better or worse; 150 queries."""
    n, reports, wrong = 150, 600, 0
    rng = np.random.default_rng([rivals, gap > 0])
    for _ in range(reports):
        common = rng.random(n)
        values = {"bm25": {"R@10": (common < 0.6).astype(float)}}
        for each in range(rivals):
            noise = np.where(rng.random(n) < 0.15, rng.random(n), common)
            values[f"dense{each}"] = {"R@10": (noise < 0.6 + gap).astype(float)}
        rows = adjusted(
            compare_pairs("s", values, np.ones(n, bool), seed=1, main="R@10", margins={"R@10": 0.1}, flips=1_000)
        )
        candidates = [
            RetrieverSummary(label, "lexical" if label == "bm25" else "dense", float(v["R@10"].mean()), 0, 1)
            for label, v in values.items()
        ]
        found = decide("s", "R@10", candidates, rows, margins={"R@10": 0.1})
        wrong += found.basis == "within margin" and (found.retriever == "bm25") == (gap > 0)
    said = f"within .1, {rivals} equal rivals {'better' if gap > 0 else 'worse'} by .1"
    assert rate(said, wrong / reports, "at most .05") <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / reports)


@pytest.mark.parametrize("moved", [4, 5, 8, 11, 14, 20, 30])
def test_a_gate_on_equal_systems_fails_as_seldom_as_promised(rate, moved):
    """300 queries of which so many went from found to not found, or back, by chance."""
    rng = np.random.default_rng(moved)
    drawn = np.zeros((300, EXPERIMENTS))
    drawn[:moved] = rng.choice([-1.0, 1.0], (moved, EXPERIMENTS))
    found = intervals.difference_interval(drawn, rng, 4_000)
    p = randomisation_test(drawn, rng, flips=2**16)
    fails = np.mean((found.high < 0) & (p < 0.05))
    assert rate(f"gate at 0, {moved} queries moved", fails, "at most .025") <= 0.025 + 3.29 * np.sqrt(
        0.025 / EXPERIMENTS
    )


@pytest.mark.parametrize(("documents", "n"), [(11, 30), (12, 30), (12, 100), (41, 84), (400, 50)])
@pytest.mark.parametrize("measure", ["R@10", "nDCG@10"])
def test_a_random_order_is_called_better_than_one_as_seldom_as_promised(rate, documents, n, measure):
    rng = np.random.default_rng([documents, n])
    judged = [(q, int(rng.integers(documents)), 1) for q in range(n)]
    dataset = plain_set(documents, judged, queries=n)
    luck = controls.random_means(dataset, measure, seed=0)
    resolved, trials, better = resolve([measure]), 400, 0
    for seed in range(trials):
        ranking = controls.control_rankings(dataset, 10, seed + 1)["random"]
        better += controls.luck_p(evaluate(dataset, ranking, resolved)[measure].mean(), luck) < 0.05
    said = f"random order of {documents} documents, {n} queries, {measure}"
    assert rate(said, better / trials, "at most .05") <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / trials)


@pytest.mark.parametrize("n", [15, 30, 100, 400])
def test_the_detectable_difference_is_found_in_four_of_five(n):
    rng = np.random.default_rng(n)
    difference = detectable_difference(n, 0.25)
    p = randomisation_test(rng.normal(difference, 0.25, (n, EXPERIMENTS)), rng, flips=2**15)
    assert within(np.mean(p <= 0.05), 0.80, slack=0.01)


def test_the_detectable_difference_is_found_in_four_of_five_by_group():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), rng.integers(1, 8, 60))
    noise = rng.normal(0, 0.2, (60, EXPERIMENTS))[groups] + rng.normal(0, 0.2, (len(groups), EXPERIMENTS))
    difference = np.sqrt(np.mean(detectable(noise, groups) ** 2))
    p = randomisation_test(noise + difference, rng, groups, FLIPS)
    assert within(np.mean(p <= 0.05), 0.80, slack=0.02)


@pytest.mark.parametrize("family", [3, 12, 40])
def test_holm_finds_nothing_in_nineteen_reports_of_twenty(family):
    """All nulls true, measures of one report correlated as they are in life."""
    rng = np.random.default_rng(family)
    reports = EXPERIMENTS // family
    values = rng.normal(0, 0.2, (60, reports, 1)) + rng.normal(0, 0.2, (60, reports, family))
    p = randomisation_test(values.reshape(60, -1), rng, flips=20_000).reshape(reports, family)
    false_alarms = np.mean([holm(each).min() <= 0.05 for each in p])
    assert false_alarms <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / reports)


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(("answerable", "without"), [(40, 10), (100, 20), (200, 60)])
@pytest.mark.parametrize("area", [0.6, 0.92, 0.983])
def test_the_interval_of_auroc_holds_it_at_least_as_often_as_promised(rate, area, answerable, without, spread):
    rng = np.random.default_rng([answerable, int(spread * 10)])
    shift, held, trials = scipy.stats.norm.ppf(area) * np.hypot(1, spread), 0, 1_000
    for _ in range(trials):
        low, high = auroc_interval(rng.normal(shift, 1, answerable), rng.normal(0, spread, without))
        held += low <= area <= high
    said = f"AUROC {area} of {answerable} and {without} queries, spread 1 to {spread:g}"
    assert rate(said, held / trials, "at least .93") >= 0.93


def test_a_verdict_on_like_retrievers_names_a_better_one_in_one_of_twenty(rate):
    """From per-query values to the outcome, on each of two sets; intervals and corrected p-values have to agree."""
    rng, reports, alarms = np.random.default_rng(0), 400, 0
    for _ in range(reports):
        rows = []
        for dataset in ("one", "two"):
            values = {
                label: {measure: rng.choice(VALUES, 60, p=ODDS["usual"]) for measure in ("nDCG@10", "R@10")}
                for label in ("tfidf", "bm25", "dense")
            }
            rows += compare_pairs(dataset, values, np.ones(60, bool), seed=1, main="nDCG@10", flips=2_000)
        main = [row for row in adjusted(rows) if row.measure == "nDCG@10"]
        alarms += sum(
            any(outcome(row) != "undecided" for row in main if row.dataset == each) for each in ("one", "two")
        )
    found = rate("better, three like retrievers on a set", alarms / (2 * reports), "at most .05")
    assert found <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / (2 * reports))


LIKE = {
    "nDCG@10": lambda rng, shape: rng.choice(VALUES, shape, p=ODDS["usual"]),
    "found or not": lambda rng, shape: (rng.random(shape) < 0.5).astype(float),
    "found or not, mean .95": lambda rng, shape: (rng.random(shape) < 0.95).astype(float),
    "continuous": lambda rng, shape: rng.beta(2, 2, shape),
}


def named_against_a_baseline(values):
    """How often the verdict names a better one, and how often any row does. values: label -> [queries, experiments];
    the first label is the baseline, and each experiment stands as a measure of its own."""
    baseline, (queries, experiments) = next(iter(values)), next(iter(values.values())).shape
    columns = {label: {str(n): its[:, n] for n in range(experiments)} for label, its in values.items()}
    rows = compare_pairs("s", columns, np.ones(queries, bool), seed=1, main="0", against=baseline, flips=2_000)
    named, any_row = 0, 0
    for n in range(experiments):
        mine = adjusted([row._replace(family=VERDICT) for row in rows if row.measure == str(n)])
        candidates = [RetrieverSummary(label, "other", float(its[:, n].mean()), 0, 1) for label, its in values.items()]
        named += decide("s", str(n), candidates, mine, against=baseline).winner is not None
        any_row += any(outcome(row) != "undecided" for row in mine)
    return named / experiments, any_row / experiments


@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("retrievers", [3, 6])
@pytest.mark.parametrize("alike", [0.0, 0.7])
@pytest.mark.parametrize("kind", LIKE)
def test_no_like_retriever_is_better_than_the_baseline_in_nineteen_of_twenty(rate, kind, alike, retrievers, n):
    """alike: on this share of the queries all have the same value, as retrievers of one kind have."""
    rng, reports = np.random.default_rng([len(kind), int(alike * 10), retrievers, n]), 1_000
    common = LIKE[kind](rng, (n, reports))
    values = {
        f"r{each}": np.where(rng.random((n, reports)) < alike, common, LIKE[kind](rng, (n, reports)))
        for each in range(retrievers)
    }
    named, any_row = named_against_a_baseline(values)
    said = f"{retrievers} like retrievers against one of them, {n} queries, {alike:.0%} alike, {kind}"
    bound = 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / reports)
    assert rate(f"named: {said}", named, "at most .05") <= bound
    assert rate(f"any row: {said}", any_row, "at most .05") <= bound


@pytest.mark.parametrize("n", [50, 200])
@pytest.mark.parametrize("retrievers", [3, 6])
def test_rare_great_losses_against_a_level_baseline_are_a_limit(rate, retrievers, n):
    """Equal in the mean and not alike: the others gain .1 on nine of ten queries, and lose .9 on the tenth."""
    rng, reports = np.random.default_rng([retrievers, n]), 1_000
    values = {"baseline": rng.beta(18, 2, (n, reports))}
    values |= {f"r{each}": (rng.random((n, reports)) < 0.9).astype(float) for each in range(1, retrievers)}
    named, _ = named_against_a_baseline(values)
    assert rate(f"named: rare losses, {retrievers} retrievers, {n} queries", named, "none: a limit") <= 0.25


def test_no_slice_of_like_retrievers_is_called_better_in_nineteen_of_twenty(rate):
    trials, alarms, interactions = 300, 0, 0
    rng = np.random.default_rng(0)
    dataset = sliced([f"k{n % 8}" for n in range(160)])
    for seed in range(trials):
        values = {label: rng.choice(VALUES, 160, p=ODDS["usual"]) for label in ("a", "b")}
        found = by_slice(dataset, values, "nDCG@10", seed)
        alarms += any(outcome(each.row) != "undecided" for each in found.slices)
        interactions += found.interactions[0].p < 0.05
    bound = 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / trials)
    assert rate("better on a slice, 8 slices of like retrievers", alarms / trials, "at most .05") <= bound
    assert rate("differs between slices, like retrievers", interactions / trials, "at most .05") <= bound
