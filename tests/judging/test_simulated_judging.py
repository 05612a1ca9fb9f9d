"""Judging simulated on sets that are judged in full: what it saves, whether it keeps what it promises.

make check-statistics prints the tables of docs/judging-statistics.md. All hits that a set has no judgement of count as
not relevant, which is then the truth. Queries are drawn with replacement from all of a set, whose mean is the truth.
"""

from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
from judged import drawn, drawn_groups, estimate_after, exchanged

from bench.analysis.judged_hits import Hits
from bench.analysis.unjudged import bounds
from bench.data.formats import load_dataset
from bench.evaluation.measures import closed_form
from bench.judging.design import judging_order
from bench.judging.estimate import estimate
from bench.judging.intervals import contrast_interval
from bench.judging.pool import pool_hits, rank_weights
from bench.judging.stopping import running_verdict
from retrievers.dense.lsa import Lsa
from retrievers.lexical.bm25 import BM25
from retrievers.lexical.tfidf import Tfidf

pytestmark = pytest.mark.statistics

KINDS = {"tfidf": Tfidf, "bm25": BM25, "lsa": Lsa}
PAIRS = [
    (name, *pair)
    for name in ("cranfield", "medical-questions", "scifact")
    for pair in (("tfidf", "bm25"), ("bm25", "lsa"))
]
SHIPPED = {"support-faq"}
DIFFERENCE, VALUE = np.array([1.0, -1.0]), np.array([1.0, 0.0])
ORDERS = 100  # of judging, by which an error in the winner is counted
MARGIN = 0.01


@pytest.fixture(scope="module")
def ranked(data):
    """Name of a set, labels of retrievers -> the set and their rankings."""
    sets, rankings = {}, {}

    def make(name, *labels):
        if name not in sets:
            sets[name] = load_dataset(name if name in SHIPPED else str(data / name))
        for label in labels:
            if (name, label) not in rankings:
                retriever = KINDS[label]()
                retriever.index(sets[name].texts)
                rankings[name, label] = retriever.search(sets[name].query_texts, 10)
        return sets[name], [rankings[name, label] for label in labels]

    return make


@pytest.fixture(scope="module")
def judged_pool(ranked):
    """Name of a set, labels of retrievers -> their pool and its gains."""

    def make(name, *labels):
        dataset, rankings = ranked(name, *labels)
        pool = pool_hits(rankings, rank_weights("nDCG@10"))
        gain = np.zeros(len(pool))
        for column, ranking in enumerate(rankings):
            there = pool.rank[:, column] > 0
            gain[there] = Hits.of(dataset, ranking).grade[pool.query[there], pool.rank[there, column] - 1]
        return pool, np.maximum(gain, 0) / dataset.grade.max()

    return make


@pytest.fixture
def line(capsys):
    """Print a line of a table."""

    def tell(*cells):
        with capsys.disabled():
            print("\n| " + " | ".join(map(str, cells)) + " |", end="")

    return tell


def wrong(difference, truth):
    """Is the wrong one ahead? A tie is wrong in half of the cases."""
    return 0.5 if abs(difference) < 1e-12 else float((difference > 0) != (truth > 0))


def other_orders(pool, rng):
    """The usual ways to judge a pool: whole queries, one after the other; the first hits of all, then the second."""
    shuffled = rng.permutation(pool.queries)[pool.query]
    depth = np.where(pool.rank > 0, pool.rank, pool.rank.max() + 1).min(axis=1)
    return {"query by query": np.argsort(shuffled, kind="stable"), "depth by depth": np.lexsort((shuffled, depth))}


def errors(pool, gain, counts):
    """How to judge -> [counts], how often the wrong one is ahead after so many judgements."""
    truth = (pool.values(gain) @ DIFFERENCE).mean()
    shares = {how: np.zeros(len(counts)) for how in ("sampled", "query by query", "depth by depth")}
    for seed in range(ORDERS):
        rng = np.random.default_rng(seed)
        order, others = judging_order(pool, rng), other_orders(pool, rng)
        for at, count in enumerate(counts):
            shares["sampled"][at] += wrong(estimate_after(pool, order, gain, count).means @ DIFFERENCE, truth)
            for how, pairs in others.items():
                first = pairs[:count]  # what is not judged counts as not relevant
                shares[how][at] += wrong(((pool.weight[first] @ DIFFERENCE) * gain[first]).sum(), truth)
    return {how: share / ORDERS for how, share in shares.items()}


def enough(share, counts):
    """The least count from which on the error stays at .05 or below."""
    above = np.flatnonzero(share > 0.05)
    return counts[above[-1] + 1] if len(above) else counts[0]


@pytest.mark.parametrize(("name", "a", "b"), PAIRS)
def test_the_right_winner_takes_less_than_half_of_the_pool(judged_pool, line, name, a, b):
    pool, gain = judged_pool(name, a, b)
    counts = [max(1, round(len(pool) * percent / 100)) for percent in (1, 2, 5, *range(10, 101, 5))]
    shares = errors(pool, gain, counts)
    difference = pool.values(gain) @ DIFFERENCE
    t = difference.mean() / difference.std(ddof=1) * np.sqrt(len(difference))
    needed = {how: enough(share, counts) for how, share in shares.items()}
    worst = f"{shares['depth by depth'].max():.2f}"
    line("winner", name, f"{a} and {b}", f"{t:.1f}", len(pool), *needed.values(), worst)
    if abs(t) > 1:  # else nothing short of everything tells the two apart
        assert needed["sampled"] <= len(pool) / 2
        assert needed["sampled"] <= needed["query by query"]


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("queries", [30, 100, 225])
@pytest.mark.parametrize(("name", "a", "b"), PAIRS)
def test_intervals_hold_the_truth_as_often_as_promised(judged_pool, line, name, a, b, queries, share):
    whole, gains = judged_pool(name, a, b)
    trials, held, given, off = 400, Counter(), Counter(), []
    for seed in range(trials):
        rng = np.random.default_rng([seed, queries, int(100 * share)])
        pool, gain = drawn(whole, gains, rng.integers(0, whole.queries, queries))
        seen = estimate_after(pool, judging_order(pool, rng), gain, round(share * len(pool)))
        off.append((seen.means - pool.values(gain).mean(axis=0)) @ DIFFERENCE)
        for what, contrast in (("difference", DIFFERENCE), ("value", VALUE)):
            low, high = contrast_interval(seen, contrast)
            given[what] += not np.isnan(low)
            held[what] += low <= whole.values(gains).mean(axis=0) @ contrast <= high
    bias, error = np.mean(off), np.std(off) / np.sqrt(trials)
    shown = [
        f"{held[what] / given[what]:.3f} of {given[what]}" if given[what] else "none"
        for what in ("difference", "value")
    ]
    line("interval", name, f"{a} and {b}", queries, f"{share:.0%}", *shown, f"{bias:.5f} ± {error:.5f}")
    assert abs(bias) < 4.5 * error
    for what, count in given.items():
        # Where few experiments have an interval at all, they are those that happened on many relevant pairs.
        if count >= 0.9 * trials:
            assert held[what] / count >= 0.95 - 3.29 * np.sqrt(0.95 * 0.05 / count) - 0.01


@pytest.mark.parametrize("queries", [30, 100, 225])
@pytest.mark.parametrize(("name", "a", "b"), PAIRS)
def test_equals_have_a_winner_in_one_of_twenty_at_most(judged_pool, line, name, a, b, queries):
    """Two retrievers, exchanged by the toss of a coin in each query; eight looks; and as they are."""
    whole, gains = judged_pool(name, a, b)
    trials, ends, stops = 400, {True: Counter(), False: Counter()}, []
    for seed in range(trials):
        rng = np.random.default_rng([seed, queries])
        pool, gain = drawn(whole, gains, rng.integers(0, whole.queries, queries))
        for null in (True, False):
            asked = exchanged(pool, rng) if null else pool
            verdict = running_verdict(asked, judging_order(asked, rng), gain, MARGIN)
            ends[null][verdict.kind] += 1
            if not null and verdict.decided:
                stops.append(verdict.judged / len(pool))
    false_winners = ends[True]["winner"] / trials
    as_they_are = (f"{ends[False][kind] / trials:.2f}" for kind in ("winner", "no difference", "ask more"))
    middle = f"{np.median(stops):.0%}" if stops else "none"
    line("stopping", name, f"{a} and {b}", queries, f"{false_winners:.3f}", *as_they_are, middle)
    assert false_winners <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / trials)


KNOWN = {
    # What a set had judged -> of which pairs, by their ranks at the first retriever and their gains.
    "pooled": lambda rank, gain: (rank > 0) & (rank <= 3),  # its first hits
    "answers": lambda rank, gain: (rank > 0) & (rank <= 5) & (gain > 0),  # relevant ones alone, as pairs of a FAQ
    "alone": lambda rank, gain: rank > 0,  # all of its hits, and the other retriever is new
}


@pytest.mark.parametrize("how", KNOWN)
@pytest.mark.parametrize(("name", "a", "b"), PAIRS)
def test_pairs_that_were_known_before_cost_no_truth(judged_pool, line, name, a, b, how):
    """As `bench judge RUN` begins: what the set had judged counts, chosen by no chance; 30% of the rest is judged."""
    whole, gains = judged_pool(name, a, b)
    truth = whole.values(gains).mean(axis=0)
    trials, held, given, off, wrong, before = 200, Counter(), Counter(), [], 0, []
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        pool, gain = drawn(whole, gains, rng.integers(0, whole.queries, 100))
        known = KNOWN[how](pool.rank[:, 0], gain)
        before.append(known.mean())
        seen = estimate_after(
            pool, judging_order(pool, rng, known), gain, int(known.sum() + round(0.3 * (~known).sum()))
        )
        off.append((seen.means - pool.values(gain).mean(axis=0)) @ DIFFERENCE)
        for what, contrast in (("difference", DIFFERENCE), ("value", VALUE)):
            low, high = contrast_interval(seen, contrast)
            given[what] += not np.isnan(low)
            held[what] += low <= truth @ contrast <= high
        null = exchanged(pool, rng)
        order = judging_order(null, rng, KNOWN[how](null.rank[:, 0], gain))
        verdict = running_verdict(null, order, gain, MARGIN)
        wrong += verdict.kind == "winner"
    bias, error = np.mean(off), np.std(off) / np.sqrt(trials)
    shown = [
        f"{held[what] / given[what]:.3f} of {given[what]}" if given[what] else "none"
        for what in ("difference", "value")
    ]
    about = (name, f"{a} and {b}", how, f"{np.mean(before):.0%}")
    line("known", *about, *shown, f"{bias:.5f} ± {error:.5f}", f"{wrong / trials:.3f}")
    assert abs(bias) < 4.5 * error
    assert wrong / trials <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / trials)
    for what, count in given.items():
        if count >= 0.9 * trials:
            assert held[what] / count >= 0.95 - 3.29 * np.sqrt(0.95 * 0.05 / count) - 0.01


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("groups", [30, 100])
@pytest.mark.parametrize(("a", "b"), [("tfidf", "bm25"), ("bm25", "lsa")])
def test_wordings_of_one_question_are_one(ranked, judged_pool, line, a, b, groups, share):
    """Groups of wordings drawn, a part judged; intervals and looks by groups, and as if each wording stood alone."""
    dataset, _ = ranked("support-faq", a, b)
    whole, gains = judged_pool("support-faq", a, b)
    truth = whole.values(gains).mean(axis=0)
    trials, held, given, wrong = 300, Counter(), Counter(), Counter()
    for seed in range(trials):
        rng = np.random.default_rng([seed, groups])
        pool, gain = drawn_groups(whole, gains, dataset.groups, groups, rng)
        order = judging_order(pool, rng)
        null = exchanged(pool, rng)
        null_order = judging_order(null, rng)
        for kind in ("groups", "queries"):
            of_kind = {} if kind == "groups" else {"groups": None}
            seen = estimate_after(replace(pool, **of_kind), order, gain, round(share * len(pool)))
            for what, contrast in (("difference", DIFFERENCE), ("value", VALUE)):
                low, high = contrast_interval(seen, contrast)
                given[kind, what] += not np.isnan(low)
                held[kind, what] += low <= truth @ contrast <= high
            verdict = running_verdict(replace(null, **of_kind), null_order, gain, MARGIN)
            wrong[kind] += verdict.kind == "winner"
    kinds = [(kind, what) for what in ("difference", "value") for kind in ("groups", "queries")]
    shown = (f"{held[kind] / given[kind]:.3f} of {given[kind]}" for kind in kinds)
    false = (f"{wrong[kind] / trials:.3f}" for kind in ("groups", "queries"))
    line("groups", f"{a} and {b}", groups, f"{share:.0%}", *shown, *false)
    for what in ("difference", "value"):
        count = given["groups", what]
        if count >= 0.9 * trials:
            assert held["groups", what] / count >= 0.95 - 3.29 * np.sqrt(0.95 * 0.05 / count) - 0.01
    assert wrong["groups"] / trials <= 0.05 + 3.29 * np.sqrt(0.05 * 0.95 / trials)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("measure", ["nDCG@10", "R@10"])
@pytest.mark.parametrize(("name", "a", "b"), PAIRS[::2])
def test_ratio_measures_of_a_part_are_biased_and_the_best_and_worst_case_hold_them(
    ranked, judged_pool, line, name, a, b, measure, share
):
    """As `bench run` gives them on the folder of a part, held against all of the pool judged."""
    dataset, rankings = ranked(name, a, b)
    pool, gain = judged_pool(name, a, b)
    grade, form = np.round(gain * dataset.grade.max()).astype(np.int64), closed_form(measure, 10)

    def measured(pairs):
        """[retrievers, (value, low, high)], means over all queries."""
        part = replace(
            dataset, judged_query=pool.query[pairs], judged_document=pool.document[pairs], grade=grade[pairs]
        )
        seen = [bounds(part, Hits.of(part, ranking), form) for ranking in rankings]
        return np.array([[each.value.mean(), each.low.mean(), each.high.mean()] for each in seen])

    truth, parts = measured(np.arange(len(pool)))[:, 0], []
    for seed in range(20):
        order = judging_order(pool, np.random.default_rng(seed))
        parts.append(measured(np.sort(order.order[: round(share * len(pool))])))
    value, low, high = np.mean(parts, axis=0)[0]
    apart = np.mean([part[0, 0] - part[1, 0] for part in parts]) - (truth[0] - truth[1])
    line(
        "ratio",
        name,
        f"{a} and {b}",
        measure,
        f"{share:.0%}",
        *(f"{x:.3f}" for x in (truth[0], value, low, high, apart)),
    )
    assert low <= truth[0] <= high


@pytest.mark.parametrize(("name", "first", "second"), PAIRS)
def test_intervals_with_a_machine_that_is_generous_and_noisy(judged_pool, line, name, first, second):
    """From people's grades of 30% of the pool, with a machine's grades of all of it, and without."""
    pool, gain = judged_pool(name, first, second)
    truth = pool.values(gain).mean(axis=0)
    rng = np.random.default_rng(5)
    noisy = np.where(rng.random(len(gain)) < 0.1, rng.random(len(gain)), gain)
    predicted = 0.2 + 0.8 * noisy
    held, wide = Counter(), defaultdict(list)
    for seed in range(200):
        rows = np.random.default_rng(seed).integers(0, pool.queries, 225)
        some, its = drawn(pool, np.arange(len(gain)), rows)
        order = judging_order(some, np.random.default_rng(seed + 1000))
        known = np.full(len(some), np.nan)
        judged = order.order[: int(0.3 * len(some))]
        known[judged] = gain[its[judged]]
        for kind, machine in (("alone", None), ("machine", predicted[its])):
            seen = estimate(some, order, known, predicted=machine)
            for what, contrast in (("difference", DIFFERENCE), ("value", VALUE)):
                low, high = contrast_interval(seen, contrast)
                held[kind, what] += low <= truth @ contrast <= high
                wide[kind, what].append(high - low)
    shown = []
    for what in ("difference", "value"):
        ratio = np.mean(wide["machine", what]) / np.mean(wide["alone", what])
        shown += [f"{held['alone', what] / 200:.3f}", f"{held['machine', what] / 200:.3f}", f"{ratio:.2f}"]
        assert held["machine", what] >= 0.95 * 200 - 3 * np.sqrt(200 * 0.95 * 0.05)
        assert ratio < 1.02
    line("machine", name, f"{first} and {second}", *shown)
